"""When to send, and how long to wait after a failure. Pure: clock, sleep and randomness are handed in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow_exporter.report import SLOT

Drawn = Callable[[], float]  # 0 ≤ x < 1

_FIRST_PAUSE_SECONDS = 60.0
_LAST_PAUSE_SECONDS = 900.0  # 15 min: a few attempts still fit into an hour
_MOST_RETRY_AFTER_SECONDS = 3600.0  # by then another report has taken its place
_JITTER = 0.1  # of what the receiver asked for, added so that not all come back at the same moment


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that would make a run differ from the next one."""

    now: Callable[[], datetime]
    drawn: Drawn
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def moment_within(slot: datetime, not_before: datetime, drawn: Drawn) -> datetime:
    """A moment of the slot's hour, none likelier than another; of what is left of it, where it has begun."""
    begin, end = max(slot, not_before), slot + SLOT
    return begin + (end - begin) * drawn()


def pause(failures: int, asked_for_seconds: float | None, drawn: Drawn) -> timedelta:
    """After so many failures in a row: a minute, doubled up to a quarter of an hour, half to one and a half.

    What the receiver asked for (Retry-After) is a floor.
    """
    doubled = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 16), _LAST_PAUSE_SECONDS)
    own = doubled * (0.5 + drawn())
    floor = min(asked_for_seconds or 0.0, _MOST_RETRY_AFTER_SECONDS) * (1 + _JITTER * drawn())
    return timedelta(seconds=max(own, floor))
