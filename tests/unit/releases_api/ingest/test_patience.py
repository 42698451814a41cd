"""Refusals that are told late: only many of them, only for a moment, and without holding what was sent."""

import asyncio
import gc
import tracemalloc
from collections.abc import Coroutine
from typing import Any

import pytest

from gateways import Site
from ingest_factories import HEADERS, pack, small
from workflow_releases.ingest.forward import Forwarder
from workflow_releases.ingest.gateway import IngestGateway, Limits
from workflow_releases.ingest.patience import Patience, Receive
from workflow_releases.ingest.rates import Rates

FOREVER = 3600.0
BOMB = pack(b"\x0a\x00" * 131_000)  # of 12 KB


def patience(wait_seconds: float = FOREVER, at_once: int = 2, max_waiting: int = 10) -> Patience:
    return Patience(lambda: 0.0, at_once, wait_seconds, max_waiting)


async def silent() -> dict[str, str]:
    await asyncio.Event().wait()
    return {}


async def gone() -> dict[str, str]:
    return {"type": "http.disconnect"}


async def waits(told: Patience, receive: Receive = silent) -> bool:
    """Whether a refusal is still to be told once everything else had its turn."""
    waiting = asyncio.create_task(told.wait(receive))
    for _ in range(10):
        await asyncio.sleep(0)
    if waiting.done():
        return False
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return True


@pytest.mark.anyio
async def test_few_refusals_are_told_at_once_and_more_wait() -> None:
    told = patience(at_once=3)

    assert [await waits(told) for _ in range(5)] == [False, False, False, True, True]
    assert told.waiting == 0


@pytest.mark.anyio
async def test_refusal_is_told_after_its_wait() -> None:
    told = patience(wait_seconds=0.001, at_once=1)
    await told.wait(silent)

    async with asyncio.timeout(30):
        await told.wait(silent)

    assert told.waiting == 0


@pytest.mark.anyio
async def test_nobody_waits_for_a_sender_that_has_gone() -> None:
    told = patience(at_once=1)

    assert [await waits(told, gone) for _ in range(3)] == [False, False, False]


@pytest.mark.anyio
async def test_what_still_comes_of_a_body_is_dropped_and_does_not_end_the_wait() -> None:
    told, pieces = patience(at_once=1), [b"x" * 1000] * 3

    async def receive() -> dict[str, object]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        await asyncio.Event().wait()
        return {}

    await told.wait(gone)

    assert await waits(told, receive)
    assert pieces == []


@pytest.mark.anyio
async def test_only_so_many_wait_and_the_others_are_told_at_once() -> None:
    told = patience(at_once=1, max_waiting=2)
    await told.wait(silent)
    waiting = [asyncio.create_task(told.wait(silent)) for _ in range(2)]
    await asyncio.sleep(0)

    assert told.waiting == 2
    assert not await waits(told)

    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert told.waiting == 0


def impatient_gateway(site: Site, told: Patience) -> IngestGateway:
    sources, instances, new = (Rates(1000, 60, lambda: 0.0) for _ in range(3))
    limits = Limits(sources, instances, new, trusted_proxies=0)
    return IngestGateway(site.known, limits, Forwarder(site.store, None), site.counts, lambda: site.now, told)


def request(
    gateway: IngestGateway, body: bytes, answers: list[int], **changed: str
) -> Coroutine[Any, Any, None]:
    headers = {**HEADERS, "content-length": str(len(body)), **changed}
    pieces = [{"type": "http.request", "body": body}]

    async def receive() -> object:
        return pieces.pop() if pieces else await silent()

    async def send(message: dict[str, int]) -> None:
        if "status" in message:
            answers.append(message["status"])

    scope = {
        "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
        "client": ("192.0.2.1", 1),
    }
    return gateway(scope, receive, send)


@pytest.mark.anyio
async def test_flood_waits_while_valid_reports_are_taken() -> None:
    site = Site()
    answers: list[int] = []
    gateway = impatient_gateway(site, patience(at_once=1))
    flood = [asyncio.create_task(request(gateway, b"\xff" * 64, answers)) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert answers == [400]

    await request(gateway, pack(small()), answers)

    assert answers == [400, 204]
    assert (site.counts.by_reason["compression"], site.counts.under_way) == (5, 0)
    for one in flood:
        one.cancel()
    await asyncio.gather(*flood, return_exceptions=True)


@pytest.mark.anyio
async def test_connection_that_ends_with_its_refusal_is_not_kept_for_it() -> None:
    site = Site()
    answers: list[int] = []
    gateway = impatient_gateway(site, patience(at_once=1))

    for _ in range(3):
        await request(gateway, b"x", answers, **{"content-length": "65537"})

    assert answers == [413, 413, 413]


@pytest.mark.anyio
async def test_waiting_refusals_hold_nothing_of_what_was_sent_or_decompressed() -> None:
    site = Site()
    answers: list[int] = []
    gateway = impatient_gateway(site, patience(at_once=1, max_waiting=200))
    await request(gateway, BOMB, answers)
    gc.collect()
    tracemalloc.start()
    try:
        flood = [asyncio.create_task(request(gateway, BOMB, answers)) for _ in range(100)]
        for _ in range(10):
            await asyncio.sleep(0)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held / 100 < len(BOMB)
    for one in flood:
        one.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
