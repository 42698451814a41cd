"""What counting a fleet costs: all recording rules and every panel of the staff's boards, at three sizes.

    PYTHONPATH=tests .venv/bin/python -m bench.analytics [--instances 1000 10000 50000]

One real Prometheus for each size, with a day of reports and four days of remembered state, which is all
that rules read. The shipped rules run in it for some rounds; then none runs, and each is asked once. The
floor reads the newest report of each instance once and counts them. A panel takes what a reader waits for:
the whole answer, of now or of the day that there is. The overview over 90 days reads recorded series, whose
number does not depend on the fleet's; it is measured in the past of a small one.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.analytics_load import FLAGS, fill, stop_rules, told_by
from bench.machine import commit, cpu_seconds, load, machine_class
from boards import CHOSEN, queries
from e2e.reporting import wait_until
from tools.fleet.plan import HOUR, Fleet, draw_fleet
from tools.fleet.recount import rules_in
from tools.fleet.releases import DAY
from tools.fleet.reports import identity_of
from tools.fleet.site import SHIPPED, Prometheus

_FLOOR = "count(last_over_time(fleet_instance_seen_timestamp_seconds[2h]))"
_LEAST_INTERVAL = 30  # seconds; 1 more for each 400 instances, so that no group waits for itself
_ROUNDS = 2  # of all rules, before they are looked at: the first reads what nothing has cached
_SECONDS_TO_RUN = 900
_OVERVIEW = "fleet-overview"
_BOARDS = (_OVERVIEW, "fleet-versions", "fleet-nodes", "fleet-instance", "fleet-service")
_RANGE_DAYS, _RANGE_STEP = 90, 3 * HOUR


@dataclass(slots=True)
class Found:
    """Of one size."""

    instances: int
    series: int
    samples_stored: int
    groups: dict[str, float] = field(default_factory=dict)  # seconds of the last evaluation, at the same time
    rules_seconds: float = 0.0  # all rules once, one after another and without what they record
    rules_cpu: float = 0.0  # seconds, the same, on both cores together
    rules_read: int = 0  # samples, all rules once
    floor: tuple[float, int] = (0.0, 0)
    slowest: dict[str, tuple[float, str]] = field(default_factory=dict)  # of each board, with its title
    rss_mib: float = 0.0
    peak_mib: float = 0.0
    load: float = 0.0


def measured(folder: Path, instances: int) -> Found:
    """Fills a Prometheus, lets it run the rules, and asks it what that took."""
    now = int(time.time())
    fleet = draw_fleet(instances, 5, end=now // HOUR * HOUR)
    with Prometheus(folder, flags=FLAGS) as prometheus:
        prometheus.start()
        say(f"{instances} instances: writing what rules read")
        stored = fill(prometheus, fleet, now)
        found = Found(len(fleet.instances), _number(prometheus, "prometheus_tsdb_head_series"), stored)
        prometheus.reconfigure(f"{max(_LEAST_INTERVAL, instances // 400)}s")
        say(f"{stored:,} samples; running the rules")
        wait_until(lambda: _rounds(prometheus) >= _ROUNDS, _SECONDS_TO_RUN, prometheus.program.log_tail)
        found.groups = dict(_group_seconds(prometheus))
        moment = time.time()
        stop_rules(prometheus)
        rules = [*rules_in(SHIPPED / "rules"), *rules_in(SHIPPED / "rules", state=True)]
        cpu_before = cpu_seconds(prometheus.program.pid)
        told = [told_by(prometheus.http, rule.expr, moment) for rule in rules]
        found.rules_cpu = cpu_seconds(prometheus.program.pid) - cpu_before
        found.rules_seconds = sum(seconds for seconds, _ in told)
        found.rules_read = sum(samples for _, samples in told)
        found.floor = min(told_by(prometheus.http, _FLOOR, moment) for _ in range(3))
        found.slowest = slowest_panels(prometheus, fleet)
        found.rss_mib = prometheus.program.rss_bytes() / 2**20
        found.peak_mib = prometheus.program.rss_bytes("VmHWM") / 2**20
        found.load = load()
    return found


def slowest_panels(prometheus: Prometheus, fleet: Fleet) -> dict[str, tuple[float, str]]:
    """Of each of the staff's boards: seconds until the answer is there, and the panel's title."""
    one = next(one for one in fleet.instances if one.last >= fleet.end)
    taken: dict[str, list[tuple[float, str]]] = {board: [] for board in _BOARDS}
    for query in queries({**CHOSEN, "instance_id": identity_of(one).instance_id}):
        if query.board in taken:
            began = time.perf_counter()
            if query.at_once:
                prometheus.query(query.expr)
            else:
                step = max(query.least_step_seconds, 600)
                prometheus.query_range(query.expr, fleet.end - DAY, fleet.end + HOUR, step)
            taken[query.board].append((time.perf_counter() - began, query.title))
    return {board: max(panels) for board, panels in taken.items()}


def panels_over_90_days(folder: Path) -> tuple[float, str]:
    """The slowest of the overview, and its title."""
    end = int(time.time()) // HOUR * HOUR
    with Prometheus(folder) as prometheus:
        prometheus.backfill_past(draw_fleet(60, _RANGE_DAYS + 5, end))
        prometheus.start()
        taken = []
        for one in queries():
            if one.board == _OVERVIEW and not one.at_once:
                step = max(_RANGE_STEP, one.least_step_seconds)
                began = time.perf_counter()
                prometheus.query_range(one.expr, end - _RANGE_DAYS * DAY, end, step)
                taken.append((time.perf_counter() - began, one.title))
    return max(taken)


def table(sizes: list[Found]) -> str:
    """Markdown that is legible as it stands; a column for each size."""
    groups = sorted(sizes[0].groups)
    rows: list[tuple[str, list[str]]] = [
        ("series in memory", [f"{one.series:,}" for one in sizes]),
        ("samples written beforehand", [f"{one.samples_stored:,}" for one in sizes]),
        *(
            (f"{group}, beside the others, s", [f"{one.groups[group]:.2f}" for one in sizes])
            for group in groups
        ),
        ("all rules, one after another, s", [f"{one.rules_seconds:.2f}" for one in sizes]),
        ("the same, s of CPU", [f"{one.rules_cpu:.2f}" for one in sizes]),
        (
            "the same per 1,000 instances, s",
            [f"{one.rules_seconds / one.instances * 1000:.3f}" for one in sizes],
        ),
        ("samples read by all rules once", [f"{one.rules_read:,}" for one in sizes]),
        ("floor: each instance read once and counted, s", [f"{one.floor[0]:.3f}" for one in sizes]),
        ("all rules / floor", [f"{one.rules_seconds / one.floor[0]:.0f}" for one in sizes]),
        *(
            (f"slowest panel of {board}, s", [_seconds(one.slowest[board]) for one in sizes])
            for board in sizes[0].slowest
        ),
        ("Prometheus: RSS, MiB", [f"{one.rss_mib:,.0f}" for one in sizes]),
        ("Prometheus: RSS at its peak, MiB", [f"{one.peak_mib:,.0f}" for one in sizes]),
        ("load of the machine", [f"{one.load:.1f}" for one in sizes]),
    ]
    head = f"| figure | {' | '.join(f'{one.instances:,}' for one in sizes)} |\n|---|{'--:|' * len(sizes)}\n"
    return head + "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in rows)


def _seconds(panel: tuple[float, str]) -> str:
    return f"{panel[0]:.3f} ({panel[1]})"


def say(line: str) -> None:
    sys.stderr.write(f"load {load():4.1f}  {line}\n")


def _exposed(prometheus: Prometheus) -> str:
    return prometheus.http.get("/metrics").text


def _number(prometheus: Prometheus, name: str) -> int:
    found = re.search(rf"^{name} (\S+)$", _exposed(prometheus), re.MULTILINE)
    return int(float(found[1])) if found else 0


def _of_groups(prometheus: Prometheus, metric: str) -> Iterator[tuple[str, float]]:
    pattern = rf'^{metric}\{{rule_group="[^"]*;(fleet_\w+)"\}} (\S+)$'
    for group, value in re.findall(pattern, _exposed(prometheus), re.MULTILINE):
        yield group, float(value)


def _group_seconds(prometheus: Prometheus) -> Iterator[tuple[str, float]]:
    return _of_groups(prometheus, "prometheus_rule_group_last_duration_seconds")


def _rounds(prometheus: Prometheus) -> float:
    """How often the slowest group has run to its end."""
    began = dict(_of_groups(prometheus, "prometheus_rule_group_iterations_total"))
    return min(began.values(), default=0.0) - 1  # the last one may still run


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of the analytics.")
    parser.add_argument("--instances", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sizes = [measured(Path(folder) / str(instances), instances) for instances in options.instances]
        say("panels over 90 days")
        seconds, title = panels_over_90_days(Path(folder) / "past")
    sys.stdout.write(f"{machine_class()}; commit {commit()}\n\n{table(sizes)}\n")
    sys.stdout.write(f"Slowest overview query over {_RANGE_DAYS} days: {seconds:.3f} s ({title}).\n")


if __name__ == "__main__":
    main()
