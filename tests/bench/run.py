"""How fast and how small the agent is, beside floors and kube-state-metrics in the same run.

    make bench                                    5,000 nodes
    PYTHONPATH=tests .venv/bin/python -m bench.run [--nodes 15000] [--long] [--quick]

Starts a real etcd and API server, fills in nodes of 16.5 KB and 60 pods of a platform, and measures all
subjects against it. The table goes to standard output, progress to standard error. The exit status is 0
whatever was found: an unmet target is reported as that.
"""

import argparse
import asyncio
import itertools
import os
import sys
import time
from dataclasses import dataclass, field

from bench import rows
from bench.machine import commit, load, machine_class
from bench.measures import (
    cpu_of,
    lists_of_nodes,
    scrape_in_turn,
    scrapes_after_changes,
    settle,
    shown_not_ready,
)
from bench.report import table
from bench.rows import ENCODINGS, Figures
from bench.runtime import ROOT, python_with_agent
from bench.subjects import Stage, Subject
from bench.updates import Nodes, flip, heartbeat
from e2e.control_plane import API_ONLY, ControlPlane
from tools.big_cluster import PLATFORM_PODS, fill

_FOLDER = ROOT / "build" / "bench"
_SCRAPES_PER_SECOND = 10.0
_UPDATES_PER_SECOND = 20.0
_LONG_UPDATES = 50_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    nodes: int
    starts: int = 3
    scrapes: int = 200  # of the agent and the floor, plain and again compressed
    peer_scrapes: int = 50
    changes: int = 15
    update_seconds: int = 60
    long_updates: int = 0

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Plan":
        long_updates = _LONG_UPDATES if options.long else 0
        if options.quick:
            return cls(500, 1, 50, 10, 3, 5, long_updates // 50)
        return cls(options.nodes, long_updates=long_updates)


@dataclass(slots=True)
class _Bench:
    """One run: what is alive, and what was found so far."""

    plan: Plan
    stage: Stage
    nodes: Nodes
    figures: Figures = field(default_factory=Figures)
    began: float = field(default_factory=time.monotonic)
    loads: list[float] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.loads.append(load())
        sys.stderr.write(f"{time.monotonic() - self.began:5.0f} s  load {self.loads[-1]:4.1f}  {line}\n")

    def run(self) -> None:
        self.say("reading all nodes, undecoded")
        self.stage.bare_list()  # the first one warms the API server's caches
        self.figures.bare_list = self.stage.bare_list()
        agent, comparable, shipped = self._starts()
        self._scrapes(agent, comparable, shipped)
        settle()
        self.figures.settled_mib = [one.rss_mib() for one in (agent, comparable, shipped)]
        self._changes(agent, comparable)
        self._updates(agent, comparable, shipped)
        self.figures.peak_mib = [one.peak_mib() for one in (agent, comparable, shipped)]
        if self.plan.long_updates:
            self._many_updates(agent)
        self.say("done")

    def _starts(self) -> tuple[Subject, Subject, Subject]:
        """The last one of each kind stays alive."""
        figures, stage = self.figures, self.stage
        for number in range(self.plan.starts):
            self.say(f"starts {number + 1} of {self.plan.starts}")
            figures.agent_starts.append(stage.agent())
            figures.comparable_starts.append(stage.kube_state_metrics(comparable=True))
            figures.shipped_starts.append(stage.kube_state_metrics(comparable=False))
            if number + 1 < self.plan.starts:
                for starts in (figures.agent_starts, figures.comparable_starts, figures.shipped_starts):
                    starts[-1].subject.stop()
        return (
            figures.agent_starts[-1].subject,
            figures.comparable_starts[-1].subject,
            figures.shipped_starts[-1].subject,
        )

    def _scrapes(self, agent: Subject, comparable: Subject, shipped: Subject) -> None:
        settle()
        plain, compressed = agent.metrics.scrape(), agent.metrics.scrape(gzip=True)
        self.figures.very_first = (plain.seconds, compressed.seconds)
        floor = self.stage.bare_server(plain.body, compressed.body).subject
        for encoding in ENCODINGS:
            self.say(f"scrapes, {encoding}")
            groups = ((agent, floor), (comparable,), (shipped,))
            counts = (self.plan.scrapes, self.plan.peer_scrapes, self.plan.peer_scrapes)
            self.figures.scrapes[encoding] = [
                scrapes
                for group, count in zip(groups, counts, strict=True)
                for scrapes in scrape_in_turn(
                    group, gzip=encoding == "gzip", count=count, per_second=_SCRAPES_PER_SECOND
                )
            ]
        floor.stop()

    def _changes(self, agent: Subject, comparable: Subject) -> None:
        for encoding in ENCODINGS:
            self.say(f"scrapes right after a change, {encoding}")
            self.figures.after_change[encoding] = scrapes_after_changes(
                agent, comparable, self.nodes, gzip=encoding == "gzip", count=self.plan.changes
            )

    def _updates(self, agent: Subject, comparable: Subject, shipped: Subject) -> None:
        watch = self.stage.bare_watch()
        programs = (agent.program, watch, comparable.program, shipped.program)
        self.figures.update_seconds = self.plan.update_seconds
        count = int(_UPDATES_PER_SECOND * self.plan.update_seconds)
        for name, change in (("nothing shown changes", heartbeat), ("each is shown", flip)):
            self.say(f"{count} updates, {_UPDATES_PER_SECOND:.0f} a second: {name}")
            with cpu_of(programs) as spent:
                self.nodes.send(change, count, _UPDATES_PER_SECOND)
            self.figures.updates[name] = spent.seconds
            self.say(f"the agent has listed nodes {lists_of_nodes(agent)} times")
        watch.kill()
        shown = shown_not_ready(agent.metrics.scrape().body)
        if shown != self.nodes.not_ready:
            raise RuntimeError(f"the agent shows {shown} nodes not ready, of {self.nodes.not_ready}")

    def _many_updates(self, agent: Subject) -> None:
        settle()
        before = agent.rss_mib()
        self.figures.long_updates = self.plan.long_updates
        self.say(f"{self.plan.long_updates} updates, as fast as they go")
        taken = self.nodes.send_fast(itertools.cycle((heartbeat, flip)), self.plan.long_updates)
        settle()
        agent.metrics.scrape(with_body=False)
        self.figures.long_growth_mib = agent.rss_mib() - before
        self.say(f"they took {taken:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="The agent's speed and memory, beside floors and a peer.")
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--long", action="store_true", help="also 50,000 updates: 4 to 10 minutes more")
    parser.add_argument("--quick", action="store_true", help="500 nodes and few repetitions: tries the bench")
    options = parser.parse_args()
    plan = Plan.of(options)
    sys.stderr.write("installing the runtime's requirements and the agent\n")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    python = python_with_agent(_FOLDER)
    with ControlPlane(API_ONLY) as control_plane:
        sys.stderr.write(f"filling in {plan.nodes} nodes\n")
        filling = asyncio.run(fill(control_plane, plan.nodes))
        # The client gets the last core to itself as far as the kernel allows; subjects are not bound.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        bench = _Bench(
            plan,
            Stage(control_plane, python, plan.nodes, PLATFORM_PODS),
            Nodes(control_plane, plan.nodes),
        )
        bench.run()
    report = table(rows.of(bench.figures, plan.nodes))
    sys.stdout.write(
        f"{filling.nodes} nodes of {filling.node_bytes / 1000:.1f} KB, {filling.pods} pods; "
        f"{machine_class()}; commit {commit()}; "
        f"load {min(bench.loads):.1f} to {max(bench.loads):.1f}\n\n{report}"
    )


if __name__ == "__main__":
    main()
