"""Hours in which a sender reports, on a simulated clock; what is counted is kept."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import pytest

import factories as make
from workflow_exporter.reporter.desk import Desk, Ready
from workflow_exporter.reporter.pace import Surroundings
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.sender import Posts, Sender
from workflow_exporter.reporter.words import Words
from workflow_exporter.self_metrics import ReportOutcome

START = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
SECRET = make.identity().instance_secret


class OverError(BaseException):
    """The simulated time has come to its end."""


@dataclass
class Hours:
    """So much simulated time. Randomness is one half unless told otherwise."""

    length: timedelta
    drawn: Iterable[float] = ()
    time: datetime = START
    outcomes: list[tuple[str, str]] = field(default_factory=list)  # what, at which time of day
    sent_at: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.end = self.time + self.length
        self._drawn = chain(self.drawn, repeat(0.5))

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        if self.time >= self.end:
            raise OverError
        await asyncio.sleep(0)

    def count(self, outcome: ReportOutcome, at: datetime) -> None:
        assert at == self.time
        self.outcomes.append((outcome.value, f"{at:%H:%M}"))

    async def of(
        self,
        receiver: Posts,
        ready: Callable[[datetime], Ready | None] | None = None,
        bearer: Callable[[str], str] = str,
    ) -> Sender:
        sender = Sender(
            receiver,
            ready=ready or always_ready,
            encode=encode,
            bearer=bearer,
            count=self.count,
            surroundings=Surroundings(self.now, lambda: next(self._drawn), self.sleep),
        )
        with pytest.raises(OverError):
            await sender.run()
        return sender


def always_ready(now: datetime) -> Ready | None:
    desk = Desk(audience="ci", exporter_version="0.1.0", words=Words, encode=encode, keep=True)
    return desk.ready(make.snapshot(identity=make.identity()), now)
