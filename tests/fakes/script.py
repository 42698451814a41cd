"""An HTTP server that says what it is told to, answer by answer, without a network."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import httpx
import msgspec

Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script(httpx.AsyncBaseTransport):
    """Answers requests in order. When it has come to its end the next request ends its task."""

    def __init__(self, *steps: Step) -> None:
        self.requests: list[str] = []  # path and query of each
        self.read_timeouts: list[float | None] = []  # seconds
        self.headers: list[httpx.Headers] = []
        self._steps = list(steps)

    def client(self, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://kubernetes.test", transport=self, auth=auth)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._steps:
            raise asyncio.CancelledError
        self.requests.append(request.url.raw_path.decode())
        self.read_timeouts.append(request.extensions["timeout"]["read"])
        self.headers.append(request.headers.copy())
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else step(request)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=_Stream([msgspec.json.encode(body)]))


def text(body: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, stream=_Stream([body.encode()]))


def failure(status: int, reason: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    return answer({"kind": "Status", "code": status, "reason": reason}, status, headers)


def watch(*events: tuple[str, Any], error: Exception | None = None) -> httpx.Response:
    """A watch that sends these (type, object), and then ends, or breaks off with `error`."""
    lines = [msgspec.json.encode({"type": kind, "object": obj}) + b"\n" for kind, obj in events]
    return httpx.Response(200, stream=_Stream(lines, error))


class _Stream(httpx.AsyncByteStream):
    def __init__(self, chunks: Iterable[bytes], error: Exception | None = None) -> None:
        self._chunks = chunks
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._error is not None:
            raise self._error
