"""How fast `/metrics` is, as ratios to a floor: an ASGI application that answers the very same bytes.

    python tests/bench/metrics_rendering.py [--nodes 5000] [--scrapes 100]

One process serves both by uvicorn on loopback; they are scraped in turn over one kept connection, 10
times a second each. CPU is the serving thread's own (schedstat). "after a change" replaces 5 nodes and
the snapshot before each scrape, "new snapshot" only the snapshot, as the refresh each minute does.
"hold" is the longest time for which the event loop served nobody else.
"""

import argparse
import asyncio
import dataclasses
import http.client
import multiprocessing
import multiprocessing.connection
import os
import platform
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from workflow_exporter.inventory import Node
from workflow_exporter.self_metrics import SelfMetrics
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.metrics import MetricsEndpoint

sys.path.insert(0, str(Path(__file__).parents[1]))
from factories import assessment, inventory, node, snapshot, source_states

_START = datetime(2024, 1, 1, tzinfo=UTC)
_CHANGED_NODES = 5
_COMPONENTS = 20


class Stage:
    """The served application: endpoint, floor, and the switches that the bench throws."""

    def __init__(self, nodes: int) -> None:
        self._random = random.Random(1)  # noqa: S311  a bench repeats itself
        self.snapshot = _snapshot(tuple(_node(number) for number in range(nodes)), _START)
        own = SelfMetrics(version="0", revision="0", python_version=platform.python_version())
        self.endpoint = MetricsEndpoint(lambda: self.snapshot, own.registry)
        self.floor_bodies: dict[bool, tuple[list[tuple[bytes, bytes]], bytes]] = {}
        self.hold = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/metrics":
                await self.endpoint(scope, receive, send)
            case "/floor":
                await self._floor(scope, receive, send)
            case "/change":
                self._change(int(scope["query_string"]))
                await PlainTextResponse("")(scope, receive, send)
            case "/hold":
                await PlainTextResponse(f"{self.hold}")(scope, receive, send)
                self.hold = 0.0

    async def _floor(self, scope: Scope, receive: Receive, send: Send) -> None:
        gzip = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
        if gzip not in self.floor_bodies:
            self.floor_bodies[gzip] = await self._recorded(scope, receive)
        headers, body = self.floor_bodies[gzip]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _recorded(self, scope: Scope, receive: Receive) -> tuple[list[tuple[bytes, bytes]], bytes]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.endpoint(scope, receive, keep)
        return messages[0]["headers"], b"".join(message.get("body", b"") for message in messages)

    def _change(self, count: int) -> None:
        nodes = list(self.snapshot.inventory.nodes)
        for index in self._random.sample(range(len(nodes)), min(count, len(nodes))):
            nodes[index] = dataclasses.replace(nodes[index], ready=not nodes[index].ready)
        self.snapshot = _snapshot(tuple(nodes), self.snapshot.taken_at + timedelta(seconds=1))

    async def watch_hold(self) -> None:
        """Asks for its turn every millisecond and remembers the longest wait."""
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(0.001)
            self.hold = max(self.hold, time.perf_counter() - asked - 0.001)


def _node(number: int) -> Node:
    return node(
        f"ip-10-{number % 7}-{number // 250}-{number % 250}.eu-central-1.compute.internal",
        memory_bytes=16_384_000_000 + 4096 * (number % 50),
        created=_START + timedelta(seconds=61 * number),
    )


def _snapshot(nodes: tuple[Node, ...], taken_at: datetime) -> Snapshot:
    components = [assessment(f"component-{number:02}") for number in range(_COMPONENTS)]
    return snapshot(
        components,
        taken_at=taken_at,
        inventory=inventory(nodes=sorted(nodes, key=lambda n: n.name)),
        sources=source_states(),
    )


def _serve(nodes: int, ready: multiprocessing.connection.Connection) -> None:
    async def run() -> None:
        stage = Stage(nodes)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(stage, log_level="warning", access_log=False, lifespan="off"))
        watcher = asyncio.create_task(stage.watch_hold())
        ready.send(listener.getsockname()[1])
        await server.serve(sockets=[listener])
        watcher.cancel()

    asyncio.run(run())


@dataclasses.dataclass(frozen=True)
class Seen:
    """Sorted seconds of each scrape, CPU seconds per scrape, bytes of the last body."""

    seconds: list[float]
    cpu_seconds: float
    size: int

    def at(self, share: float) -> float:
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class Scraper:
    def __init__(self, port: int, pid: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._schedstat = Path(f"/proc/{pid}/schedstat")

    def get(self, path: str, encoding: str = "identity") -> bytes:
        self._connection.request("GET", path, headers={"Accept-Encoding": encoding})
        return self._connection.getresponse().read()

    def compare(self, encoding: str, scrapes: int, prepare: Callable[[], object]) -> dict[str, Seen]:
        """Floor and endpoint in turn; `prepare` runs before each scrape of the endpoint, unmeasured."""
        seconds: dict[str, list[float]] = {"/floor": [], "/metrics": []}
        cpu = dict.fromkeys(seconds, 0)
        size = dict.fromkeys(seconds, 0)
        for path in ("/floor", "/metrics") * scrapes:
            if path == "/metrics":
                prepare()
            time.sleep(0.05)
            cpu_before, before = self._cpu(), time.perf_counter()
            size[path] = len(self.get(path, encoding))
            seconds[path].append(time.perf_counter() - before)
            time.sleep(0.002)  # the server's last steps after the last byte are its own, too
            cpu[path] += self._cpu() - cpu_before
        return {path: Seen(sorted(seconds[path]), cpu[path] / scrapes / 1e9, size[path]) for path in seconds}

    def _cpu(self) -> int:
        return int(self._schedstat.read_text(encoding="ascii").split()[0])


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _print_case(name: str, seen: dict[str, Seen], hold_seconds: float) -> None:
    floor, ours = seen["/floor"], seen["/metrics"]
    columns = [
        f"{ours.at(0.5) * 1e3:7.2f} {ours.at(0.99) * 1e3:7.2f} {ours.cpu_seconds * 1e3:7.2f}",
        f"{floor.at(0.5) * 1e3:7.2f} {floor.at(0.99) * 1e3:7.2f} {floor.cpu_seconds * 1e3:7.2f}",
        f"x{ours.at(0.5) / floor.at(0.5):5.1f} {hold_seconds * 1e3:7.1f} {ours.size:9}",
    ]
    print(f"{name:24}" + " |".join(columns))  # noqa: T201  a bench prints


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast /metrics is, against the same bytes served bare.")
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--scrapes", type=int, default=100)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(options.nodes, theirs))
    server.start()
    try:
        scraper = Scraper(ours.recv(), server.pid or 0)
        _run(scraper, server.pid or 0, options)
    finally:
        server.terminate()
        server.join()


def _run(scraper: Scraper, pid: int, options: argparse.Namespace) -> None:
    out = sys.stdout.write
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    before = _rss_mib(pid)
    began = time.perf_counter()
    lines = scraper.get("/metrics").count(b"\n")
    first_plain = time.perf_counter() - began
    began = time.perf_counter()
    scraper.get("/metrics", "gzip")
    first_gzip = time.perf_counter() - began
    out(
        f"{options.nodes} nodes, {lines} lines, Python {platform.python_version()}, {commit.stdout.strip()}\n"
    )
    out(f"first scrape {first_plain * 1e3:.1f} ms, compressing it {first_gzip * 1e3:.1f} ms, ")
    out(f"hold {float(scraper.get('/hold')) * 1e3:.1f} ms, RSS +{_rss_mib(pid) - before:.1f} MiB\n")
    out(f"{'':24}{'p50':>7} {'p99':>7} {'CPU':>7} |{'floor: p50':>10}{'p99':>6}{'CPU':>8} |")
    out(f"{'p50':>6}{'hold':>8}{'bytes':>10}   (ms)\n")
    cases: list[tuple[str, Callable[[], object]]] = [
        ("unchanged", lambda: None),
        ("new snapshot", lambda: scraper.get("/change?0")),
        ("after a change", lambda: scraper.get(f"/change?{_CHANGED_NODES}")),
    ]
    for name, prepare in cases:
        for encoding in ("identity", "gzip"):
            seen = scraper.compare(encoding, options.scrapes, prepare)
            _print_case(f"{name}, {encoding}", seen, float(scraper.get("/hold")))
    out(f"RSS after all +{_rss_mib(pid) - before:.1f} MiB, the floor's copies of both bodies included\n")


if __name__ == "__main__":
    main()
