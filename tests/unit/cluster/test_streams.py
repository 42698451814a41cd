"""The direct transport, over real sockets and real TLS, against servers that say what a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from workflow_exporter.cluster.api_errors import unreachable
from workflow_exporter.cluster.streams import DirectTransport

pytestmark = pytest.mark.anyio

_TLS = Path(__file__).parents[2] / "data" / "tls"
_WRITTEN_BYTES = 100_000
_BIG = bytes(range(256)) * 40_000  # 10 MB, more than a connection holds unread

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def server(answer: Answer, *, tls: bool = False) -> AsyncIterator[str]:
    """Reads each request and lets `answer` say what it likes; the connection stays open until that ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await answer(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        finally:
            writer.close()

    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_TLS / "loopback.crt", _TLS / "loopback.key")
    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with running:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{running.sockets[0].getsockname()[1]}/"


@asynccontextmanager
async def client(read_seconds: float = 10) -> AsyncIterator[httpx.AsyncClient]:
    tls = ssl.create_default_context(cafile=str(_TLS / "ca.crt"))
    timeout = httpx.Timeout(10, read=read_seconds)
    transport = DirectTransport(tls, httpx.Limits(max_connections=4, max_keepalive_connections=4))
    async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        yield http


@pytest.mark.parametrize("tls", [False, True])
async def test_answer_that_is_larger_than_what_may_lie_unread_arrives_whole(tls: bool) -> None:
    async def big(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(_BIG))

    async with server(big, tls=tls) as url, client() as http:
        answers = [await http.get(url) for _ in range(2)]  # the second over the kept connection

    assert [answer.content == _BIG for answer in answers] == [True, True]


@pytest.mark.parametrize("tls", [False, True])
async def test_server_waits_for_a_reader_that_is_slow(tls: bool) -> None:
    sent = asyncio.Event()

    async def big(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = response(_BIG * 4)
        for start in range(0, len(whole), _WRITTEN_BYTES):  # TLS of asyncio takes in any single write
            writer.write(whole[start : start + _WRITTEN_BYTES])
            await writer.drain()
        sent.set()

    async with server(big, tls=tls) as url, client() as http, http.stream("GET", url) as answer:
        # Turns of the event loop, not time: 40 MB would go through in some hundred of them.
        for _ in range(5_000):
            await asyncio.sleep(0)
        sent_unread = sent.is_set()
        size = len(await answer.aread())

    assert (sent_unread, size) == (False, 4 * len(_BIG))


async def test_bytes_arrive_as_they_are_sent() -> None:
    proceed = asyncio.Event()

    async def in_two(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = response(b"first second")
        writer.write(whole[: -len(b" second")])
        await proceed.wait()
        writer.write(b" second")

    async with server(in_two, tls=True) as url, client() as http, http.stream("GET", url) as answer:
        parts = answer.aiter_raw()
        first = await anext(parts)
        proceed.set()
        rest = [part async for part in parts]

    assert (first, b"".join(rest)) == (b"first", b" second")


async def test_silence_beyond_the_deadline_is_a_read_timeout() -> None:
    async def nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(nothing) as url, client(read_seconds=0.05) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(url)


async def test_nobody_listening_is_a_connect_error() -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...

    async with server(never) as url:
        pass

    async with client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def test_certificate_of_somebody_else_is_told_as_such() -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...

    async with server(never, tls=True) as url, client() as http:
        with pytest.raises(httpx.ConnectError) as refused:
            await http.get(url.replace("127.0.0.1", "localhost"))

    told = str(unreachable(refused.value, silence_seconds=1))
    assert told == "the API server's certificate is not trusted: wrong CA, name or date"


@pytest.mark.parametrize("tls", [False, True])
async def test_connection_that_breaks_within_an_answer_is_an_error_and_not_an_end(tls: bool) -> None:
    async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"whole")[:-2])
        await writer.drain()
        writer.close()

    async with server(half, tls=tls) as url, client() as http:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await http.get(url)


@pytest.mark.parametrize("tls", [False, True])
async def test_kept_connection_that_the_server_has_closed_is_not_used_again(tls: bool) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"hello"))
        await writer.drain()
        writer.close()

    ends: list[bool] = []
    async with server(once, tls=tls) as url, client() as http:
        for _ in range(2):
            async with http.stream("GET", url) as answer:
                await answer.aread()
                stream = answer.extensions["network_stream"]
            async with asyncio.timeout(10):
                # Nothing tells that the server's end has arrived: that is what is_readable is for.
                while not stream.get_extra_info("is_readable"):  # noqa: ASYNC110  see above
                    await asyncio.sleep(0.001)
            ends.append(answer.text == "hello")

    assert ends == [True, True]
