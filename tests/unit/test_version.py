"""Versions against semver.org's published lists, and by properties.

Sources: semver.org 2.0.0, item 11 (the precedence list) and its suggested regular expression's own
corpus of valid and invalid versions, https://regex101.com/r/vkijKf/1/.
"""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_exporter.errors import VersionError
from workflow_exporter.version import Version, parse_version

no_deadline = settings(deadline=None)  # a busy machine is no failure

PRECEDENCE = [  # item 11: numbers, then the release above its pre-releases, then the identifiers' own order
    *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"),
    *("1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1"),
]

VALID = """
0.0.4 1.2.3 10.20.30 1.1.2-prerelease+meta 1.1.2+meta 1.1.2+meta-valid 1.0.0-alpha 1.0.0-beta
1.0.0-alpha.beta 1.0.0-alpha.beta.1 1.0.0-alpha.1 1.0.0-alpha0.valid 1.0.0-alpha.0valid
1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay 1.0.0-rc.1+build.1 2.0.0-rc.1+build.123 1.2.3-beta
10.2.3-DEV-SNAPSHOT 1.2.3-SNAPSHOT-123 1.0.0 2.0.0 1.1.7 2.0.0+build.1848 2.0.1-alpha.1227
1.0.0-alpha+beta 1.2.3----RC-SNAPSHOT.12.9.1--.12+788 1.2.3----R-S.12.9.1--.12+meta
1.2.3----RC-SNAPSHOT.12.9.1--.12 1.0.0+0.build.1-rc.10000aaa-kk-0.1
99999999999999999999999.999999999999999999.99999999999999999 1.0.0-0A.is.legal
""".split()  # noqa: SIM905  a corpus reads better as words

INVALID = """
1 1.2 1.2.3-0123 1.2.3-0123.0123 1.1.2+.123 +invalid -invalid -invalid+invalid -invalid.01 alpha
alpha.beta alpha.beta.1 alpha.1 alpha+beta alpha_beta alpha. alpha.. beta 1.0.0-alpha_beta -alpha.
1.0.0-alpha.. 1.0.0-alpha..1 1.0.0-alpha...1 1.0.0-alpha....1 1.0.0-alpha.....1 1.0.0-alpha......1
1.0.0-alpha.......1 01.1.1 1.01.1 1.1.01 1.2.3.DEV 1.2-SNAPSHOT 1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788
1.2-RC-SNAPSHOT -1.0.3-gamma+b7718 +justmeta 9.8.7+meta+meta 9.8.7-whatever+meta+meta
99999999999999999999999.999999999999999999.99999999999999999----RC-SNAPSHOT.12.09.1--------------------------------..12
""".split()  # noqa: SIM905  a corpus reads better as words

OWN_INVALID = [  # what tags and annotations hold that is not a version
    "",
    "v",
    "V1.2.3",
    "vv1.2.3",
    "v1.2",
    " v1.2.3",
    "v1.2.3\n",
    "١.2.3",  # another script's digit
    "1.2.3-ü",
    "canary",
    "git-1a2b3c4",
    "1234567",
    "1.0.0-" + "a" * 128,
]

_number = st.integers(min_value=0, max_value=12)
_identifier = st.integers(min_value=0, max_value=12).map(str) | st.sampled_from(
    ["alpha", "beta", "rc", "a-b", "-", "0a", "RC"]
)
_versions = st.builds(
    lambda v, numbers, pre, build: (
        v
        + ".".join(map(str, numbers))
        + ("-" + ".".join(pre) if pre else "")
        + ("+" + ".".join(build) if build else "")
    ),
    st.sampled_from(["", "v"]),
    st.tuples(_number, _number, _number),
    st.lists(_identifier, max_size=3),
    st.lists(_identifier | st.just("007"), max_size=2),
)


def test_precedence_is_the_published_list() -> None:
    versions = [parse_version(text) for text in PRECEDENCE]

    for (i, left), (j, right) in itertools.product(enumerate(versions), repeat=2):
        assert (left < right, left == right, left > right) == (i < j, i == j, i > j), (left, right)


@pytest.mark.parametrize("text", VALID)
def test_published_valid_version_is_read_and_printed_as_written(text: str) -> None:
    assert str(parse_version(text)) == text
    assert str(parse_version("v" + text)) == "v" + text


@pytest.mark.parametrize("text", [*INVALID, *OWN_INVALID], ids=repr)
def test_published_invalid_version_is_refused(text: str) -> None:
    with pytest.raises(VersionError) as refusal:
        parse_version(text)

    assert "\n" not in str(refusal.value)


@no_deadline
@given(_versions)
def test_printed_version_is_what_was_parsed(text: str) -> None:
    assert str(parse_version(text)) == text


@no_deadline
@given(_versions, _versions, _versions)
def test_precedence_is_a_total_preorder(a: str, b: str, c: str) -> None:
    x, y, z = parse_version(a), parse_version(b), parse_version(c)

    assert (x < y) + (x == y) + (x > y) == 1
    assert (x <= y) == (not y < x)
    assert not (x <= y <= z) or x <= z
    assert x != y or hash(x) == hash(y)


@no_deadline
@given(_versions, _versions)
def test_precedence_is_that_of_the_semver_library(a: str, b: str) -> None:
    x, y = parse_version(a), parse_version(b)

    assert (x > y) - (x < y) == x.semver.compare(y.semver)


@no_deadline
@given(_versions)
def test_neither_v_nor_build_metadata_affects_precedence(text: str) -> None:
    bare = text.removeprefix("v").partition("+")[0]

    spellings = {parse_version(s) for s in (bare, "v" + bare, bare + "+build.7", text)}

    assert len(spellings) == 1


def test_version_equals_no_text() -> None:
    assert parse_version("v1.2.3") != "v1.2.3"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.8.1", "v1.8.1"),
        ("v2.18.0", "v2.18.0"),
        ("v2.0.0-rc1+build", "v2.0.0-rc1"),
    ],
)
def test_canonical_form_has_v_and_no_build_metadata(text: str, canonical: str) -> None:
    assert parse_version(text).canonical == canonical


def test_pre_release_shares_the_release_line_of_the_release_it_leads_to() -> None:
    candidate, final = parse_version("v2.1.0-rc.1"), parse_version("2.1.0")

    assert (candidate.release_line, candidate.is_prerelease) == ((2, 1, 0), True)
    assert (final.release_line, final.is_prerelease) == ((2, 1, 0), False)


def test_versions_sort_by_precedence_and_not_by_text() -> None:
    texts = ["v2.10.0", "v2.9.1", "2.9.0", "v10.0.0", "v2.10.0-rc.2", "v2.10.0-rc.10"]

    ordered: list[Version] = sorted(map(parse_version, texts))

    assert [str(v) for v in ordered] == [
        "2.9.0",
        "v2.9.1",
        "v2.10.0-rc.2",
        "v2.10.0-rc.10",
        "v2.10.0",
        "v10.0.0",
    ]
