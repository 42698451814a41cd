"""The releases API as its user starts it: a process with settings, its commands, and HTTP."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from e2e.processes import Program, environment, free_ports, run_to_end

_START_SECONDS = 60  # importing and migrating on a busy machine


class ReleasesApi:
    """`workflow-releases serve` in a folder, with these settings; ports that they do not name are chosen."""

    def __init__(self, folder: Path, name: str = "releases", **settings: str) -> None:
        port, metrics_port = free_ports(2)
        self.folder = folder
        self.settings = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "METRICS_PORT": str(metrics_port),
            **settings,
        }
        self.url = f"http://127.0.0.1:{self.settings['PORT']}"
        self.metrics_url = f"http://127.0.0.1:{self.settings['METRICS_PORT']}"
        self.program = Program(name, command("serve"), folder, environment(folder, self.settings))
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self.http.close()

    def start(self) -> None:
        """Returns when it is ready."""
        self.program.start()
        self.wait_until(lambda: self.answers("/readyz") == 200, _START_SECONDS)

    def answers(self, path: str) -> int | None:
        """The status of a path; None while nothing listens."""
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            self.program.check_running()
            return None

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        text = self.http.get(f"{self.metrics_url}/metrics").raise_for_status().text
        return next(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        )

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Polls; a deadline that passes fails with the end of the log."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s\n{self.program.log_tail()}")
            time.sleep(0.05)  # the interval of polling, not a wait for luck

    def run(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """A command with this server's settings, as its host would run it, to its end."""
        return run(self.folder, *arguments, **{**self.settings, "RELEASES_URL": self.url, **more})

    def token(self, scope: str = "publish", name: str = "ci") -> str:
        made = self.run("token", "create", "--scope", scope, name)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def put(self, path: str, token: str, document: object) -> httpx.Response:
        return self.http.put(path, json=document, headers={"authorization": f"Bearer {token}"})

    def router_versions(self) -> list[str]:
        """What the catalog of deis lists of the router, oldest first."""
        catalog = self.http.get("/v1/catalogs/deis").raise_for_status().json()
        return [release["version"] for release in catalog["components"]["router"]["releases"]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "workflow_releases", *arguments]


def run(folder: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The program to its end, with what it printed."""
    return run_to_end(command(*(str(argument) for argument in arguments)), folder, settings)
