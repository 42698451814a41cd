"""Pieces that were compressed apart make one member that ordinary decoders read to its end."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from workflow_exporter.web.gzip_pieces import GZIP_HEADER, deflate_end, deflate_piece


def _member(pieces: list[bytes], end: bytes) -> bytes:
    text = b"".join(pieces)
    body = b"".join(deflate_piece(piece) for piece in pieces)
    return GZIP_HEADER + body + deflate_end(end, zlib.crc32(text), len(text))


@given(st.lists(st.binary()), st.binary())
def test_any_pieces_in_any_order_are_one_member(pieces: list[bytes], end: bytes) -> None:
    member = _member(pieces, end)

    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert decoder.decompress(member) == b"".join(pieces) + end
    assert decoder.eof
    assert decoder.unused_data == b""
    assert gzip.decompress(member) == b"".join(pieces) + end


def test_pieces_do_not_lean_on_what_stood_before_them() -> None:
    first, second = b"workflow_node_ready" * 100, b"workflow_node_ready" * 50

    assert gzip.decompress(_member([second, first], b"")) == second + first
    assert len(deflate_piece(first)) < 100


def test_nothing_is_compressed_to_nothing() -> None:
    assert deflate_piece(b"") == b""
