"""Readers who ask and never read hide no probe, and take no more memory than the charts allow."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from e2e.agent import CATALOGS, ROOT, Agent
from e2e.processes import Program
from e2e.releases_api import ReleasesApi
from e2e.slow_readers import RECEIVED_BYTES, SlowReaders

ATTACK_SECONDS = 15
PROBE_SECONDS = 1
FAILURES = 3  # in a row, at which the kubelet acts; on a busy machine one alone may be late


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as a listener's 4,096 connections need, for this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_slow_readers_stop_neither_listener_of_the_agent(tmp_path: Path) -> None:
    with Agent(tmp_path, "--from", ROOT / "exporter" / "sample", "--catalog", CATALOGS) as agent:
        attack(agent.program, {agent.page_url: "/", agent.metrics_url: "/metrics"}, count=300, at_once=8)

        assert agent.program.rss_bytes("VmHWM") < memory_limit("workflow-exporter")
        assert agent.program.log_tail().count("WARNING connections:") <= 2


@pytest.mark.usefixtures("many_files")
def test_slow_readers_stop_neither_listener_of_the_releases_api(tmp_path: Path) -> None:
    with ReleasesApi(tmp_path) as api:
        attack(
            api.program, {api.url: "/v1/catalogs/deis", api.metrics_url: "/metrics"}, count=2500, at_once=1
        )

        assert api.program.rss_bytes("VmHWM") < memory_limit("workflow-releases")
        assert api.program.log_tail().count("WARNING connections:") <= 2


def test_the_kernel_keeps_nothing_of_answers_that_the_agent_cut_off(tmp_path: Path) -> None:
    with (
        Agent(tmp_path, "--from", ROOT / "exporter" / "sample", "--catalog", CATALOGS) as agent,
        ExitStack() as held,
    ):
        where = urlsplit(agent.page_url)
        before = tcp_in_kernel()
        for _ in range(10):
            for _ in range(100):
                one = held.enter_context(socket.socket())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
                one.connect((where.hostname, where.port))
                one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            probe(agent.page_url)
        after = tcp_in_kernel()

    # 128 of the answers are still waited for; the others would be orphans, of 60 KB or more each.
    assert after["orphan"] - before["orphan"] < 100
    assert (after["mem"] - before["mem"]) * resource.getpagesize() < 64 * 2**20


def tcp_in_kernel() -> dict[str, int]:
    """Of the whole machine: `orphan` connections, whose program has closed them, and `mem`, in pages."""
    rows = Path("/proc/net/sockstat").read_text().splitlines()
    words = next(row for row in rows if row.startswith("TCP:")).split()[1:]
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


def attack(program: Program, paths: dict[str, str], *, count: int, at_once: int) -> None:
    """Slow readers of a path at each address; meanwhile no probe is refused, nor three in a row late."""
    late = dict.fromkeys(paths, 0)
    readers = [SlowReaders(url + path, count, at_once) for url, path in paths.items()]
    ends = time.monotonic() + ATTACK_SECONDS
    with readers[0], readers[1]:
        while time.monotonic() < ends:
            for one in readers:
                one.press()
            for url in paths:
                late[url] = late[url] + 1 if probe(url) > PROBE_SECONDS else 0
                assert late[url] < FAILURES, program.log_tail()


def probe(url: str) -> float:
    """The seconds that `/healthz` takes on a new connection; raises ConnectionError if it is refused."""
    where, began = urlsplit(url), time.monotonic()
    with socket.create_connection((where.hostname or "", where.port or 0), 10 * PROBE_SECONDS) as probing:
        probing.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert probing.recv(2**16).startswith(b"HTTP/1.1 200 ")
    return time.monotonic() - began


def memory_limit(chart: str) -> int:
    """Of the container, in bytes, as the chart ships."""
    values = yaml.safe_load((ROOT / "helm" / chart / "values.yaml").read_text())
    shipped: str = values["resources"]["limits"]["memory"]
    assert shipped.endswith("Mi")
    return int(shipped.removesuffix("Mi")) * 2**20
