"""The agent as its user starts it: a process with settings, read over HTTP."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from e2e.processes import Program, environment, free_ports, run_to_end

ROOT = Path(__file__).parents[2]
CATALOGS = ROOT / "releases-api" / "catalogs"
_START_SECONDS = 60  # importing on a busy machine, and 10 s for a catalog


class Agent:
    """`workflow-exporter` with these arguments and settings; ports that they do not name are chosen."""

    started_status = 200  # of /readyz: it has started

    def __init__(self, folder: Path, *arguments: str | Path, **settings: str) -> None:
        self.arguments = [str(argument) for argument in arguments]
        port, metrics_port = free_ports(2)
        self.settings = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "METRICS_PORT": str(metrics_port),
            **settings,
        }
        self.page_url = f"http://127.0.0.1:{self.settings['PORT']}"
        self.metrics_url = f"http://127.0.0.1:{self.settings['METRICS_PORT']}"
        self._folder = folder
        self.program = Program("agent", command(*self.arguments), folder, environment(folder, self.settings))
        self.http = httpx.Client(trust_env=False, timeout=30)

    def start(self) -> None:
        """Returns when it is ready. What has ended may be started again."""
        self.program.start()
        self.wait_until(lambda: self.answers("/readyz") == self.started_status, _START_SECONDS)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self.http.close()

    def answers(self, path: str) -> int | None:
        """The status of a path of the page's listener; None while nothing listens."""
        try:
            return self.http.get(self.page_url + path).status_code
        except httpx.TransportError:
            self.program.check_running()
            return None

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Polls; a deadline that passes fails with the end of the agent's log."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s\n{self.program.log_tail()}")
            time.sleep(0.05)  # the interval of polling, not a wait for luck

    def page(self) -> str:
        return self.http.get(self.page_url + "/").raise_for_status().text

    def components(self) -> dict[str, dict[str, Any]]:
        """Components of /api/v1/components by name."""
        document = self.http.get(self.page_url + "/api/v1/components").raise_for_status().json()
        return {component["component"]: component for component in document["components"]}

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(self.page_url + "/api/v1/status").raise_for_status().json()
        return document

    def metrics_text(self) -> str:
        return self.http.get(self.metrics_url + "/metrics").raise_for_status().text

    def samples(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Value by sorted labels of one metric."""
        return {
            tuple(sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.metrics_text())
            for sample in family.samples
            if sample.name == name
        }

    def sources_up(self) -> dict[str, bool]:
        up = self.samples("workflow_exporter_source_up")
        return {dict(labels)["source"]: value == 1 for labels, value in up.items()}


class UnreadyAgent(Agent):
    """One that cannot become ready: started as soon as it says so."""

    started_status = 503


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "workflow_exporter", *arguments]


def run(folder: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The program to its end, with what it printed."""
    return run_to_end(command(*(str(argument) for argument in arguments)), folder, settings)
