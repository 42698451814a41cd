"""Files in the encodings of Windows' tools are read as what they say, or refused by name."""

import codecs
import inspect

import pytest

import workflow_exporter.text_encoding
import workflow_releases.text_encoding
from workflow_exporter.text_encoding import utf8

TEXT = '{"title": "Hephy – Workflow"}\r\n'
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "UTF-16, little-endian": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big-endian": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-16 without a mark, little-endian": TEXT.encode("utf-16-le"),
    "UTF-16 without a mark, big-endian": TEXT.encode("utf-16-be"),
    "UTF-32, little-endian": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "UTF-32, big-endian": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    "UTF-32 without a mark": TEXT.encode("utf-32-le"),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_text_is_the_same_in_every_encoding(encoding: str) -> None:
    assert utf8(ENCODED[encoding]) == TEXT.encode()


@pytest.mark.parametrize("second", ["UTF-8 with a mark", "UTF-16, little-endian", "UTF-16, big-endian"])
@pytest.mark.parametrize("first", ["UTF-8", "UTF-8 with a mark"])
def test_joined_files_are_read_each_in_its_own_encoding(first: str, second: str) -> None:
    assert utf8(ENCODED[first] + ENCODED[second]) == TEXT.encode() * 2


def test_joined_files_of_powershell_lose_the_mark_between_them() -> None:
    assert utf8(ENCODED["UTF-16, little-endian"] * 2) == TEXT.encode() * 2


def test_mark_within_a_line_is_a_character() -> None:
    assert utf8("a\ufeffb".encode()) == "a\ufeffb".encode()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\x89PNG\r\n\x1a\n", "is neither UTF-8 text nor UTF-16 with a byte order mark"),
        ("Größe".encode("latin-1"), "is neither UTF-8 text nor UTF-16 with a byte order mark"),
        (b"a" * 3_000_000 + b"\xf6", "is neither UTF-8 text nor UTF-16 with a byte order mark"),
        (codecs.BOM_UTF16_LE + b"a\0b", "begins as UTF-16 text, and is not UTF-16 throughout"),
        (codecs.BOM_UTF32_LE + b"a\0\0\0b", "begins as UTF-32 text, and is not UTF-32 throughout"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_name_of_the_encoding(data: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match="UTF") as refusal:
        utf8(data)

    assert str(refusal.value) == fault


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", "ä".encode(), ("ä" * 1_000_000).encode()])
def test_plain_text_is_returned_as_it_is(data: bytes) -> None:
    assert utf8(data) is data


def test_both_programs_read_files_alike() -> None:
    of_exporter, of_releases_api = map(
        inspect.getsource, (workflow_exporter.text_encoding, workflow_releases.text_encoding)
    )

    assert of_exporter == of_releases_api
