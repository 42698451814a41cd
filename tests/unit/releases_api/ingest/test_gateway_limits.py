"""Who may send how much, bodies that come slowly or never, and a store that does not take them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fakes.store import FakeStore
from gateways import Site
from ingest_factories import (
    OTHER_SECRET,
    pack,
    small,
)
from workflow_releases.ingest.refusals import Reason
from workflow_releases.ingest.upstream import Answer, UpstreamDownError


@pytest.mark.anyio
async def test_source_that_sends_too_much_is_told_when_to_come_again() -> None:
    site = Site(source_rate_per_minute=2)

    statuses = [(await site.post(pack(small()))).status_code for _ in range(2)]
    refused = await site.post(_never_read(), content_length="", peer="192.0.2.1")
    other_source = await site.post(pack(small()), peer="192.0.2.2")
    site.now += int(refused.headers["retry-after"])
    later = await site.post(pack(small()))

    assert (statuses, refused.status_code, refused.headers["retry-after"]) == ([204, 204], 429, "30")
    assert refused.headers["connection"] == "close"  # a body of unknown length would go on
    assert (other_source.status_code, later.status_code) == (204, 204)
    assert site.reasons == {"accepted": 4, "source_rate": 1}


async def _never_read() -> AsyncIterator[bytes]:
    yield b""
    raise AssertionError("the body was read")


@pytest.mark.anyio
async def test_instance_that_sends_too_much_is_refused_from_every_source() -> None:
    site = Site(instance_rate_per_hour=3)

    answers = [await site.post(pack(small()), peer=f"192.0.2.{number}") for number in range(4)]
    stolen_id = await site.post(pack(small()), peer="192.0.2.9", authorization=f"Bearer {OTHER_SECRET}")

    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
    assert answers[3].headers["retry-after"] == "1200"
    assert stolen_id.status_code == 403


@pytest.mark.anyio
async def test_requests_with_a_wrong_secret_do_not_use_up_the_instances_rate() -> None:
    site = Site(instance_rate_per_hour=1)

    for _ in range(5):
        await site.post(pack(small()), authorization=f"Bearer {OTHER_SECRET}")

    assert (await site.post(pack(small()))).status_code == 204


@pytest.mark.anyio
async def test_only_what_trusted_proxies_wrote_says_who_the_source_is() -> None:
    behind = Site(source_rate_per_minute=1, trusted_proxies=1)
    open_to_all = Site(source_rate_per_minute=1)

    forged = ["1.1.1.1, 203.0.113.7", "2.2.2.2, 203.0.113.7", "203.0.113.8"]
    through_proxy = [(await behind.post(pack(small()), x_forwarded_for=one)).status_code for one in forged]
    direct = [(await open_to_all.post(pack(small()), x_forwarded_for=one)).status_code for one in forged]

    assert (through_proxy, direct) == ([204, 429, 204], [204, 429, 429])


UPSTREAM: dict[str, tuple[Answer | None, Reason | None, str | None]] = {
    "200": (Answer(200), None, None),
    "400": (Answer(400), Reason.UPSTREAM_REFUSED, None),
    "409, as Thanos says it": (Answer(409), Reason.UPSTREAM_REFUSED, None),
    "422": (Answer(422), Reason.UPSTREAM_REFUSED, None),
    "301": (Answer(301), Reason.UPSTREAM_DOWN, "60"),
    "401": (Answer(401), Reason.UPSTREAM_DOWN, "60"),
    "404": (Answer(404), Reason.UPSTREAM_DOWN, "60"),
    "429": (Answer(429, 7), Reason.UPSTREAM_DOWN, "7"),
    "429 for a week": (Answer(429, 604_800), Reason.UPSTREAM_DOWN, "3600"),
    "500": (Answer(500), Reason.UPSTREAM_DOWN, "60"),
    "503 with a time": (Answer(503, 120), Reason.UPSTREAM_DOWN, "120"),
    "down": (None, Reason.UPSTREAM_DOWN, "60"),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("said", "reason", "retry_after"), UPSTREAM.values(), ids=UPSTREAM)
async def test_report_is_acknowledged_only_when_the_upstream_has(
    said: Answer | None, reason: Reason | None, retry_after: str | None
) -> None:
    def answer() -> Answer:
        if said is None:
            raise UpstreamDownError("refused")
        return said

    site = Site(store=FakeStore(answer))

    answered = await site.post(pack(small()))

    assert answered.status_code == (reason.status if reason else 204)
    assert answered.headers.get("retry-after") == retry_after
    assert site.reasons == {reason.label if reason else "accepted": 1}
    assert site.counts.under_way == 0


@pytest.mark.anyio
async def test_report_that_was_not_forwarded_is_forwarded_when_it_comes_again() -> None:
    said = iter([Answer(503), Answer(204)])
    site = Site(store=FakeStore(lambda: next(said)))

    statuses = [(await site.post(pack(small()))).status_code for _ in range(2)]

    assert statuses == [503, 204]
    assert site.store.bodies[0] == site.store.bodies[1]


@pytest.mark.anyio
async def test_too_many_reports_under_way_are_asked_to_come_again() -> None:
    site = Site(max_under_way=1)
    started, release = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        started.set()
        await release.wait()
        yield pack(small())

    first = asyncio.create_task(site.post(slow()))
    await started.wait()
    second = await site.post(pack(small()))
    release.set()

    assert (second.status_code, second.headers["retry-after"]) == (503, "60")
    assert (await first).status_code == 204


@pytest.mark.anyio
async def test_chunked_body_is_cut_off_at_the_cap() -> None:
    site, chunks = Site(), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks
        while chunks < 1000:  # 1 MB, in case nobody cuts it off
            chunks += 1
            yield bytes(1024)

    answer = await site.post(endless())

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert chunks <= 66


@pytest.mark.anyio
async def test_body_that_does_not_end_is_given_up() -> None:
    site = Site(body_deadline_seconds=0.01)

    async def silence() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    answer = await site.post(silence())

    assert (answer.status_code, site.reasons) == (408, {"too_slow": 1})


@pytest.mark.anyio
async def test_fault_of_this_program_is_counted_as_one_and_leaves_nothing_under_way() -> None:
    def broken() -> Answer:
        raise RuntimeError("a fault of ours")

    site = Site(store=FakeStore(broken))

    with pytest.raises(RuntimeError):  # the server answers 500 and logs the traceback
        await site.post(pack(small()))

    assert (site.reasons, site.counts.under_way) == ({"fault": 1}, 0)
