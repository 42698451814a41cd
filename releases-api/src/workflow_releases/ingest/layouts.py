"""Reports that look like the instance's last one are rebuilt at once, and not series by series.

Hour after hour an instance tells the same label sets; new are the moment, and a number here or there. So
what was forwarded of it is kept, without its ids, numbers and moment: that is a `Layout`, which instances
share. The next report is put together from that layout, the id that was proven, and the numbers that are
found at their places. If this gives the payload, byte for byte, then it has no label that has not passed,
and is what the other way would forward. If not, it goes that way.
"""

import re
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import Rule
from workflow_releases.ingest.label_sets import Told, head_of
from workflow_releases.ingest.masks import CLUSTER_MASK, INSTANCE_MASK

MAX_LAYOUTS = 2_000  # 4 KB each, as they share their pieces; the one that was longest not seen is forgotten
MAX_INSTANCES = 50_000  # 8 MB
MAX_SERIES = 64  # of a report that is kept so; one of the largest platform has about 60
_MAX_PIECES = 20_000  # 3 MB; later ones are not shared with earlier ones

# A series is five pieces: what comes before its `instance_id`, the id, what comes before its number, the
# number, and its moment.
_BEFORE, _ID, _BETWEEN, _NUMBER, _STAMP = range(5)
_PIECES = 5

_CLUSTER_ID = re.compile(rb"[0-9a-f]{32}")
_ID_BYTES = 32


class Recognised(NamedTuple):
    """A report of which each label has passed before. `payload` is made anew, and all that was sent."""

    rules: tuple[Rule, ...]
    numbers: tuple[bytes, ...]  # the value of each series, as protobuf has it
    timestamp_ms: int  # of all of them
    payload: bytes


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

    rules: tuple[Rule, ...]
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
        if timestamp_ms is None or not wire.SPELT_ZEROS.isdisjoint(numbers):
            return None
        count = len(numbers)
        pieces = self.pieces.copy()
        pieces[_ID::_PIECES] = [instance_id.encode("ascii")] * count
        pieces[_NUMBER::_PIECES] = numbers
        pieces[_STAMP::_PIECES] = [stamp] * count
        if self.cluster is not None:
            place = self.cluster
            cluster_id = payload[place.start : place.start + _ID_BYTES]
            if not _CLUSTER_ID.fullmatch(cluster_id):
                return None
            pieces[place.index] = place.before + cluster_id + place.after
        rebuilt = b"".join(pieces)
        return Recognised(self.rules, numbers, timestamp_ms, rebuilt) if rebuilt == payload else None


class Layouts:
    """Bounded memory of layouts, and of which one each instance came with. Belongs to one vocabulary."""

    def __init__(self, max_layouts: int = MAX_LAYOUTS, max_instances: int = MAX_INSTANCES) -> None:
        self._max_layouts = max_layouts
        self._max_instances = max_instances
        # By the hash of their label sets. Two of the same hash would only be told apart later, byte for byte.
        self._layouts: OrderedDict[int, Layout] = OrderedDict()
        self._key_of: OrderedDict[str, int] = OrderedDict()  # of an instance's last report
        self._pieces: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._layouts)

    def recognise(self, payload: bytes, instance_id: str) -> Recognised | None:
        """`instance_id` is proven."""
        key = self._key_of.get(instance_id)
        layout = self._layouts.get(key) if key is not None else None
        if key is None or layout is None:
            return None
        self._layouts.move_to_end(key)
        return layout.recognise(payload, instance_id)

    def remember(self, instance_id: str, told: Sequence[Told]) -> None:
        """`told` passed every check and was sent as it was forwarded."""
        heads = [head_of(label_set, number) for label_set, number, _ in told]
        key = hash(tuple(heads))
        if key not in self._layouts:
            if not _is_regular(heads, told):
                return
            self._layouts[key] = self._layout_of(heads, told)
            if len(self._layouts) > self._max_layouts:
                self._layouts.popitem(last=False)
        self._key_of[instance_id] = key
        self._key_of.move_to_end(instance_id)
        if len(self._key_of) > self._max_instances:
            self._key_of.popitem(last=False)

    def _layout_of(self, heads: list[bytes], told: Sequence[Told]) -> Layout:
        pieces: list[bytes] = []
        cluster, length, numbers = None, 0, "<"
        for head, (_, number, _) in zip(heads, told, strict=True):
            before, between = head.split(INSTANCE_MASK)
            if CLUSTER_MASK in before:
                start, (ahead, behind) = length + before.index(CLUSTER_MASK), before.split(CLUSTER_MASK)
                cluster = _ClusterPlace(start, len(pieces) + _BEFORE, ahead, behind)
            pieces += (self._shared(before), b"", self._shared(between), b"", b"")
            numbers += f"{len(head)}x{len(number)}s{wire.STAMP_BYTES}x"
            length += len(head) + len(number) + wire.STAMP_BYTES
        rules = tuple(label_set.rule for label_set, _, _ in told)
        return Layout(rules, struct.Struct(numbers), pieces, cluster)

    def _shared(self, piece: bytes) -> bytes:
        if len(self._pieces) >= _MAX_PIECES:
            self._pieces.clear()
        return self._pieces.setdefault(piece, piece)


def _is_regular(heads: list[bytes], told: Sequence[Told]) -> bool:
    """One moment, one instance a series, at most one cluster; true of what agents send."""
    return (
        len(told) <= MAX_SERIES
        and len({timestamp_ms for _, _, timestamp_ms in told}) == 1
        and all(head.count(INSTANCE_MASK) == 1 for head in heads)
        and sum(head.count(CLUSTER_MASK) for head in heads) <= 1
    )
