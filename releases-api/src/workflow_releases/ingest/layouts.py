"""Reports that look like the instance's last one are rebuilt at once, and not series by series.

Hour after hour an instance tells the same label sets; new are the moment, and a number here or there. So
what passed last is kept, without its ids, numbers and moment: that is a `Layout`, which instances share. The
next report is put together from that layout, the id that was proven, and the numbers that are
found at their places. If this gives the payload, byte for byte, then it has no label that has not passed,
and is what the other way would forward. If not, it goes that way; so does a number that was 0 and no longer
is, which protobuf leaves out.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from operator import contains
from typing import NamedTuple

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import Rule
from workflow_releases.ingest.label_sets import Told
from workflow_releases.ingest.masks import CLUSTER_MASK, INSTANCE_MASK
from workflow_releases.ingest.memory import Memory
from workflow_releases.ingest.values import Amount, Values

MAX_LAYOUTS = 2_000  # 8 MB, as they share their pieces; 21 MB if strangers make as many as they can
MAX_INSTANCES = 50_000  # 7 MB
MAX_PIECES = 20_000  # 4 MB; later ones are not shared with earlier ones

# A series is five pieces: what comes before its `instance_id`, the id, what comes before its number, the
# number, and its moment.
_BEFORE, _ID, _BETWEEN, _NUMBER, _STAMP = range(5)
_PIECES = 5

_CLUSTER_ID = re.compile(rb"[0-9a-f]{32}")
_ID_BYTES = 32


class Recognised(NamedTuple):
    """A report of which each label has passed before. `payload` is made anew, and all that was sent."""

    series: int
    new_amounts: tuple[Amount, ...]  # those of which nobody has judged yet whether they can be
    timestamp_ms: int  # of all series
    payload: bytes
    cluster_id: str  # empty where it names none


@dataclass(frozen=True, slots=True)
class _ClusterPlace:
    """Where the one `cluster_id` of a report stands: from `start` on, inside of the piece at `index`."""

    start: int
    index: int
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What reports have in common. `pieces` are theirs, but for those that each report has of its own."""

    key: int
    rules: tuple[Rule, ...]
    allowed: tuple[set[bytes], ...]  # of each series, the numbers that have been judged to be in its bounds
    numbers: struct.Struct  # of a whole payload
    pieces: list[bytes]
    cluster: _ClusterPlace | None

    def recognise(self, payload: bytes, instance_id: str) -> Recognised | None:
        """The report, if it is one of this layout and instance."""
        if len(payload) != self.numbers.size:
            return None
        stamp = payload[-wire.STAMP_BYTES :]
        timestamp_ms = wire.read_stamp(stamp)
        numbers = self.numbers.unpack(payload)
        if timestamp_ms is None:
            return None
        new_amounts: tuple[Amount, ...] = ()
        if not all(map(contains, self.allowed, numbers)):
            if not wire.SPELT_ZEROS.isdisjoint(numbers):
                return None
            series = zip(self.rules, numbers, self.allowed, strict=True)
            new_amounts = tuple((rule, number) for rule, number, allowed in series if number not in allowed)
        count = len(numbers)
        pieces = self.pieces.copy()
        pieces[_ID::_PIECES] = [instance_id.encode("ascii")] * count
        pieces[_NUMBER::_PIECES] = numbers
        pieces[_STAMP::_PIECES] = [stamp] * count
        cluster_id = b""
        if self.cluster is not None:
            place = self.cluster
            cluster_id = payload[place.start : place.start + _ID_BYTES]
            if not _CLUSTER_ID.fullmatch(cluster_id):
                return None
            pieces[place.index] = place.before + cluster_id + place.after
        rebuilt = b"".join(pieces)
        if rebuilt != payload:
            return None
        return Recognised(count, new_amounts, timestamp_ms, rebuilt, cluster_id.decode("ascii"))


class Pieces:
    """Gives for equal bytes the same object, so that layouts share what they have in common."""

    def __init__(self, max_pieces: int = MAX_PIECES) -> None:
        self._max_pieces = max_pieces
        self._held: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._held)

    def share(self, piece: bytes) -> bytes:
        if len(self._held) >= self._max_pieces:
            self._held.clear()
        return self._held.setdefault(piece, piece)


class Layouts:
    """Which layout each instance came with last. Belongs to one vocabulary."""

    def __init__(
        self, values: Values, max_layouts: int = MAX_LAYOUTS, max_instances: int = MAX_INSTANCES
    ) -> None:
        self._values = values
        # By the hash of their label sets. Two of the same hash would only be told apart later, byte for byte.
        self._layouts = Memory[int, Layout](max_layouts)
        self._key_of = Memory[str, int](max_instances)
        self._pieces = Pieces()

    def __len__(self) -> int:
        return len(self._layouts)

    def recognise(self, payload: bytes, instance_id: str) -> Recognised | None:
        """`instance_id` is proven."""
        key = self._key_of.get(instance_id)
        layout = self._layouts.get(key) if key is not None else None
        return layout.recognise(payload, instance_id) if layout is not None else None

    def remember(self, instance_id: str, told: Sequence[Told]) -> None:
        """`told` passed every check and was sent as it is forwarded."""
        if len({timestamp_ms for _, _, timestamp_ms in told}) > 1:
            return
        heads = [label_set.head_before(number) for label_set, number, _ in told]
        key = hash(tuple(heads))
        layout = self._layouts.get(key)
        if layout is None:
            if not self._layouts.has_room_for(key) or not _are_regular(heads):
                return
            layout = self._layout_of(key, heads, told)
            self._layouts.put(key, layout)
        if self._key_of.has_room_for(instance_id):
            self._key_of.put(instance_id, layout.key)

    def _layout_of(self, key: int, heads: list[bytes], told: Sequence[Told]) -> Layout:
        share, pieces = self._pieces.share, list[bytes]()
        cluster, length, numbers = None, 0, "<"
        for head, (_, number, _) in zip(heads, told, strict=True):
            before, between = head.split(INSTANCE_MASK)
            if CLUSTER_MASK in before:
                start, (ahead, behind) = length + before.index(CLUSTER_MASK), before.split(CLUSTER_MASK)
                cluster = _ClusterPlace(start, len(pieces) + _BEFORE, ahead, behind)
            pieces += (share(before), b"", share(between), b"", b"")
            numbers += f"{len(head)}x{len(number)}s{wire.STAMP_BYTES}x"
            length += len(head) + len(number) + wire.STAMP_BYTES
        rules = tuple(label_set.rule for label_set, _, _ in told)
        allowed = tuple(map(self._values.allowed, rules))
        return Layout(key, rules, allowed, struct.Struct(numbers), pieces, cluster)


def _are_regular(heads: list[bytes]) -> bool:
    """One instance a series and one cluster at most. Else, say, the cluster has the instance's id."""
    ids = [head.count(INSTANCE_MASK) for head in heads]
    return set(ids) == {1} and sum(head.count(CLUSTER_MASK) for head in heads) <= 1
