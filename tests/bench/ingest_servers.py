"""What the ingest bench starts beside the program: a store that takes everything, and the floor.

python ingest_servers.py store PORT              204 to each request, as a store would that costs nothing
python ingest_servers.py floor PORT STORE_PORT   reads the body, forwards it, answers: no checks
"""

import asyncio
import sys
import time
from typing import Any

import httptools

_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Store(asyncio.Protocol):
    """The cheapest HTTP server that keeps its connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        self._transport.write(_NO_CONTENT)


async def _store(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Store, "127.0.0.1", port)
    await server.serve_forever()


async def _floor(port: int, store_port: int) -> None:
    # What the program itself reads, forwards and answers with, so that only the checks are the difference.
    from workflow_releases.ingest.body import Held, read_body  # noqa: PLC0415  the store needs none of these
    from workflow_releases.ingest.forward import Forwarder  # noqa: PLC0415  as above
    from workflow_releases.ingest.upstream import Upstream  # noqa: PLC0415  as above
    from workflow_releases.listeners import bind, serve_until  # noqa: PLC0415  as above
    from workflow_releases.web_address import parse_web_address  # noqa: PLC0415  as above

    upstream = Upstream(parse_web_address(f"http://127.0.0.1:{store_port}/api/v1/write"), time.monotonic)

    forwarder = Forwarder(upstream, None)

    async def forward(_scope: Any, receive: Any, send: Any) -> None:
        await forwarder.forward(await read_body(receive, Held()))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await serve_until(asyncio.Event(), bind("127.0.0.1", port, "PORT"), forward)


def main() -> None:
    what, *ports = sys.argv[1:]
    asyncio.run(_store(int(ports[0])) if what == "store" else _floor(int(ports[0]), int(ports[1])))


if __name__ == "__main__":
    main()
