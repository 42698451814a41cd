"""A relay that keeps what passes through it: the bytes of an update check as a network would see them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Exchanged:
    """One connection's bytes, each way."""

    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    @property
    def status(self) -> int | None:
        """Of the answer; None before it came."""
        words = bytes(self.received).split(b" ", 2)
        return int(words[1]) if len(words) == 3 else None


class RecordingRelay:
    """Passes connections on to a port of this machine. Use `running()`."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.port = 0
        self.connections: list[Exchanged] = []  # in the order they came

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RecordingRelay"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchanged = Exchanged()
        self.connections.append(exchanged)
        there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        await asyncio.gather(
            _pass_on(reader, back, exchanged.sent), _pass_on(there, writer, exchanged.received)
        )


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            kept += piece
            writer.write(piece)
            await writer.drain()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
