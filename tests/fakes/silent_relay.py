"""A relay that can fall silent: connections stay open and nothing passes, as on a way that is lost."""

import socket
import threading
from contextlib import suppress
from typing import Self


class SilentRelay:
    """Passes connections on to a port of this machine; listens from entering to leaving."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._open: list[_Pair] = []
        self._takes_new = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for sock in (self._server, *(end for pair in self._open for end in pair.ends)):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()

    def fall_silent(self, *, takes_new: bool) -> None:
        """What is open never passes anything again, not even its end; new ones do if it `takes_new`."""
        with self._lock:
            self._takes_new = takes_new
            for pair in self._open:
                pair.silent = True

    def come_back(self) -> None:
        """For new connections; those that fell silent stay it."""
        with self._lock:
            self._takes_new = True

    def _accept(self) -> None:
        with suppress(OSError):  # the end of the relay
            while True:
                here, _ = self._server.accept()
                pair = _Pair(here, socket.create_connection(("127.0.0.1", self._to_port)))
                with self._lock:
                    pair.silent = not self._takes_new
                    self._open.append(pair)
                for way in (pair.ends, pair.ends[::-1]):
                    threading.Thread(target=pair.pass_on, args=way, daemon=True).start()


class _Pair:
    def __init__(self, here: socket.socket, there: socket.socket) -> None:
        self.ends = (here, there)
        self.silent = False

    def pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if not self.silent:
                    target.sendall(piece)
        if not self.silent:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)
