"""Sends one report an hour, at a moment that is drawn anew each time.

A report that cannot be sent is tried again, the same bytes, until the next hour's takes its place; so
samples leave in the order of their times, and an outage of the receiver costs the hours that it lasted.
"""

import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from workflow_exporter.errors import ReportError
from workflow_exporter.report import SLOT, Report, slot_of
from workflow_exporter.reporter.answer import Judgement, Means, judge, known_words
from workflow_exporter.reporter.desk import Ready
from workflow_exporter.reporter.pace import Surroundings, moment_within, pause
from workflow_exporter.reporter.receiver import Answer
from workflow_exporter.self_metrics import ReportOutcome

_log = logging.getLogger(__name__)

_NOT_READY_SECONDS = 5.0  # until a snapshot or an id is asked for again
# After a report's own time. A gateway takes no sample older than 2 h, and clocks differ by minutes.
_LAST_ATTEMPT = timedelta(minutes=110)
_LONGEST_SLEEP_SECONDS = 60.0  # so that a clock that was set does not cost hours


class Posts(Protocol):
    """See `reporter.receiver.Receiver`."""

    async def post(self, body: bytes, bearer: str) -> Answer: ...


class Sender:
    """For one event loop. Exists only where reporting is on."""

    def __init__(
        self,
        receiver: Posts,
        *,
        ready: Callable[[datetime], Ready | None],
        encode: Callable[[Report], bytes],
        bearer: Callable[[str], str],
        count: Callable[[ReportOutcome, datetime], None],
        surroundings: Surroundings,
    ) -> None:
        """`ready` gives the current hour's report, None while there is none; `bearer` makes the token that
        proves who sends out of the instance's secret, and may raise ReportError."""
        self._receiver = receiver
        self._ready = ready
        self._encode = encode
        self._bearer = bearer
        self._count = count
        self._now = surroundings.now
        self._drawn = surroundings.drawn
        self._sleep = surroundings.sleep
        self._handled = datetime.min.replace(tzinfo=UTC)  # slot of the last report that was begun
        self._wrong_before = False  # whether the report before this one was refused with 400
        self.words = "no report has been sent yet"  # what became of the last one, fit for the public page

    async def run(self) -> None:
        """Sends until cancelled."""
        now = self._now()
        moment = moment_within(slot_of(now), now, self._drawn)
        while True:
            await self._sleep_until(moment)
            # Not only from the clock: it may have been set back, or a late report may have been this hour's.
            slot = max(slot_of(self._now()), self._handled + SLOT)
            if slot > self._now():
                moment = moment_within(slot, slot, self._drawn)
                continue
            moment = moment_within(slot + SLOT, slot + SLOT, self._drawn)
            await self._send_safely(until=moment)

    async def _send_safely(self, until: datetime) -> None:
        try:
            await self._send(until)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one report must not end the agent
            self._count(ReportOutcome.DROPPED, self._now())
            self.words = "the report could not be made; the log says more"
            # Not the error's text: it might quote the cluster.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.name}, line {frame.lineno}"
            _log.error("the report could not be made: %s in %s", type(error).__name__, where)

    async def _send(self, until: datetime) -> None:
        """Sends the current hour's report once it is there, again and again while that may help."""
        ready = await self._wait_for_report(until)
        if ready is None:
            return
        self._handled = slot = ready.report.slot
        until = min(until, slot + _LAST_ATTEMPT)
        body, failures = self._encode(ready.report), 0
        while True:
            judgement = await self._attempt(body, ready)
            if judgement.means is not Means.LATER:
                self._wrong_before = judgement.means is Means.WRONG
                return
            failures += 1
            again = self._now() + pause(failures, judgement.pause_seconds, self._drawn)
            if again >= until:
                self._count(ReportOutcome.DROPPED, self._now())
                self._say(logging.WARNING, f"the report of {_hour(slot)} was given up: {judgement.reason}")
                return
            self._count(ReportOutcome.RETRIED, self._now())
            self._say(logging.WARNING, f"the report of {_hour(slot)} is not sent yet: {judgement.reason}")
            await self._sleep_until(again)

    async def _wait_for_report(self, until: datetime) -> Ready | None:
        while (ready := self._ready(self._now())) is None:
            again = self._now() + timedelta(seconds=_NOT_READY_SECONDS)
            if again >= until:
                return None
            await self._sleep_until(again)
        return ready

    async def _attempt(self, body: bytes, ready: Ready) -> Judgement:
        """One request, and what it means; what ends the matter is counted and said here."""
        try:
            bearer = self._bearer(ready.instance_secret)
            answer = await self._receiver.post(body, bearer)
        except ReportError as error:
            return Judgement(Means.LATER, str(error))
        now, hour = self._now(), _hour(ready.report.slot)
        judgement = judge(answer, now)
        words = known_words(answer.text)
        said = f" It says '{words}'." if words else ""
        if judgement.means is Means.TAKEN:
            self._count(ReportOutcome.SENT, now)
            self._say(logging.INFO, f"the report of {hour} was taken")
        elif judgement.means is Means.WRONG and not self._wrong_before:
            self._count(ReportOutcome.REPEATED, now)
            told = "was refused, perhaps because a report of this hour had been taken before"
            self._say(logging.INFO, f"the report of {hour} {told}: {judgement.reason}", said)
        elif judgement.means is not Means.LATER:
            self._count(ReportOutcome.REJECTED, now)
            self._say(logging.WARNING, f"the report of {hour} was refused: {judgement.reason}", said)
        elif said:
            _log.debug("%s.%s", judgement.reason, said)
        return judgement

    def _say(self, level: int, words: str, said: str = "") -> None:
        """To the page and the log; what the receiver said goes to the log alone."""
        if words != self.words:
            _log.log(level, "%s.%s", words, said)
        self.words = words

    async def _sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self._now()).total_seconds()) > 0:
            await self._sleep(min(left, _LONGEST_SLEEP_SECONDS))


def _hour(slot: datetime) -> str:
    return f"{slot:%Y-%m-%d %H:%M} UTC"
