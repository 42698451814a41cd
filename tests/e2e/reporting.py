"""What reporting tests start: a cluster on the fake API server, agents whose report is due, a Prometheus."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx
from anyio.from_thread import start_blocking_portal

import clusters
from clusters.reading import resource_of
from e2e.agent import Agent
from e2e.processes import Program, environment, free_ports, tool
from fakes.kubernetes import FakeApiServer
from fakes.receiver import SocketReceiver
from fakes.releases_api import answers
from kubeconfigs import write_kubeconfig
from workflow_exporter.cluster.addresses import collections
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.web_address import WebAddress, parse_web_address

# The program, but that of the moments of an hour it always takes the first that is left.
_DUE = """
import os, pathlib, sys
from workflow_exporter import app
from workflow_exporter.logs import configure_logging
from workflow_exporter.plan import Source
from workflow_exporter.settings import settings_from_environment
settings = settings_from_environment(os.environ)
configure_logging(settings.log_level, settings.log_format)
app.serve(settings, Source(kubeconfig=pathlib.Path(sys.argv[1])), drawn=lambda: 0.0)
"""
_PROMETHEUS_CONFIG = """
global: {scrape_interval: 1h}
storage: {tsdb: {out_of_order_time_window: 3h}}
"""
_START_SECONDS = 30  # on a busy machine


class DueAgent(Agent):
    """An agent on a cluster whose report is due as soon as there is one."""

    def __init__(self, folder: Path, kubeconfig: Path, **settings: str) -> None:
        folder.mkdir()
        super().__init__(folder, **settings)
        argv = [sys.executable, "-c", _DUE, str(kubeconfig)]
        self.program = Program("agent", argv, folder, environment(folder, self.settings))

    def outcomes(self) -> dict[str, float]:
        """Attempts by what became of them; those that never were are left out."""
        counted = self.samples("workflow_exporter_reports_total").items()
        return {dict(labels)["outcome"]: value for labels, value in counted if value}

    def report(self) -> dict[str, Any]:
        document = self.http.get(self.metrics_url + "/api/v1/report").raise_for_status().json()
        assert isinstance(document, dict)
        return document

    def report_bytes(self) -> bytes:
        headers = {"Accept": "application/x-protobuf"}
        return self.http.get(self.metrics_url + "/api/v1/report", headers=headers).raise_for_status().content


@contextmanager
def cluster(folder: Path, name: str) -> Iterator[Path]:
    """The kubeconfig of a cluster that holds the platform; a process of its own need not be started."""
    server = FakeApiServer()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(server.running()):
        for obj in clusters.as_running_objects(clusters.manifests(name)):
            if obj["metadata"]["name"] != "kube-system":  # every API server has one
                portal.call(server.create, _collection_of(obj), obj)
        folder.mkdir()
        yield write_kubeconfig(folder, server, {"token": server.admin_token})


def _collection_of(obj: dict[str, Any]) -> str:
    resource, namespace = resource_of(obj), obj["metadata"].get("namespace", "")
    if resource is Resource.NAMESPACE:
        return "/api/v1/namespaces"
    if resource is Resource.CONFIG_MAPS:
        return f"/api/v1/namespaces/{namespace}/configmaps"
    return collections(resource, namespace)[0].path


@contextmanager
def serving(receiver: SocketReceiver) -> Iterator[SocketReceiver]:
    """In a thread: the agents here are processes, and the test waits for them."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(receiver.running()):
        yield receiver


class Doorkeeper:
    """Lets in whoever bears the token, to a Prometheus that has no door of its own; others get 401."""

    def __init__(self, token: str, prometheus: "Prometheus") -> None:
        self.receiver = SocketReceiver(self._behave)
        self._token = token
        self._prometheus = prometheus

    async def _behave(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        request = self.receiver.received[-1]
        if request.header("authorization") != f"Bearer {self._token}":
            await answers(401, {"WWW-Authenticate": "Bearer"}, b"no such token")(head, writer)
            return
        passed_on = [pair for pair in request.headers if pair[0] not in {"authorization", "host"}]
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            address = str(self._prometheus.write_address)
            answer = await client.post(address, content=request.body, headers=passed_on)
        await answers(answer.status_code, body=answer.content)(head, writer)


class Prometheus:
    """A real one that takes remote writes and scrapes nothing; may be killed and started again."""

    def __init__(self, folder: Path, *, receives: bool = True, admin: bool = False) -> None:
        (port,) = free_ports(1)
        folder.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(_PROMETHEUS_CONFIG)
        argv: list[str | Path] = [
            tool("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        if receives:
            argv.append("--web.enable-remote-write-receiver")
        if admin:
            argv.append("--web.enable-admin-api")
        self.url = f"http://127.0.0.1:{port}"
        self.program = Program("prometheus", argv, folder)
        self._http = httpx.Client(base_url=self.url, trust_env=False, timeout=10)

    @property
    def write_address(self) -> WebAddress:
        return parse_web_address(f"{self.url}/api/v1/write")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self._http.close()

    def start(self) -> None:
        """Returns when it answers queries."""
        self.program.start()
        wait_until_ready(self.program, self.url, _START_SECONDS)

    def samples(self, selector: str, at: datetime, over: str) -> dict[frozenset[tuple[str, str]], list[Any]]:
        """(time, value) of each series in a range that ends at `at`, by its labels."""
        query = {"query": f"{selector}[{over}]", "time": str(at.timestamp())}
        answer = self._http.get("/api/v1/query", params=query).raise_for_status().json()
        return {
            frozenset(series["metric"].items()): [
                (moment, float(value)) for moment, value in series["values"]
            ]
            for series in answer["data"]["result"]
        }


def wait_until_ready(program: Program, url: str, seconds: float) -> None:
    """Returns when a Prometheus, or a part of Thanos, says at `url` that it is; raises when it has ended."""

    def is_ready() -> bool:
        try:
            return httpx.get(f"{url}/-/ready", trust_env=False, timeout=10).status_code == 200
        except httpx.TransportError:
            program.check_running()
            return False

    wait_until(is_ready, seconds, program.log_tail)


def wait_until(holds: Callable[[], bool], seconds: float, told: Callable[[], str] = str) -> None:
    """Polls; a deadline that passes fails with what `told` says."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s\n{told()}")
        time.sleep(0.05)  # the interval of polling, not a wait for luck
