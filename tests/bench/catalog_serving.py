"""How fast the releases API serves a catalog, beside a bare ASGI application that answers the same bytes.

    python tests/bench/catalog_serving.py [--seconds 5] [--connections 32] [--memory-seconds 20]

Each server is one process on one core; this process is the load, on another. Because other programs may
share the machine, requests are counted per second of the server's own CPU time as well as by the
clock: the first is what one core would do alone. Floor and subject take turns, so that both see the
same neighbours. Targets: 15,000 requests/s for 304, 10,000 for a gzip 200, within 1.5 times of the floor;
p99 under publications within 1.5 times of the quiet one, which is how far quiet runs differ; memory flat
(4 MiB: allocators move by so much); 100 components × 500 releases built in 200 ms.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # as pytest's pythonpath does

from bench.keep_alive_load import Figures, load, publish_while
from bench.machine import commit, machine_class
from bench.machine import load as load_average
from e2e.processes import Program, free_ports

FLOOR = """
import asyncio, sys
from pathlib import Path
from workflow_releases.listeners import bind, serve_until
etag, packed = sys.argv[2].encode(), Path(sys.argv[3]).read_bytes()
shared = [(b"etag", etag), (b"cache-control", b"public, max-age=60"), (b"vary", b"Accept-Encoding"),
          (b"x-content-type-options", b"nosniff")]
head = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip"),
        (b"content-length", str(len(packed)).encode()), *shared]
async def same_200(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": packed})
async def same_304(scope, receive, send):
    await send({"type": "http.response.start", "status": 304, "headers": shared})
    await send({"type": "http.response.body", "body": b""})
async def main():
    listener = bind("127.0.0.1", int(sys.argv[1]), "PORT")
    await serve_until(asyncio.Event(), listener, same_304 if sys.argv[4] == "304" else same_200)
asyncio.run(main())
"""


@contextmanager
def releases_api(folder: Path) -> Iterator[tuple[Program, int]]:
    port, metrics_port = free_ports(2)
    environment = {
        "PATH": os.defpath,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
    }
    program = Program("releases", [sys.executable, "-m", "workflow_releases", "serve"], folder, environment)
    program.start()
    try:
        _wait(program, port)
        yield program, port
    finally:
        program.stop()


@contextmanager
def floor(folder: Path, etag: str, packed: Path, status: str) -> Iterator[tuple[Program, int]]:
    (port,) = free_ports(1)
    program = Program(
        f"floor-{status}", [sys.executable, "-c", FLOOR, str(port), etag, packed, status], folder
    )
    program.start()
    try:
        _wait(program, port)
        yield program, port
    finally:
        program.kill()


def _wait(program: Program, port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        program.check_running()
        try:
            httpx.get(f"http://127.0.0.1:{port}/v1/catalogs/deis")
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(program.log_tail())


def best(runs: list[Figures]) -> Figures:
    return max(runs, key=lambda figures: figures.per_cpu_second)


def compare(folder: Path, seconds: float, memory_seconds: float, connections: int) -> list[str]:
    lines = []
    with releases_api(folder) as (program, port):
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/catalogs/deis", headers={"accept-encoding": "gzip"})
        packed = folder / "body.gz"
        packed.write_bytes(gzip.compress(answer.content, 6, mtime=0))
        etag = answer.headers["etag"]
        assert etag == f'"{hashlib.sha256(answer.content).hexdigest()}-gzip"'
        for status, headers, target in (
            ("304", {"Accept-Encoding": "gzip", "If-None-Match": etag}, 15_000),
            ("200", {"Accept-Encoding": "gzip"}, 10_000),
        ):
            with floor(folder, etag, packed, status) as (bare, bare_port):
                ours, floors = [], []
                for _ in range(5):
                    floors.append(asyncio.run(load(bare_port, bare.pid, headers, seconds, connections)))
                    ours.append(asyncio.run(load(port, program.pid, headers, seconds, connections)))
            pairs = zip(floors, ours, strict=True)
            ratio = statistics.median(bare.per_cpu_second / own.per_cpu_second for bare, own in pairs)
            lines.append(_line(status, best(ours), best(floors), ratio, target))
        lines.append(publication_line(folder, program, port, seconds, connections))
        lines.append(memory_line(program, port, memory_seconds, connections))
    return lines


def _line(status: str, ours: Figures, floor_figures: Figures, ratio: float, target: int) -> str:
    met = "met" if ours.per_cpu_second >= target and ratio <= 1.5 else "NOT MET"
    return (
        f"{status}: {ours.per_cpu_second:,.0f} requests per CPU second ({ours.per_second:,.0f}/s by clock), "
        f"floor {floor_figures.per_cpu_second:,.0f}, median floor/ours {ratio:.2f}; "
        f"p50 {ours.p50_ms:.2f} ms, p99 {ours.p99_ms:.2f} ms; target {target:,} and 1.5: {met}"
    )


def publication_line(folder: Path, program: Program, port: int, seconds: float, connections: int) -> str:
    environment = {"PATH": os.defpath, "HOME": str(folder)}
    token = subprocess.run(
        [sys.executable, "-m", "workflow_releases", "token", "create", "--scope", "publish", "bench"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    headers = {"Accept-Encoding": "gzip"}
    pairs = []
    for line in range(5):
        quiet = asyncio.run(load(port, program.pid, headers, seconds, connections))
        pairs.append(
            (quiet, asyncio.run(_publishing(port, program.pid, headers, seconds, connections, token, line)))
        )
    before, during = (statistics.median(pair[side].p99_ms for pair in pairs) for side in (0, 1))
    share = statistics.median(busy.per_second / quiet.per_second for quiet, busy in pairs)
    return (
        f"p99 of gzip 200: {before:.2f} ms, with about five publications/s {during:.2f} ms, medians of 5; "
        f"{share:.2f} of the requests; target 1.5 times: {'met' if during <= 1.5 * before else 'NOT MET'}"
    )


async def _publishing(
    port: int, pid: int, headers: dict[str, str], seconds: float, connections: int, token: str, line: int
) -> Figures:
    running = asyncio.create_task(load(port, pid, headers, seconds, connections))
    await publish_while(running, port, token, line)
    return await running


def memory_line(program: Program, port: int, seconds: float, connections: int) -> str:
    """After the runs before it, so that what is filled once is filled; 304s and gzip 200s in turn."""
    etag = httpx.get(f"http://127.0.0.1:{port}/v1/catalogs/deis").headers["etag"]
    asked = ({"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip", "If-None-Match": etag})
    sizes, requests = [program.rss_bytes() / 2**20], 0
    for number in range(10):
        run = load(port, program.pid, asked[number % 2], seconds / 10, connections)
        requests += asyncio.run(run).requests
        sizes.append(program.rss_bytes() / 2**20)
    met = "met" if sizes[-1] - sizes[0] <= 4 else "NOT MET"
    return (
        f"memory: {sizes[0]:.1f} MiB before and {sizes[-1]:.1f} after {requests:,} requests "
        f"in {seconds:.0f} s, at most {max(sizes):.1f}; target 4 MiB of growth: {met}"
    )


def building_line() -> str:
    """CPU time, in this process; the parts a publication repeats."""
    from workflow_releases.catalog.model import Catalog, Component, Release  # noqa: PLC0415 - only here
    from workflow_releases.edition import prepare_catalog  # noqa: PLC0415 - only here

    first = datetime(2017, 1, 1, tzinfo=UTC)
    releases = tuple(
        Release(version=f"v1.{n}.0", train="stable", released=first + timedelta(hours=n)) for n in range(500)
    )
    components = {
        f"component-{n:03d}": Component(title="x", images=(), releases=releases) for n in range(100)
    }
    catalog = Catalog(
        schema_version=1,
        platform="large",
        title="Large",
        generated=first,
        expires=None,
        trains=("stable",),
        end_of_life=None,
        successor=None,
        bundles=(),
        components=components,
        notices=(),
    )
    times = []
    for _ in range(5):
        started = time.process_time()
        prepared = prepare_catalog(catalog, None)
        times.append((time.process_time() - started) * 1e3)
    size = len(prepared.identity.body) / 2**20
    met = "met" if min(times) < 200 else "NOT MET"
    return (
        f"100 components × 500 releases ({size:.1f} MiB): built in {min(times):.0f} ms CPU; target 200: {met}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--memory-seconds", type=float, default=20.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="a JSON list instead of lines")
    options = parser.parse_args()
    load_before = load_average()
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), options.seconds, options.memory_seconds, options.connections)
    machine = f"{commit()}, {machine_class()}, load {load_before:.1f} to {load_average():.1f}"
    lines = [f"catalog serving: {machine}", *found, building_line()]
    sys.stdout.write(json.dumps(lines, ensure_ascii=False) if options.json else "\n".join(lines))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
