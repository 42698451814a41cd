"""Each resource is a source of its own: one that fails is marked down with its reason, keeps its last good
data, and does not touch the others.

Runs on the fake, and with `--api-server=real` on a real one.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

from api_server import ApiServer
from cluster_reading import LONG_WATCHES, impatient, reading, short_watches, until
from fakes.kubernetes import FakeApiServer
from kubeconfigs import write_kubeconfig
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.cluster.timing import Timing

pytestmark = pytest.mark.anyio

_NODES = "/api/v1/nodes"
_READ = ["list", "watch"]


def rights(namespace: str) -> dict[Resource, dict[str, Any]]:
    """What each resource needs, one rule a resource."""

    def rule(group: str, resource: str, verbs: list[str], *names: str) -> dict[str, Any]:
        scope = None if resource in {"nodes", "namespaces"} else namespace
        limit = {"resourceNames": list(names)} if names else {}
        return {"namespace": scope, "apiGroups": [group], "resources": [resource], "verbs": verbs, **limit}

    return {
        Resource.PODS: rule("", "pods", _READ),
        Resource.SERVICES: rule("", "services", _READ),
        Resource.REPLICATION_CONTROLLERS: rule("", "replicationcontrollers", _READ),
        Resource.DEPLOYMENTS: rule("apps", "deployments", _READ),
        Resource.DAEMON_SETS: rule("apps", "daemonsets", _READ),
        Resource.STATEFUL_SETS: rule("apps", "statefulsets", _READ),
        Resource.CRON_JOBS: rule("batch", "cronjobs", _READ),
        Resource.CONFIG_MAPS: rule(
            "", "configmaps", ["get"], "slugbuilder-config", "dockerbuilder-config", "slugrunner-config"
        ),
        Resource.NODES: rule("", "nodes", _READ),
        Resource.KUBE_SYSTEM: rule("", "namespaces", ["get"], "kube-system"),
        Resource.NAMESPACE: rule("", "namespaces", ["get"], namespace),
    }


def reasons(namespace: str) -> dict[Resource, str]:
    inside: dict[Resource, str] = {
        resource: f"list {resource} in namespace {namespace}"
        for resource in rights(namespace)
        if resource not in {Resource.CONFIG_MAPS, Resource.NODES, Resource.KUBE_SYSTEM, Resource.NAMESPACE}
    }
    what = {
        **inside,
        Resource.CONFIG_MAPS: f"get config map dockerbuilder-config in namespace {namespace}",
        Resource.NODES: "list nodes",
        Resource.KUBE_SYSTEM: "get namespace kube-system",
        Resource.NAMESPACE: f"get namespace {namespace}",
    }
    return {resource: f"forbidden: no role allows to {words} (403)" for resource, words in what.items()}


def node(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, **more}


async def kubeconfig_with(folder: Path, api_server: ApiServer, rules: list[dict[str, Any]]) -> Path:
    token = await api_server.token_with_rights("agent", rules)
    return write_kubeconfig(folder, api_server, {"token": token})


@pytest.mark.parametrize("forbidden", list(rights("")), ids=str)
async def test_forbidden_resource_is_down_with_its_reason_and_all_others_are_read(
    api_server: ApiServer, namespace: str, tmp_path: Path, forbidden: Resource
) -> None:
    rules = [rule for resource, rule in rights(namespace).items() if resource is not forbidden]
    kubeconfig = await kubeconfig_with(tmp_path, api_server, rules)

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        down = {state.source: state.reason for state in read.view().sources if not state.up}

    assert down == {str(forbidden): reasons(namespace)[forbidden]}


async def test_right_that_is_given_later_is_noticed(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    missing = await api_server.token_with_rights("agent", [rights(namespace)[Resource.PODS]])
    granted = await api_server.token_with_rights("agent", list(rights(namespace).values()))
    token_file = tmp_path / "token"
    token_file.write_text(missing)
    kubeconfig = write_kubeconfig(
        tmp_path,
        api_server,
        {"exec": printing_token(token_file, expires="2020-01-01T00:00:00Z")},  # asked for each request
    )

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        assert [source for source, up in read.up().items() if up] == ["pods", "version"]
        token_file.write_text(granted)
        await read.until(lambda: all(read.up().values()))


async def test_resource_that_may_be_listed_and_not_watched_is_down_and_yet_kept_fresh(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    rules = {**rights(namespace), Resource.NODES: {**rights(namespace)[Resource.NODES], "verbs": ["list"]}}
    kubeconfig = await kubeconfig_with(tmp_path, api_server, list(rules.values()))

    async with reading(kubeconfig, namespace) as read:
        await read.until(lambda: read.state(Resource.NODES).up is False)
        await api_server.create(_NODES, node(f"{namespace}-1"))
        await read.until(lambda: f"{namespace}-1" in read.objects(Resource.NODES))

        assert read.state(Resource.NODES).up is False
        assert read.state(Resource.NODES).reason == "forbidden: no role allows to watch nodes (403)"


async def test_namespace_that_does_not_exist_is_said_so_and_nothing_is_down(
    api_server: ApiServer, kubeconfig: Path
) -> None:
    async with reading(kubeconfig, "nowhere") as read:
        await read.until_complete()

        assert all(read.up().values())
        assert read.objects(Resource.NAMESPACE) == {}
        assert read.state(Resource.NAMESPACE).reason == "namespace nowhere does not exist"


async def test_server_that_hangs_is_noticed_and_what_was_read_stays(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    await api_server.create(_NODES, node(f"{namespace}-1"))

    async with reading(kubeconfig, namespace, impatient(api_server)) as read:
        await read.until_complete()
        await api_server.pause()
        await read.until(lambda: not any(read.up().values()))
        held = set(read.objects(Resource.NODES))
        await api_server.resume()
        await read.until(lambda: all(read.up().values()))

    assert f"{namespace}-1" in held


async def test_server_that_is_not_there_at_the_start_is_read_once_it_is(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    await api_server.kill()

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        told = {state.reason for state in read.view().sources}
        await api_server.restart()
        await read.until(lambda: all(read.up().values()))

    assert told == {"the API server cannot be reached: connection refused, or no such address"}


async def test_token_file_that_was_renewed_is_read_again_on_401(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("expired\n")
    kubeconfig = write_kubeconfig(tmp_path, api_server, {"tokenFile": str(token_file)})

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        told = {state.reason for state in read.view().sources}
        token_file.write_text(f"{api_server.admin_token}\n")
        await read.until(lambda: all(read.up().values()))

    assert told == {"the API server does not accept the credentials (401): they expired or were revoked"}


@pytest.mark.fake_only("a real server's static tokens do not expire")
async def test_token_that_expires_while_watching_is_renewed_by_the_plugin(
    fake_api_server: FakeApiServer, tmp_path: Path
) -> None:
    await fake_api_server.create("/api/v1/namespaces", {"metadata": {"name": "deis"}})
    first, second = [
        await fake_api_server.token_with_rights("agent", list(rights("deis").values())) for _ in range(2)
    ]
    token_file = tmp_path / "token"
    token_file.write_text(first)
    kubeconfig = write_kubeconfig(tmp_path, fake_api_server, {"exec": printing_token(token_file)})

    async with reading(kubeconfig, "deis", short_watches(fake_api_server)) as read:
        await read.until_complete()
        token_file.write_text(second)
        fake_api_server.expire_token(first)
        seen = len(fake_api_server.requests)
        await until(lambda: len(fake_api_server.requests) >= seen + 20)

        assert all(read.up().values())
        assert sum(read.count(resource, "failures") for resource in Resource) == 0


def printing_token(token_file: Path, expires: str = "") -> dict[str, Any]:
    """A credential plug-in that says what the file says."""
    program = (
        "import json, sys; token = open(sys.argv[1]).read(); status = {'token': token};"
        "status |= {'expirationTimestamp': sys.argv[2]} if sys.argv[2] else {};"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',"
        " 'kind': 'ExecCredential', 'status': status}))"
    )
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-I", "-S", "-c", program, str(token_file), expires],
        "interactiveMode": "Never",
    }


@pytest.mark.fake_only("a real server refuses to store such nodes")
async def test_malformed_node_among_many_is_counted_and_the_others_are_read(
    fake_api_server: FakeApiServer, tmp_path: Path
) -> None:
    await fake_api_server.create("/api/v1/namespaces", {"metadata": {"name": "deis"}})
    for number in range(50):
        await fake_api_server.create(_NODES, node(f"node-{number:02}"))
    await fake_api_server.patch(f"{_NODES}/node-07", {"status": {"nodeInfo": "text"}})
    await fake_api_server.patch(f"{_NODES}/node-08", {"metadata": {"uid": 8}})
    kubeconfig = write_kubeconfig(tmp_path, fake_api_server, {"token": fake_api_server.admin_token})

    async with reading(kubeconfig, "deis", page_objects=20) as read:
        await read.until_complete()
        assert read.view().objects.malformed == {Resource.NODES: 2}
        assert len(read.objects(Resource.NODES)) == 48
        assert read.state(Resource.NODES).up

        await fake_api_server.patch(f"{_NODES}/node-07", {"status": {"nodeInfo": {"osImage": "Debian 13"}}})
        await read.until(lambda: read.view().objects.malformed == {Resource.NODES: 1})
        await fake_api_server.patch(f"{_NODES}/node-09", {"status": {"conditions": 5}})
        await read.until(lambda: read.view().objects.malformed == {Resource.NODES: 2})

        assert read.state(Resource.NODES).up
        assert set(read.objects(Resource.NODES)) == {
            f"node-{number:02}" for number in range(50) if number not in {8, 9}
        }


@pytest.mark.fake_only("a real server sends no pages")
async def test_page_in_place_of_an_answer_makes_every_source_down_until_it_is_asked_again(
    fake_api_server: FakeApiServer, tmp_path: Path
) -> None:
    await fake_api_server.create("/api/v1/namespaces", {"metadata": {"name": "deis"}})
    kubeconfig = write_kubeconfig(tmp_path, fake_api_server, {"token": fake_api_server.admin_token})
    fake_api_server.answer_first_with_page()

    async with reading(kubeconfig, "deis", Timing(backoff_base_seconds=0.05)) as read:
        await read.until(lambda: all(read.up().values()))

        assert read.view().objects.malformed == {}
        assert [set(read.objects(one)) for one in (Resource.KUBE_SYSTEM, Resource.NAMESPACE)] == [
            {"kube-system"}, {"deis"},
        ]  # fmt: skip
        assert read.count(Resource.VERSION, "failures") == 1


@pytest.mark.fake_only("a real server writes events only")
@pytest.mark.parametrize(
    "line", [b"garbage", b'{"type":"ADDED"}', b'{"type":"NEW","object":{}}', b"\xff\xfe"]
)
async def test_line_of_a_watch_that_is_no_event_makes_a_new_list(
    fake_api_server: FakeApiServer, tmp_path: Path, line: bytes
) -> None:
    await fake_api_server.create("/api/v1/namespaces", {"metadata": {"name": "deis"}})
    kubeconfig = write_kubeconfig(tmp_path, fake_api_server, {"token": fake_api_server.admin_token})

    async with reading(kubeconfig, "deis", LONG_WATCHES) as read:
        await read.until_complete()
        await read.until(lambda: read.count(Resource.NODES, "watches") == 1)
        fake_api_server.send_garbage(_NODES, line)
        await read.until(lambda: read.count(Resource.NODES, "lists") == 2)
        await fake_api_server.create(_NODES, node("after"))
        await read.until(lambda: set(read.objects(Resource.NODES)) == {"after"})

        assert read.state(Resource.NODES).up
        assert read.count(Resource.NODES, "bad_answers") == 1
