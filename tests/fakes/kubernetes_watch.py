"""One watch as a real API server streams it: events, bookmarks, silence, and an end at its time."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

from fakes import kubernetes_answers as answers
from fakes.kubernetes_store import Store

_INTERVAL_SECONDS = 60.0  # between bookmarks
_LONGEST_SECONDS = 1800  # of a watch that does not say; the real one takes between this and twice as much


async def watch_lines(
    store: Store, collection: str, query: Mapping[str, str], *, last_bookmark_seconds: float
) -> AsyncGenerator[bytes, None]:
    """Bytes to send; empty ones where it was only woken. Ends when the watch should end."""
    position = int(query["resourceVersion"])
    if position < store.oldest:
        # Answered with 200 all the same.
        yield _line({"type": "ERROR", "object": answers.expired_watch(position, store.oldest)})
        return
    clock = asyncio.get_running_loop().time
    deadline = clock() + float(query.get("timeoutSeconds", _LONGEST_SECONDS))
    wanted = query.get("allowWatchBookmarks") == "true"
    bookmarks = _Bookmarks(deadline - last_bookmark_seconds, began_at=store.revision, wanted=wanted)
    bookmarks.plan(clock())
    garbage_seen = len(store.garbage(collection))
    while clock() < deadline:
        changed = store.changed()  # before looking: what comes meanwhile is not missed
        changes = store.since(collection, position)
        garbage = store.garbage(collection)
        body = b"".join(_line({"type": change.type, "object": change.obj}) for change in changes)
        body += b"".join(line + b"\n" for line in garbage[garbage_seen:])
        garbage_seen = len(garbage)
        if position <= store.revision:  # else it is from the future, and silent
            position = store.revision
            body += bookmarks.due(clock(), store.last_change(collection))
        yield body
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(deadline, bookmarks.next_at)):
                await changed.wait()


class _Bookmarks:
    """Every so often, and once shortly before the end; none while nothing happened since the start."""

    def __init__(self, last: float, *, began_at: int, wanted: bool) -> None:
        self.next_at = float("inf")  # on the loop's clock
        self._began_at = began_at
        self._last = last
        self._wanted = wanted

    def plan(self, now: float) -> None:
        usable = self._wanted and self._last > now
        self.next_at = min(now + _INTERVAL_SECONDS, self._last) if usable else float("inf")

    def due(self, now: float, revision: int) -> bytes:
        if now < self.next_at:
            return b""
        self.plan(now)
        if revision <= self._began_at:
            return b""
        metadata = {"resourceVersion": str(revision), "creationTimestamp": None}
        return _line({"type": "BOOKMARK", "object": {"metadata": metadata, "spec": {}, "status": {}}})


def _line(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"
