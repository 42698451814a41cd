"""Lines out of a stream of bytes, with a bound."""

from collections.abc import Iterator

# The API server refuses objects beyond etcd's 1.5 MiB; escaping and a watch's frame stay far below this.
MAX_LINE_BYTES = 8 * 1024 * 1024  # 8 MiB


class LineTooLongError(ValueError):
    """A line did not end within its bound."""


class Lines:
    """Splits chunks at line feeds; holds no more than one unfinished line."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_line_bytes = max_line_bytes
        self._unfinished = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that `chunk` completes, without line feeds and without empty ones.

        Raises LineTooLongError as soon as a line is longer than the bound, finished or not.
        """
        first, *rest = chunk.split(b"\n")
        self._unfinished += first
        self._check(len(self._unfinished))
        if not rest:
            return
        line = bytes(self._unfinished)
        self._unfinished = bytearray(rest.pop())
        if line:
            yield line
        for line in rest:
            self._check(len(line))
            if line:
                yield line
        self._check(len(self._unfinished))

    def _check(self, length: int) -> None:
        if length > self._max_line_bytes:
            raise LineTooLongError(f"a line is longer than {self._max_line_bytes} bytes")
