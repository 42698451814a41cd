"""Rates with bounded memory: for each key the moment until which it has used up its share.

The generic cell rate algorithm (ITU-T I.371, annex A): one number a key says as much as a token bucket.
"""

import math
from collections import OrderedDict
from collections.abc import Callable

MAX_KEYS = 20_000  # 5 MB; beyond it the key that was longest not seen is forgotten, and starts anew


class Rates:
    """At most `count` a `window_seconds` and key; the whole count may come at once."""

    def __init__(
        self, count: int, window_seconds: float, clock: Callable[[], float], max_keys: int = MAX_KEYS
    ) -> None:
        """`clock` gives seconds and never goes back."""
        self._window = window_seconds
        self._interval = window_seconds / count
        self._clock = clock
        self._max_keys = max_keys
        self._used_until: OrderedDict[bytes, float] = OrderedDict()  # by when it was last asked for

    def __len__(self) -> int:
        return len(self._used_until)

    def take(self, key: bytes) -> int | None:
        """None: go on. Else the whole seconds, at least 1, after which the next one is taken."""
        now = self._clock()
        used_until = max(self._used_until.get(key, now), now) + self._interval
        excess = used_until - self._window - now
        if excess > 1e-6:  # a microsecond, for what floats lose
            self._used_until.move_to_end(key)
            return max(1, math.ceil(excess))
        self._used_until[key] = used_until
        self._used_until.move_to_end(key)
        if len(self._used_until) > self._max_keys:
            self._used_until.popitem(last=False)
        return None


class Seen:
    """Which hashes came lately: of the last `most` that are new or came again, at least half."""

    def __init__(self, most: int = MAX_KEYS) -> None:
        self._half = most // 2
        self._newer, self._older = set[int](), set[int]()

    def __contains__(self, one: int) -> bool:
        return one in self._newer or one in self._older

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def add(self, one: int) -> None:
        self._newer.add(one)
        if len(self._newer) >= self._half:
            self._newer, self._older = set(), self._newer
