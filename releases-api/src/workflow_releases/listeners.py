"""The two listeners: bound before anything starts, served in one event loop, stopped within a second."""

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from dataclasses import dataclass
from typing import Any

import uvicorn

from workflow_releases.connections import AnswerLimits, BadRequests, abort_all, connection_class
from workflow_releases.errors import SettingsError

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

_BACKLOG = 1024  # connections that wait to be accepted: after an outage all agents come at once
# A listener; then one is closed for each new one, unless all are being answered: then up to twice as many.
# Fewer where few files may be open.
_MAX_CONNECTIONS = 4096
_REQUEST_SECONDS = 20  # for a whole request; a report's own deadline of 10 s, which is answered, comes first
_KEEP_ALIVE_SECONDS = 75  # longer than proxies and Prometheus wait between two requests (60 s)
_GRACE_SECONDS = 0.5  # for answers under way when the program is told to end
_ANSWERS = AnswerLimits()


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket; `setting` names the setting that chose its port."""

    sock: socket.socket
    setting: str

    @property
    def url(self) -> str:
        """The address for a person: where all addresses are meant, the loopback one."""
        host, port = self.sock.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def bind(host: str, port: int, setting: str) -> Listener:
    """Binds now, so that a port in use is one clear line before anything starts; raises SettingsError."""
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
        # `create_server` puts the address into `strerror`, where it stands already.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"{setting}={port} cannot be listened on at {host}: {reason.lower()}") from error
    # asyncio sets this only on sockets whose protocol is named, and `create_server` names none. Without it
    # each answer of more than a packet waits 40 ms for the asker's delayed acknowledgement.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
    sock.setblocking(False)
    return Listener(sock, setting)


def most_connections() -> int:
    """Of a listener. In a flood, two of them take three quarters of the files that may be open.

    It takes the loop some turns to close one connection, and each turn accepts a backlog more.
    """
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MAX_CONNECTIONS if files == resource.RLIM_INFINITY else min(_MAX_CONNECTIONS, files // 8)


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
    most = min(max_connections, most_connections())
    bad_requests = BadRequests(listener.sock.getsockname()[1])
    config = uvicorn.Config(
        application,
        http=connection_class(most, request_seconds, answers, bad_requests),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # addresses of visitors are nobody's business
        proxy_headers=False,
        server_header=False,
        # uvicorn listens anew with this; it is also how many are accepted in one turn of the loop.
        backlog=min(_BACKLOG, most // 2 or 1),
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
