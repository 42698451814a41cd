"""A report that looks like the instance's last one is rebuilt at once; nothing else may come of it."""

import asyncio
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways import Site, told_of
from ingest_factories import (
    CLUSTER,
    INSTANCE,
    MONDAY,
    OTHER_INSTANCE,
    OTHER_SECRET,
    ROWS,
    SLOT,
    component,
    fleet,
    in_order,
    node,
    pack,
    series,
    whole,
    write_request,
)
from workflow_releases.ingest.layouts import Layouts
from workflow_releases.ingest.values import Values

OTHERS = f"Bearer {OTHER_SECRET}"
STAMP_MS = SLOT * 1000


def layouts_of(payload: bytes) -> Layouts:
    layouts = Layouts(Values())
    layouts.remember(INSTANCE, told_of(payload))
    return layouts


@pytest.mark.anyio
async def test_instances_share_what_their_reports_have_in_common_and_nothing_else() -> None:
    site = Site()
    own, others = whole(INSTANCE, "c1" * 16), whole(OTHER_INSTANCE, "c2" * 16)
    for _ in range(2):
        await site.post(pack(own))
        await site.post(pack(others), authorization=OTHERS)

    assert len(site.known.layouts) == 1
    for payload, instance_id in ((own, INSTANCE), (others, OTHER_INSTANCE)):
        recognised = site.known.layouts.recognise(payload, instance_id)
        assert recognised is not None
        assert recognised.payload == payload
    assert site.store.payloads == [own, others, own, others]


@pytest.mark.anyio
async def test_report_of_another_instance_is_not_taken_for_ones_own() -> None:
    site = Site()
    await site.post(pack(whole(INSTANCE)))
    await site.post(pack(whole(OTHER_INSTANCE)), authorization=OTHERS)

    answer = await site.post(pack(whole(OTHER_INSTANCE)))

    assert answer.status_code == 403
    assert site.known.layouts.recognise(whole(OTHER_INSTANCE), INSTANCE) is None


@pytest.mark.anyio
async def test_recognised_report_counts_for_the_instances_rate() -> None:
    site = Site(instance_rate_per_hour=3)

    statuses = [(await site.post(pack(whole()))).status_code for _ in range(4)]

    assert statuses == [204, 204, 204, 429]


@pytest.mark.anyio
async def test_checks_of_a_recognised_report_keep_their_order() -> None:
    """Rate, then age, then value."""
    good, bad = (fleet("capacity_cpu_cores"), 4.0), (fleet("capacity_cpu_cores"), 3.0)
    site = Site(instance_rate_per_hour=2)
    old = {"timestamp_ms": STAMP_MS - 9_000_000}
    statuses = []
    for rows, moment in (((good,), {}), ((bad,), old), ((bad,), old)):
        answer = await site.post(pack(write_request(*rows, **moment)))
        statuses.append(answer.status_code)

    assert statuses == [204, 400, 429]
    assert site.reasons == {"accepted": 1, "sample_age": 1, "instance_rate": 1}


@pytest.mark.anyio
async def test_recognised_report_is_counted_as_any_other() -> None:
    site = Site()
    for _ in range(3):
        await site.post(pack(whole()))

    assert site.counts.series_forwarded == 3 * 19
    assert site.reasons == {"accepted": 3}


@pytest.mark.anyio
@pytest.mark.parametrize("change", ["day", "catalogs"])
async def test_words_are_judged_anew_on_another_day_and_with_other_catalogs(change: str) -> None:
    site = Site()
    await site.post(pack(whole()))
    assert len(site.known.layouts) == 1

    if change == "day":
        site.known.refresh(site.now + 86400)
    else:
        site.catalogs = {}
        site.known.refresh(site.now)

    assert len(site.known.layouts) == 0


@pytest.mark.anyio
async def test_instance_may_go_back_and_forth_between_two_layouts() -> None:
    site = Site()
    first, second = write_request((component(), SLOT)), write_request((node(), 5.0))
    for payload in (first, second, first, second):
        await site.post(pack(payload))

    assert site.store.payloads == [first, second, first, second]
    assert site.known.layouts.recognise(second, INSTANCE) is not None


def test_any_other_byte_is_seen() -> None:
    payload = whole()
    layouts = layouts_of(payload)
    own = {payload.index(CLUSTER.encode()) + offset for offset in range(32)}
    for at in range(len(payload)):
        spoilt = bytearray(payload)
        spoilt[at] ^= 1
        recognised = layouts.recognise(bytes(spoilt), INSTANCE)
        if recognised is None:
            continue
        assert recognised.payload == spoilt
        # A cluster's id is told as it is, and a number is judged after this.
        assert at in own or recognised.new_amounts


@pytest.mark.parametrize("change", [b"x", b"", b"\x00"], ids=["longer", "shorter", "a byte of 0"])
def test_other_length_is_not_recognised(change: bytes) -> None:
    payload = whole()
    layouts = layouts_of(payload)

    assert layouts.recognise(payload + change if change else payload[:-1], INSTANCE) is None
    assert layouts.recognise(b"", INSTANCE) is None


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_zero_that_is_spelt_out_is_read_by_series_as_it_is_told_without(zero: float) -> None:
    one = (fleet("components", verdict="current"), 3.0)
    payload = write_request(one)
    layouts = layouts_of(payload)

    spelt_out = payload.replace(struct.pack("<d", 3.0), struct.pack("<d", zero))

    assert layouts.recognise(payload, INSTANCE) is not None
    assert layouts.recognise(spelt_out, INSTANCE) is None


@pytest.mark.parametrize("cluster_id", ["C1" * 16, "-" * 32, "é" * 16, "g" * 32])
def test_what_is_no_id_is_not_taken_for_a_clusters(cluster_id: str) -> None:
    payload = whole()
    layouts = layouts_of(payload)

    assert layouts.recognise(payload.replace(CLUSTER.encode(), cluster_id.encode()), INSTANCE) is None


@pytest.mark.parametrize(
    "payload",
    [
        series(component(), SLOT) + series(component("router", "v2.2.0"), SLOT, STAMP_MS - 1000),
        whole(INSTANCE, INSTANCE),
    ],
    ids=["two moments", "the cluster has the instance's id"],
)
def test_what_no_agent_sends_is_read_by_series(payload: bytes) -> None:
    layouts = layouts_of(payload)

    assert len(layouts) == 0
    assert layouts.recognise(payload, INSTANCE) is None


_values = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, 64.0, float(SLOT), MONDAY, 2.0**70, float("nan")])


@st.composite
def _reports(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """An honest report, and the next of the same instance, in which anything may be another."""
    rows = in_order(*draw(st.lists(st.sampled_from(ROWS), min_size=1, unique_by=id)))
    parts, moment = [], STAMP_MS - 3_600_000 * draw(st.integers(0, 3))
    for labels, value in rows:
        number = draw(_values) if draw(st.integers(0, 5)) == 0 else value
        one = series(labels, 7.0, moment)
        # Without leaving a 0 out, so that the length stays.
        spelt = one.replace(struct.pack("<d", 7.0), struct.pack("<d", number))
        parts.append(spelt if value else series(labels, 0.0, moment))
    following = bytearray(b"".join(parts))
    if draw(st.integers(0, 3)) == 0:
        following[draw(st.integers(0, len(following) - 1))] = draw(st.integers(0, 255))
    return write_request(*rows), bytes(following)


@given(_reports())
@settings(max_examples=200, deadline=None)
def test_any_next_report_is_answered_as_by_the_complete_checks(reports: tuple[bytes, bytes]) -> None:
    asyncio.run(_check(*reports))


async def _check(honest: bytes, following: bytes) -> None:
    practised, fresh = Site(), Site()
    assert (await practised.post(pack(honest))).status_code == 204
    assert practised.known.layouts.recognise(honest, INSTANCE) is not None
    practised.store.bodies.clear()

    answers = [await site.post(pack(following)) for site in (practised, fresh)]

    assert answers[0].status_code == answers[1].status_code
    assert answers[0].text == answers[1].text
    assert practised.store.bodies == fresh.store.bodies
