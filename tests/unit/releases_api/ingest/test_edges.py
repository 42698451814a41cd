"""On the edge of each bound: the last that is taken, and the first that is not."""

from collections.abc import AsyncIterator

import pytest

from gateways import Site
from ingest_factories import (
    MONDAY,
    NOW,
    SLOT,
    component,
    field,
    fleet,
    label,
    node,
    pack,
    sample,
    series,
)
from workflow_releases.ingest.refusals import Reason

VERDICT = fleet("components", verdict="current")
CORES, MEMORY = fleet("capacity_cpu_cores"), fleet("capacity_memory_bytes")
OLDEST_MS, NEWEST_MS = (NOW - 7200) * 1000, (NOW + 600) * 1000
CREATED = fleet("cluster_created_timestamp_seconds")
FIRST_WEEK = 1401667200  # 2014-06-02, when Kubernetes was published
WEEK = 7 * 86400


def one(labels: dict[str, str], value: float, timestamp_ms: int = SLOT * 1000) -> bytes:
    return pack(series(labels, value, timestamp_ms))


def padded(length: int) -> bytes:
    """A payload of so many bytes, most of them in a field that nobody knows."""
    good = series(VERDICT, 1)
    return good + field(15, bytes(length - len(good) - 4))


def of_fields(in_series: int = 4, in_sample: int = 2, in_label: int = 2, in_all: int = 0) -> bytes:
    """A series with its three labels, in messages of so many fields; nobody knows those that are more."""
    more = b"\x18\x01"
    (name, value), *others = VERDICT.items()
    first = field(1, field(1, name.encode()) + field(2, value.encode()) + more * (in_label - 2))
    number = field(2, sample(1)[2:] + more * (in_sample - 2))
    content = first + b"".join(label(*pair) for pair in others) + number + more * (in_series - 4)
    return field(1, content) + more * (in_all - 12)


# What is within; what is beyond, and its reason.
BOUNDS: dict[str, tuple[bytes, bytes, Reason]] = {
    "components": (one(VERDICT, 1_000_000), one(VERDICT, 1_000_001), Reason.VALUE),
    "no components": (one(VERDICT, 0), one(VERDICT, -1), Reason.VALUE),
    "nodes of three digits": (one(node(), 110), one(node(), 111), Reason.VALUE),
    "nodes of two digits": (one(node(), 99), one(node(), 101), Reason.VALUE),
    "nodes": (one(node(), 1_000_000), one(node(), 1_100_000), Reason.VALUE),
    "no cores": (one(CORES, 0), one(CORES, -1), Reason.VALUE),
    "cores": (one(CORES, 2**24), one(CORES, 2**25), Reason.VALUE),
    "a core": (one(CORES, 1), one(CORES, 0.5), Reason.VALUE),
    "three cores": (one(CORES, 2), one(CORES, 3), Reason.VALUE),
    "memory": (one(MEMORY, 2.0**60), one(MEMORY, 2.0**61), Reason.VALUE),
    "the first week": (one(CREATED, FIRST_WEEK), one(CREATED, FIRST_WEEK - WEEK), Reason.VALUE),
    "this week": (one(CREATED, MONDAY), one(CREATED, MONDAY + WEEK), Reason.VALUE),
    "a Monday": (one(CREATED, MONDAY), one(CREATED, MONDAY + 1), Reason.VALUE),
    "2 hours": (one(VERDICT, 1, OLDEST_MS), one(VERDICT, 1, OLDEST_MS - 1), Reason.SAMPLE_AGE),
    "10 minutes": (one(VERDICT, 1, NEWEST_MS), one(VERDICT, 1, NEWEST_MS + 1), Reason.SAMPLE_AGE),
    "seen 2 hours ago": (one(component(), NOW - 7200), one(component(), NOW - 7201), Reason.VALUE),
    "seen in 10 minutes": (one(component(), NOW + 600), one(component(), NOW + 601), Reason.VALUE),
    "seen on a second": (one(component(), SLOT), one(component(), SLOT + 0.5), Reason.VALUE),
    "40 components": (
        pack(b"".join(series(component(f"c{n}"), SLOT) for n in range(40))),
        pack(b"".join(series(component(f"c{n}"), SLOT) for n in range(41))),
        Reason.TOO_MANY_OF_METRIC,
    ),
    "32 fields of a series": (
        pack(of_fields(in_series=32)), pack(of_fields(in_series=33)), Reason.TOO_MANY_FIELDS
    ),
    "32 fields of a sample": (
        pack(of_fields(in_sample=32)), pack(of_fields(in_sample=33)), Reason.TOO_MANY_FIELDS
    ),
    "32 fields of a label": (
        pack(of_fields(in_label=32)), pack(of_fields(in_label=33)), Reason.TOO_MANY_FIELDS
    ),
    "1536 fields": (pack(of_fields(in_all=1_536)), pack(of_fields(in_all=1_537)), Reason.TOO_MANY_FIELDS),
    "9 combinations": (
        pack(b"".join(series(node(kubelet_version=f"1.1.{n}"), 1) for n in range(9))),
        pack(b"".join(series(node(kubelet_version=f"1.1.{n}"), 1) for n in range(10))),
        Reason.TOO_MANY_OF_METRIC,
    ),
    "64 bytes": (one(component("x" * 64), SLOT), one(component("x" * 65), SLOT), Reason.TOO_LONG),
    "256 KiB": (pack(padded(262_144)), pack(padded(262_145)), Reason.TOO_LARGE_DECOMPRESSED),
    "printable": (one(component("~ "), SLOT), one(component("\x7f"), SLOT), Reason.WORD),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("within", "beyond", "reason"), BOUNDS.values(), ids=BOUNDS)
async def test_what_is_within_a_bound_is_taken_and_what_is_beyond_is_not(
    within: bytes, beyond: bytes, reason: Reason
) -> None:
    site = Site()

    for _ in range(2):  # the second one is remembered
        assert (await site.post(within)).status_code == 204
        refused = await site.post(beyond)
        assert (refused.status_code, refused.json()["error"].endswith(reason.sentence)) == (
            reason.status,
            True,
        )

    assert site.reasons == {"accepted": 2, reason.label: 2}


# Where what is just within has another fault: the reason of that, and of what is beyond.
LATER: dict[str, tuple[bytes, Reason, bytes, Reason]] = {
    "256 series": (
        pack(field(1, label("a", "b") + sample(1)) * 256),
        Reason.METRIC,
        pack(field(1, label("a", "b") + sample(1)) * 257),
        Reason.TOO_MANY_SERIES,
    ),
    "64 KiB": (bytes(65_536), Reason.COMPRESSION, bytes(65_537), Reason.TOO_LARGE),
    "16 labels": (
        pack(field(1, b"".join(label(f"l{n}", "x") for n in range(16)) + sample(1))),
        Reason.METRIC,
        pack(field(1, b"".join(label(f"l{n}", "x") for n in range(17)) + sample(1))),
        Reason.TOO_MANY_LABELS,
    ),
    "a name of 64 bytes": (
        one({**VERDICT, "x" * 64: "x"}, 1),
        Reason.LABEL_NAMES,
        one({**VERDICT, "x" * 65: "x"}, 1),
        Reason.TOO_LONG,
    ),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("within", "other", "beyond", "reason"), LATER.values(), ids=LATER)
async def test_what_is_within_a_bound_is_refused_for_what_else_is_wrong_with_it(
    within: bytes, other: Reason, beyond: bytes, reason: Reason, *, announced: bool
) -> None:
    site = Site()

    async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
        yield body[:100]
        yield body[100:]

    for body in (within, beyond):
        await site.post(body if announced else in_pieces(body))

    assert site.reasons == {other.label: 1, reason.label: 1}


@pytest.mark.anyio
async def test_moments_of_one_report_may_differ_within_their_window() -> None:
    site = Site()
    payload = series(VERDICT, 1, OLDEST_MS) + series(node(), 1, NEWEST_MS)

    assert (await site.post(pack(payload))).status_code == 204
    assert {timestamp_ms for _, _, timestamp_ms in site.store.samples} == {OLDEST_MS, NEWEST_MS}
