"""Step 6: a Remote Write 1.0 request <-> series, with the caps on both sides of every allocation.

    message WriteRequest { repeated TimeSeries timeseries = 1; }
    message TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
    message Label        { string name = 1; string value = 2; }
    message Sample       { double value = 1; int64 timestamp = 2; }

Other fields (metadata, exemplars, histograms) are ignored, and never forwarded.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from workflow_releases.ingest import wire
from workflow_releases.ingest.refusals import Reason, ReportRefusedError

MAX_SERIES = 256  # a report of the largest platform has about 60
MAX_LABELS = 16  # the richest series of the contract has 9
MAX_LABEL_BYTES = 64  # of a name, and of a value
_MAX_SPELT_LABEL_BYTES = 2 * (MAX_LABEL_BYTES + 2)  # with a tag and a length each; odd spellings are longer

NAME = "__name__"

_SERIES_TAG = 0x0A  # field 1, BYTES
_REMEMBERED_LABELS = 2048  # 1 MB; of 21 labels that are read in full, all but two are in every report

_SIGN_BIT = 1 << 63


@dataclass(frozen=True, slots=True)
class Series:
    """One series as it was sent: its labels by name, with `__name__` among them, and its one sample."""

    labels: tuple[tuple[str, str], ...]
    value: float
    timestamp_ms: int


def split(payload: bytes, budget: wire.Budget | None = None) -> list[bytes]:
    """The bytes of each series, undecoded: 1 to MAX_SERIES of them."""
    try:
        return _split(payload, budget or wire.Budget())
    except wire.WireError as error:
        raise ReportRefusedError(_reason_of(error)) from error


def _reason_of(error: Exception) -> Reason:
    return Reason.TOO_MANY_FIELDS if isinstance(error, wire.TooManyFieldsError) else Reason.MALFORMED


def _split(payload: bytes, budget: wire.Budget) -> list[bytes]:
    """The loop takes the usual spelling, six times as fast; what it stops at is read by the book."""
    found: list[bytes] = []
    at, last = 0, len(payload) - 2
    while at < last and payload[at] == _SERIES_TAG and len(found) < MAX_SERIES:
        length, start = payload[at + 1], at + 2
        if length > 0x7F:
            if payload[start] > 0x7F:
                break
            length, start = length & 0x7F | payload[start] << 7, start + 1
        at = start + length
        found.append(payload[start:at])
    if at == len(payload) and found:
        return found
    if at > len(payload):
        raise wire.WireError("a series is longer than its message")
    return _split_by_the_book(payload, at, found, budget)


def _split_by_the_book(payload: bytes, start: int, found: list[bytes], budget: wire.Budget) -> list[bytes]:
    for number, wire_type, content in wire.fields(payload, budget, start):
        if number == 1 and wire_type == wire.BYTES and isinstance(content, bytes):
            if len(found) == MAX_SERIES:
                raise ReportRefusedError(Reason.TOO_MANY_SERIES)
            found.append(content)
    if not found:
        raise ReportRefusedError(Reason.NO_SERIES)
    return found


def read_series(raw_series: bytes, budget: wire.Budget | None = None) -> Series:
    """Labels sorted by name, as the specification wants them; unsorted ones are accepted."""
    labels: list[tuple[str, str]] = []
    samples: list[bytes] = []
    budget = budget or wire.Budget()
    try:
        for number, wire_type, content in wire.message_fields(raw_series, budget):
            if wire_type != wire.BYTES or not isinstance(content, bytes):
                continue
            if number == 1:
                if len(labels) == MAX_LABELS:
                    raise ReportRefusedError(Reason.TOO_MANY_LABELS)
                labels.append(_label(content, budget))
            elif number == 2:
                samples.append(content)
                if len(samples) > 1:
                    raise ReportRefusedError(Reason.SAMPLE_COUNT)
        value, timestamp_ms = _read_sample(samples, budget)
    except (wire.WireError, UnicodeDecodeError) as error:
        raise ReportRefusedError(_reason_of(error)) from error
    labels.sort()
    if any(one[0] == other[0] for one, other in itertools.pairwise(labels)):
        raise ReportRefusedError(Reason.REPEATED_LABEL)
    return Series(tuple(labels), value, timestamp_ms)


def _label(raw_label: bytes, budget: wire.Budget) -> tuple[str, str]:
    """What is too long to be a label in its usual spelling is read and not remembered."""
    if len(raw_label) > _MAX_SPELT_LABEL_BYTES:
        return _read_label(raw_label, budget)
    label, count = _read_short_label(raw_label)
    budget.spend(count)
    return label


@lru_cache(maxsize=_REMEMBERED_LABELS)
def _read_short_label(raw_label: bytes) -> tuple[tuple[str, str], int]:
    """The label, and how many fields it has."""
    budget = wire.Budget(wire.MAX_FIELDS_OF_MESSAGE)
    label = _read_label(raw_label, budget)
    return label, wire.MAX_FIELDS_OF_MESSAGE - budget.left


def _read_label(raw_label: bytes, budget: wire.Budget) -> tuple[str, str]:
    """As protobuf has it, the last of several names or values is the one that counts."""
    name = value = ""
    for number, wire_type, content in wire.message_fields(raw_label, budget):
        if wire_type != wire.BYTES or number > 2 or not isinstance(content, bytes):
            continue
        if len(content) > MAX_LABEL_BYTES:
            raise ReportRefusedError(Reason.TOO_LONG)
        if number == 1:
            name = content.decode()
        else:
            value = content.decode()
    if not name or not value:
        raise ReportRefusedError(Reason.EMPTY_LABEL)
    return name, value


def _read_sample(raw_samples: list[bytes], budget: wire.Budget) -> tuple[float, int]:
    if not raw_samples:
        raise ReportRefusedError(Reason.SAMPLE_COUNT)
    value, timestamp_ms = 0.0, 0  # what protobuf leaves out is 0
    for number, wire_type, content in wire.message_fields(raw_samples[0], budget):
        if number == 1 and wire_type == wire.FIXED64 and isinstance(content, bytes):
            (value,) = wire.DOUBLE.unpack(content)
        elif number == 2 and wire_type == wire.VARINT and isinstance(content, int):
            timestamp_ms = content - ((content & _SIGN_BIT) << 1)
    return value, timestamp_ms


def encode_labels(labels: Iterable[tuple[str, str]]) -> bytes:
    """Fields of a series in protobuf's shortest spelling; texts of at most MAX_LABEL_BYTES."""
    return b"".join([_encode_label(name, value) for name, value in labels])


@lru_cache(maxsize=_REMEMBERED_LABELS)
def _encode_label(name: str, value: str) -> bytes:
    raw_name, raw_value = name.encode(), value.encode()
    whole = wire.varint(len(raw_name) + len(raw_value) + 4)
    return b"\x0a%b\x0a%c%b\x12%c%b" % (whole, len(raw_name), raw_name, len(raw_value), raw_value)
