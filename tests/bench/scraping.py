"""A client for scrapes that costs as little as a client can: one kept connection, one buffer, no copies."""

import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_BUFFER_BYTES = 64 * 1024 * 1024  # 15,000 nodes in all of kube-state-metrics are 40 MiB of text
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_HEAD_END = b"\r\n\r\n"
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scrape brought, and how long it took from the request to the last byte."""

    seconds: float
    wire_bytes: int
    body: bytes


class Scraper:
    """Asks one address again and again. Not for threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"{url} has no host or port")
        self._address = (parts.hostname, parts.port)
        self._lines = f"GET {parts.path} HTTP/1.1\r\nHost: bench\r\nAccept: text/plain\r\n"
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._socket: socket.socket | None = None

    def scrape(self, *, gzip: bool = False, with_body: bool = True) -> Answer:
        """Raises OSError where nobody answers, ValueError for any status but 200."""
        encoding = "gzip" if gzip else "identity"
        request = f"{self._lines}Accept-Encoding: {encoding}\r\n\r\n".encode()
        kept = self._socket is not None
        try:
            seconds, filled = self._exchange(request)
        except ConnectionError:
            if not kept:
                raise
            seconds, filled = self._exchange(request)  # the server had closed the idle connection
        head, _, body = bytes(self._buffer[:filled]).partition(_HEAD_END) if with_body else (b"", b"", b"")
        return Answer(seconds, filled, dechunked(body) if _is_chunked(head) else body)

    def _exchange(self, request: bytes) -> tuple[float, int]:
        """Seconds, and how far the buffer is filled."""
        connection = self._connected()
        began = time.perf_counter()
        try:
            connection.sendall(request)
            filled = self._receive(connection)
        except (OSError, ValueError):
            self.close()
            raise
        return time.perf_counter() - began, filled

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT_SECONDS)
        return self._socket

    def _receive(self, connection: socket.socket) -> int:
        """Fills the buffer with one answer; how far."""
        filled, total = 0, None
        chunked = False
        while total is None or filled < total:
            count = connection.recv_into(self._buffer[filled:])
            if not count:
                raise ConnectionError("the answer ended early")
            filled += count
            if total is None and not chunked:
                total, chunked = _length(bytes(self._buffer[: min(filled, 4096)]))
            if chunked and self._buffer[filled - len(_LAST_CHUNK) : filled] == _LAST_CHUNK:
                break
        return filled


def _length(beginning: bytes) -> tuple[int | None, bool]:
    """Bytes of head and body together, and whether the body comes in chunks; (None, False): read on."""
    head, end, _ = beginning.partition(_HEAD_END)
    if not end:
        return None, False
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(f"answered {head.splitlines()[0].decode('latin-1')}")
    for line in head.lower().splitlines():
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return len(head) + len(_HEAD_END) + int(value), False
    if _is_chunked(head):
        return None, True
    raise ValueError("neither a Content-Length nor chunks")


def _is_chunked(head: bytes) -> bool:
    return b"\r\ntransfer-encoding: chunked" in head.lower()


def dechunked(body: bytes) -> bytes:
    """What chunks hold (RFC 9112 section 7.1); chunk extensions and trailers are not expected."""
    parts: list[bytes] = []
    at = 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end], 16)
        if size == 0:
            return b"".join(parts)
        begin = line_end + 2
        parts.append(body[begin : begin + size])
        at = begin + size + 2
