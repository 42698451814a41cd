import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.listeners import bind, serve_until


async def hello(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def test_a_port_in_use_is_one_line_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(
            SettingsError, match=f"PORT={port} cannot be listened on at 127.0.0.1: address already in use"
        ):
            bind("127.0.0.1", port, "PORT")


def test_an_address_of_another_machine_is_one_line() -> None:
    with pytest.raises(SettingsError, match=r"METRICS_PORT=0 cannot be listened on at 192\.0\.2\.1"):
        bind("192.0.2.1", 0, "METRICS_PORT")


def test_an_address_for_all_is_shown_as_loopback() -> None:
    listener = bind("0.0.0.0", 0, "PORT")  # noqa: S104 - the address whose display is tested

    with listener:
        assert listener.url == f"http://127.0.0.1:{listener.sock.getsockname()[1]}/"


def test_accepted_connections_send_the_end_of_an_answer_at_once() -> None:
    with bind("127.0.0.1", 0, "PORT") as listener:
        listener.sock.setblocking(True)
        with socket.create_connection(listener.sock.getsockname()), listener.sock.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.anyio
async def test_it_stops_although_a_kept_connection_is_open() -> None:
    listener, stop = bind("127.0.0.1", 0, "PORT"), asyncio.Event()
    serving = asyncio.create_task(serve_until(stop, listener, hello))

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(listener.url)
        stop.set()
        await asyncio.wait_for(serving, timeout=10)  # for ever, if the kept connection held it

    assert answer.text == "hello"
