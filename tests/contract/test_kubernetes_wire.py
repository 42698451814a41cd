"""What a Kubernetes API server does on the wire, as the agent's client meets it.

Runs on the fake, and with `--api-server=real` on a real one: so the fake does as the real one does.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api_server import ApiServer
from cluster_reading import Services
from kubeconfigs import write_kubeconfig
from workflow_exporter.cluster.addresses import namespace_address
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.api_errors import RefusedError, UnreachableError
from workflow_exporter.cluster.connection import connect

pytestmark = pytest.mark.anyio


@pytest.fixture
async def http(kubeconfig: Path) -> AsyncIterator[httpx.AsyncClient]:
    """As the administrator."""
    connection = connect(str(kubeconfig), environment={})
    yield connection.http
    await connection.aclose()


@pytest.fixture
def services(api_server: ApiServer, namespace: str, http: httpx.AsyncClient) -> Services:
    return Services(api_server, namespace, http)


def metadata_of(raw: msgspec.Raw) -> dict[str, Any]:
    metadata: dict[str, Any] = msgspec.json.decode(raw)["metadata"]
    return metadata


async def test_watch_from_an_expired_version_is_accepted_and_then_says_410(
    api_server: ApiServer, services: Services
) -> None:
    await services.create("one")
    page = await services.page()
    await services.change("one", 1)
    await api_server.forget_history()

    accepted = asyncio.Event()
    with pytest.raises(RefusedError) as refused:
        await services.watch(page.resource_version, accepted=accepted.set)

    assert accepted.is_set()
    assert refused.value.status == 410


async def test_the_very_last_version_is_resumed_after_a_restart(
    api_server: ApiServer, services: Services
) -> None:
    await services.create("one")
    page = await services.page()

    await api_server.restart()
    try:
        outcome = [event.type for event in await services.watch(page.resource_version)]
    except RefusedError as error:
        outcome = [str(error.status)]

    # A real server writes leases of its own, so that even the last version of a list may be too old.
    assert outcome in ([[]] if api_server.name == "fake" else [[], ["410"]])


async def test_list_of_an_exact_version_that_expired_is_410(
    api_server: ApiServer, http: httpx.AsyncClient, services: Services
) -> None:
    await services.create("one")
    version = (await services.page()).resource_version
    await api_server.forget_history()

    answer = await http.get(
        services.address.path, params={"resourceVersion": version, "resourceVersionMatch": "Exact"}
    )

    assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")


async def test_pages_are_one_moments_state_whatever_happens_between_them(
    api_server: ApiServer, services: Services
) -> None:
    await services.create("a", "b", "c")

    first = await services.page(limit=2)
    await services.create("bb")
    await services.delete("c")
    second = await services.page(first.continue_token, limit=2)

    names = [metadata_of(raw)["name"] for raw in (*first.items, *second.items)]
    assert names == ["a", "b", "c"]
    assert (first.resource_version, second.continue_token) == (second.resource_version, "")


async def test_continue_token_that_expired_is_410_with_a_fresh_token(
    api_server: ApiServer, http: httpx.AsyncClient, services: Services
) -> None:
    await services.create("a", "b", "c")
    token = (await services.page(limit=2)).continue_token
    await api_server.forget_history()

    answer = await http.get(services.address.path, params={"limit": "2", "continue": token})

    assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")
    assert answer.json()["metadata"]["continue"] not in {"", token}


async def test_continue_token_that_is_garbage_is_400(services: Services) -> None:
    with pytest.raises(RefusedError) as refused:
        await services.page("garbage", limit=2)

    assert refused.value.status == 400


async def test_version_zero_ignores_the_limit(
    api_server: ApiServer, http: httpx.AsyncClient, services: Services
) -> None:
    await services.create("a", "b", "c")

    # As of a version, so that a real server's cache has caught up with its store.
    await http.get(
        services.address.path,
        params={
            "resourceVersion": (await services.page()).resource_version,
            "resourceVersionMatch": "NotOlderThan",
        },
    )
    answer = await http.get(services.address.path, params={"limit": "2", "resourceVersion": "0"})

    assert [item["metadata"]["name"] for item in answer.json()["items"]] == ["a", "b", "c"]


async def test_watch_from_the_future_is_accepted_and_silent_to_its_end(services: Services) -> None:
    version = (await services.page()).resource_version

    assert await services.watch(str(int(version) + 1_000_000)) == []


async def test_list_not_older_than_the_future_is_504_with_retry_after(
    http: httpx.AsyncClient, services: Services
) -> None:
    version = int((await services.page()).resource_version)

    answer = await http.get(
        services.address.path,
        params={"resourceVersion": str(version + 1_000_000), "resourceVersionMatch": "NotOlderThan"},
    )

    causes = [cause["reason"] for cause in answer.json()["details"]["causes"]]
    assert (answer.status_code, answer.headers["Retry-After"], causes) == (
        504,
        "1",
        ["ResourceVersionTooLarge"],
    )


async def test_token_that_nobody_has_is_401(
    api_server: ApiServer, services: Services, tmp_path: Path
) -> None:
    connection = connect(str(write_kubeconfig(tmp_path, api_server, {"token": "nobodys"})), environment={})
    with pytest.raises(RefusedError) as refused:
        await ApiClient(connection.http).page(services.address, limit=500)
    await connection.aclose()

    assert refused.value.status == 401


async def test_forbidden_says_what_is_forbidden_and_names_nobody(
    api_server: ApiServer, services: Services, namespace: str, tmp_path: Path
) -> None:
    rights = [{"namespace": namespace, "apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    token = await api_server.token_with_rights("agent", rights)
    connection = connect(str(write_kubeconfig(tmp_path, api_server, {"token": token})), environment={})
    refusals = []
    for request in (
        ApiClient(connection.http).page(services.address, limit=500),
        ApiClient(connection.http).get(namespace_address("kube-system")),
    ):
        with pytest.raises(RefusedError) as refused:
            await request
        refusals.append((refused.value.status, str(refused.value)))
    await connection.aclose()

    assert refusals == [
        (403, f"forbidden: no role allows to list services in namespace {namespace} (403)"),
        (403, "forbidden: no role allows to get namespace kube-system (403)"),
    ]


async def test_watch_gets_a_bookmark_without_a_name_before_it_ends(services: Services) -> None:
    await services.create("one")
    version = (await services.page()).resource_version
    accepted = asyncio.Event()

    watching = asyncio.create_task(services.watch(version, accepted=accepted.set))
    await accepted.wait()
    await services.change("one", 1)
    change, *bookmarks = await watching

    assert [bookmark.type for bookmark in bookmarks] in (["BOOKMARK"], ["BOOKMARK"] * 2)
    last = metadata_of(bookmarks[-1].object)
    assert int(last.pop("resourceVersion")) >= int(metadata_of(change.object)["resourceVersion"])
    assert last in ({}, {"creationTimestamp": None})


async def test_idle_watch_ends_without_an_error_and_without_a_bookmark(services: Services) -> None:
    await services.create("one")
    version = (await services.page()).resource_version

    assert await services.watch(version) == []


async def test_nothing_is_lost_over_a_pause(
    api_server: ApiServer, http: httpx.AsyncClient, services: Services
) -> None:
    await services.create("one")
    version = (await services.page()).resource_version
    accepted = asyncio.Event()
    watching = asyncio.create_task(services.watch(version, accepted=accepted.set))
    await accepted.wait()
    await services.page()  # over a connection that stays, beside the watch's

    await api_server.pause()
    with pytest.raises(UnreachableError):  # so the pause was one
        await ApiClient(http, silence_seconds=0.1).page(services.address, limit=500)
    await api_server.resume()
    await services.change("one", 1)
    await services.change("one", 2)

    events = [event for event in await watching if event.type != "BOOKMARK"]
    assert [(e.type, metadata_of(e.object)["labels"]["step"]) for e in events] == [
        ("MODIFIED", "1"),
        ("MODIFIED", "2"),
    ]


async def test_paused_server_accepts_and_says_nothing(
    api_server: ApiServer, http: httpx.AsyncClient, services: Services
) -> None:
    await services.page()  # over a connection that stays: a new one would hang in its TLS handshake
    await api_server.pause()

    with pytest.raises(UnreachableError) as silent:
        await ApiClient(http, silence_seconds=0.5).page(services.address, limit=500)

    assert str(silent.value) == "the API server hangs: nothing was heard for 0.5 s"


async def test_killed_server_breaks_an_open_watch_and_then_refuses(
    api_server: ApiServer, services: Services
) -> None:
    version = (await services.page()).resource_version
    reasons = []

    accepted = asyncio.Event()
    watching = asyncio.create_task(services.watch(version, accepted=accepted.set, seconds=60))
    await accepted.wait()
    await api_server.kill()
    with pytest.raises(UnreachableError) as broken:
        await watching
    reasons.append(str(broken.value))
    with pytest.raises(UnreachableError) as refused:
        await services.page()
    reasons.append(str(refused.value))
    await api_server.restart()

    assert reasons == [
        "the connection to the API server broke off",
        "the API server cannot be reached: connection refused, or no such address",
    ]
    assert (await services.page()).items == []
