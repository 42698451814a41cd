"""How long and how often the API server is asked, and what is injected so that tests need not wait."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds throughout."""

    # Asked of the server as `timeoutSeconds`: the longest that an idle watch is silent. Bookmarks cannot be
    # counted on: a real server (1.37) sends one after 60 s and one 2 s before the end, and only if something
    # happened to the resource since the watch began. Proxies cut idle connections after 60 s as a rule.
    watch_seconds: float = 45
    watch_jitter_seconds: float = 10  # up to this is added, or all watches would end at once
    # A watch that is silent for this much longer than it should last belongs to a server that hangs.
    silence_margin_seconds: float = 15
    # A list or a single object may bring no byte for this long. 5,000 nodes begin to arrive within 0.2 s.
    read_seconds: float = 30
    # Config maps, namespaces and the version change rarely and are not watched: one right each is enough.
    reread_seconds: float = 300
    # Lists where watching is forbidden, so that what is shown grows no older than this.
    list_again_seconds: float = 60
    # A watch that the server closes sooner than this is one that it did not want to serve.
    short_watch_seconds: float = 1
    # After a watch that lasted as long as this a failure begins the back-off anew: one each 10 s is no load.
    # What a watch brought is no sign of health: a server may send an event and then break off, each time.
    settled_seconds: float = 10
    # Full-jitter back-off: a random part of base * 2^failures, at most the cap. client-go's reflector has the
    # same cap.
    backoff_base_seconds: float = 0.5
    backoff_cap_seconds: float = 30

    def backoff(self, failures: int, random_part: float) -> float:
        """Pause after the `failures`-th failure in a row (from 1 on)."""
        exponent = min(failures - 1, 16)  # beyond it the cap holds anyway
        return random_part * min(self.backoff_cap_seconds, self.backoff_base_seconds * 2.0**exponent)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that would make a run differ from the next one."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random.random  # 0 ≤ x < 1
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic  # seconds from any moment on
