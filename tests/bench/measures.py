"""The measurements, each on subjects that already show the whole cluster."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from bench.machine import cpu_seconds
from bench.report import at_share, median
from bench.subjects import Subject
from bench.updates import Nodes, flip
from e2e.processes import Program

CHANGED_NODES = 5  # in one change: a zone that hiccups, not a cluster that dies
_SHOWN_WITHIN_SECONDS = 30
_SETTLING_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Scrapes:
    """A row of scrapes of one subject."""

    seconds: tuple[float, ...]
    cpu_seconds: float  # of the subject, for each scrape
    wire_bytes: int

    def ms(self, share: float) -> float:
        return at_share(self.seconds, share) * 1e3

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds * 1e3


def scrape_in_turn(
    subjects: Sequence[Subject], *, gzip: bool, count: int, per_second: float
) -> list[Scrapes]:
    """Each is scraped `per_second` times a second, one after the other, so that noise meets all alike."""
    for subject in subjects:  # the first one renders or compresses what the others are answered from
        subject.metrics.scrape(gzip=gzip, with_body=False)
    seconds: list[list[float]] = [[] for _ in subjects]
    sizes = [0] * len(subjects)
    before = [subject.cpu_seconds() for subject in subjects]
    turn_seconds = 1 / per_second / len(subjects)
    began = time.monotonic()
    for number in range(count * len(subjects)):
        index = number % len(subjects)
        answer = subjects[index].metrics.scrape(gzip=gzip, with_body=False)
        seconds[index].append(answer.seconds)
        sizes[index] = answer.wire_bytes
        time.sleep(max(0.0, began + (number + 1) * turn_seconds - time.monotonic()))
    used = [subject.cpu_seconds() - past for subject, past in zip(subjects, before, strict=True)]
    return [
        Scrapes(tuple(taken), cpu / count, size)
        for taken, cpu, size in zip(seconds, used, sizes, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class FirstScrapes:
    """The first scrape after each change, in seconds, of the agent and the peer."""

    agent: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def agent_ms(self) -> tuple[float, float]:
        """(median, longest)."""
        return median(self.agent) * 1e3, max(self.agent) * 1e3

    @property
    def peer_ms(self) -> float:
        return median(self.peer) * 1e3


def scrapes_after_changes(
    agent: Subject, peer: Subject, nodes: Nodes, *, gzip: bool, count: int
) -> FirstScrapes:
    """Changes some nodes, waits until the agent holds the change and nobody has scraped it, and scrapes."""
    ours: list[float] = []
    theirs: list[float] = []
    while len(ours) < count:
        agent.metrics.scrape(gzip=gzip, with_body=False)
        nodes.send(flip, CHANGED_NODES, per_second=1e6)
        _wait_for_snapshot_after(agent, datetime.now(UTC))
        answer = agent.metrics.scrape(gzip=gzip)
        theirs.append(peer.metrics.scrape(gzip=gzip, with_body=False).seconds)
        if gzip or shown_not_ready(answer.body) == nodes.not_ready:
            ours.append(answer.seconds)  # else a snapshot of the minute came between
    return FirstScrapes(tuple(ours), tuple(theirs))


def shown_not_ready(exposition: bytes) -> int:
    return len(re.findall(rb"^workflow_node_ready\{[^}]*\} 0\.0$", exposition, re.MULTILINE))


def lists_of_nodes(agent: Subject) -> int:
    """How often it read all of them: more than once explains CPU that updates did not need."""
    counted = re.search(
        rb'^workflow_exporter_source_lists_total\{source="nodes"\} ([0-9]+)',
        agent.metrics.scrape().body,
        re.MULTILINE,
    )
    return int(counted[1]) if counted else 0


def _wait_for_snapshot_after(agent: Subject, moment: datetime) -> None:
    assert agent.page is not None
    deadline = time.monotonic() + _SHOWN_WITHIN_SECONDS
    while True:
        status = msgspec.json.decode(agent.page.scrape().body)
        if datetime.fromisoformat(status["taken_at"]) > moment:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"no snapshot within {_SHOWN_WITHIN_SECONDS} s of a change")
        time.sleep(0.02)  # the interval of polling


@dataclass(slots=True)
class Spent:
    """CPU seconds of each program, in their order."""

    seconds: tuple[float, ...] = ()


@contextmanager
def cpu_of(programs: Sequence[Program]) -> Iterator[Spent]:
    """What they spend until the end of the `with`, and a second more for what is still under way."""
    before = [cpu_seconds(program.pid) for program in programs]
    spent = Spent()
    yield spent
    time.sleep(1)
    spent.seconds = tuple(
        cpu_seconds(program.pid) - past for program, past in zip(programs, before, strict=True)
    )


def settle() -> None:
    """Idle seconds: runtimes give memory back in their own time."""
    time.sleep(_SETTLING_SECONDS)
