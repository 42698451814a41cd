"""The costliest requests that fit into a body of 64 KiB that holds 256 KiB: work and memory must not follow.

Each is refused. `variant` makes it another one of the same kind, so that nothing of it was seen before.
"""

from collections.abc import Callable

from ingest_factories import INSTANCE, SLOT, component, field, label, node, sample, series, varint, whole

_MOST_BYTES = 262_144

_LONG_TAG = b"\x80\x81\x80\x80\x00"  # field 16, a number, in the most bytes that a tag can have
_LONG_NUMBER = b"\xff" * 9 + b"\x01"

# One field, as small or as slow to read as can be. Nothing of it is used.
FIELDS: dict[str, bytes] = {
    "empty bytes": b"\x1a\x00",
    "numbers": b"\x18\x01",
    "numbers of 10 bytes": b"\x18" + _LONG_NUMBER,
    "numbers of 10 bytes with tags of 5": _LONG_TAG + _LONG_NUMBER,
    "fixed numbers": b"\x1d\x00\x00\x00\x00",
    "empty series, labels or names": b"\x0a\x00",
    "names of a byte": b"\x0a\x01a",
    "empty samples or values": b"\x12\x00",
    "moments": b"\x10\x01",
}

Message = Callable[[bytes, bytes], bytes]

# Where the fields stand: around them the smallest message that they may belong to.
MESSAGES: dict[str, Message] = {
    "request": lambda fields, mark: fields + mark,
    "series": lambda fields, mark: field(1, mark + fields),
    "label": lambda fields, mark: field(1, field(1, mark + fields)),
    "sample": lambda fields, mark: field(1, label("a", "b") + field(2, fields + mark)),
    "many series": lambda fields, mark: field(1, mark + fields[:900]) * 250,
    "many labels": lambda fields, mark: field(1, field(1, mark + fields[:60]) * 14 + sample(1)) * 200,
}


def costly(message: str, kind: str, variant: int = 0) -> bytes:
    """A payload of up to 256 KiB that is nearly all fields of this kind in such messages."""
    mark = field(5, b"%08d" % variant)
    one = FIELDS[kind]
    return MESSAGES[message](one * ((_MOST_BYTES - 1_000) // len(one)), mark)


def _labels(number: int, value: str) -> bytes:
    return field(1, b"".join(label(f"l{number}-{n}", value) for n in range(14)) + sample(1))


# As they come over a connection: bodies of the same 64 KiB in as many pieces as they have bytes.
CRUMBS: dict[str, bytes] = {
    "chunks of a byte": b"1\r\nx\r\n" * 65_000,
    "chunks of a byte with extensions": b"1;a=b\r\nx\r\n" * 65_000,
    "chunks of a byte with zeros before it": b"0001\r\nx\r\n" * 65_000,
}


OTHERS: dict[str, Callable[[int], bytes]] = {
    "256 series of many labels": lambda v: b"".join(_labels(v * 256 + n, "x") for n in range(256)),
    "series of long labels": lambda v: b"".join(_labels(v * 256 + n, "x" * 60) for n in range(33)),
    "256 components": lambda v: b"".join(series(component(f"c{v}-{n}"), SLOT) for n in range(256)),
    "256 nodes": lambda v: b"".join(series(node(f"OS {v}-{n}"), 1) for n in range(256)),
    "the last bytes over and over": lambda v: field(5, varint(v)) + whole()[-7:] * 37_000,
    "an id over and over": lambda v: (
        field(5, varint(v)) + (b"\x0a\x0binstance_id\x12\x20" + INSTANCE.encode()) * 5_000 + whole()[-7:]
    ),
    "one long label": lambda v: field(1, label("x", f"{v}".ljust(200_000, "y")) + sample(1)),
    "one good series with a long field": lambda v: (
        series(component(f"c{v}"), SLOT) + field(5, b"%d" % v * 20_000) + b"\x0a"
    ),
}
