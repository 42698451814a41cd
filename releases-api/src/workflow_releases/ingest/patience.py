"""Refusals that are told late: a flood of garbage is as fast as its answers come.

A connection brings one request at a time, so one whose refusal waits brings nothing. Refusals are told at
once as long as they are few, as those of honest senders are; what is more waits for a moment. So a flood
over a number of connections brings a fifth as many requests a second, and not all that the processor can
refuse.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from workflow_releases.ingest.rates import Rates
from workflow_releases.listeners import most_connections

AT_ONCE_PER_MINUTE = 600  # one in 28 of the reports that a million instances send
WAIT_SECONDS = 5.0  # agents wait for 30

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Patience:
    """Belongs to one gateway; bounded by `max_waiting`, beyond which refusals are told at once."""

    def __init__(
        self,
        clock: Callable[[], float],
        at_once_per_minute: int = AT_ONCE_PER_MINUTE,
        wait_seconds: float = WAIT_SECONDS,
        max_waiting: int | None = None,
    ) -> None:
        """`clock` gives seconds and never goes back; half of a listener's connections stay free."""
        self._at_once = Rates(at_once_per_minute, 60, clock)
        self._wait_seconds = wait_seconds
        self._max_waiting = most_connections() // 2 if max_waiting is None else max_waiting
        self.waiting = 0

    async def wait(self, receive: Receive) -> None:
        """Returns when the refusal is to be told. What still comes of the body meanwhile is dropped."""
        if self._at_once.take(b"") is None or self.waiting >= self._max_waiting:
            return
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass
        finally:
            self.waiting -= 1
