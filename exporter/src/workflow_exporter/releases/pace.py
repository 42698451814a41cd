"""How long to wait until the next question. Pure, but for the randomness that is handed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_JITTER = 0.1  # of the interval, either way: agents that started together drift apart
_FIRST_RETRY_SECONDS = 30.0
_LAST_RETRY_SECONDS = 3600.0  # 1 h; also the longest that Retry-After is obeyed


class Pace(Protocol):
    """When to ask again."""

    def pause_seconds(self, failures: int, retry_after_seconds: float | None) -> float:
        """`failures`: in a row, 0 after a success. `retry_after_seconds`: what the server asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Steady:
    """For a file: nobody is burdened, and what an operator mounts should show soon."""

    interval_seconds: float

    def pause_seconds(self, failures: int, retry_after_seconds: float | None) -> float:  # noqa: ARG002  of Pace
        return self.interval_seconds


@dataclass(frozen=True, slots=True)
class Considerate:
    """For a server that thousands of agents ask.

    The interval ± 10 %. After a failure a random part (full jitter) of 30 s, doubled with each further
    failure up to 1 h, never longer than the interval. A Retry-After is a floor, up to 1 h; up to a tenth is
    added to it, so that not all come back at the same moment.
    """

    interval_seconds: float
    random: Callable[[], float]  # 0 ≤ x < 1

    def pause_seconds(self, failures: int, retry_after_seconds: float | None) -> float:
        if failures == 0:
            return self.interval_seconds * (1 + _JITTER * (2 * self.random() - 1))
        doubled = _FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 16)  # beyond it the cap holds anyway
        most = min(doubled, _LAST_RETRY_SECONDS, self.interval_seconds)
        asked_for = min(retry_after_seconds or 0.0, _LAST_RETRY_SECONDS)
        if asked_for == 0:
            return most * self.random()
        return max(most * self.random(), asked_for * (1 + _JITTER * self.random()))
