"""Memory of label sets that have passed every check: nearly all of a report was in an earlier one.

Apart from the two ids, a series looks like that of many other instances. So the ids are masked, and the
encoded labels are looked up. Only what is in its normal form is remembered, which is what this program
forwards anyway. A series that is found here has passed; one that is not goes through each check. Both
come to the same, and a test holds them to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import INSTANCE_ID, Rule
from workflow_releases.ingest.masks import Ids, find_ids
from workflow_releases.ingest.remote_write import MAX_SERIES, Series, encode_labels, read_series, split
from workflow_releases.ingest.words import WORDS

MAX_FEW = 20_000  # 20 MB; three platforms list 600 pairs of component and version, 200 more come in a day
MAX_MANY = 4_000  # 4 MB of label sets that strangers can vary at will; forgotten together when it is full

_WITH_VALUE = b"\x12\x10\x09"  # a sample of 16 bytes, whose value follows
_WITHOUT_VALUE = b"\x12\x07"  # a sample of 7 bytes: the value is 0, so protobuf leaves it out
_STAMP = 7  # bytes at the end of a sample: the tag of the timestamp, and its 6 bytes until the year 2109


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels in their normal form, encoded, with the ids masked; and the series' rule."""

    template: bytes
    rule: Rule
    head: bytes = field(init=False)  # of the whole series with a value, up to that value
    head_of_zero: bytes = field(init=False)  # of the whole series with the value 0, up to the timestamp

    def __post_init__(self) -> None:
        length = len(self.template)
        head = wire.varint(length + 18) + self.template + _WITH_VALUE
        head_of_zero = wire.varint(length + 9) + self.template + _WITHOUT_VALUE
        object.__setattr__(self, "head", b"\x0a" + head)
        object.__setattr__(self, "head_of_zero", b"\x0a" + head_of_zero)


Passed = tuple[LabelSet, float, int]  # with value and timestamp in ms


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request's series: those whose labels have passed before, and those that are to be checked."""

    ids: Ids
    passed: list[Passed]
    unchecked: list[Series]


class LabelSets:
    """Belongs to one vocabulary: with another one begins another memory."""

    def __init__(self, max_few: int = MAX_FEW, max_many: int = MAX_MANY) -> None:
        self._by_head: dict[bytes, LabelSet] = {}
        self._by_head_of_zero: dict[bytes, LabelSet] = {}
        self._many: list[LabelSet] = []
        self._max_few = max_few
        self._max_many = max_many

    def __len__(self) -> int:
        return len(self._by_head)

    def decode(self, payload: bytes) -> Decoded:
        """Refuses what is no write request, or is beyond a cap."""
        ids = find_ids(payload)
        found = self._in_pieces(ids.mask(payload), ids)
        return found or Decoded(ids, [], [read_series(one) for one in split(payload)])

    def _in_pieces(self, masked: bytes, ids: Ids) -> Decoded | None:
        """A request as agents spell it, taken apart at the one timestamp of all its series; None otherwise.

        A piece that is found is a whole series: what it was found by begins with the series' length.
        """
        stamp = masked[-_STAMP:]
        timestamp_ms = _read_stamp(stamp)
        if timestamp_ms is None:
            return None
        pieces = masked.split(stamp, MAX_SERIES + 1)
        if len(pieces) > MAX_SERIES + 1:
            return None
        by_head, by_head_of_zero, unpack = self._by_head, self._by_head_of_zero, wire.DOUBLE.unpack_from
        passed: list[Passed] = []
        unchecked: list[Series] = []
        for piece in pieces[:-1]:  # the last one is empty
            label_set = by_head.get(piece[:-8])
            if label_set is not None:
                passed.append((label_set, unpack(piece, len(piece) - 8)[0], timestamp_ms))
                continue
            label_set = by_head_of_zero.get(piece)
            if label_set is not None:
                passed.append((label_set, 0.0, timestamp_ms))
                continue
            content = _content(piece + stamp)
            if content is None:
                return None
            unchecked.append(read_series(ids.unmask(content)))
        return Decoded(ids, passed, unchecked)

    def remember(self, label_set: LabelSet, labels: Mapping[str, str], ids: Ids) -> None:
        """Labels that passed without a change. Those of many words have a memory that may be lost."""
        if (
            labels[INSTANCE_ID] != ids.instance_id
            or labels.get("cluster_id", ids.cluster_id) != ids.cluster_id
        ):
            return  # an id is not masked, so nobody else's series will look like this
        if _is_of_few_words(label_set.rule):
            if len(self._by_head) - len(self._many) >= self._max_few:
                return
        else:
            if len(self._many) >= self._max_many:
                self._forget_many()
            self._many.append(label_set)
        self._by_head[label_set.head] = label_set
        self._by_head_of_zero[label_set.head_of_zero] = label_set

    def _forget_many(self) -> None:
        for one in self._many:
            del self._by_head[one.head], self._by_head_of_zero[one.head_of_zero]
        self._many.clear()


@cache
def _is_of_few_words(rule: Rule) -> bool:
    return all(WORDS[name].few for name in rule.label_names)


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
