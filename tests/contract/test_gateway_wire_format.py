"""The gateway reads protobuf as protobuf's own library does, and forwards nothing that its own table forbids.

Requests are generated on the wire, valid ones and broken ones; what once failed is kept in
tests/data/gateway/ and tried first, byte for byte.
"""

import asyncio
import math
import struct
from pathlib import Path

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.store import read
from gateways import Site
from ingest_factories import (
    INSTANCE,
    MONDAY,
    NOW,
    OTHER_INSTANCE,
    SLOT,
    component,
    field,
    fleet,
    node,
    pack,
    seen,
    series,
    small,
    varint,
    whole,
)
from workflow_releases.ingest.allowlist import RULES
from workflow_releases.ingest.refusals import ReportRefusedError
from workflow_releases.ingest.remote_write import NAME, read_series, split

CORPUS = sorted((Path(__file__).parents[1] / "data" / "gateway").glob("*.bin"))

_texts = st.sampled_from([b"__name__", b"instance_id", INSTANCE.encode(), b"x", b"x" * 64, b"\xc3\xa9"])
_bad_texts = st.binary(max_size=6) | st.sampled_from([b"", b"x" * 65, b"\xff"])


def _long_varint(value: int, spare: int) -> bytes:
    """The same number with bytes that say nothing."""
    short = varint(value)
    return short[:-1] + bytes([short[-1] | 0x80]) + b"\x80" * (spare - 1) + b"\x00" if spare else short


def _tagged(number: int, wire_type: int, spare: int, content: bytes) -> bytes:
    length = _long_varint(len(content), spare) if wire_type == 2 else b""
    return _long_varint(number << 3 | wire_type, spare) + length + content


_spare = st.sampled_from([0, 0, 0, 0, 1, 2])
_unknown_numbers = st.sampled_from([3, 4, 15, 16, 2**28, 2**29 - 1]) | st.integers(3, 40)
_varints = st.builds(_long_varint, st.integers(0, 2**64 - 1), _spare)
# Fields that no message has, and fields of the messages' numbers but of other types: both are passed over.
_passed_over = (
    st.builds(_tagged, st.integers(1, 2), st.just(5), _spare, st.binary(min_size=4, max_size=4))
    | st.builds(_tagged, _unknown_numbers, st.just(1), _spare, st.binary(min_size=8, max_size=8))
    | st.builds(_tagged, _unknown_numbers, st.just(2), _spare, st.binary(max_size=9))
    | st.builds(_tagged, _unknown_numbers, st.just(0), _spare, _varints)
)
_broken = st.binary(min_size=1, max_size=9) | st.builds(
    lambda number, length: varint(number << 3 | 2) + varint(length),
    st.sampled_from([0, 1, 2, 3, 2**29, 2**32, 2**60]),
    st.sampled_from([1, 100, 2**31, 2**32 - 1, 2**63]),
)
_value = st.builds(
    _tagged, st.just(1), st.just(1), _spare, st.floats().map(lambda one: struct.pack("<d", one))
)
_timestamp = st.builds(_tagged, st.just(2), st.just(0), _spare, _varints)


def _message(*parts: st.SearchStrategy[bytes], spoilt: float = 0.02) -> st.SearchStrategy[bytes]:
    """These fields in any order, sometimes with one that is passed over, seldom with one that is broken."""

    @st.composite
    def draw_message(draw: st.DrawFn) -> bytes:
        found = [draw(part) for part in parts]
        if draw(st.integers(0, 3)) == 0:
            found.append(draw(_passed_over))
        if draw(st.floats(0, 1)) < spoilt:
            found.append(draw(_broken | st.builds(field, st.integers(1, 2), _bad_texts)))
        return b"".join(draw(st.permutations(found)))

    return draw_message()


def _fields(number: int, content: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(_tagged, st.just(number), st.just(2), _spare, content)


def _label(name: bytes) -> st.SearchStrategy[bytes]:
    return _fields(1, _message(_fields(1, st.just(name)), _fields(2, _texts)))


_sample = _fields(2, _message(_value, _timestamp) | _message(_timestamp) | _message(_value, _value))
_series = _fields(1, _message(_label(b"a"), _label(b"b"), _sample) | _message(_sample, spoilt=0.2))
_requests = _message(_series) | _message(_series, _series) | _message(_series, _series, _series)


@given(_requests | st.binary(max_size=80))
@settings(max_examples=600, deadline=None)
def test_what_the_gateway_reads_is_what_the_library_reads(payload: bytes) -> None:
    check_like_the_library(payload)


@pytest.mark.parametrize("file", CORPUS, ids=[file.stem for file in CORPUS])
def test_kept_requests_are_read_as_the_library_reads_them(file: Path) -> None:
    check_like_the_library(file.read_bytes())


def check_like_the_library(payload: bytes) -> None:
    try:
        ours = [read_series(one) for one in split(payload)]
    except ReportRefusedError:
        return
    theirs = read(payload)  # raises DecodeError where the library refuses what we took
    assert [(one.timestamp_ms, _bits(one.value)) for one in ours] == [
        (timestamp_ms, _bits(value)) for _, value, timestamp_ms in theirs
    ]
    assert [dict(one.labels) for one in ours] == [labels for labels, _, _ in theirs]


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


_metrics = st.sampled_from([
    (fleet("components", verdict="current"), 3.0),
    (fleet("components", verdict="missing"), 0.0),
    (component(), float(SLOT)),
    (component("unheard-of", "v1.2.3"), float(SLOT)),
    (seen(), float(SLOT)),
    (node(), 5.0),
    (node("Acme Linux"), 7.0),
    (fleet("nodes_created_timestamp_seconds", bound="oldest"), float(MONDAY)),
    (fleet("capacity_cpu_cores"), 16.0),
])  # fmt: skip
_values = st.sampled_from(
    [0.0, -0.0, 1.0, 2.0**40, float(SLOT), float(MONDAY), math.nan, math.inf, -1.0, 0.5]
)
_moments = st.sampled_from([SLOT * 1000, (SLOT - 3600) * 1000, SLOT * 1000 + 1, 0, 2**62])
_words = st.sampled_from([INSTANCE, OTHER_INSTANCE, "other", "é", "", "v2.1.0", "c1" * 16, "x" * 64, "staff"])


@st.composite
def _nearly_good(draw: st.DrawFn) -> bytes:
    """A report of a few series, most of them right, in any order, with a few spoilt words, values, bytes."""
    parts = []
    for labels, value in draw(st.lists(_metrics, min_size=1, max_size=6, unique_by=str)):
        words = dict(labels)
        if draw(st.integers(0, 9)) == 0:
            words[draw(st.sampled_from([*words, "extra"]))] = draw(_words)
        told = draw(_values) if draw(st.integers(0, 9)) == 0 else value
        moment = draw(_moments) if draw(st.integers(0, 9)) == 0 else SLOT * 1000
        pairs = draw(st.permutations(list(words.items()))) if draw(st.booleans()) else list(words.items())
        parts.append(series(pairs, told, moment))
    payload = bytearray(b"".join(parts))
    if payload and draw(st.integers(0, 4)) == 0:
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    return bytes(payload)


@given(_nearly_good())
@settings(max_examples=400, deadline=None)
def test_answer_and_forwarded_bytes_are_the_same_with_and_without_a_memory(payload: bytes) -> None:
    check_one_request(payload)


@pytest.mark.parametrize("file", CORPUS, ids=[file.stem for file in CORPUS])
def test_kept_requests_are_answered_the_same_with_and_without_a_memory(file: Path) -> None:
    check_one_request(file.read_bytes())


def check_one_request(payload: bytes) -> None:
    """Refused with 4xx and nothing forwarded, or forwarded within the allow-list; never a 5xx."""

    async def answered(site: Site, *before: bytes) -> tuple[int, bytes]:
        for one in before:
            await site.post(pack(one))
        site.store.bodies.clear()
        answer = await site.post(pack(payload))
        return answer.status_code, b"".join(site.store.payloads)

    fresh = asyncio.run(answered(Site()))
    practised = asyncio.run(answered(Site(), whole(), small(), payload))

    assert practised == fresh
    status, forwarded = fresh
    assert (status == 204) == bool(forwarded)
    assert status == 204 or 400 <= status < 500
    told = read(forwarded)
    for labels, value, timestamp_ms in told:
        rule = RULES[labels[NAME]]
        assert tuple(labels) == rule.sorted_names
        assert labels["instance_id"] == INSTANCE
        assert rule.allows(value, NOW)
        assert -7200 <= timestamp_ms / 1000 - NOW <= 600
    assert len({tuple(labels.items()) for labels, _, _ in told}) == len(told)


def test_library_and_gateway_refuse_the_same_broken_text() -> None:
    broken = field(1, field(1, field(1, b"\xff") + field(2, b"x")) + field(2, b"\x10\x01"))

    with pytest.raises(ReportRefusedError):
        read_series(split(broken)[0])
    with pytest.raises(DecodeError):
        read(broken)
