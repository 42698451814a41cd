"""What a request says goes into no log, metric or answer, and into the store where the allow-list has it.

With everything as `serve` builds it, on real sockets.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from cramjam import snappy

from fakes.receiver import SocketReceiver
from fakes.releases_api import answers
from fakes.store import read
from gateway_program import STORE_TOKEN, of_this_hour, program, this_hour
from ingest_factories import (
    HEADERS,
    INSTANCE,
    OTHER_INSTANCE,
    OTHER_SECRET,
    SECRET,
    component,
    fleet,
    node,
    pack,
    seen,
    series,
)

CANARY = "canary-5f2e"


def one(labels: Mapping[str, str], value: float | None = None) -> bytes:
    """A well-formed body: one series of this hour."""
    hour = this_hour()
    return pack(series(labels, hour if value is None else value, hour * 1000))


# What is sent with the right secret: the status, and what the store is told of it.
Told = list[dict[str, str]]
WELL_FORMED: dict[str, tuple[bytes, int, Told]] = {
    "component": (one(component(CANARY)), 204, [component("other", "v2.1.0")]),
    "version": (one(component(version=CANARY)), 204, [component(version="other")]),
    "platform": (one(seen(platform=CANARY)), 204, [seen(platform="other")]),
    "train": (one(seen(train=CANARY)), 204, [seen(train="other")]),
    "bundle": (one(seen(version=CANARY)), 204, [seen(version="other")]),
    "exporter's version": (one(seen(exporter_version=CANARY)), 204, [seen(exporter_version="other")]),
    "Kubernetes' version": (one(seen(kubernetes_version=CANARY)), 204, [seen(kubernetes_version="other")]),
    "operating system": (one(node(CANARY), 1), 204, [node("other")]),
    "kubelet": (one(node(kubelet_version=CANARY), 1), 204, [node(kubelet_version="other")]),
    "container runtime": (
        one({**node(), "container_runtime": CANARY}, 1), 204, [{**node(), "container_runtime": "other"}]
    ),
    "architecture": (one({**node(), "architecture": CANARY}, 1), 204, [{**node(), "architecture": "other"}]),
    "audience": (one(seen(audience=CANARY)), 400, []),
    "verdict": (one(fleet("components", verdict=CANARY), 1), 400, []),
    "bound": (one(fleet("nodes_created_timestamp_seconds", bound=CANARY)), 400, []),
    "metric": (one(fleet(CANARY)), 400, []),
    "label name": (one({**fleet("capacity_cpu_cores"), CANARY: "x"}, 8), 400, []),
    "label": (one({**fleet("capacity_cpu_cores"), "node": CANARY}, 8), 400, []),
    "instance id": (one(component(instance_id=CANARY)), 400, []),
    "cluster id": (one(seen(cluster_id=CANARY)), 400, []),
    "line break": (one(component(f"{CANARY}\n")), 400, []),
    "not ASCII": (one(component(f"{CANARY}é")), 400, []),
    "value": (one(component(CANARY), 0.5), 400, []),
    "another instance": (one(component(CANARY, instance_id=OTHER_INSTANCE)), 403, []),
    "bytes": (CANARY.encode(), 400, []),
    "payload": (pack(CANARY.encode()), 400, []),
}  # fmt: skip

# Headers that ask to be believed or handed on, and one that any client sends.
FOREIGN = dict.fromkeys(
    (
        "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via", "true-client-ip",
        "user-agent", "cookie", "referer", "x-request-id", "traceparent", "x-scope-orgid", "thanos-tenant",
    ), CANARY,
)  # fmt: skip


def said(caplog: pytest.LogCaptureFixture) -> str:
    """All records with their tracebacks; but for httpx and httpcore, which are the test's own client."""
    form = logging.Formatter().format
    return "\n".join(
        form(record) for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )


def stored(store: SocketReceiver) -> str:
    """Everything that the store was sent, heads and bodies, as text."""
    return "\n".join(
        f"{one.line} {one.headers} {bytes(snappy.decompress_raw(one.body))!r}" for one in store.received
    )


@pytest.mark.anyio
async def test_words_of_a_request_are_logged_exposed_answered_and_stored_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = sum(status == 204 for _, status, _ in WELL_FORMED.values())
    sent = {**HEADERS, **FOREIGN, "x-forwarded-for": CANARY}
    with caplog.at_level(logging.DEBUG):
        async with (
            program(
                tmp_path, *[answers(204)] * good, answers(500), INGEST_INSTANCE_RATE_PER_HOUR="99"
            ) as served,
            httpx.AsyncClient(base_url=served.public) as client,
        ):
            answered, with_store_down = [
                {
                    name: await client.post(f"/api/v1/write?{CANARY}={CANARY}", content=body, headers=sent)
                    for name, (body, _, _) in WELL_FORMED.items()
                }
                for _ in range(2)
            ]
            exposed = (await client.get(f"{served.metrics}metrics")).text

    expected = {name: status for name, (_, status, _) in WELL_FORMED.items()}
    assert {name: one.status_code for name, one in answered.items()} == expected
    assert {name: one.status_code for name, one in with_store_down.items()} == {
        name: 503 if status == 204 else status for name, status in expected.items()
    }
    told = [labels for labels, _, _ in _received(served.store)]
    assert told == [labels for _, _, every in WELL_FORMED.values() for labels in every] * 2
    assert "the upstream takes no reports" in said(caplog)
    answers_told = [one.text + str(one.headers) for one in (*answered.values(), *with_store_down.values())]
    for word in (CANARY, INSTANCE, SECRET, STORE_TOKEN):
        assert [place for place in (exposed, said(caplog), *answers_told) if word in place] == []
    assert CANARY not in stored(served.store)


def _received(store: SocketReceiver) -> list[tuple[dict[str, str], float, int]]:
    return [told for one in store.received for told in read(bytes(snappy.decompress_raw(one.body)))]


SECRETS = {
    "another instance's": (OTHER_SECRET, 403),
    "no secret": (CANARY, 401),
    "a secret and more": (f"{SECRET}{CANARY}", 401),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("secret", "status"), SECRETS.values(), ids=SECRETS)
async def test_secret_that_is_refused_is_said_nowhere(
    secret: str, status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with (
            program(tmp_path, answers(204)) as served,
            httpx.AsyncClient(base_url=served.public) as client,
        ):
            sent = {**HEADERS, "authorization": f"Bearer {secret}"}
            answer = await client.post("/api/v1/write", content=pack(of_this_hour()), headers=sent)
            exposed = (await client.get(f"{served.metrics}metrics")).text

    assert answer.status_code == status
    assert served.store.received == []
    for place in (answer.text, str(answer.headers), exposed, said(caplog)):
        for word in (CANARY, SECRET, OTHER_SECRET, INSTANCE):
            assert word not in place


ADDRESSES = ("203.0.113.77", "2001:db8:77::1")
BY_OTHERS = {
    "forwarded": f'for={ADDRESSES[0]};host={CANARY}, for="[{ADDRESSES[1]}]"',
    "x-real-ip": ADDRESSES[0],
    "true-client-ip": ADDRESSES[0],
}


@pytest.mark.anyio
@pytest.mark.parametrize("proxies", ["0", "1"])
@pytest.mark.parametrize(
    "forwarded_for", [*ADDRESSES, ", ".join(ADDRESSES), f"{ADDRESSES[0]}:4711", "127.0.0.1"]
)
async def test_address_of_a_sender_is_handed_to_nobody(
    forwarded_for: str, proxies: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Accepted, with a store that fails, refused by rate: the store sees the gateway's own head alone."""
    sent = {**HEADERS, **FOREIGN, **BY_OTHERS, "x-forwarded-for": forwarded_for}
    with caplog.at_level(logging.DEBUG):
        async with (
            program(
                tmp_path,
                answers(204),
                answers(500),
                TRUSTED_PROXY_COUNT=proxies,
                INGEST_SOURCE_RATE_PER_MINUTE="2",
            ) as served,
            httpx.AsyncClient(base_url=served.public) as client,
        ):
            answered = [
                await client.post("/api/v1/write", content=pack(of_this_hour()), headers=sent)
                for _ in range(3)
            ]
            exposed = (await client.get(f"{served.metrics}metrics")).text

    assert [answer.status_code for answer in answered] == [204, 503, 429]
    for received in served.store.received:
        assert dict(received.headers) == {
            "host": served.store.address.authority,
            "user-agent": "workflow-releases",
            "content-type": "application/x-protobuf",
            "content-encoding": "snappy",
            "x-prometheus-remote-write-version": "0.1.0",
            "authorization": f"Bearer {STORE_TOKEN}",
            "content-length": str(len(received.body)),
        }
    told = [exposed, said(caplog), *(answer.text + str(answer.headers) for answer in answered)]
    for address in ("203.0.113", "2001:db8", CANARY):
        assert [place for place in told if address in place] == []
        assert address not in stored(served.store)
