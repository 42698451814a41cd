"""An HTTP proxy that tunnels (CONNECT) to one address, as if every name resolved to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class ConnectProxy:
    """Use `running()`."""

    def __init__(self, port: int, *, refusals: int = 0) -> None:
        """`port`: of loopback, where every tunnel leads; the first `refusals` requests are answered 407."""
        self.url = ""
        self.asked: list[str] = []  # `CONNECT host:port HTTP/1.1` of each tunnel
        self.seen = bytearray()  # all that clients sent, before and through the tunnels
        self._port = port
        self._refusals = refusals
        self._tunnels: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ConnectProxy"]:
        server = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await asyncio.gather(*self._tunnels)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lives until both ends have hung up."""
        task = asyncio.current_task()
        assert task is not None
        self._tunnels.add(task)
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split(b"\r\n", 1)[0].decode())
        self.seen += head
        if len(self.asked) <= self._refusals:
            await _refuse(writer)
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, far_writer, self.seen), _copy(far_reader, writer))


async def _refuse(writer: asyncio.StreamWriter) -> None:
    """As a proxy does that knows no such user."""
    lines = (
        "HTTP/1.1 407 Proxy Authentication Required",
        'Proxy-Authenticate: Basic realm="proxy"',
        "Content-Length: 0",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None = None
) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            if kept is not None:
                kept += chunk
            writer.write(chunk)
            await writer.drain()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
