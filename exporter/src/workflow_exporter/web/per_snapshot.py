"""Work that is done once for each snapshot, however often it is asked for."""

from collections.abc import Callable
from typing import Generic, TypeVar

from workflow_exporter.snapshot import Snapshot

Made = TypeVar("Made")


class PerSnapshot(Generic[Made]):
    """Remembers what `make` made of the newest snapshot it was asked about, and nothing older.

    Threads may share it: at worst two make the same thing at the same time.
    """

    def __init__(self, make: Callable[[Snapshot], Made]) -> None:
        self._make = make
        self._last: tuple[Snapshot, Made] | None = None

    def __call__(self, snapshot: Snapshot) -> Made:
        if self._last is None or self._last[0] is not snapshot:
            self._last = (snapshot, self._make(snapshot))
        return self._last[1]
