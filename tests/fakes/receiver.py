"""Receivers of reports: one without a network, and one on a real socket that misbehaves as told.

Both keep what they were sent; `decoded` turns a body into text, with a decoder of its own.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import cramjam

from fakes.releases_api import Behaviour
from workflow_exporter.errors import ReportError
from workflow_exporter.reporter.receiver import Answer
from workflow_exporter.reporter.remote_write_pb2 import WriteRequest
from workflow_exporter.web_address import WebAddress, parse_web_address


class ScriptedReceiver:
    """Answers in order; the last answer stays. A ReportError is raised as if nothing had answered."""

    def __init__(self, *answers: Answer | ReportError) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.bearers: list[str] = []

    async def post(self, body: bytes, bearer: str) -> Answer:
        self.bodies.append(body)
        self.bearers.append(bearer)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ReportError):
            raise answer
        return answer


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    line: str  # `POST /api/v1/write HTTP/1.1`
    headers: tuple[tuple[str, str], ...]  # names in lower case, in the wire's order
    body: bytes

    def header(self, name: str) -> str:
        """Raises ValueError unless it is there exactly once."""
        (value,) = (value for known, value in self.headers if known == name.lower())
        return value


class SocketReceiver:
    """Behaves as `behaviours` say, one for each request; the last one stays. Use `running()`."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)
        self.connections = 0  # with or without a request
        self.received: list[Received] = []
        self.port = 0
        self._scheme = "http"
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> WebAddress:
        return parse_web_address(f"{self._scheme}://127.0.0.1:{self.port}/api/v1/write")

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["SocketReceiver"]:
        self._scheme = "https" if tls else "http"
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None, "start_server runs its callback as a task"
        self._serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()
            self._serving.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *rest = head.decode().split("\r\n")
        pairs = (text.partition(":") for text in rest if text)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        length = next(int(value) for name, value in headers if name == "content-length")
        self.received.append(Received(line, headers, await reader.readexactly(length)))
        behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        await behave(head, writer)


def request_in(body: bytes) -> WriteRequest:
    """The message in a request's body."""
    return WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(body)))


def moment_in(body: bytes) -> datetime:
    """The one moment that all samples of a body bear."""
    (moment_ms,) = {sample.timestamp for series in request_in(body).timeseries for sample in series.samples}
    return datetime.fromtimestamp(moment_ms / 1000, UTC)
