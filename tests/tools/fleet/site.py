"""The hosting team's side on this machine: a real Prometheus with what ships in `prometheus/`, and a past."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from e2e.processes import Program, free_ports, tool
from e2e.releases_api import ReleasesApi
from e2e.reporting import wait_until, wait_until_ready
from tools.fleet.past import write_past
from tools.fleet.plan import Fleet
from tools.fleet.present import mark, send_newest
from tools.fleet.recount import in_steps, recounted, rules_in

SHIPPED = Path(__file__).parents[3] / "prometheus"
_START_SECONDS = 120  # a history of months is read at the start
_BLOCK_DURATION = "1458h"  # 2 h times a power of 3, as Prometheus compacts; few passes over the text
_PLAIN = """
storage: {tsdb: {out_of_order_time_window: 3h}}
"""
# What an operator's Prometheus does, so that the operators' board has something to show.
_AGENT = """
  - job_name: workflow-exporter
    static_configs:
      - targets: [127.0.0.1:{port}]
        labels: {{namespace: deis}}
"""


class Prometheus:
    """With the shipped configuration, but that rules run every `interval`, and it knows where the API is."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        api_metrics_port: int | None = None,
        agent_metrics_port: int | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = port or free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_metrics_port = api_metrics_port
        self.agent_metrics_port = agent_metrics_port
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=120)
        self.config = folder / "prometheus.yml"
        self.program = Program("prometheus", (*self._argv(), *flags), folder)
        self.data.mkdir(parents=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()
        self.http.close()

    def start(self, interval: str | None = None) -> None:
        """Returns when it answers queries; without an interval no rule runs and nothing is scraped."""
        self.configure(interval)
        self.program.start()
        wait_until_ready(self.program, self.url, _START_SECONDS)

    def configure(self, interval: str | None) -> None:
        """Writes the configuration as `start` does."""
        self.config.write_text(_PLAIN if interval is None else self._shipped(interval))

    def reconfigure(self, interval: str | None) -> None:
        """The same of one that runs, which reads it in a moment."""
        self.configure(interval)
        os.killpg(self.program.pid, signal.SIGHUP)

    def query(self, expr: str, moment: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query."""
        data = {"query": expr} | ({"time": str(moment)} if moment is not None else {})
        return self._result("/api/v1/query", data)

    def query_range(self, expr: str, start: float, end: float, step: int) -> list[dict[str, Any]]:
        data = {"query": expr, "start": str(start), "end": str(end), "step": str(step)}
        return self._result("/api/v1/query_range", data)

    def backfill(self, text: Path) -> None:
        """Adds an OpenMetrics file to the data of a Prometheus that does not run."""
        command: list[str | Path] = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
        command += [f"--max-block-duration={_BLOCK_DURATION}", text, self.data]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"promtool refuses {text.name}: {done.stdout}{done.stderr}")

    def backfill_past(self, fleet: Fleet) -> None:
        """The fleet's past, and what the shipped rules count of it."""
        text = self.folder / "past.om"
        with text.open("w") as file:
            write_past(fleet, file)
        self.backfill(text)
        for step in in_steps(rules_in(SHIPPED / "rules")):
            self.start()
            with text.open("w") as file:
                for rule in step:
                    file.writelines(recounted(self.http, rule, fleet.start, fleet.end))
                file.write("# EOF\n")
            self.program.stop()
            self.backfill(text)
        text.unlink()

    def _result(self, path: str, data: dict[str, str]) -> list[dict[str, Any]]:
        answer = self.http.post(path, data=data)
        if answer.status_code != 200:
            raise RuntimeError(f"{data['query']}: {answer.text}")
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def _argv(self) -> Sequence[str | Path]:
        # The flags that prometheus.yml asks for, and loopback alone.
        return (
            tool("prometheus"),
            f"--config.file={self.config}",
            f"--storage.tsdb.path={self.data}",
            "--storage.tsdb.retention.time=400d",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-remote-write-receiver",
        )

    def _shipped(self, interval: str) -> str:
        """The configuration, with copies of its rules that need not be waited for."""
        for kind in ("rules", "alerts"):
            (self.folder / kind).mkdir(exist_ok=True)
            for file in (SHIPPED / kind).glob("*.yaml"):
                text = re.sub(r"interval: \d+[smh]", f"interval: {interval}", file.read_text())
                (self.folder / kind / file.name).write_text(text)
        config = (SHIPPED / "prometheus.yml").read_text()
        config = config.replace("localhost:9090", f"127.0.0.1:{self.port}")
        config = config.replace("localhost:8091", f"127.0.0.1:{self.api_metrics_port}")
        if self.agent_metrics_port:
            config += _AGENT.format(port=self.agent_metrics_port)
        return re.sub(r"(scrape|evaluation)_interval: \d+[smh]", rf"\1_interval: {interval}", config)


@contextmanager
def hosted(
    folder: Path, fleet: Fleet, *, interval: str, ports: Mapping[str, int] | None = None
) -> Iterator[tuple[Prometheus, ReleasesApi]]:
    """Prometheus with the fleet's past and its present, which came through the API's gateway.

    Rules run every `interval`. `ports` may name `PROMETHEUS`, `PORT` and `METRICS_PORT`, which are the API's,
    and `AGENT`, the port of an agent's metrics that are to be scraped.
    """
    chosen = dict(ports or {})
    metrics_port = chosen.setdefault("METRICS_PORT", free_ports(1)[0])
    (folder / "api").mkdir(parents=True)
    with Prometheus(
        folder / "prometheus",
        port=chosen.pop("PROMETHEUS", None),
        api_metrics_port=metrics_port,
        agent_metrics_port=chosen.pop("AGENT", None),
    ) as prometheus:
        prometheus.backfill_past(fleet)
        settings = {name: str(port) for name, port in chosen.items()}
        # All instances here share one address, which outside would be one cluster's or one proxy's.
        settings |= {"INGEST_SOURCE_RATE_PER_MINUTE": "1000000", "INGEST_INSTANCE_RATE_PER_HOUR": "100"}
        write_url = f"{prometheus.url}/api/v1/write"
        with ReleasesApi(folder / "api", UPSTREAM_WRITE_URL=write_url, **settings) as api:
            mark(fleet, api.http, api.token("audience"))
            prometheus.start(interval)
            # Scraped once before, so that its counters are seen to rise.
            wait_until(
                lambda: bool(prometheus.query('up{job="workflow-releases"} == 1')),
                _START_SECONDS,
                prometheus.program.log_tail,
            )
            send_newest(fleet, api.http)
            yield prometheus, api


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
