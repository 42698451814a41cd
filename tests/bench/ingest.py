"""How many reports a second the gateway takes through all its checks, beside a floor that checks nothing.

    PYTHONPATH=tests .venv/bin/python -m bench.ingest [--seconds 5] [--connections 32] [--json]

The subject is `workflow-releases serve` with its shipped catalogs, bound to one core; a store that answers
at once and the load are on another. Because other programs may share the machine, reports are counted by
the server's own CPU time as well as by the clock: the first is what one core would do alone. Floor and
subject take turns. Targets (issue 5): 1,500 reports/s of 40 series, within 2 times of the floor; p99 under
30 ms at half that load; RSS under 100 MB; a flood of garbage takes at most a fifth of the valid rate.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.ingest_load import Answers, garbage, reports, send, send_once
from bench.machine import commit, cpu_seconds, load, machine_class
from e2e.processes import Program, free_ports
from workflow_releases.ingest.layouts import MAX_LAYOUTS

_SERVERS = Path(__file__).parent / "ingest_servers.py"
_TARGET_RATE = 1_500
_INSTANCES = 5_000
_SERVER_CORE, _LOAD_CORE = 0, 1
_MANY_CONNECTIONS = 1_000  # of a flood that has learned that each of its requests waits for its refusal
_OPEN_FILES = 65_536  # that a program may have, as in containers; a shell's 1,024 are too few for a flood


@dataclass(frozen=True, slots=True)
class Server:
    program: Program
    port: int

    def measured(self, sending: Coroutine[Any, Any, Answers]) -> tuple[Answers, float]:
        """The answers, and how many were accepted in each second of the server's CPU time."""
        before = cpu_seconds(self.program.pid)
        answers = asyncio.run(sending)
        if set(answers.statuses) != {204}:
            raise RuntimeError(f"valid reports were refused: {answers.statuses}")
        return answers, answers.accepted / (cpu_seconds(self.program.pid) - before)


@contextmanager
def _started(name: str, argv: list[str], folder: Path, port: int, **environment: str) -> Iterator[Server]:
    program = Program(name, argv, folder, {"PATH": os.defpath, **environment})
    program.start()
    os.sched_setaffinity(program.pid, {_LOAD_CORE if name == "store" else _SERVER_CORE})
    try:
        deadline = time.monotonic() + 60
        while True:
            program.check_running()
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield Server(program, port)
    finally:
        program.kill()


@contextmanager
def servers(folder: Path) -> Iterator[tuple[Server, Server]]:
    """The program and the floor, both before the same store."""
    store_port, floor_port, port, metrics_port = free_ports(4)
    python = sys.executable
    environment = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "UPSTREAM_WRITE_URL": f"http://127.0.0.1:{store_port}/api/v1/write",
        "TRUSTED_PROXY_COUNT": "1",
        "INGEST_SOURCE_RATE_PER_MINUTE": "1000000",
        "INGEST_INSTANCE_RATE_PER_HOUR": "1000000",
    }
    with (
        _started("store", [python, str(_SERVERS), "store", str(store_port)], folder, store_port),
        _started(
            "floor", [python, str(_SERVERS), "floor", str(floor_port), str(store_port)], folder, floor_port
        ) as floor,
        _started("gateway", [python, "-m", "workflow_releases", "serve"], folder, port, **environment) as own,
    ):
        yield own, floor


def compare(folder: Path, seconds: float, connections: int) -> list[str]:
    moment = int(time.time()) // 3600 * 3600
    with servers(folder) as (own, floor):
        versions = _versions(own.port)
        requests = reports(versions, range(_INSTANCES), moment)
        lines = [
            _once_line("first reports, to an empty memory", own, requests, connections),
            _rate_line(own, floor, requests, seconds, connections),
        ]
        half = _TARGET_RATE / 2
        paced = asyncio.run(send(own.port, requests, 2 * seconds, connections, half))
        rate = paced.accepted / paced.wall_seconds
        met = "met" if paced.ms(0.99) < 30 else "NOT MET"
        lines.append(
            f"at {rate:.0f} reports/s: p50 {paced.ms(0.5):.1f} ms, p99 {paced.ms(0.99):.1f} ms; "
            f"target 30: {met}"
        )
        lines.append(_rss_line("RSS", own))
        lines += _flood_lines(own, requests, garbage(moment), seconds, connections)
        many = reports(versions, range(_INSTANCES), moment, 2 * MAX_LAYOUTS)
        for number in range(3):
            lines.append(
                _once_line(f"twice as many layouts as it remembers, {number}", own, many, connections)
            )
    return lines


def _versions(port: int) -> tuple[tuple[str, str], ...]:
    """22 components of Hephy and Drycc, each in its newest version, as reports spell it."""
    found: dict[str, str] = {}
    for platform in ("hephy", "drycc"):
        document = httpx.get(f"http://127.0.0.1:{port}/v1/catalogs/{platform}").json()
        for name, component in document["components"].items():
            if component["releases"]:
                found[name] = "v" + component["releases"][-1]["version"].removeprefix("v")
    return tuple(found.items())[:23]


def _once_line(what: str, own: Server, requests: list[bytes], connections: int) -> str:
    answers, per_cpu_second = own.measured(send_once(own.port, requests, connections))
    met = "met" if per_cpu_second >= _TARGET_RATE else "NOT MET"
    return (
        f"{what}: {per_cpu_second:,.0f} reports per CPU second "
        f"({answers.accepted / answers.wall_seconds:,.0f}/s by clock); target {_TARGET_RATE:,}: {met}"
    )


def _rss_line(what: str, own: Server) -> str:
    rss = own.program.rss_bytes() / 1e6
    return f"{what} {rss:.0f} MB; target 100: {'met' if rss < 100 else 'NOT MET'}"


def _rate_line(own: Server, floor: Server, requests: list[bytes], seconds: float, connections: int) -> str:
    """Hour after hour: each instance has sent a report before."""
    ours, floors, walls = [], [], []
    for _ in range(5):
        floors.append(floor.measured(send(floor.port, requests, seconds, connections))[1])
        answers, per_cpu_second = own.measured(send(own.port, requests, seconds, connections))
        ours.append(per_cpu_second)
        walls.append(answers.accepted / answers.wall_seconds)
    ratio = statistics.median(one / other for one, other in zip(floors, ours, strict=True))
    rate, bare = statistics.median(ours), statistics.median(floors)
    met = "met" if rate >= _TARGET_RATE and ratio <= 2 else "NOT MET"
    return (
        f"{rate:,.0f} reports per CPU second ({statistics.median(walls):,.0f}/s by clock), "
        f"floor {bare:,.0f}, median floor/ours {ratio:.2f}; target {_TARGET_RATE:,} and 2: {met}"
    )


def _flood_lines(
    own: Server, requests: list[bytes], bad: list[bytes], seconds: float, connections: int
) -> Iterator[str]:
    """Beside floods that never pause: valid reports at half the target, and as fast as they go."""
    for per_second, what in ((_TARGET_RATE / 2, "at half the target rate"), (0.0, "without a pause")):
        for flood_connections in (connections // 2, _MANY_CONNECTIONS):
            alone = asyncio.run(send(own.port, requests, seconds, connections, per_second))
            valid, flood = asyncio.run(
                _both(own.port, requests, bad, seconds, (connections, flood_connections), per_second)
            )
            share = (valid.accepted / valid.wall_seconds) / (alone.accepted / alone.wall_seconds)
            yield (
                f"valid reports {what}, beside {flood_connections} connections with "
                f"{flood.statuses.total() / flood.wall_seconds:,.0f} bad ones/s "
                f"({dict(sorted(flood.statuses.items()))}): {share:.2f} of their rate alone, "
                f"p99 {valid.ms(0.99):.1f} ms; target 0.8: {'met' if share >= 0.8 else 'NOT MET'}"
            )
    yield _rss_line("RSS after the floods", own)


async def _both(
    port: int,
    requests: list[bytes],
    bad: list[bytes],
    seconds: float,
    connections: tuple[int, int],
    per_second: float,
) -> tuple[Answers, Answers]:
    valid, flood = await asyncio.gather(
        send(port, requests, seconds, connections[0], per_second), send(port, bad, seconds, connections[1])
    )
    return valid, flood


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="a JSON list instead of lines")
    options = parser.parse_args()
    os.sched_setaffinity(0, {_LOAD_CORE})
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_OPEN_FILES, most_files), most_files))
    with tempfile.TemporaryDirectory() as folder:
        lines = compare(Path(folder), options.seconds, options.connections)
    lines.append(f"{machine_class()}; commit {commit()}; load {load():.1f}")
    sys.stdout.write(json.dumps(lines, ensure_ascii=False) if options.json else "\n".join(lines))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
