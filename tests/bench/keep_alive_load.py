"""Load for a server whose answers all have one length: keep-alive connections that ask without a pause.

Figures count the server's own CPU time too, so that a slow asker can neither flatter nor blame it.
"""

import asyncio
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """One run: requests, wall seconds, the server's CPU seconds, latencies in ms."""

    requests: int
    wall_seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.wall_seconds

    @property
    def per_cpu_second(self) -> float:
        return self.requests / self.cpu_seconds


class Client(asyncio.Protocol):
    """Asks again as soon as the answer is whole; its length is known from the first."""

    def __init__(self, request: bytes, length: int, latencies: list[float], until: float) -> None:
        self._request, self._length, self._latencies, self._until = request, length, latencies, until
        self._received = 0
        self._asked = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received < self._length:
            return
        now = time.perf_counter()
        self._latencies.append(now - self._asked)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        self._received, self._asked = 0, time.perf_counter()
        self._transport.write(self._request)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process; proc(5), fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(port: int, pid: int, headers: dict[str, str], seconds: float, connections: int) -> Figures:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET /v1/catalogs/deis HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()
    length = await _answer_length(port, request)
    latencies: list[float] = []
    before, started = cpu_seconds(pid), time.perf_counter()
    clients = []
    for _ in range(connections):
        _transport, client = await asyncio.get_running_loop().create_connection(
            lambda: Client(request, length, latencies, started + seconds), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    wall = time.perf_counter() - started
    quantiles = statistics.quantiles(latencies, n=100)
    return Figures(len(latencies), wall, cpu_seconds(pid) - before, quantiles[49] * 1e3, quantiles[98] * 1e3)


async def publish_while(running: asyncio.Task[Figures], port: int, token: str, line: int) -> int:
    """Publishes router v9.<line>.1, .2, … five times a second until `running` ends; how many were taken.

    By bare bytes: a library's client would take the load's own time and be measured as the server's.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while not running.done():
        number += 1
        path = f"/v1/catalogs/deis/components/router/releases/v9.{line}.{number}"
        fields = (
            f"Host: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 2"
        )
        writer.write(f"PUT {path} HTTP/1.1\r\n{fields}\r\n\r\n{{}}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 201 " not in head:
            raise RuntimeError(f"not published: {head.decode()}")
        await reader.readexactly(_content_length(head))
        await asyncio.wait({running}, timeout=0.2)
    writer.close()
    return number


async def _answer_length(port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = _content_length(head)
    await reader.readexactly(length)
    writer.close()
    return len(head) + length


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
