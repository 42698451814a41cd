"""Whatever bytes arrive, in headers and body: an answer, no 5xx while the store works, and bounded memory.

Requests go straight into the gateway, as its server hands them on. What once failed, or could, is kept in
tests/data/gateway/requests/ as it looks on the wire, and tried first.
"""

import asyncio
import gc
import hashlib
import itertools
import json
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.store import FakeStore, read
from gateway_requests import Answered, End, ask
from gateways import Site
from ingest_factories import (
    HEADERS,
    INSTANCE,
    MONDAY,
    NOW,
    OTHER_SECRET,
    SLOT,
    component,
    field,
    fleet,
    label,
    node,
    pack,
    sample,
    series,
    small,
    varint,
    whole,
)
from workflow_releases.ingest.refusals import Reason
from workflow_releases.ingest.upstream import Answer, UpstreamDownError

Headers = list[tuple[bytes, bytes]]

CORPUS = sorted((Path(__file__).parents[3] / "data" / "gateway" / "requests").glob("*.http"))
GOOD: Headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
SENTENCES = {reason.sentence for reason in Reason}


async def asked(site: Site, headers: Headers, pieces: list[bytes], end: End = "whole") -> Answered:
    """The answer, which is held to what is promised of every answer."""
    stored, counted = len(site.store.bodies), site.counts.by_reason.total()
    answered = await ask(site.gateway, headers, pieces, end)

    assert site.counts.by_reason.total() == counted + 1
    assert site.counts.under_way == 0
    if answered.status == 204:
        assert answered.body == b""
        (payload,) = site.store.payloads[stored:]
        check_forwarded(payload)
    else:
        assert 400 <= answered.status < 500
        told = json.loads(answered.body)
        assert told["error"].rpartition(": ")[2] in {one.rpartition(": ")[2] for one in SENTENCES}
        assert len(site.store.bodies) == stored
    return answered


def check_forwarded(payload: bytes) -> None:
    """Only the instance's own series, each once, in the design's forms; held against a list of its own."""
    told = read(payload)
    assert told
    assert len({tuple(labels.items()) for labels, _, _ in told}) == len(told)
    for labels, value, timestamp_ms in told:
        assert list(labels) == sorted(labels)
        assert labels["__name__"].startswith("fleet_")
        assert labels["instance_id"] == INSTANCE
        assert all(word.isascii() and word.isprintable() and len(word) <= 64 for word in labels.values())
        assert 0 <= value <= 2.0**60
        assert -7200 <= timestamp_ms / 1000 - NOW <= 600


# --- Generated requests ------------------------------------------------------------------------------------

_tokens = st.sampled_from([
    b"", b"snappy", b"SNAPPY", b"gzip", b"snappy, snappy", b"application/x-protobuf", b"application/json",
    b"application/x-protobuf;proto=prometheus.WriteRequest", b"application/x-protobuf; proto", b";;;=",
    b"0.1.0", b"0.1.", b"2.0.0", b"Bearer", b"Bearer " + b"0" * 63, b"bearer " + OTHER_SECRET.encode(),
    b"Bearer\xb5", b"0", b"65536", b"65537", b"-1", b"1e3", b"9" * 400, b"\xb2", b"1.2.3.4, ::1",
    b"[::1]:80", b"," * 99,
]) | st.binary(max_size=40)  # fmt: skip
_names = st.sampled_from(
    [name for name, _ in GOOD]
    + [b"content-length", b"x-forwarded-for", b"transfer-encoding", b"expect", b"\xff"]
)
_spoilt_headers = st.lists(st.tuples(_names, _tokens), max_size=4).map(lambda more: [*GOOD, *more])
_any_headers = st.lists(st.tuples(_names | st.binary(max_size=20), _tokens), max_size=8)
_headers = st.just(GOOD) | _spoilt_headers | _any_headers

_texts = st.sampled_from(
    [INSTANCE, "__name__", "other", "v9.9.9", "\n", "é", "staff", "x" * 64, "x" * 65, ""]
)
_numbers = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0**60, float(SLOT), float(MONDAY)]) | st.floats()
_moments = st.sampled_from([SLOT * 1000, SLOT * 1000 + 1, 0]) | st.integers(-(2**63), 2**63 - 1)
_metrics = st.sampled_from(
    [fleet("components", verdict="ahead"), component(), node(), fleet("capacity_cpu_cores")]
)


@st.composite
def _odd_series(draw: st.DrawFn) -> bytes:
    """A series of the contract, in which a word, a label, the value or the moment may be any."""
    labels = dict(draw(_metrics))
    for name in draw(st.lists(st.sampled_from(sorted(labels)) | _texts, max_size=2)):
        labels[name] = draw(_texts | st.text(max_size=6))
    value = draw(_numbers) if draw(st.booleans()) else 1.0
    return series(labels, value, draw(_moments) if draw(st.booleans()) else SLOT * 1000)


@st.composite
def _mutated(draw: st.DrawFn, whole_one: bytes) -> bytes:
    """Cut, repeated, overwritten or filled in at a few places."""
    found = bytearray(whole_one)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(found)))
        until = draw(st.integers(at, min(at + 40, len(found))))
        found[at:until] = draw(st.binary(max_size=4) | st.just(bytes(found[at:until]) * 2))
    return bytes(found)


_payloads = (
    st.lists(_odd_series(), max_size=4).map(b"".join)
    | _mutated(whole())
    | _mutated(small())
    | st.binary(max_size=60)
)
_bodies = (
    _payloads.map(pack)
    | _payloads.map(pack).flatmap(_mutated)
    | st.builds(lambda length, rest: varint(length) + rest, st.integers(0, 2**35), st.binary(max_size=60))
    | st.binary(max_size=200)
)
_ends: st.SearchStrategy[End] = st.sampled_from(["whole", "whole", "whole", "cut"])


@given(_headers, _bodies, st.lists(st.integers(0, 200), max_size=3), _ends, st.sampled_from([0, 1]))
@settings(max_examples=600, deadline=None)
def test_any_request_is_answered_and_none_with_5xx(
    headers: Headers, body: bytes, cuts: list[int], end: End, proxies: int
) -> None:
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[start:stop] for start, stop in itertools.pairwise(edges)]

    async def twice() -> None:
        site = Site(trusted_proxies=proxies)
        await ask(site.gateway, GOOD, [pack(whole())])
        first = await asked(site, headers, pieces, end)
        assert await asked(site, headers, pieces, end) == first  # what is remembered by now changes nothing

    asyncio.run(twice())


_trouble = st.sampled_from(
    [None, *(Answer(status) for status in (200, 301, 400, 401, 409, 413, 429, 500, 503))]
)


@given(_payloads, _trouble)
@settings(max_examples=200, deadline=None)
def test_5xx_is_the_stores_alone_and_never_without_a_time_to_come_again(
    payload: bytes, said: Answer | None
) -> None:
    def answer() -> Answer:
        if said is None:
            raise UpstreamDownError("refused")
        return said

    async def outcomes() -> tuple[Answered, Answered]:
        working, failing = Site(), Site(store=FakeStore(answer))
        body = pack(payload)
        return await asked(working, GOOD, [body]), await ask(failing.gateway, GOOD, [body])

    working, failing = asyncio.run(outcomes())

    if working.status != 204:
        assert failing == working  # the store was not asked
    else:
        assert failing.status in {204, 400, 503}
        assert ("retry-after" in failing.headers) == (failing.status == 503)


# --- Kept requests -----------------------------------------------------------------------------------------


def from_the_wire(raw: bytes) -> tuple[Headers, list[bytes]]:
    head, _, body = raw.partition(b"\r\n\r\n")
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return [(name.lower(), value.strip()) for name, _, value in pairs], [body]


@pytest.mark.parametrize("file", CORPUS, ids=[file.stem for file in CORPUS])
def test_kept_request_is_answered_as_its_name_begins(file: Path) -> None:
    site, request = Site(), from_the_wire(file.read_bytes())

    answered = [asyncio.run(asked(site, *request)) for _ in range(2)]

    assert [one.status for one in answered] == [int(file.stem.partition("-")[0])] * 2


def test_requests_are_kept() -> None:
    assert len(CORPUS) >= 10


# --- Memory ------------------------------------------------------------------------------------------------

_MOST_FOR_ONE_REQUEST = 2 * 1024 * 1024  # 8 times what may be decompressed
_MOST_NEW_BLOCKS = 10_000  # of Python's allocator; 450 instances have a rate each, 4,050 label sets take more


def _labels(count: int, each: int) -> bytes:
    return b"".join(label(f"l{number}", "y" * each) for number in range(count))


LARGEST: dict[str, bytes] = {
    "zeros": bytes(262_144),
    "empty series": b"\x0a\x00" * 131_072,
    "fields that nobody knows": b"\x18\x01" * 131_072,
    "one long label": field(1, label("x", "y" * 262_000)),
    "256 series of 16 labels": field(1, _labels(16, 40) + sample(1)) * 256,
    "a series of empty labels": field(1, b"\x0a\x00" * 130_000),
    "series of a label and a sample": field(1, label("a", "b") + sample(1)) * 9_000,
    "a series of samples": field(1, b"\x12\x00" * 130_000),
    "the last bytes over and over": whole()[-7:] * 37_449,
    "an id over and over": (b"\x0a\x0binstance_id\x12\x20" + INSTANCE.encode()) * 5_500,
    "256 components": b"".join(series(component(f"c{number}"), SLOT) for number in range(256)),
}


@pytest.mark.anyio
@pytest.mark.parametrize("payload", LARGEST.values(), ids=LARGEST)
async def test_largest_request_takes_no_more_memory_than_a_few_times_its_size(payload: bytes) -> None:
    site, body = Site(), pack(payload)
    assert len(payload) <= 262_144
    await ask(site.gateway, GOOD, [pack(whole())])

    tracemalloc.start()
    await asked(site, GOOD, [body])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < _MOST_FOR_ONE_REQUEST


def strangers(start: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Secrets and reports, no two with an id, a component, a version or a combination of nodes in common."""
    for number in range(start, start + count):
        secret = hashlib.sha256(b"%d" % number).digest()
        instance = hashlib.sha256(secret).hexdigest()[:32]
        told = [series(component(f"c{number}-{n}", f"v{number}.{n}.0", instance), SLOT) for n in range(20)]
        told += [
            series(node("Debian 12", instance, f"{n}.{number // 999}.{number % 999}"), 1) for n in range(9)
        ]
        yield secret.hex(), pack(b"".join(told))


@pytest.mark.anyio
async def test_memory_stops_growing_however_many_words_strangers_send() -> None:
    site = Site()
    held: list[int] = []

    for batch in range(3):  # each has more words and more combinations than are remembered of all
        for secret, body in strangers(batch * 450, 450):
            headers = [*GOOD[:-1], (b"authorization", f"Bearer {secret}".encode())]
            assert (await ask(site.gateway, headers, [body], peer=f"10.0.0.{len(held)}")).status == 204
            site.store.bodies.clear()
            site.store.heads.clear()
        gc.collect()
        held.append(sys.getallocatedblocks())

    assert held[2] - held[1] < _MOST_NEW_BLOCKS
