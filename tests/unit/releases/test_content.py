"""Bodies within their bound, before and after decompression."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.releases_api import gzip_bomb
from workflow_exporter.errors import CatalogError
from workflow_exporter.releases.content import Content

MOST = 1024 * 1024


def read(encoding: str, *chunks: bytes, most: int = MOST) -> bytes:
    content = Content(encoding, most)
    for chunk in chunks:
        content.feed(chunk)
    return content.whole()


@given(body=st.binary(max_size=2000), cut=st.integers(0, 2000), packed=st.booleans())
def test_any_body_in_any_two_pieces_is_itself(body: bytes, cut: int, packed: bool) -> None:
    wire = gzip.compress(body) if packed else body

    assert read("gzip" if packed else "", wire[:cut], wire[cut:]) == body


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_without_an_encoding_the_bytes_are_the_body(encoding: str) -> None:
    assert read(encoding, b"{", b"}") == b"{}"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_byte_by_byte_is_unpacked(encoding: str) -> None:
    wire = gzip.compress(b"{}" * 1000)

    assert read(encoding, *(bytes([byte]) for byte in wire)) == b"{}" * 1000


def test_the_most_bytes_are_accepted_and_one_more_is_not() -> None:
    for encoding, pack in (("", bytes), ("gzip", gzip.compress)):
        assert read(encoding, pack(b"x" * 100), most=100) == b"x" * 100
        with pytest.raises(CatalogError, match="larger than"):
            read(encoding, pack(b"x" * 101), most=100)


@pytest.mark.parametrize(
    ("encoding", "chunks", "reason"),
    [
        ("br", (), "the answer has a Content-Encoding that was not asked for"),
        ("deflate", (), "the answer has a Content-Encoding that was not asked for"),
        ("gzip, gzip", (), "the answer has a Content-Encoding that was not asked for"),
        ("gzip", (b"{}",), "the answer says it is gzip and is not"),
        ("gzip", (), "the compressed answer breaks off before its end"),
        ("gzip", (gzip.compress(b"{}")[:-1],), "the compressed answer breaks off before its end"),
        ("gzip", (gzip.compress(b"{}") + b"x",), "the compressed answer goes on after its end"),
        ("gzip", (gzip.compress(b"{}"), b"x"), "the compressed answer goes on after its end"),
        ("gzip", (gzip.compress(b"{}") * 2,), "the compressed answer goes on after its end"),
        ("", (b"x" * (MOST + 1),), "the answer is larger than 1 MiB"),
    ],
)
def test_what_is_not_one_whole_body_is_refused(encoding: str, chunks: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(CatalogError) as caught:
        read(encoding, *chunks)

    assert str(caught.value) == reason


def test_a_bomb_is_never_unpacked_beyond_the_bound() -> None:
    bomb = gzip_bomb(100)
    tracemalloc.start()

    with pytest.raises(CatalogError, match="larger than 1 MiB"):
        read("gzip", bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * MOST  # the body, the piece that was added, and the room a bytearray keeps
