"""What is measured: the agent, its peer kube-state-metrics, and the floors, each a process of its own."""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import cpu_seconds
from bench.runtime import ROOT
from bench.scraping import Scraper
from e2e.control_plane import ControlPlane
from e2e.processes import Program, free_ports, tool

FLOORS = Path(__file__).parent / "floors.py"
PAGE_OBJECTS = 500  # as the agent reads

_START_SECONDS = 180  # 15,000 nodes on a machine that others use, too
_POLL_SECONDS = 0.01

# What the agent shows as well. Whether a node is ready is left out, in the peer's favour: it can be had
# only with every condition in every state, twelve lines a node. Annotations, images of workloads and
# verdicts have no counterpart.
_COMPARABLE_RESOURCES = (
    "nodes,pods,services,replicationcontrollers,deployments,daemonsets,statefulsets,cronjobs"
)
_COMPARABLE_METRICS = (
    "kube_node_info,kube_node_created,kube_node_status_capacity,"
    "kube_pod_container_info,kube_pod_status_ready,kube_service_info,"
    "kube_replicationcontroller_spec_replicas,kube_replicationcontroller_status_ready_replicas,"
    "kube_deployment_spec_replicas,kube_deployment_status_replicas_ready,"
    "kube_daemonset_status_desired_number_scheduled,kube_daemonset_status_number_ready,"
    "kube_statefulset_replicas,kube_statefulset_status_replicas_ready,kube_cronjob_info"
)


@dataclass(slots=True)
class Subject:
    """A process that serves metrics."""

    name: str
    program: Program
    metrics: Scraper
    page: Scraper | None = None  # the agent's other listener: /api/v1/status

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.program.pid)

    def rss_mib(self) -> float:
        return self.program.rss_bytes() / 2**20

    def peak_mib(self) -> float:
        return self.program.rss_bytes("VmHWM") / 2**20

    def stop(self) -> None:
        self.metrics.close()
        if self.page:
            self.page.close()
        self.program.kill()


@dataclass(frozen=True, slots=True)
class Started:
    """A subject that shows the whole cluster, and what it took from the start of the process."""

    subject: Subject
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class BareList:
    """What reading all nodes takes at least."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


class Stage:
    """Starts subjects against one control plane."""

    def __init__(self, control_plane: ControlPlane, python: Path, nodes: int, pods: int) -> None:
        self._control_plane = control_plane
        self._python = python
        self._nodes = nodes
        self._pods = pods
        self._number = 0

    def agent(self) -> Started:
        """The agent as its user starts it; complete when /readyz says so."""
        port, metrics_port = free_ports(2)
        settings = {"HOST": "127.0.0.1", "PORT": str(port), "METRICS_PORT": str(metrics_port)}
        kubeconfig, catalogs = self._control_plane.kubeconfig, ROOT / "releases-api" / "catalogs"
        argv: list[str | Path] = [self._python.parent / "workflow-exporter"]
        argv += ["--kubeconfig", kubeconfig, "--catalog", catalogs]
        program = self._program("agent", argv, settings)
        ready = Scraper(f"http://127.0.0.1:{port}/readyz")
        status = Scraper(f"http://127.0.0.1:{port}/api/v1/status")
        subject = Subject("agent", program, Scraper(f"http://127.0.0.1:{metrics_port}/metrics"), status)
        started = self._started(subject, lambda: bool(ready.scrape()))
        ready.close()
        return started

    def kube_state_metrics(self, *, comparable: bool) -> Started:
        """The peer; complete when its exposition holds every node and every pod.

        Its own counters, which are cheap to ask for, tell when that is worth asking for.
        """
        port, own_port = free_ports(2)
        argv: list[str | Path] = [
            tool("kube-state-metrics"),
            f"--kubeconfig={self._control_plane.kubeconfig}",
        ]
        argv += ["--host=127.0.0.1", f"--port={port}"]
        argv += ["--telemetry-host=127.0.0.1", f"--telemetry-port={own_port}"]
        argv += ["--enable-gzip-encoding"]  # off as shipped; without it there is no gzip to compare with
        if comparable:
            argv += [f"--resources={_COMPARABLE_RESOURCES}", f"--metric-allowlist={_COMPARABLE_METRICS}"]
        name = "kube-state-metrics" + (", comparable" if comparable else "")
        own = Scraper(f"http://127.0.0.1:{own_port}/metrics")
        subject = Subject(name, self._program("ksm", argv), Scraper(f"http://127.0.0.1:{port}/metrics"))

        def complete() -> bool:
            text = own.scrape().body
            if not all(_has_listed(text, kind) for kind in ("Node", "Pod")):
                return False
            shown = subject.metrics.scrape().body
            nodes, pods = (
                shown.count(b"\nkube_node_info{"),
                _distinct(rb'kube_pod_[a-z_]+\{.*?uid="([^"]+)"', shown),
            )
            return nodes == self._nodes and pods == self._pods

        started = self._started(subject, complete)
        own.close()
        return started

    def bare_server(self, plain: bytes, gzip: bytes) -> Started:
        """The floor of a scrape: an ASGI application that answers these very bytes."""
        (port,) = free_ports(1)
        files = [self._control_plane.folder / f"floor.{end}" for end in ("txt", "gz")]
        for file, body in zip(files, (plain, gzip), strict=True):
            file.write_bytes(body)
        program = self._program("floor", [self._python, FLOORS, "serve", str(port), *files])
        subject = Subject("bare server", program, Scraper(f"http://127.0.0.1:{port}/metrics"))
        return self._started(subject, lambda: subject.metrics.scrape(with_body=False).wire_bytes > 0)

    def bare_list(self) -> BareList:
        """The floor of a start: all nodes read in pages, undecoded."""
        program = self._reading("list", str(PAGE_OBJECTS))
        before, began = os.times(), time.perf_counter()
        program.start()
        self._wait(program, lambda: not program.running)
        seconds, after = time.perf_counter() - began, os.times()
        peak = re.search(r"peak of (\d+) KiB", program.log_tail())
        if peak is None:
            raise RuntimeError(program.log_tail())
        cpu = after.children_user - before.children_user + after.children_system - before.children_system
        return BareList(seconds, cpu, int(peak[1]) / 1024)

    def bare_watch(self) -> Program:
        """The floor of following: a watch of nodes whose bytes are dropped."""
        program = self._reading("watch")
        program.start()
        self._wait(program, lambda: "watching" in program.log_tail())
        return program

    def _reading(self, what: str, *more: str) -> Program:
        plane = self._control_plane
        argv: list[str | Path] = [self._python, FLOORS, what, plane.url, str(plane.ca_file), *more]
        return self._program(f"floor-{what}", argv, {"TOKEN": plane.admin_token})

    def _program(
        self, name: str, argv: Sequence[str | Path], settings: Mapping[str, str] | None = None
    ) -> Program:
        self._number += 1
        folder = self._control_plane.folder
        environment = {"PATH": os.defpath, "HOME": str(folder), **(settings or {})}
        return Program(f"{name}-{self._number}", argv, folder, environment)

    def _started(self, subject: Subject, complete: Callable[[], bool]) -> Started:
        began = time.perf_counter()
        subject.program.start()
        self._wait(subject.program, complete)
        seconds = time.perf_counter() - began
        return Started(subject, seconds, subject.cpu_seconds())

    def _wait(self, program: Program, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _answered(holds):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{program.name}: not after {_START_SECONDS} s\n{program.log_tail()}")
            time.sleep(_POLL_SECONDS)


def _answered(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except (OSError, ValueError):  # not listening yet, or answering 503
        return False


def _has_listed(own_metrics: bytes, kind: str) -> bool:
    wanted = rf'^kube_state_metrics_list_total\{{resource="\*v1\.{kind}",result="success"\}} [1-9]'
    return re.search(wanted.encode(), own_metrics, re.MULTILINE) is not None


def _distinct(pattern: bytes, text: bytes) -> int:
    return len(set(re.findall(pattern, text)))
