"""What one source holds: its objects, and whether they can be trusted. No I/O, no clock."""

import logging
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from workflow_exporter.cluster.api_errors import UNREADABLE, BadAnswerError
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.snapshot import SourceState

_LOG = logging.getLogger(__name__)

# Of all sources together, as msgpack. A node takes some 470 bytes: 65,000 nodes twice, as they are held while
# they are listed again.
_MOST_HELD_BYTES = 64 * 1024 * 1024  # 64 MiB
_KEY_BYTES = 64  # that a UID takes beside its text


class _Metadata(msgspec.Struct, frozen=True, gc=False):
    uid: str = ""
    name: str = ""
    resource_version: str = msgspec.field(default="", name="resourceVersion")


class _Identity(msgspec.Struct, frozen=True, gc=False):
    metadata: _Metadata = _Metadata()


_encode = msgspec.msgpack.Encoder().encode
_decode_identity = msgspec.json.Decoder(_Identity).decode


def identify(raw: bytes | msgspec.Raw) -> tuple[str, str]:
    """What even a malformed object should tell: a key (UID, else name) and its resourceVersion.

    Both are empty where it tells neither.
    """
    try:
        metadata = _decode_identity(raw).metadata
    except UNREADABLE:
        return "", ""
    return metadata.uid or metadata.name, metadata.resource_version


class Taken(NamedTuple):
    """What taking one object in did."""

    changed: bool  # whether what is shown differs
    key: str  # what it is held under: its UID, or what a malformed one had instead
    resource_version: str  # empty where it does not tell


class Room:
    """How much all sources of one reader may hold together."""

    def __init__(self, most_bytes: int = _MOST_HELD_BYTES) -> None:
        self.most_bytes = most_bytes
        self.held_bytes = 0


class Contents:
    """The objects of one resource: known ones whole, others by UID only."""

    def __init__(self, resource: Resource, intake: Intake, room: Room | None = None) -> None:
        self._resource = resource
        self._intake = intake
        self._room = room or Room()
        self._bytes = 0  # of the room
        self._known: dict[str, object] = {}
        self._unknown: set[str] = set()
        self._malformed: set[str] = set()
        self._shown: Mapping[str, object] | None = None

    def put(self, raw: bytes | msgspec.Raw) -> Taken:
        """Takes one object in, whatever it is.

        An object that cannot be decoded replaces what was held under its UID and is counted; all that do not
        even tell a UID or a name count as one, or each of their updates would be one more.
        Raises BadAnswerError where the room is full.
        """
        try:
            accepted = self._intake.accept(self._resource, raw)
        except UNREADABLE:
            key, version = identify(raw)
            return Taken(self._count_in(self._malformed, key), key, version)
        key, value = accepted.uid, accepted.value
        if value is None:
            counted = self._count_in(self._unknown, key) if accepted.counted else self.remove(key)
            return Taken(counted, key, accepted.resource_version)
        changed = self._known.get(key) != value
        if changed:
            self._forget(key)
            self._known[key] = value
            self._grow(len(key) + _size(value))
        return Taken(changed, key, accepted.resource_version)

    def remove(self, uid: str) -> bool:
        """Whether anything was held under `uid`."""
        held = uid in self._known or uid in self._unknown or uid in self._malformed
        self._forget(uid)
        return held

    def _count_in(self, counted: set[str], key: str) -> bool:
        if key in counted:
            return False
        self._forget(key)
        counted.add(key)
        self._grow(len(key) + _KEY_BYTES)
        return True

    def _forget(self, uid: str) -> None:
        if uid in self._known:
            self._grow(-len(uid) - _size(self._known.pop(uid)))
        for counted in (self._unknown, self._malformed):
            if uid in counted:
                counted.discard(uid)
                self._grow(-len(uid) - _KEY_BYTES)
        self._shown = None

    def _grow(self, count: int) -> None:
        self._bytes += count
        self._room.held_bytes += count
        if count > 0 and self._room.held_bytes > self._room.most_bytes:
            bound = f"{self._room.most_bytes:,} bytes"
            raise BadAnswerError(f"what the API server tells of its objects is larger than {bound}")

    def leave_room(self) -> None:
        """To be called once, when these contents are no longer held."""
        self._room.held_bytes -= self._bytes

    def known(self) -> Mapping[str, object]:
        """UID -> object, never changed afterwards; the same mapping until something changes."""
        if self._shown is None:
            self._shown = MappingProxyType(self._known.copy())
        return self._shown

    @property
    def unknown_count(self) -> int:
        return len(self._unknown)

    @property
    def malformed_count(self) -> int:
        return len(self._malformed)

    def __len__(self) -> int:
        return len(self._known) + len(self._unknown) + len(self._malformed)

    def take_over(self, before: "Contents") -> bool:
        """Holds objects that are equal to earlier ones as those; whether what is shown differs from before.

        So a list that shows nothing new is the same mapping of the same objects to whoever looks at it.
        """
        earlier = before.known()
        for uid, value in self._known.items():
            if earlier.get(uid) == value:
                self._known[uid] = earlier[uid]
        same = self._known == earlier
        if same:
            self._shown = earlier
        counts = (self.unknown_count, self.malformed_count)
        return not same or counts != (before.unknown_count, before.malformed_count)


class Source:
    """One resource: the last good contents, and the state of reading it."""

    def __init__(self, resource: Resource, intake: Intake, room: Room | None = None) -> None:
        self.resource = resource
        self._intake = intake
        self._room = room or Room()
        self.contents = self.empty()
        self._up: bool | None = None
        self._reason: str | None = None
        self._last_success: datetime | None = None

    def empty(self) -> Contents:
        """Contents to fill and then to swap in."""
        return Contents(self.resource, self._intake, self._room)

    def swap(self, contents: Contents) -> bool:
        """Replaces everything at once; whether that shows anything else than before."""
        changed = contents.take_over(self.contents)
        self.contents.leave_room()
        self.contents = contents
        return changed

    def heard(self, now: datetime) -> None:
        """What is held was good at `now`."""
        self._last_success = now

    def rise(self, now: datetime, note: str | None = None) -> bool:
        """The source answers; `note` is worth showing all the same. Whether that is news."""
        self._last_success = now
        news = (self._up, self._reason) != (True, note)
        self._up, self._reason = True, note
        return news

    def fall(self, reason: str) -> bool:
        """The source does not answer, and why. The contents stay. Whether that is news."""
        news = (self._up, self._reason) != (False, reason)
        self._up, self._reason = False, reason
        return news

    @property
    def state(self) -> SourceState:
        return SourceState(str(self.resource), self._up, self._reason, self._last_success)


def _size(value: object) -> int:
    """How much is kept of an object, whatever it was on the wire."""
    return len(_encode(value)) + _KEY_BYTES


def log_failure(resource: Resource, reason: str, cause: Exception | None) -> None:
    """What the state of the source does not tell: where we failed ourselves. Never a server's own words."""
    if cause is not None:
        _LOG.error("%s: %s", resource, reason, exc_info=cause)
