"""Connections that ask again and again and never read an answer."""

import socket
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

RECEIVED_BYTES = 4096  # the least that the kernel gives: what the reader takes without reading
_MOST_NEW = (
    100  # connections opened in one turn, so that it is their number that does harm and not their rate
)


class SlowReaders:
    """Holds `count` connections to a listener, for as long as it lets them; closed at the end of a `with`."""

    def __init__(self, url: str, count: int, at_once: int) -> None:
        """`at_once` requests are sent on each connection before probes have their turn."""
        where = urlsplit(url)
        self._address = (where.hostname or "", where.port or 0)
        self._request = f"GET {where.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        self._sockets: list[socket.socket] = []
        self._count, self._at_once = count, at_once

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            one.close()

    def press(self) -> None:
        """Asks again on each connection; some of those that were closed are opened again."""
        for _ in range(min(_MOST_NEW, self._count - len(self._sockets))):
            self._open()
        for _ in range(self._at_once):
            self._sockets = [one for one in self._sockets if self._ask(one)]

    def _open(self) -> None:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        one.setblocking(False)
        with suppress(BlockingIOError):
            one.connect(self._address)
        self._sockets.append(one)

    def _ask(self, one: socket.socket) -> bool:
        try:
            one.send(self._request)
        except BlockingIOError:
            return True  # the listener reads no further
        except OSError:
            one.close()
            return False
        return True
