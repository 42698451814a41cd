"""Objects with one revision for all, as etcd keeps them, and the history from which watches are served."""

import asyncio
import copy
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """`obj` of a deletion is the last state, at the deletion's revision."""

    revision: int
    collection: str  # path: `/apis/apps/v1/namespaces/deis/deployments`
    type: str  # ADDED, MODIFIED, DELETED
    obj: Object


class Store:
    """Objects by the path of their collection and their name."""

    def __init__(self) -> None:
        self.revision = 1
        self.oldest = 0  # watches and lists from an earlier revision have expired
        self._changes: list[Change] = []
        self._objects: dict[str, dict[str, Object]] = {}
        self._garbage: dict[str, list[bytes]] = {}
        self._changed = asyncio.Event()

    def create(self, collection: str, obj: Object) -> Object:
        made = copy.deepcopy(obj)
        metadata = made.setdefault("metadata", {})
        if metadata["name"] in self._objects.get(collection, {}):
            raise ValueError(f"{collection}/{metadata['name']} exists")
        parts = collection.split("/")
        if "namespaces" in parts[:-1]:
            metadata.setdefault("namespace", parts[parts.index("namespaces") + 1])
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        return self._commit(collection, "ADDED", made)

    def patch(self, path: str, merge_patch: Object) -> Object:
        """A merge patch; one that changes nothing makes no revision and no event, as in the real one."""
        collection, _, name = path.rpartition("/")
        before = self._objects[collection][name]
        after = _merged(before, merge_patch)
        return before if after == before else self._commit(collection, "MODIFIED", after)

    def delete(self, path: str) -> None:
        collection, _, name = path.rpartition("/")
        self._commit(collection, "DELETED", copy.deepcopy(self._objects[collection][name]))

    def get(self, path: str) -> Object | None:
        collection, _, name = path.rpartition("/")
        return self._objects.get(collection, {}).get(name)

    def at(self, collection: str, revision: int) -> list[Object]:
        """The collection as it was at `revision`, by name."""
        if revision == self.revision:
            objects = self._objects.get(collection, {})
        else:
            objects = {}
            for change in self._changes:
                if change.revision <= revision and change.collection == collection:
                    _apply(objects, change)
        return [objects[name] for name in sorted(objects)]

    def since(self, collection: str, revision: int) -> list[Change]:
        changes: list[Change] = []
        for change in reversed(self._changes):
            if change.revision <= revision:
                break
            if change.collection == collection:
                changes.append(change)
        return changes[::-1]

    def roll_back(self, revision: int) -> None:
        """All is as it was then, and the revisions after it will be given out once more."""
        self._changes = [change for change in self._changes if change.revision <= revision]
        self._objects = {}
        for change in self._changes:
            _apply(self._objects.setdefault(change.collection, {}), change)
        self.revision = revision

    def last_change(self, collection: str) -> int:
        return next((c.revision for c in reversed(self._changes) if c.collection == collection), 0)

    def forget(self) -> None:
        """All revisions handed out so far have expired; a new one begins."""
        self.revision += 1
        self.oldest = self.revision
        self.wake()

    def put_garbage(self, collection: str, line: bytes) -> None:
        """A line that is no event, for the open watches of a collection."""
        self._garbage.setdefault(collection, []).append(line)
        self.wake()

    def garbage(self, collection: str) -> tuple[bytes, ...]:
        return tuple(self._garbage.get(collection, ()))

    def changed(self) -> asyncio.Event:
        """Set after the next change, or `wake`."""
        return self._changed

    def wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _commit(self, collection: str, kind: str, obj: Object) -> Object:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        change = Change(self.revision, collection, kind, obj)
        self._changes.append(change)
        _apply(self._objects.setdefault(collection, {}), change)
        self.wake()
        return obj


def _apply(objects: dict[str, Object], change: Change) -> None:
    name = change.obj["metadata"]["name"]
    if change.type == "DELETED":
        objects.pop(name)
    else:
        objects[name] = change.obj


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
