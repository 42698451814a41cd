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
from workflow_releases.ingest.wire import Budget
from workflow_releases.ingest.words import WORDS

MAX_FEW = 20_000  # 20 MB; three platforms list 600 pairs of component and version, 200 more come in a day
MAX_MANY = 4_000  # 4 MB of label sets that strangers can vary at will; forgotten together when it is full

_WITH_VALUE = b"\x12\x10\x09"  # a sample of 16 bytes, whose value follows
_WITHOUT_VALUE = b"\x12\x07"  # a sample of 7 bytes: the value is 0, so protobuf leaves it out


@dataclass(frozen=True, slots=True, eq=False)
class LabelSet:
    """Labels in their normal form, encoded, with the ids masked; and the series' rule."""

    template: bytes
    rule: Rule
    # What a series of these labels begins with; behind it come its number, unless that is 0, and its moment.
    head: bytes = field(init=False)
    head_of_zero: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", self._framed(18, _WITH_VALUE))
        object.__setattr__(self, "head_of_zero", self._framed(9, _WITHOUT_VALUE))

    def _framed(self, sample_bytes: int, sample: bytes) -> bytes:
        return b"\x0a%b%b%b" % (wire.varint(len(self.template) + sample_bytes), self.template, sample)

    def head_before(self, number: bytes) -> bytes:
        """`number` as protobuf has it: 8 bytes, or none for 0, which it leaves out."""
        return self.head if number else self.head_of_zero


Told = tuple[LabelSet, bytes, int]  # with the value as protobuf has it, and the timestamp in ms


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request's series: those whose labels have passed before, and those that are to be checked."""

    ids: Ids
    passed: list[Told]
    unchecked: list[Series]


class LabelSets:
    """Belongs to one vocabulary: with another one begins another memory."""

    def __init__(self, max_few: int = MAX_FEW, max_many: int = MAX_MANY) -> None:
        self._by_head: dict[bytes, LabelSet] = {}
        self._by_head_of_zero: dict[bytes, LabelSet] = {}
        self._many: list[LabelSet] = []  # those of many words
        self._max_few = max_few
        self._max_many = max_many

    def __len__(self) -> int:
        return len(self._by_head)

    def decode(self, payload: bytes) -> Decoded:
        """Refuses what is no write request, or is beyond a cap."""
        stamp = payload[-wire.STAMP_BYTES :]
        timestamp_ms = wire.read_stamp(stamp)
        if timestamp_ms is None:  # a bomb is not worth looking through
            return _unknown(payload)
        ids = find_ids(payload)
        return self._in_pieces(ids.mask(payload), stamp, timestamp_ms, ids) or _unknown(payload)

    def _in_pieces(self, masked: bytes, stamp: bytes, timestamp_ms: int, ids: Ids) -> Decoded | None:
        """A request as agents spell it, taken apart at the one timestamp of all its series; None otherwise.

        A piece that is found is a whole series: what it was found by begins with the series' length.
        """
        pieces = masked.rsplit(stamp, MAX_SERIES + 1)  # twice as fast as `split`; either way they are it all
        if len(pieces) > MAX_SERIES + 1:
            return None
        pieces.pop()  # behind the last timestamp there is nothing
        passed: list[Told] = []
        unknown: list[bytes] = []
        for piece in pieces:
            label_set, number = self._by_head.get(piece[:-8]), piece[-8:]
            if label_set is None:
                label_set, number = self._by_head_of_zero.get(piece), b""
            if label_set is None:
                content = _content(piece + stamp)
                if content is None:
                    return None
                unknown.append(ids.unmask(content))
            elif number in wire.SPELT_ZEROS:
                return None
            else:
                passed.append((label_set, number, timestamp_ms))
        return Decoded(ids, passed, _read_all(unknown, Budget()))

    def remember(self, label_set: LabelSet, labels: Mapping[str, str], ids: Ids) -> None:
        """Labels that passed without a change. Those of many words have a memory that may be lost."""
        if (
            labels[INSTANCE_ID] != ids.instance_id
            or labels.get("cluster_id", ids.cluster_id) != ids.cluster_id
        ):
            return  # an id is not masked, so nobody else's series will look like this
        if label_set.head in self._by_head:
            return  # it came in a form that is not looked up, such as with its labels in another order
        if _is_of_few_words(label_set.rule):
            if len(self._by_head) - len(self._many) >= self._max_few:
                return
        else:
            if len(self._many) >= self._max_many:
                self._forget_many()
            self._many.append(label_set)
        self._by_head[label_set.head] = self._by_head_of_zero[label_set.head_of_zero] = label_set

    def _forget_many(self) -> None:
        for one in self._many:
            del self._by_head[one.head], self._by_head_of_zero[one.head_of_zero]
        self._many.clear()


@cache
def _is_of_few_words(rule: Rule) -> bool:
    return all(WORDS[name].few for name in rule.label_names)


def _unknown(payload: bytes) -> Decoded:
    budget = Budget()
    pieces = split(payload, budget)
    return Decoded(find_ids(payload), [], _read_all(pieces, budget))


def _read_all(pieces: list[bytes], budget: Budget) -> list[Series]:
    return [read_series(one, budget) for one in pieces]


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
