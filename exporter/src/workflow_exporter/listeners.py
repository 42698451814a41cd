"""The two listeners: bound before anything starts, served in one event loop, stopped within a second."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from dataclasses import dataclass
from typing import Any, Self

import uvicorn

from workflow_exporter.connections import AnswerLimits, BadRequests, abort_all, connection_class
from workflow_exporter.errors import SettingsError

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

_BACKLOG = 64  # connections that wait to be accepted; a page and a scraper need few
# A listener; then one is closed for each new one, unless all are being answered: then up to twice as many.
# The loop takes some turns to close one, and accepts a backlog more in each: in a flood, two listeners stay
# below 1,024 open files, the usual limit.
_MAX_CONNECTIONS = 128
_REQUEST_SECONDS = 10  # from a connection's opening, or a request's first byte, to the request's end
_KEEP_ALIVE_SECONDS = 75  # longer than Prometheus' usual scrape interval of 60 s, so it need not reconnect
_GRACE_SECONDS = 0.5  # for answers under way when the program is told to end
_ANSWERS = AnswerLimits()


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket, closed at the end of a `with`."""

    sock: socket.socket

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    @property
    def url(self) -> str:
        """The address for a person: where all addresses are meant, the loopback one."""
        host, port = self.sock.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def bind(host: str, port: int, setting: str) -> Listener:
    """Binds now, so that a port in use is one clear line before anything starts; raises SettingsError.

    `setting` is the setting's name, for that line.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # IPv6 "all" means IPv4 too, as people expect of `::`.
        sock = socket.create_server(
            (host, port),
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=family == socket.AF_INET6 and host == "::",
        )
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"{setting}={port} cannot be listened on at {host}: {reason.lower()}") from error
    sock.setblocking(False)
    # Accepted connections inherit it. asyncio sets it only on sockets that say they are TCP, which these do
    # not, and then the last bytes of an answer wait 40 ms for the receiver's delayed acknowledgement.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Listener(sock)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: two servers share this process, and `app` listens for both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve_until(
    stop: asyncio.Event,
    listener: Listener,
    application: AsgiApp,
    *,
    max_connections: int = _MAX_CONNECTIONS,
    request_seconds: float = _REQUEST_SECONDS,
    keep_alive_seconds: int = _KEEP_ALIVE_SECONDS,
    answers: AnswerLimits = _ANSWERS,
) -> None:
    """Serves until `stop` is set; open answers get a moment to end, idle connections none."""
    bad_requests = BadRequests(listener.sock.getsockname()[1])
    config = uvicorn.Config(
        application,
        http=connection_class(max_connections, request_seconds, answers, bad_requests),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # addresses of visitors are nobody's business
        proxy_headers=False,
        server_header=False,
        # uvicorn listens anew with this; it is also how many are accepted in one turn of the loop.
        backlog=_BACKLOG,
        timeout_keep_alive=keep_alive_seconds,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener.sock]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    done, _ = await asyncio.wait({serving}, timeout=_GRACE_SECONDS)
    if not done:
        server.force_exit = True
        abort_all(server.server_state.connections)
    await serving
    bad_requests.close()
