"""Everything that can be wrong with a report: its status, its counter, and that nothing of it goes on."""

import asyncio
import math
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fakes.store import FakeStore
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
    write_request,
)
from releases_factories import make_catalog
from workflow_releases.ingest.refusals import Reason
from workflow_releases.ingest.upstream import Answer, UpstreamDownError

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
async def test_report_goes_on_as_it_was_meant() -> None:
    site = Site()

    answer = await site.post(pack(whole()))

    assert (answer.status_code, answer.content, dict(answer.headers)) == (204, b"", {})
    samples = site.store.samples
    assert len(samples) == 19
    assert {timestamp_ms for _, _, timestamp_ms in samples} == {SLOT * 1000}
    assert (component("router", "v2.1.0"), float(SLOT), SLOT * 1000) in samples
    assert (fleet("components", verdict="current"), 0.0, SLOT * 1000) in samples
    assert (fleet("capacity_cpu_cores"), 32.0, SLOT * 1000) in samples
    assert site.reasons == {"accepted": 1}
    assert (site.counts.series_forwarded, site.counts.under_way) == (19, 0)


GOOD_HEADERS = [
    {"content_type": "Application/X-Protobuf; proto=prometheus.WriteRequest"},
    {"content_encoding": "Snappy"},
    {"x_prometheus_remote_write_version": ""},
    {"x_prometheus_remote_write_version": "0.1.3"},
    {"authorization": HEADERS["authorization"].replace("Bearer ", "bearer  ")},
]


@pytest.mark.anyio
@pytest.mark.parametrize("headers", GOOD_HEADERS)
async def test_header_may_be_written_in_every_way_that_means_the_same(headers: dict[str, str]) -> None:
    assert (await Site().post(pack(small()), **headers)).status_code == 204


@pytest.mark.anyio
async def test_forwarded_bytes_do_not_depend_on_how_the_report_was_written() -> None:
    labels = [seen(), component(), VERDICT]
    backwards = b"".join(
        series(list(reversed(one.items())), value)
        for one, value in reversed([(labels[0], SLOT), (labels[1], SLOT), (labels[2], 1)])
    )
    decorated = b"".join(
        field(1, b"".join(label(*pair) for pair in one.items()) + sample(value) + field(3, b"exemplar"))
        for one, value in zip(labels, (SLOT, SLOT, 1), strict=True)
    )
    site = Site()

    for payload in (
        write_request((labels[0], SLOT), (labels[1], SLOT), (labels[2], 1)),
        backwards,
        decorated + field(3, b"metadata: free text of a stranger"),
        backwards,
    ):
        assert (await site.post(pack(payload))).status_code == 204

    assert len(set(site.store.bodies)) == 1
    for found, _, _ in site.store.samples:
        assert list(found) == sorted(found)


@pytest.mark.anyio
async def test_words_that_only_a_newer_agent_knows_become_other() -> None:
    site = Site()
    payload = write_request(
        (seen(platform="newer", train="nightly", kubernetes_version="two"), SLOT),
        (component("brand-new", "v1.0.0"), SLOT),
        (component("brand-newer", "v1.0.0"), SLOT),
        (component("router", "canary"), SLOT),
        (node("TempleOS 5"), 10),
        (node("Hannah Montana Linux"), 3),
    )

    answer = await site.post(pack(payload))

    assert answer.status_code == 204
    assert sorted(site.store.samples, key=str) == sorted(
        [
            (seen(platform="other", train="other", kubernetes_version="other"), float(SLOT), SLOT * 1000),
            (component("other", "v1.0.0"), float(SLOT), SLOT * 1000),
            (component("router", "other"), float(SLOT), SLOT * 1000),
            (node("other"), 13.0, SLOT * 1000),
        ],
        key=str,
    )


@pytest.mark.anyio
async def test_unlisted_versions_count_up_to_a_number_and_from_the_next_day_on_anew() -> None:
    site = Site(instance_rate_per_hour=10_000)

    async def told(version: str) -> str:
        before = len(site.store.bodies)
        moment = int(site.now) // 3600 * 3600
        body = pack(series(component("router", version), moment, moment * 1000))
        assert (await site.post(body)).status_code == 204
        del site.store.bodies[:before]
        return site.store.samples[0][0]["version"]

    first = [await told(f"v7.0.{number}") for number in range(200)]
    after = [await told("v7.0.200"), await told("v7.0.0"), await told("v2.0.0")]
    site.now += 86_400
    next_day = await told("v7.0.200")

    assert first == [f"v7.0.{number}" for number in range(200)]
    assert after == ["other", "v7.0.0", "v2.0.0"]
    assert next_day == "v7.0.200"


@pytest.mark.anyio
async def test_word_is_known_from_the_moment_a_catalog_lists_it() -> None:
    site = Site()
    body = pack(write_request((seen(platform="hephy"), SLOT)))

    await site.post(body)
    site.catalogs = {"deis": make_catalog(), "hephy": make_catalog(platform="hephy")}
    await site.post(body)

    assert [labels["platform"] for labels, _, _ in site.store.samples] == ["other", "hephy"]


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
        while True:
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
