"""An API server that means harm: raw answers over a loopback socket, as many and as long as it likes."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

# Called with the path and query of a request; gives the bytes to send, head and all.
Behaviour = Callable[[str], AsyncIterator[bytes]]

_HEAD = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


class HostileApiServer:
    """Use `running()`."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.url = ""
        self.requests: list[str] = []
        self._behaviour = behaviour
        self._serving: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["HostileApiServer"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio's would report that it was cancelled.
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):  # it has hung up
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ")[1].decode()
            self.requests.append(path)
            async for part in self._behaviour(path):
                writer.write(part)
                await writer.drain()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def answers(status: int, *parts: bytes) -> AsyncIterator[bytes]:
    """One answer with that body."""
    yield _HEAD % status
    for part in parts:
        yield chunk(part)
    yield chunk(b"")


def failure(status: int) -> bytes:
    return json.dumps({"kind": "Status", "code": status, "reason": "Expired"}).encode()


async def informs_for_ever(status: int = 103) -> AsyncIterator[bytes]:
    """Interim answers, and never the answer itself."""
    while True:
        yield b"HTTP/1.1 %d Early Hints\r\n\r\n" % status
        await asyncio.sleep(0.001)


def is_list(path: str) -> bool:
    return "limit=" in path


def is_watch(path: str) -> bool:
    return "watch=" in path


def whole_namespace(path: str) -> AsyncIterator[bytes]:
    """What an honest server says of everything that is neither listed nor watched."""
    if path.endswith("/version"):
        return answers(200, b'{"gitVersion": "v1.37.2"}')
    if "/configmaps/" in path:
        return answers(404, failure(404))
    name = path.rpartition("/")[2]
    return answers(
        200, json.dumps({"metadata": {"name": name, "uid": name, "resourceVersion": "1"}}).encode()
    )
