"""`make demo`: everything that this machine has, with a made-up fleet of 120 days, until Ctrl-C.

Releases API with its gateway, a real Prometheus with the shipped rules and alerts, and an agent on a recorded
cluster that reports through the gateway. Needs what `make e2e-tools` builds. Rules run every 15 s instead of
minutes, so that what one tries is seen. Everything is made anew in build/demo at each start.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from e2e.processes import Program
from e2e.releases_api import ReleasesApi
from e2e.reporting import DueAgent, cluster, wait_until
from tools.fleet import truth
from tools.fleet.plan import HOUR, Fleet, draw_fleet
from tools.fleet.present import send_newest
from tools.fleet.site import Prometheus, fresh, hosted

ROOT = Path(__file__).parents[2]
_INTERVAL = "15s"
_CLUSTER = "hephy-v2.22.3"
_SECONDS_TO_COUNT = 180  # some evaluations on a busy machine
_RUNNING = "audience:fleet_instances_running:count24h"
_GUIDE = """
The page of a cluster        {agent.page_url}/
  what it reports            {agent.page_url}/report
The releases API             {api.url}/
Prometheus                   {prometheus.url}/
  customers that run         {prometheus.url}/graph?g0.expr={running}&g0.range_input=90d&g0.tab=0
  by release                 {prometheus.url}/graph?g0.expr={versions}&g0.range_input=90d&g0.tab=0

{known} instances in {fleet.days} days; Prometheus counts {count} customers that run now, and so
says the fleet's plan: the cluster above is one of them. Grafana's boards are in grafana/dashboards
(compose.yaml starts one), their pictures in docs. Ctrl-C ends everything.
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs."""

    fleet: Fleet
    prometheus: Prometheus
    api: ReleasesApi
    agent: DueAgent

    def running_customers(self) -> float:
        found = self.prometheus.query(f'{_RUNNING}{{audience="customer"}}')
        return float(found[0]["value"][1]) if found else 0.0

    def expected_customers(self) -> float:
        """By the plan, and one more: the agent's cluster."""
        moment = truth.at(self.fleet, time.time())
        return sum(one.audience == "customer" for one in moment.running) + 1

    def counts_right(self) -> bool:
        return (
            self.agent.outcomes().get("sent", 0) > 0 and self.running_customers() == self.expected_customers()
        )

    def guide(self) -> str:
        return _GUIDE.format(
            agent=self.agent,
            api=self.api,
            prometheus=self.prometheus,
            fleet=self.fleet,
            known=len(self.fleet.instances),
            count=f"{self.running_customers():.0f}",
            running=_RUNNING,
            versions="sum%20by%20(version)%20(audience_platform_version:fleet_instances:count)",
        )

    @property
    def programs(self) -> tuple[Program, ...]:
        return self.prometheus.program, self.api.program, self.agent.program


@contextmanager
def running(folder: Path, fleet: Fleet, interval: str = _INTERVAL) -> Iterator[Demo]:
    """All of it, once Prometheus counts what the plan says. Ports: the environment's, or the usual ones."""
    agent_ports = {"PORT": _port("PORT", 8080), "METRICS_PORT": _port("METRICS_PORT", 8081)}
    ports = {
        "PROMETHEUS": _port("PROMETHEUS_PORT", 9090),
        "PORT": _port("API_PORT", 8090),
        "METRICS_PORT": _port("API_METRICS_PORT", 8091),
        "AGENT": agent_ports["METRICS_PORT"],
    }
    with (
        hosted(folder, fleet, interval=interval, ports=ports) as (prometheus, api),
        cluster(folder / "cluster", _CLUSTER) as kubeconfig,
        DueAgent(
            folder / "agent",
            kubeconfig,
            REPORTING_ENABLED="true",
            REPORT_URL=f"{api.url}/api/v1/write",
            VERSIONS_API_URL=api.url,
            POLL_INTERVAL_SEC="60",
            **{name: str(port) for name, port in agent_ports.items()},
        ) as agent,
    ):
        demo = Demo(fleet, prometheus, api, agent)
        wait_until(
            demo.counts_right,
            _SECONDS_TO_COUNT,
            lambda: f"customers: {demo.running_customers()}, by the plan {demo.expected_customers()}",
        )
        yield demo


def main() -> int:
    """0 when ended by Ctrl-C or SIGTERM; the status of a program that ends before."""
    parser = argparse.ArgumentParser(description="A made-up fleet, and everything that looks at it.")
    parser.add_argument("--instances", type=int, default=120)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--folder", type=lambda text: Path(text).resolve(), default=ROOT / "build" / "demo")
    parser.add_argument(
        "--past-only", action="store_true", help="make the data of a Prometheus, start nothing"
    )
    parser.add_argument("--send-to", metavar="URL", help="send the newest reports to a releases API, no more")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fleet = draw_fleet(options.instances, options.days, end=int(time.time()) // HOUR * HOUR)
    if options.send_to:
        with httpx.Client(base_url=options.send_to, trust_env=False, timeout=30) as http:
            print(f"{send_newest(fleet, http)} reports were taken")  # noqa: T201 - what its user waits for
        return 0
    if options.past_only:
        with Prometheus(fresh(options.folder) / "prometheus") as prometheus:
            prometheus.backfill_past(fleet)
            print(f"{prometheus.data} holds {options.days} days")  # noqa: T201 - what its user waits for
        return 0
    try:
        print(f"Making {options.days} days of {options.instances} instances ...", flush=True)  # noqa: T201 - what its user waits for
        with running(fresh(options.folder), fleet) as demo:
            print(demo.guide(), flush=True)  # noqa: T201 - what `make demo` is to say
            return first_to_end(demo.programs)
    except KeyboardInterrupt:
        return 0


def first_to_end(programs: tuple[Program, ...]) -> int:
    """Waits; then shows the log of the one that ended by itself."""
    while all(program.running for program in programs):
        time.sleep(0.2)
    ended = next(program for program in programs if not program.running)
    sys.stderr.write(f"{ended.name} ended:\n{ended.log_tail()}\n")
    return 1


def _port(name: str, usual: int) -> int:
    return int(os.environ.get(name, str(usual)))


if __name__ == "__main__":
    sys.exit(main())
