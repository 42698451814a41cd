"""Load for the ingest bench: connections that send the next request as soon as, or when, it is due."""

import asyncio
import hashlib
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.report import at_share
from ingest_factories import pack, whole

LAYOUTS = 1_000  # different reports, apart from ids, numbers and moment; a gateway remembers 2,000


@dataclass(slots=True)
class Answers:
    """Latencies of the accepted ones in seconds, and how many of each status there were."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wall_seconds: float = 0.0

    @property
    def accepted(self) -> int:
        return self.statuses[204]

    def ms(self, share: float) -> float:
        return at_share(self.seconds, share) * 1e3 if self.seconds else float("nan")


def reports(
    versions: tuple[tuple[str, str], ...], numbers: range, moment: int, layouts: int = LAYOUTS
) -> list[bytes]:
    """Requests of instances by number, each of a cluster and an address of its own.

    `layouts` is how many different sets of labels they have, apart from their ids.
    """
    found = []
    for number in numbers:
        secret = hashlib.sha256(b"secret %d" % number).digest()
        instance = hashlib.sha256(secret).hexdigest()[:32]
        cluster = hashlib.sha256(b"cluster %d" % number).hexdigest()[:32]
        minor, patch = divmod(number % layouts, 20)
        payload = whole(instance, cluster, versions, f"1.{minor + 10}.{patch}", moment, weeks=number % 200)
        found.append(
            request(
                pack(payload), secret.hex(), f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            )
        )
    return found


def garbage(moment: int) -> list[bytes]:
    """10,000 sources, whose bodies are no snappy, bombs, of a wrong secret, or of a newer protocol."""
    good = pack(whole(moment=moment))
    bomb = pack(b"\x0a\x00" * 131_000)
    bodies = (b"\xff" * 64, b"\xff\xff\xff\xff\x0f" + b"x" * 64, bomb, good)
    return [
        request(body, f"{number:064x}", f"192.{number >> 14 & 127}.{number >> 7 & 127}.{number & 127}")
        for number, body in zip(range(10_000), itertools.cycle(bodies), strict=False)
    ]


def request(body: bytes, secret: str, source: str) -> bytes:
    head = (
        "POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
        "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
        f"Authorization: Bearer {secret}\r\nX-Forwarded-For: {source}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Sender(asyncio.Protocol):
    """One connection, one request at a time; the next one follows the head of an answer."""

    def __init__(self, requests: Iterator[bytes], answers: Answers, until: float, interval: float) -> None:
        """`interval` in seconds between two requests; 0 is without a pause."""
        self._requests, self._answers, self._until, self._interval = requests, answers, until, interval
        self._due = time.perf_counter()
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        # The server writes the text of a refusal behind its head, so it may come by itself, or before the
        # head of the next answer.
        head = data.find(b"HTTP/1.1 ")
        if head < 0:
            return
        now = time.perf_counter()
        status = int(data[head + 9 : head + 12])
        self._answers.statuses[status] += 1
        if status == 204:
            self._answers.seconds.append(now - self._due)  # since it was due: a late start counts too
        if now >= self._until:
            self._transport.close()
        elif self._interval:
            self._due += self._interval
            asyncio.get_running_loop().call_later(max(0.0, self._due - now), self._send)
        else:
            self._due = now
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


async def send(
    port: int, requests: list[bytes], seconds: float, connections: int, per_second: float = 0.0
) -> Answers:
    """Again and again; `per_second` over all connections; 0 is as fast as answers come."""
    return await _send(port, itertools.cycle(requests), seconds, connections, per_second)


async def send_once(port: int, requests: list[bytes], connections: int) -> Answers:
    """Each request once, as fast as answers come."""
    return await _send(port, iter(requests), math.inf, connections, 0.0)


async def _send(
    port: int, requests: Iterator[bytes], seconds: float, connections: int, per_second: float
) -> Answers:
    answers, started = Answers(), time.perf_counter()
    interval = connections / per_second if per_second else 0.0
    loop, senders = asyncio.get_running_loop(), []
    for _ in range(connections):
        _, sender = await loop.create_connection(
            lambda: _Sender(requests, answers, started + seconds, interval), "127.0.0.1", port
        )
        senders.append(sender)
        if interval:
            await asyncio.sleep(interval / connections)
    await asyncio.gather(*(sender.done for sender in senders))
    answers.wall_seconds = time.perf_counter() - started
    return answers
