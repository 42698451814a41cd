"""Protobuf's wire format, as far as a receiver of write requests needs it (protobuf.dev, "Encoding").

By hand, because it is measured: the library reads the 40 series of a report in 170 µs, nearly all of it
for the objects it makes of each label, and this in a third of that without building anything beyond the
caps. A test holds every answer against the library's own.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

DOUBLE = struct.Struct("<d")
SPELT_ZEROS = frozenset({DOUBLE.pack(0.0), DOUBLE.pack(-0.0)})  # which protobuf leaves out
STAMP_BYTES = 7  # at the end of a sample: the tag of the timestamp, and its 6 bytes until the year 2109

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types; groups (3, 4) are of no message that is taken

_MAX_VALUE_BYTES = 10  # 64 bits in groups of 7
_MAX_TAG_BYTES = 5  # 32 bits; of lengths too
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}
_MAX_FIELD_NUMBER = 2**29 - 1
_ONE_BYTE = tuple(bytes([value]) for value in range(0x80))
_ONE_BYTE_MORE = tuple(bytes([value | 0x80]) for value in range(0x80))


# Protobuf has no bound on fields that a reader does not know, and reading each costs as much as a known one.
MAX_FIELDS_OF_MESSAGE = 32  # the richest message of a report, `fleet_instance_seen_…`, has 10
MAX_FIELDS = 1_536  # of a request with all its messages; the largest report within all caps has 1,036
_LONG_TAG_FIELDS = 3  # a tag of several bytes, which no report has, costs as much as three fields more


class WireError(ValueError):
    """Bytes that are no message."""


class TooManyFieldsError(WireError):
    """A message or a request has more fields than its cap."""


@dataclass(slots=True)
class Budget:
    """How many fields may still be read of a request."""

    left: int = MAX_FIELDS

    def spend(self, count: int) -> None:
        """Raises TooManyFieldsError."""
        self.left -= count
        if self.left < 0:
            raise TooManyFieldsError("a request has too many fields")


def read_varint(data: bytes, at: int, max_bytes: int = _MAX_VALUE_BYTES) -> tuple[int, int]:
    """The number at `at`, cut to 64 bits, and where it ends; raises WireError beyond `max_bytes`."""
    value = shift = 0
    for position in range(at, min(at + max_bytes, len(data))):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + 1
        shift += 7
    raise WireError("a number does not end")


def varint(value: int) -> bytes:
    """The shortest spelling of a number from 0 to 2^64 - 1."""
    if value < 0x80:
        return _ONE_BYTE[value]
    if value < 0x4000:
        return _ONE_BYTE_MORE[value & 0x7F] + _ONE_BYTE[value >> 7]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_double(data: bytes) -> float:
    """Of 8 bytes, or of none for 0, as protobuf has it."""
    return DOUBLE.unpack(data)[0] if data else 0.0


def spell_double(value: float) -> bytes:
    """8 bytes, or none for 0, which protobuf leaves out."""
    return DOUBLE.pack(value) if value else b""


@lru_cache(maxsize=256)  # an hour has one
def read_stamp(stamp: bytes) -> int | None:
    """The timestamp in ms; None where these bytes are not one in its usual spelling."""
    if len(stamp) < STAMP_BYTES or stamp[0] != 0x10 or stamp[-1] > 0x7F or min(stamp[1:-1]) < 0x80:
        return None
    return read_varint(stamp, 1)[0]


@lru_cache(maxsize=256)
def spell_stamp(timestamp_ms: int) -> bytes:
    """Of this century: the tag, and 6 bytes."""
    return b"\x10" + varint(timestamp_ms)


def message_fields(data: bytes, budget: Budget) -> Iterator[tuple[int, int, bytes | int]]:
    """The fields of a message within a request, at most MAX_FIELDS_OF_MESSAGE."""
    for count, field in enumerate(fields(data, budget)):
        if count == MAX_FIELDS_OF_MESSAGE:
            raise TooManyFieldsError("a message has too many fields")
        yield field


def fields(data: bytes, budget: Budget, start: int = 0) -> Iterator[tuple[int, int, bytes | int]]:
    """Each field's number, wire type and content: a number of VARINT, bytes of everything else."""
    at, end = start, len(data)
    while at < end:
        budget.spend(1)
        tag = data[at]  # below 0x80 a number is its own byte, which nearly all tags and lengths are
        at += 1
        if tag > 0x7F:
            budget.spend(_LONG_TAG_FIELDS)
            tag, at = read_varint(data, at - 1, _MAX_TAG_BYTES)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= _MAX_FIELD_NUMBER:
            raise WireError("a field has no number")
        if wire_type == VARINT:
            value, at = read_varint(data, at)
            yield number, wire_type, value
            continue
        if wire_type == BYTES:
            length = data[at] if at < end else 0x80
            at += 1
            if length > 0x7F:
                length, at = read_varint(data, at - 1, _MAX_TAG_BYTES)
        elif wire_type in _FIXED_BYTES:
            length = _FIXED_BYTES[wire_type]
        else:
            raise WireError("a field is of no wire type that is taken")
        if length > end - at:
            raise WireError("a field is longer than its message")
        yield number, wire_type, data[at : at + length]
        at += length
