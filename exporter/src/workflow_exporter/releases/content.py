"""A body as it arrives, decompressed piece by piece and never beyond its bound. Pure."""

import zlib

from workflow_exporter.errors import CatalogError

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say: a gzip header, and nothing else
_IDENTITY = frozenset({"", "identity"})
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})  # RFC 9110, 8.4.1.3: the same


class Content:
    """Collects one body. Every method raises CatalogError."""

    def __init__(self, content_encoding: str, most_bytes: int) -> None:
        """`content_encoding` as its header has it, empty for none; `most_bytes` holds before and after
        decompression."""
        encoding = content_encoding.strip().lower()
        if encoding not in _IDENTITY | _GZIP_NAMES:
            raise CatalogError("the answer has a Content-Encoding that was not asked for")
        self._gzip = zlib.decompressobj(_GZIP) if encoding in _GZIP_NAMES else None
        self._most_bytes = most_bytes
        self._arrived_bytes = 0
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._arrived_bytes += len(chunk)
        if self._gzip is None:
            self._body += chunk
        elif self._gzip.eof:
            self._refuse_trailer(chunk)
        else:
            self._decompress(self._gzip, chunk)
        # Both: a stream of empty blocks arrives for ever and decompresses to nothing.
        if max(self._arrived_bytes, len(self._body)) > self._most_bytes:
            raise CatalogError(f"the answer is larger than {self._most_bytes // 1024**2} MiB")

    def whole(self) -> bytes:
        """The body, after the last chunk."""
        if self._gzip is not None and not self._gzip.eof:
            raise CatalogError("the compressed answer breaks off before its end")
        return bytes(self._body)

    def _decompress(self, gzip: "zlib._Decompress", chunk: bytes) -> None:
        try:
            # One byte more than allowed is enough to see that it is too much; never more is made.
            self._body += gzip.decompress(chunk, self._most_bytes + 1 - len(self._body))
        except zlib.error as error:
            raise CatalogError("the answer says it is gzip and is not") from error
        if gzip.eof:
            self._refuse_trailer(gzip.unused_data)

    def _refuse_trailer(self, rest: bytes) -> None:
        if rest:
            raise CatalogError("the compressed answer goes on after its end")
