"""A real Thanos with what ships in `prometheus/thanos/`: two Receives, Query, Ruler, a scraper of the API."""

import re
import time
from pathlib import Path
from typing import Any, Self

import httpx

from e2e.processes import Program, free_ports, tool
from e2e.recording_rules import PROMETHEUS, RULE_FILES
from e2e.reporting import wait_until, wait_until_ready

SHIPPED = PROMETHEUS / "thanos"
_START_SECONDS = 120  # five programs on a busy machine
# What Thanos adds to each series: which tenant it belongs to, and which Receive and Ruler wrote it.
_ADDED = ("tenant_id", "receive_replica", "ruler")

Labels = frozenset[tuple[str, str]]


class Receive:
    """One of the ring; may be killed and started again on its data."""

    def __init__(self, folder: Path, number: int) -> None:
        self.name = f"receive-{number}"
        self.grpc, self.http, self.write, self.capnproto = (f"127.0.0.1:{port}" for port in free_ports(4))
        self._folder = folder / self.name
        self._number = number
        self.program: Program

    def prepare(self, hashrings: Path) -> None:
        self._folder.mkdir()
        self.program = _thanos(
            self._folder,
            "receive",
            f"--tsdb.path={self._folder / 'data'}",
            f"--grpc-address={self.grpc}",
            f"--http-address={self.http}",
            f"--remote-write.address={self.write}",
            f"--receive.capnproto-address={self.capnproto}",
            f'--label=receive_replica="{self._number}"',
            f"--receive.hashrings-file={hashrings}",
            "--receive.hashrings-algorithm=ketama",
            f"--receive.local-endpoint={self.grpc}",
            "--tsdb.out-of-order.time-window=3h",
        )

    def start(self) -> None:
        """Returns when it is ready."""
        self.program.start()
        _wait_until_ready(self.program, self.http)

    def series_held(self) -> int:
        """How many series its own store has, of all tenants."""
        text = httpx.get(f"http://{self.http}/metrics", trust_env=False).text
        counted = re.findall(r"^prometheus_tsdb_head_series\{.*\} (\S+)$", text, re.MULTILINE)
        return sum(int(float(value)) for value in counted)


class Thanos:
    """The ring of two, and Query before it; rules and scrapes begin when they are asked to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.receives = [Receive(folder, number) for number in range(2)]
        query_grpc, self._query, self._ruler = (f"127.0.0.1:{port}" for port in free_ports(3))
        hashrings = folder / "hashrings.json"
        hashrings.write_text(self._with_addresses("hashrings.json"))
        for receive in self.receives:
            receive.prepare(hashrings)
        self._http = httpx.Client(base_url=f"http://{self._query}", trust_env=False, timeout=60)
        self._query_program = _thanos(
            folder,
            "query",
            f"--http-address={self._query}",
            f"--grpc-address={query_grpc}",
            *(f"--endpoint-strict={one.grpc}" for one in self.receives),
            "--query.replica-label=receive_replica",
        )
        self._more: list[Program] = []

    @property
    def write_url(self) -> str:
        return f"http://{self.receives[0].write}/api/v1/receive"

    def __enter__(self) -> Self:
        for receive in self.receives:
            receive.program.start()
        self._query_program.start()
        for receive in self.receives:
            _wait_until_ready(receive.program, receive.http)
        _wait_until_ready(self._query_program, self._query)
        self.wait_until_it_serves()
        return self

    def __exit__(self, *_: object) -> None:
        for program in [*self._more, self._query_program, *(one.program for one in self.receives)]:
            program.kill()
        self._http.close()

    def wait_until_it_serves(self) -> None:
        """Returns when Query knows both Receives, as after one of them was started again."""
        wait_until(self._serves, _START_SECONDS, self._query_program.log_tail)

    def scrape(self, api_metrics_url: str, interval: str) -> None:
        """The shipped agent, which scrapes one releases API and the Ruler into the ring."""
        config = self._with_addresses("scrape.yml")
        config = config.replace("localhost:8091", api_metrics_url.removeprefix("http://"))
        file = self._folder / "scrape.yml"
        file.write_text(re.sub(r"scrape_interval: \d+s", f"scrape_interval: {interval}", config))
        (port,) = free_ports(1)
        argv: list[str | Path] = [tool("prometheus"), "--agent", f"--config.file={file}"]
        argv += [f"--storage.agent.path={self._folder / 'agent'}", f"--web.listen-address=127.0.0.1:{port}"]
        self._start(Program("scrape", argv, self._folder), f"127.0.0.1:{port}")

    def rule(self, interval: str) -> None:
        """The shipped rules in a stateless Ruler, in copies that need not be waited for."""
        rules = self._folder / "rules"
        rules.mkdir()
        for file in RULE_FILES:
            (rules / file.name).write_text(
                re.sub(r"interval: \d+[smh]", f"interval: {interval}", file.read_text())
            )
        written = self._folder / "ruler-remote-write.yaml"
        written.write_text(self._with_addresses("ruler-remote-write.yaml"))
        (grpc,) = free_ports(1)
        self._start(
            _thanos(
                self._folder,
                "rule",
                f"--data-dir={self._folder / 'ruler'}",
                f"--http-address={self._ruler}",
                f"--grpc-address=127.0.0.1:{grpc}",
                f"--query=http://{self._query}",
                f"--rule-file={rules}/*.yaml",
                f"--remote-write.config-file={written}",
                '--label=ruler="0"',
            ),
            self._ruler,
        )

    def query(self, expr: str) -> dict[Labels, float]:
        """An instant query over the whole ring, or httpx.HTTPStatusError; without the labels Thanos adds."""
        data = {"query": expr, "time": str(time.time()), "partial_response": "false"}
        answer = self._http.post("/api/v1/query", data=data).raise_for_status().json()
        return {without_added(one["metric"]): float(one["value"][1]) for one in answer["data"]["result"]}

    def status(self, expr: str) -> int:
        """Of an instant query that wants the whole ring."""
        data = {"query": expr, "partial_response": "false"}
        return self._http.post("/api/v1/query", data=data).status_code

    def _start(self, program: Program, address: str) -> None:
        self._more.append(program)
        program.start()
        _wait_until_ready(program, address)

    def _serves(self) -> bool:
        """Whether Query knows both Receives."""
        stores = self._http.get("/api/v1/stores").raise_for_status().json()["data"].get("receive", [])
        return len(stores) == len(self.receives) and not any(one["lastError"] for one in stores)

    def _with_addresses(self, name: str) -> str:
        text = (SHIPPED / name).read_text().replace("ruler:10902", self._ruler)
        for receive in self.receives:
            text = text.replace(f"{receive.name}:10901", receive.grpc)
            text = text.replace(f"{receive.name}:19291", receive.write)
        return text


def without_added(metric: dict[str, Any]) -> Labels:
    return frozenset((name, value) for name, value in metric.items() if name not in _ADDED)


def _thanos(folder: Path, part: str, *flags: str) -> Program:
    return Program(part, [tool("thanos"), part, *flags], folder)


def _wait_until_ready(program: Program, address: str) -> None:
    wait_until_ready(program, f"http://{address}", _START_SECONDS)
