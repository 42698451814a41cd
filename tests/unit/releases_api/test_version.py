"""Precedence as text: the order of bytes is the order of SemVer."""

import itertools

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from workflow_releases.errors import VersionError
from workflow_releases.version import parse_version

# semver.org, item 11, and the cases between numbers of different length.
ASCENDING = (
    "0.0.0-0",
    "0.9.0",
    "1.0.0-1",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.9",
    "1.0.10",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "2.1.1",
    "10.0.0",
)


def test_precedence_sorts_as_semver_publishes_it() -> None:
    shuffled = sorted(ASCENDING, key=lambda text: text[::-1])

    assert tuple(sorted(shuffled, key=lambda text: parse_version(text).precedence)) == ASCENDING


@pytest.mark.parametrize("spelling", ["v1.2.3", "1.2.3", "v1.2.3+build.7", "1.2.3+b"])
def test_leading_v_and_build_metadata_do_not_make_another_release(spelling: str) -> None:
    assert parse_version(spelling).precedence == parse_version("v1.2.3").precedence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v",
        "1",
        "1.2",
        "v01.2.3",
        "1.2.3-",
        "1.2.3-01",
        "vv1.2.3",
        "1.2.3 ",
        "١.٢.٣",
        "git-1a2b3c4",
        "latest",
        "1.2.3\n",
        "1" * 200,
        "1.2." + "9" * 19,
        "V1.2.3",
    ],
)
def test_what_is_not_semver_is_refused(text: str) -> None:
    with pytest.raises(VersionError):
        parse_version(text)


_identifiers = st.lists(
    st.one_of(
        st.integers(0, 10**12).map(str),
        st.from_regex(r"[0-9]{0,3}[A-Za-z-][0-9A-Za-z-]{0,5}", fullmatch=True),
    ),
    max_size=3,
)
_numbers = st.integers(0, 10**12)
_versions = st.builds(
    lambda a, b, c, pre: f"{a}.{b}.{c}" + (f"-{'.'.join(pre)}" if pre else ""),
    _numbers,
    _numbers,
    _numbers,
    _identifiers,
)


@given(_versions, _versions)
def test_order_of_precedence_texts_is_the_order_of_the_semver_library(one: str, other: str) -> None:
    ours = (parse_version(one).precedence > parse_version(other).precedence) - (
        parse_version(one).precedence < parse_version(other).precedence
    )

    assert ours == semver.Version.parse(one).compare(other)


def test_precedence_of_neighbours_differs() -> None:
    for one, other in itertools.pairwise(ASCENDING):
        assert parse_version(one).precedence < parse_version(other).precedence
