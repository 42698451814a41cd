"""No request costs more than 10 ms of the event loop, and nothing of unchecked size is remembered."""

import asyncio
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from costly_requests import CRUMBS, FIELDS, MESSAGES, OTHERS, costly
from gateway_program import first_line, head, listening
from gateway_requests import ask
from gateways import Site
from ingest_factories import HEADERS, pack, whole

_MOST_SECONDS = 0.010
_MOST_KEPT_BYTES = 100_000  # of 20 requests; each of them has a source, whose rate is remembered
_UNTIL_FULL = 40  # requests: by then as many short labels are remembered as ever are

GOOD = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
COSTLY: dict[str, Callable[[int], bytes]] = {
    **{
        f"{kind} in {message}": partial(costly, message, kind)  # of a number
        for message in MESSAGES
        for kind in FIELDS
    },
    **OTHERS,
}


async def cpu_seconds(site: Site, headers: list[tuple[bytes, bytes]], body: bytes, peer: str) -> float:
    """Of one request that must be refused."""
    started = time.thread_time()
    answered = await ask(site.gateway, headers, [body], peer=peer)
    taken = time.thread_time() - started
    assert answered.status in {400, 401, 413, 415}
    return taken


@pytest.mark.anyio
@pytest.mark.parametrize("payload", COSTLY.values(), ids=COSTLY)
async def test_costliest_request_takes_less_than_10_ms_of_the_event_loop(
    payload: Callable[[int], bytes],
) -> None:
    site = Site()
    assert (await site.post(pack(whole()))).status_code == 204
    bodies = [pack(payload(variant)) for variant in range(3)]
    assert max(map(len, bodies)) <= 65_536

    taken = [await cpu_seconds(site, GOOD, body, f"192.0.2.{n}") for n, body in enumerate(bodies)]

    assert min(taken) < _MOST_SECONDS


HEADS: dict[str, tuple[str, str]] = {
    "parameters of the type": ("content-type", "application/x-protobuf" + ";" * 60_000),
    "messages of the type": (
        "content-type", "application/x-protobuf" + ";proto=prometheus.writerequest" * 2_000 + ";proto=x"
    ),
    "spaces before the secret": ("authorization", "Bearer " + " " * 60_000 + "x"),
    "a long encoding": ("content-encoding", " " * 60_000 + "x"),
    "a long version": ("x-prometheus-remote-write-version", "2" * 60_000),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "value"), HEADS.values(), ids=HEADS)
async def test_costliest_head_takes_less_than_10_ms_of_the_event_loop(name: str, value: str) -> None:
    site = Site(trusted_proxies=1)
    heads = [
        [*GOOD, (b"x-forwarded-for", b"," * 60_000), (name.encode(), f"{value}{n}".encode())]
        for n in range(3)
    ]

    taken = [await cpu_seconds(site, head, b"", f"192.0.2.{n}") for n, head in enumerate(heads)]

    assert min(taken) < _MOST_SECONDS


@pytest.mark.anyio
@pytest.mark.parametrize("body", CRUMBS.values(), ids=CRUMBS)
async def test_a_body_in_crumbs_takes_less_than_10_ms_of_the_event_loop(body: bytes) -> None:
    sent = head(transfer_encoding="chunked") + body + b"0\r\n\r\n"
    taken = []
    async with listening(Site().gateway) as url:
        for _ in range(3):
            started = time.thread_time()
            assert await first_line(url, [sent]) == ""
            taken.append(time.thread_time() - started)

    assert min(taken) < _MOST_SECONDS


Request = tuple[list[tuple[bytes, bytes]], bytes]  # head and body


def kept_bytes(requests: Sequence[Request]) -> int:
    """What is held of the last 20, once those before them have made all that is made once."""

    async def held() -> int:
        site = Site(source_rate_per_minute=1_000_000)
        tracemalloc.start()
        before = 0
        for number, (headers, body) in enumerate(requests):
            if number == len(requests) - 20:
                before = tracemalloc.get_traced_memory()[0]
            await ask(site.gateway, headers, [body], peer=f"10.0.0.{number}")
        kept = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        return kept

    return asyncio.run(held())


KEPT = {name: payload for name, payload in COSTLY.items() if name in OTHERS or "numbers of 10" in name}


@pytest.mark.parametrize("payload", KEPT.values(), ids=KEPT)
def test_nothing_of_a_refused_body_is_remembered_beyond_a_fixed_number_of_short_labels(
    payload: Callable[[int], bytes],
) -> None:
    requests = [(GOOD, pack(payload(variant))) for variant in range(_UNTIL_FULL + 20)]

    assert kept_bytes(requests) < _MOST_KEPT_BYTES


@pytest.mark.parametrize(("name", "value"), HEADS.values(), ids=HEADS)
def test_nothing_of_a_refused_head_is_remembered(name: str, value: str) -> None:
    requests = [([*GOOD, (name.encode(), f"{value}{variant}".encode())], b"") for variant in range(40)]

    assert kept_bytes(requests) < _MOST_KEPT_BYTES
