"""A report whose label sets are remembered gets the answer, and becomes the bytes, of one that is not.

Each request is sent to a gateway that has seen nothing, and to one that has seen all that is good in it, in
the request's own order too.
"""

import asyncio
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.store import read
from gateways import Site
from ingest_factories import (
    INSTANCE,
    OTHER_INSTANCE,
    OTHER_SECRET,
    ROWS,
    SLOT,
    Labels,
    component,
    field,
    fleet,
    label,
    node,
    pack,
    pairs_of,
    sample,
    seen,
    series,
    whole,
    write_request,
)

Row = tuple[Labels, float]

STAMP_MS = SLOT * 1000


def spelt_out(labels: Labels, raw_value: bytes) -> bytes:
    """A series whose value is there although it is 0."""
    number = field(2, b"\x09" + raw_value + sample(0.0, STAMP_MS)[2:])
    return field(1, b"".join(label(*pair) for pair in pairs_of(labels)) + number)


ZERO = (fleet("components", verdict="missing"), struct.pack("<d", 0.0))
NODES = tuple((node(f"Debian {number}"), 1.0) for number in range(10, 20))
NEW = (component("unheard-of", "v9.9.9"), SLOT)

REQUESTS = {
    "in order": write_request(*ROWS),
    "the other way round": write_request(*reversed(ROWS)),
    "one series": write_request(ROWS[7]),
    "0 spelt out": write_request(*ROWS[:7]) + spelt_out(*ZERO),
    "-0 spelt out": write_request(*ROWS[:7]) + spelt_out(ZERO[0], struct.pack("<d", -0.0)),
    "0 spelt out and left out": write_request(*ROWS[:8]) + spelt_out(*ZERO),
    "series twice": write_request(*ROWS, ROWS[3]),
    "series twice with another value": write_request(*ROWS, (ROWS[6][0], 4.0)),
    "series twice, once with 0": write_request(*ROWS, (ROWS[6][0], 0.0)),
    "a word that nobody knows": write_request(*ROWS[:5], NEW, *ROWS[5:]),
    "words that become one": write_request(*ROWS, (node("Acme 1"), 5), (node("Acme 2"), 7)),
    "a word that becomes one with `other`": write_request(*ROWS, (node("Acme 1"), 5), (node("other"), 7)),
    "another moment": write_request(*ROWS[:4]) + series(*ROWS[6], STAMP_MS - 1000),
    "two moments that are too old": write_request(*ROWS[:4]) + series(*ROWS[6], STAMP_MS - 9_000_000),
    "another instance's series": write_request(*ROWS, (fleet("capacity_cpu_cores", OTHER_INSTANCE), 32)),
    "all another instance's": write_request(
        *((dict(labels, instance_id=OTHER_INSTANCE), v) for labels, v in ROWS)
    ),
    "two clusters": write_request(*ROWS, (seen(cluster_id="c2" * 16), SLOT)),
    "ten combinations of nodes": write_request(*ROWS[:4], *NODES),
    "ten combinations and another instance's": write_request(
        *NODES, (fleet("capacity_cpu_cores", OTHER_INSTANCE), 1)
    ),
    "two values": write_request((ROWS[10][0], 3.0), *ROWS[:6], (ROWS[8][0], 0.5)),
    "two values, one of a word that nobody knows": write_request((ROWS[10][0], 3.0), (node("Acme 1"), 0.5)),
    "a metric that is not": write_request(*ROWS, (fleet("secrets"), 1)),
    "a label too many": write_request(*ROWS, (fleet("capacity_cpu_cores", node="n"), 1)),
    "a field behind": write_request(*ROWS) + field(3, b"metadata"),
    "a byte behind": write_request(*ROWS) + b"\x00",
    "64 series": write_request(*((component("router", f"v2.{n}.0"), SLOT) for n in range(64))),
    "65 series": write_request(*((component("router", f"v2.{n}.0"), SLOT) for n in range(65))),
    "256 series": write_request(*((component("router", f"v2.{n}.0"), SLOT) for n in range(256))),
    "257 series": write_request(*((component("router", f"v2.{n}.0"), SLOT) for n in range(257))),
}


async def taken(site: Site, payload: bytes) -> tuple[int, str, list[bytes]]:
    site.store.bodies.clear()
    answer = await site.post(pack(payload))
    return answer.status_code, answer.text, site.store.payloads


async def practised_site(payload: bytes) -> Site:
    """Has seen the series of another instance in this order, a whole report, and the request itself twice."""
    site = Site()
    others = payload.replace(INSTANCE.encode(), OTHER_INSTANCE.encode())
    await site.post(pack(others), authorization=f"Bearer {OTHER_SECRET}")
    for one in (
        whole(),
        write_request(*ROWS),
        *(write_request(row) for row in (*NODES, *ROWS)),
        payload,
        payload,
    ):
        await site.post(pack(one))
    return site


async def check(payload: bytes) -> tuple[int, str, list[bytes]]:
    practised = await practised_site(payload)
    fresh = await taken(Site(), payload)

    assert await taken(practised, payload) == fresh
    return fresh


@pytest.mark.anyio
@pytest.mark.parametrize("payload", REQUESTS.values(), ids=REQUESTS)
async def test_answer_and_forwarded_bytes_are_those_of_the_complete_checks(payload: bytes) -> None:
    status, _, forwarded = await check(payload)

    assert len(forwarded) == (status == 204)


@pytest.mark.anyio
async def test_remembered_report_goes_on_with_its_own_samples() -> None:
    site = await practised_site(write_request(*ROWS))

    _, _, forwarded = await taken(site, write_request(*ROWS))

    assert site.known.label_sets.decode(write_request(*ROWS)).unchecked == []
    samples = {tuple(labels.items()): value for labels, value, _ in read(forwarded[0])}
    assert samples == {tuple(sorted(dict(labels).items())): float(value) for labels, value in ROWS}


_rows = st.lists(st.sampled_from([*ROWS, *NODES, NEW]), min_size=1, max_size=14)
_values = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, float(SLOT), 2.0**70, float("nan")])


@st.composite
def _requests(draw: st.DrawFn) -> bytes:
    """Series of a report in any order, some twice; here and there a value, moment, id or byte is another."""
    parts: list[bytes] = []
    for labels, value in draw(_rows):
        kind = draw(st.integers(0, 24))
        words = dict(labels, instance_id=OTHER_INSTANCE) if kind == 0 else labels
        if kind == 1:
            parts.append(spelt_out(words, struct.pack("<d", draw(_values))))
            continue
        moment = STAMP_MS - 3_600_000 * draw(st.integers(0, 3)) if kind == 2 else STAMP_MS
        parts.append(series(words, draw(_values) if kind == 3 else value, moment))
    payload = bytearray(b"".join(parts))
    if draw(st.integers(0, 5)) == 0:
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    return bytes(payload)


@given(_requests())
@settings(max_examples=150, deadline=None)
def test_any_request_is_answered_as_by_the_complete_checks(payload: bytes) -> None:
    asyncio.run(check(payload))
