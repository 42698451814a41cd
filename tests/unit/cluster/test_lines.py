from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_exporter.cluster.lines import Lines, LineTooLongError


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"one\n"], [b"one"]),
        ([b"one\ntwo\n"], [b"one", b"two"]),
        ([b"o", b"n", b"e", b"\n"], [b"one"]),
        ([b"one\ntw", b"o\nthree"], [b"one", b"two"]),
        ([b"\n\n", b"one\n\n"], [b"one"]),
        ([b"", b"one", b"", b"\n"], [b"one"]),
        ([b"no end"], []),
    ],
)
def test_lines_are_what_stands_between_line_feeds(chunks: list[bytes], expected: list[bytes]) -> None:
    lines = Lines()

    assert [line for chunk in chunks for line in lines.feed(chunk)] == expected


@given(st.lists(st.binary(max_size=8).map(lambda b: b.replace(b"\n", b"x"))), st.lists(st.integers(0, 40)))
def test_where_the_stream_is_cut_does_not_matter(texts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(text + b"\n" for text in texts)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    lines = Lines()

    assert [line for chunk in chunks for line in lines.feed(chunk)] == [text for text in texts if text]


@pytest.mark.parametrize(
    "chunks",
    [[b"123456"], [b"123", b"456"], [b"123456\n"], [b"1\n123456\n2\n"], [b"1\n2\n123456"]],
)
def test_line_beyond_the_bound_is_refused_before_it_ends(chunks: list[bytes]) -> None:
    lines = Lines(max_line_bytes=5)

    with pytest.raises(LineTooLongError):
        [line for chunk in chunks for line in lines.feed(chunk)]


def test_line_of_just_the_bound_is_taken() -> None:
    assert list(Lines(max_line_bytes=5).feed(b"12345\n12345\n")) == [b"12345", b"12345"]
