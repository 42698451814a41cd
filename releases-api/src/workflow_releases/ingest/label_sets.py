"""Memory of label sets that have passed every check: nearly all of a report was in an earlier one.

Apart from the two ids, a series looks like that of many other instances. So the ids are masked, and the
encoded labels are looked up. Only what is in its normal form is remembered, which is what this program
forwards anyway. A series that is found here has passed; one that is not goes through each check. Both
come to the same, and a test holds them to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import INSTANCE_ID, Rule
from workflow_releases.ingest.masks import Ids, find_ids
from workflow_releases.ingest.remote_write import MAX_SERIES, Series, encode_labels, read_series, split
from workflow_releases.ingest.words import WORDS

MAX_FEW = 20_000  # 20 MB; three platforms list 600 pairs of component and version, 200 more come in a day
MAX_MANY = 4_000  # 4 MB of label sets that strangers can vary at will; forgotten together when it is full
MAX_ARRANGEMENTS = 2_000  # 6 MB; the one that was longest not seen is forgotten
MAX_ARRANGED = 64  # series; a report of the largest platform has about 60

_WITH_VALUE = b"\x12\x10\x09"  # a sample of 16 bytes, whose value follows
_WITHOUT_VALUE = b"\x12\x07"  # a sample of 7 bytes: the value is 0, so protobuf leaves it out
_ANY_NUMBER = wire.DOUBLE.pack(1.0)
_SPELT_ZEROS = frozenset({wire.DOUBLE.pack(0.0), wire.DOUBLE.pack(-0.0)})  # which protobuf leaves out
_STAMP = 7  # bytes at the end of a sample: the tag of the timestamp, and its 6 bytes until the year 2109


@dataclass(frozen=True, slots=True, eq=False)
class LabelSet:
    """Labels in their normal form, encoded, with the ids masked; and the series' rule."""

    template: bytes
    rule: Rule


@dataclass(frozen=True, slots=True, eq=False)  # there is one of each, so it is compared as itself, and fast
class Spelling:
    """A remembered label set as whole series begin with it; behind `head` come number and timestamp."""

    label_set: LabelSet
    head: bytes
    head_bytes: int


def spelling(label_set: LabelSet, number: bytes) -> Spelling:
    """`number` is the series' value as protobuf has it: 8 bytes, or none for 0, which it leaves out."""
    length = len(label_set.template)
    head = wire.varint(length + 18) + label_set.template + _WITH_VALUE
    if not number:
        head = wire.varint(length + 9) + label_set.template + _WITHOUT_VALUE
    return Spelling(label_set, b"\x0a" + head, 1 + len(head))


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What follows from the series of a request that were found, apart from their numbers."""

    templates: tuple[bytes, ...]
    rules: tuple[Rule, ...]
    limited: tuple[Rule, ...]  # those of them of which a report has only so many
    sorted_positions: tuple[int, ...]  # by labels
    sorted_heads: tuple[bytes, ...]


def arrange(found: tuple[Spelling, ...]) -> Arrangement:
    templates = tuple(one.label_set.template for one in found)
    rules = tuple(one.label_set.rule for one in found)
    positions = sorted(range(len(found)), key=templates.__getitem__)
    return Arrangement(
        templates,
        rules,
        tuple(rule for rule in rules if rule.most is not None),
        tuple(positions),
        tuple(found[position].head for position in positions),
    )


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request's series: those whose labels have passed before, and those that are to be checked."""

    ids: Ids
    passed: tuple[Spelling, ...]
    arrangement: Arrangement  # of those that passed
    numbers: list[bytes]  # the value of each that passed, as protobuf has it
    timestamp_ms: int  # of all that passed
    unchecked: list[Series]


class LabelSets:
    """Belongs to one vocabulary: with another one begins another memory."""

    def __init__(self, max_few: int = MAX_FEW, max_many: int = MAX_MANY) -> None:
        self._by_head: dict[bytes, Spelling] = {}
        self._by_head_of_zero: dict[bytes, Spelling] = {}
        self._many: dict[bytes, bytes] = {}  # heads of label sets of many words, and the same of 0
        self._arranged = lru_cache(MAX_ARRANGEMENTS)(arrange)
        self._max_few = max_few
        self._max_many = max_many

    def __len__(self) -> int:
        return len(self._by_head)

    def decode(self, payload: bytes) -> Decoded:
        """Refuses what is no write request, or is beyond a cap."""
        stamp = payload[-_STAMP:]
        timestamp_ms = _read_stamp(stamp)
        if timestamp_ms is None:  # a bomb is not worth looking through
            pieces = split(payload)
            return _unknown(find_ids(payload), pieces)
        ids = find_ids(payload)
        return self._in_pieces(ids.mask(payload), stamp, timestamp_ms, ids) or _unknown(ids, split(payload))

    def _in_pieces(self, masked: bytes, stamp: bytes, timestamp_ms: int, ids: Ids) -> Decoded | None:
        """A request as agents spell it, taken apart at the one timestamp of all its series; None otherwise.

        A piece that is found is a whole series: what it was found by begins with the series' length.
        """
        pieces = masked.rsplit(stamp, MAX_SERIES + 1)  # twice as fast as `split`; either way they are it all
        if len(pieces) > MAX_SERIES + 1:
            return None
        pieces.pop()  # behind the last timestamp there is nothing
        by_head, by_head_of_zero = self._by_head, self._by_head_of_zero
        found = [by_head.get(piece[:-8]) or by_head_of_zero.get(piece) for piece in pieces]
        unchecked: list[Series] = []
        passed = tuple([one for one in found if one is not None])
        if len(passed) < len(found):
            for piece, one in zip(pieces, found, strict=True):
                if one is None:
                    content = _content(piece + stamp)
                    if content is None:
                        return None
                    unchecked.append(read_series(ids.unmask(content)))
            pieces = [piece for piece, one in zip(pieces, found, strict=True) if one is not None]
        numbers = [piece[one.head_bytes :] for piece, one in zip(pieces, passed, strict=True)]
        if not _SPELT_ZEROS.isdisjoint(numbers):
            return None
        arranged = self._arranged if len(passed) <= MAX_ARRANGED else arrange
        return Decoded(ids, passed, arranged(passed), numbers, timestamp_ms, unchecked)

    def remember(self, label_set: LabelSet, labels: Mapping[str, str], ids: Ids) -> None:
        """Labels that passed without a change. Those of many words have a memory that may be lost."""
        if (
            labels[INSTANCE_ID] != ids.instance_id
            or labels.get("cluster_id", ids.cluster_id) != ids.cluster_id
        ):
            return  # an id is not masked, so nobody else's series will look like this
        one = spelling(label_set, _ANY_NUMBER)
        if one.head in self._by_head:
            return  # it came in a form that is not looked up, such as with its labels in another order
        one_of_zero = spelling(label_set, b"")
        if _is_of_few_words(label_set.rule):
            if len(self._by_head) - len(self._many) >= self._max_few:
                return
        else:
            if len(self._many) >= self._max_many:
                self._forget_many()
            self._many[one.head] = one_of_zero.head
        self._by_head[one.head] = one
        self._by_head_of_zero[one_of_zero.head] = one_of_zero

    def _forget_many(self) -> None:
        for head, head_of_zero in self._many.items():
            del self._by_head[head], self._by_head_of_zero[head_of_zero]
        self._many.clear()


@cache
def _is_of_few_words(rule: Rule) -> bool:
    return all(WORDS[name].few for name in rule.label_names)


def _unknown(ids: Ids, pieces: list[bytes]) -> Decoded:
    return Decoded(ids, (), arrange(()), [], 0, [read_series(one) for one in pieces])


def _read_stamp(stamp: bytes) -> int | None:
    """The timestamp in ms; None where these bytes are not one in its usual spelling."""
    if len(stamp) < _STAMP or stamp[0] != 0x10 or stamp[-1] > 0x7F or min(stamp[1:-1]) < 0x80:
        return None
    return wire.read_varint(stamp, 1)[0]


def _content(framed: bytes) -> bytes | None:
    """Of a series field that is nothing but one, in its usual spelling."""
    if len(framed) < 2 or framed[0] != 0x0A:
        return None
    try:
        length, start = wire.read_varint(framed, 1)
    except wire.WireError:
        return None
    return framed[start:] if len(framed) - start == length else None


def template_of(labels: Iterable[tuple[str, str]], ids: Ids) -> bytes:
    """Labels, sorted by name, in protobuf's shortest spelling, with the ids masked."""
    return ids.mask(encode_labels(labels))
