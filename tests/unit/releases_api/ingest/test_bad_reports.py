"""Everything that can be wrong with a report: its status, its counter, and that nothing of it goes on."""

import math
import struct
from typing import Any

import pytest

from gateways import Site
from ingest_factories import (
    HEADERS,
    INSTANCE,
    MONDAY,
    NOW,
    OTHER_INSTANCE,
    OTHER_SECRET,
    SLOT,
    component,
    field,
    fleet,
    label,
    node,
    pack,
    sample,
    seen,
    series,
    small,
    varint,
    whole,
)
from workflow_releases.ingest.refusals import Reason

VERDICT = fleet("components", verdict="current")
CORES = fleet("capacity_cpu_cores")
INFINITY, NAN = math.inf, math.nan
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]  # Prometheus' stale marker


def one(labels: Any, value: float, timestamp_ms: int = SLOT * 1000) -> bytes:
    return pack(series(labels, value, timestamp_ms))


def repeated(*pairs: tuple[str, str]) -> bytes:
    return pack(series([*VERDICT.items(), *pairs], 1))


BAD_BODIES: dict[str, tuple[bytes, Reason]] = {
    "empty": (b"", Reason.COMPRESSION),
    "no snappy": (b"\xff" * 32, Reason.COMPRESSION),
    "framed snappy": (b"\xff\x06\x00\x00sNaPpY\x01\x05\x00\x00", Reason.COMPRESSION),
    "uncompressed": (small(), Reason.COMPRESSION),
    "truncated": (pack(small())[:-3], Reason.COMPRESSION),
    "trailing bytes": (pack(small()) + b"x", Reason.COMPRESSION),
    "declares 4 GiB": (b"\xff\xff\xff\xff\x0f" + b"x" * 9, Reason.TOO_LARGE_DECOMPRESSED),
    "declares one byte too many": (varint(262_145) + b"x", Reason.TOO_LARGE_DECOMPRESSED),
    "bomb of zeros": (pack(bytes(262_144)), Reason.MALFORMED),
    "bomb of empty series": (pack(b"\x0a\x00" * 131_072), Reason.TOO_MANY_SERIES),
    "4 million series": (pack(b"\x0a\x00" * 4_200_000)[:60_000], Reason.TOO_LARGE_DECOMPRESSED),
    "more than the cap": (b"x" * 65_537, Reason.TOO_LARGE),
    "nothing compressed": (pack(b""), Reason.NO_SERIES),
    "JSON": (pack(b'{"timeseries": []}'), Reason.MALFORMED),
    "cut inside a series": (pack(small()[:-5]), Reason.MALFORMED),
    "bytes after the last series": (pack(small() + b"\x0a"), Reason.MALFORMED),
    "field number 0": (pack(small() + b"\x02\x00"), Reason.MALFORMED),
    "a group": (pack(small() + b"\x2b\x2c"), Reason.MALFORMED),
    "only unknown fields": (pack(field(3, b"metadata")), Reason.NO_SERIES),
    "257 series": (pack(series(VERDICT, 1) * 257), Reason.TOO_MANY_SERIES),
    "an empty series": (pack(field(1, b"")), Reason.SAMPLE_COUNT),
    "17 labels": (pack(series([(f"l{n}", "x") for n in range(17)], 1)), Reason.TOO_MANY_LABELS),
    "a label name of 65 bytes": (repeated(("x" * 65, "x")), Reason.TOO_LONG),
    "a label of 1 MB": (pack(series({**VERDICT, "x": "y" * 1_000_000}, 1)), Reason.TOO_LARGE_DECOMPRESSED),
    "a label of 200 KB": (pack(series({**VERDICT, "x": "y" * 200_000}, 1)), Reason.TOO_LONG),
    "an empty label name": (repeated(("", "x")), Reason.EMPTY_LABEL),
    "an empty label value": (one({**VERDICT, "verdict": ""}, 1), Reason.EMPTY_LABEL),
    "invalid UTF-8": (pack(field(1, label("verdict", b"\xff") + sample(1))), Reason.MALFORMED),
    "what stands for an id": (
        pack(small().replace(INSTANCE.encode(), b"\xfe" + b"\xff" * 31)),
        Reason.MALFORMED,
    ),
    "a repeated label": (repeated(("verdict", "ahead")), Reason.REPEATED_LABEL),
    "two names": (repeated(("__name__", "fleet_nodes")), Reason.REPEATED_LABEL),
    "no sample": (pack(field(1, label("__name__", "fleet_nodes"))), Reason.SAMPLE_COUNT),
    "two samples": (
        pack(field(1, b"".join(label(*pair) for pair in VERDICT.items()) + sample(1) * 2)),
        Reason.SAMPLE_COUNT,
    ),
    "a series twice": (pack(series(VERDICT, 1) + series(VERDICT, 2)), Reason.REPEATED_SERIES),
    "no metric name": (one({"instance_id": INSTANCE}, 1), Reason.METRIC),
    "an unknown metric": (one(fleet("secrets"), 1), Reason.METRIC),
    "a metric of others": (one({"__name__": "up", "instance_id": INSTANCE}, 1), Reason.METRIC),
    "a label too many": (one({**CORES, "node": "host-1"}, 8), Reason.LABEL_NAMES),
    "a label missing": (one({"__name__": "fleet_nodes", "instance_id": INSTANCE}, 8), Reason.LABEL_NAMES),
    "a label of another series": (one({**CORES, "verdict": "ahead"}, 8), Reason.LABEL_NAMES),
    "no instance id": (one({"__name__": "fleet_capacity_cpu_cores"}, 8), Reason.LABEL_NAMES),
    "ten combinations of nodes": (
        pack(b"".join(series(node(f"Debian {n}"), 1) for n in range(10))),
        Reason.TOO_MANY_OF_METRIC,
    ),
    "in two clusters": (
        pack(b"".join(series(seen(cluster_id=one_id * 16), SLOT) for one_id in ("c1", "c2"))),
        Reason.TOO_MANY_OF_METRIC,
    ),
    "control characters": (one(component("rou\nter"), SLOT), Reason.WORD),
    "not ASCII": (one(component("routeur-é"), SLOT), Reason.WORD),
    "another audience": (one(seen(audience="everyone"), SLOT), Reason.FIXED_WORD),
    "an audience in capitals": (one(seen(audience="CI"), SLOT), Reason.FIXED_WORD),
    "another verdict": (one({**VERDICT, "verdict": "fine"}, 1), Reason.FIXED_WORD),
    "another bound": (
        one(fleet("nodes_created_timestamp_seconds", bound="median"), MONDAY),
        Reason.FIXED_WORD,
    ),
    "a cluster's name as its id": (one(seen(cluster_id="production"), SLOT), Reason.FIXED_WORD),
    "an instance id in capitals": (one({**CORES, "instance_id": INSTANCE.upper()}, 8), Reason.FIXED_WORD),
    "another instance": (pack(small(OTHER_INSTANCE)), Reason.SECRET),
    "another instance among one's own": (
        pack(small() + series({**CORES, "instance_id": OTHER_INSTANCE}, 8)),
        Reason.SECRET,
    ),
    "one's own after another instance": (
        pack(series({**CORES, "instance_id": OTHER_INSTANCE}, 8) + small()),
        Reason.SECRET,
    ),
    "2 hours and a second old": (one(VERDICT, 1, (NOW - 7201) * 1000), Reason.SAMPLE_AGE),
    "11 minutes ahead": (one(VERDICT, 1, (NOW + 601) * 1000), Reason.SAMPLE_AGE),
    "of 1970": (one(VERDICT, 1, 0), Reason.SAMPLE_AGE),
    "before 1970": (one(VERDICT, 1, -1), Reason.SAMPLE_AGE),
    "of 2100": (one(VERDICT, 1, 4_102_444_800_000), Reason.SAMPLE_AGE),
    "in seconds": (one(VERDICT, 1, SLOT), Reason.SAMPLE_AGE),
    "NaN": (one(VERDICT, NAN), Reason.VALUE),
    "a stale marker": (one(VERDICT, STALE), Reason.VALUE),
    "infinity": (one(VERDICT, INFINITY), Reason.VALUE),
    "negative infinity": (one(VERDICT, -INFINITY), Reason.VALUE),
    "negative": (one(VERDICT, -1), Reason.VALUE),
    "half a component": (one(VERDICT, 0.5), Reason.VALUE),
    "a million and one": (one(VERDICT, 1e6 + 1), Reason.VALUE),
    "exact node counts": (one(node(), 1234), Reason.VALUE),
    "exact capacity": (one(CORES, 100), Reason.VALUE),
    "too much capacity": (one(fleet("capacity_memory_bytes"), 2.0**61), Reason.VALUE),
    "an exact day of creation": (
        one(fleet("cluster_created_timestamp_seconds"), MONDAY + 86_400),
        Reason.VALUE,
    ),
    "created in 1970": (one(fleet("cluster_created_timestamp_seconds"), 345_600), Reason.VALUE),
    "created next week": (one(fleet("cluster_created_timestamp_seconds"), MONDAY + 604_800), Reason.VALUE),
    "seen tomorrow": (one(component(), SLOT + 86_400), Reason.VALUE),
    "seen in milliseconds": (one(component(), SLOT * 1000), Reason.VALUE),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("body", "reason"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_bad_body_is_refused_counted_and_goes_no_further(body: bytes, reason: Reason) -> None:
    site = Site()

    answer = await site.post(body)

    assert (answer.status_code, site.reasons) == (reason.status, {reason.label: 1})
    assert answer.json()["error"].endswith(reason.sentence)
    assert 400 <= answer.status_code < 500
    assert site.store.bodies == []


@pytest.mark.anyio
@pytest.mark.parametrize(("body", "reason"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_bad_body_is_refused_alike_when_everything_good_in_it_is_remembered(
    body: bytes, reason: Reason
) -> None:
    site = Site()
    for secret, instance in (
        (HEADERS["authorization"], INSTANCE),
        (f"Bearer {OTHER_SECRET}", OTHER_INSTANCE),
    ):
        accepted = await site.post(pack(whole(instance)), authorization=secret)
        assert accepted.status_code == 204
    site.store.bodies.clear()

    answer = await site.post(body)

    assert answer.status_code == reason.status
    assert site.counts.by_reason[reason.label] == 1
    assert site.store.bodies == []


BAD_HEADERS: dict[str, tuple[dict[str, str], Reason]] = {
    "no content type": ({"content_type": ""}, Reason.UNSUPPORTED),
    "JSON": ({"content_type": "application/json"}, Reason.UNSUPPORTED),
    "Remote Write 2.0": (
        {"content_type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
        Reason.UNSUPPORTED,
    ),
    "version 2.0.0": ({"x_prometheus_remote_write_version": "2.0.0"}, Reason.UNSUPPORTED),
    "no encoding": ({"content_encoding": ""}, Reason.UNSUPPORTED),
    "gzip": ({"content_encoding": "gzip"}, Reason.UNSUPPORTED),
    "no secret": ({"authorization": ""}, Reason.NO_SECRET),
    "a password": ({"authorization": "Basic dXNlcjpwYXNz"}, Reason.NO_SECRET),
    "an id as the secret": ({"authorization": f"Bearer {INSTANCE}"}, Reason.NO_SECRET),
    "a secret in capitals": ({"authorization": f"Bearer {'AB' * 32}"}, Reason.NO_SECRET),
    "two secrets": ({"authorization": f"Bearer {OTHER_SECRET} {OTHER_SECRET}"}, Reason.NO_SECRET),
    "another secret": ({"authorization": f"Bearer {OTHER_SECRET}"}, Reason.SECRET),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("headers", "reason"), BAD_HEADERS.values(), ids=BAD_HEADERS)
async def test_bad_header_is_refused_and_counted(headers: dict[str, str], reason: Reason) -> None:
    site = Site()

    answer = await site.post(pack(small()), **headers)

    assert (answer.status_code, site.reasons) == (reason.status, {reason.label: 1})
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
    assert site.store.bodies == []


@pytest.mark.anyio
async def test_answer_never_repeats_what_the_request_said() -> None:
    site, canary = Site(), "canary-0f1e2d"
    for body in (
        one({**CORES, canary: canary}, 8),
        one(fleet(canary), 8),
        one(seen(audience=canary), SLOT),
        one({**VERDICT, "verdict": canary}, 1),
        one({**CORES, "instance_id": canary}, 1),
        one(component(canary + "\n"), SLOT),
        pack(canary.encode()),
        canary.encode(),
    ):
        answer = await site.post(body)
        assert 400 <= answer.status_code < 500
        assert canary not in answer.text
        assert HEADERS["authorization"][-64:] not in answer.text
