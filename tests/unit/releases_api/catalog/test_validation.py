"""Untrusted JSON: every fault with its path."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases_factories import NOW, document, moment
from workflow_releases.catalog import validation
from workflow_releases.catalog.model import Affects, EndOfLife, Successor
from workflow_releases.errors import Fault, InvalidError, MalformedError

WORD = "is not a name: lower-case letters, digits, and - between them, at most 63"
DIGEST = "is not a digest: sha256: and 64 lower-case hexadecimal digits"
TIME = "is not a time such as 2017-09-07T12:00:00Z"
URL = "is not an https:// address of at most 500 characters"

BAD_RELEASES = [
    ([], "v1.0.0", {"": "is not an object"}),
    ({}, "1.2", {"version": "is not a SemVer version, such as v2.19.0"}),
    ({}, "git-1a2b3c4", {"version": "is not a SemVer version, such as v2.19.0"}),
    ({"relased": 1}, "v1.0.0", {"relased": "is not a field that is taken here"}),
    ({"released": "yesterday"}, "v1.0.0", {"released": TIME}),
    ({"released": "2017-09-07"}, "v1.0.0", {"released": TIME}),
    ({"released": "2017-09-07T12:00:00"}, "v1.0.0", {"released": TIME}),
    ({"released": "0001-01-01T00:00:00+14:00"}, "v1.0.0", {"released": TIME}),
    ({"released": 1505822400}, "v1.0.0", {"released": TIME}),
    ({"released": "2017-09-20T12:05:01Z"}, "v1.0.0", {"released": "lies in the future"}),
    ({"released": "9999-12-31T23:59:59-23:59"}, "v1.0.0", {"released": TIME}),
    ({"security": "yes"}, "v1.0.0", {"security": "is neither true nor false"}),
    ({"yanked": None}, "v1.0.0", {"yanked": "is neither true nor false"}),
    ({"line": True}, "v1.0.0", {"line": "is not a whole number from 0 to 1000"}),
    ({"line": -1}, "v1.0.0", {"line": "is not a whole number from 0 to 1000"}),
    ({"line": 1.5}, "v1.0.0", {"line": "is not a whole number from 0 to 1000"}),
    ({"train": "Stable"}, "v1.0.0", {"train": WORD}),
    ({"train": ""}, "v1.0.0", {"train": WORD}),
    ({"digests": {"amd64": "sha256:12"}}, "v1.0.0", {"digests.amd64": DIGEST}),
    ({"digests": {"AMD 64": "x"}}, "v1.0.0", {"digests.'AMD 64'": WORD}),
    ({"digests": []}, "v1.0.0", {"digests": "is not an object"}),
    ({"notes_url": "http://example.org/"}, "v1.0.0", {"notes_url": URL}),
    ({"notes_url": "javascript:alert(1)"}, "v1.0.0", {"notes_url": URL}),
    ({"notes_url": "https://user:secret@example.org/"}, "v1.0.0", {"notes_url": URL}),
    ({"notes_url": "https://"}, "v1.0.0", {"notes_url": URL}),
    ({"notes_url": 'https://example.org/"onload='}, "v1.0.0", {"notes_url": URL}),
    ({"notes_url": "https://example.org/" + "a" * 500}, "v1.0.0", {"notes_url": URL}),
    ({"notes_url": "https://[::1"}, "v1.0.0", {"notes_url": URL}),
    (
        {"train": 1, "line": "x", "security": 0},
        "nonsense",
        {
            "version": "is not a SemVer version, such as v2.19.0",
            "train": WORD,
            "line": "is not a whole number from 0 to 1000",
            "security": "is neither true nor false",
        },
    ),
]


def faults_of(error: InvalidError) -> dict[str, str]:
    listed: dict[str, str] = {}
    for fault in error.faults:
        listed.setdefault(fault.path, fault.reason)
    return listed


@pytest.mark.parametrize(("raw", "version", "faults"), BAD_RELEASES)
def test_each_fault_of_a_release_is_named_with_its_path(
    raw: Any, version: str, faults: dict[str, str]
) -> None:
    with pytest.raises(InvalidError) as refused:
        validation.read_release(raw, version, NOW)

    assert faults_of(refused.value) == faults


def test_release_gives_back_the_fields_given_and_no_others() -> None:
    raw = {"released": "2017-09-07T14:00:00+02:00", "security": True, "notes_url": None, "line": 11.0}

    assert validation.read_release(raw, "v2.19.0", NOW) == {
        "released": moment("2017-09-07T12:00:00"),
        "security": True,
        "line": 11,
        "notes_url": None,
    }


def test_pipeline_whose_clock_is_five_minutes_ahead_may_publish() -> None:
    given = validation.read_release({"released": "2017-09-20T12:05:00Z"}, "v1.0.0", NOW)

    assert given == {"released": moment("2017-09-20T12:05:00")}


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        ({}, {"components": "is missing"}),
        (
            {"components": {"router": "latest"}},
            {"components.router": "is not a SemVer version, such as v2.19.0"},
        ),
        ({"components": {"Router": "v1.0.0"}}, {"components.Router": WORD}),
        ({"components": {"router": 2}}, {"components.router": "is not a version, such as v2.19.0"}),
        ({"components": {}, "yanked": True}, {"yanked": "is not a field that is taken here"}),
    ],
)
def test_each_fault_of_a_bundle_is_named_with_its_path(raw: Any, faults: dict[str, str]) -> None:
    with pytest.raises(InvalidError) as refused:
        validation.read_bundle(raw, "v1.0.0", NOW)

    assert faults_of(refused.value) == faults


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        ({}, {"severity": "is missing", "title": "is missing"}),
        (
            {"severity": "fatal", "title": " "},
            {"severity": "is none of info, warning, critical", "title": "is empty"},
        ),
        ({"severity": ["info"], "title": "x"}, {"severity": "is none of info, warning, critical"}),
        ({"severity": "info", "title": "a\tb"}, {"title": "has control characters or line breaks"}),
        ({"severity": "info", "title": "x", "text": "a\tb"}, {"text": "has control characters"}),
        ({"severity": "info", "title": "a\nb"}, {"title": "has control characters or line breaks"}),
        ({"severity": "info", "title": "\u202eevil"}, {"title": "has invisible characters, such as U+202E"}),
        ({"severity": "info", "title": "e\u200bvil"}, {"title": "has invisible characters, such as U+200B"}),
        (
            {"severity": "info", "title": "x", "text": "e\U000e0041vil"},
            {"text": "has invisible characters, such as U+E0041"},
        ),
        ({"severity": "info", "title": "x" * 201}, {"title": "is longer than 200 characters"}),
        ({"severity": "info", "title": "x", "text": "x" * 4001}, {"text": "is longer than 4000 characters"}),
        ({"severity": "info", "title": "x", "text": "\x00"}, {"text": "has control characters"}),
        (
            {"severity": "info", "title": "x", "published": "2018-01-01T00:00:00Z"},
            {"published": "lies in the future"},
        ),
        (
            {"severity": "info", "title": "x", "expires": "2017-09-20T12:00:00Z"},
            {"expires": "is not after the notice is published"},
        ),
        (
            {"severity": "info", "title": "x", "affects": {"clusters": []}},
            {"affects.clusters": "is not a field that is taken here"},
        ),
        (
            {"severity": "info", "title": "x", "affects": {"versions": ["v1"]}},
            {"affects.versions[0]": "is not a SemVer version, such as v2.19.0"},
        ),
        ({"severity": "info", "title": "x", "affects": []}, {"affects": "is not an object"}),
    ],
)
def test_each_fault_of_a_notice_is_named_with_its_path(raw: Any, faults: dict[str, str]) -> None:
    with pytest.raises(InvalidError) as refused:
        validation.read_notice(raw, "n1", NOW)

    assert faults_of(refused.value) == faults


def test_markup_in_a_notice_is_text_like_any_other() -> None:
    raw = {"severity": "info", "title": "<b>x</b>", "text": "<script>alert(1)</script>\nline two"}

    assert validation.read_notice(raw, "n1", NOW) == raw


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"schema_version": 2}, {"schema_version": "is not a whole number from 1 to 1"}),
        ({"platform": "hephy"}, {"platform": "is another one than the path's, deis"}),
        ({"title": None}, {"title": "is not text"}),
        ({"components": {"a b": {}}}, {"components.'a b'": WORD, "components.'a b'.title": "is missing"}),
        (
            {"components": {"router": {"title": "x", "releases": [{"version": "v1.0.0"}, {"version": 7}]}}},
            {"components.router.releases[1].version": "is not a version, such as v2.19.0"},
        ),
        ({"bundles": [{}]}, {"bundles[0].version": "is missing"}),
        ({"bundles": {}}, {"bundles": "is not a list"}),
        ({"notices": [{"id": "x"}]}, {"notices[0].severity": "is missing", "notices[0].title": "is missing"}),
        ({"end_of_life": {"text": "x"}}, {"end_of_life.date": "is missing"}),
        ({"successor": {"platform": "hephy"}}, {"successor.title": "is missing"}),
        ({"trains": ["x y"]}, {"trains[0]": WORD}),
        ({"trains": ["a.b"]}, {"trains[0]": WORD}),
        ({"trains": ["stable", "beta", "stable"]}, {"trains": "lists something twice"}),
        ({"surprise": 1}, {"surprise": "is not a field that is taken here"}),
    ],
)
def test_each_fault_of_a_catalog_is_named_with_its_path(changes: Any, faults: dict[str, str]) -> None:
    with pytest.raises(InvalidError) as refused:
        validation.read_catalog({**document(), **changes}, "deis", NOW)

    assert faults_of(refused.value) == faults


def test_ten_thousand_notices_are_one_fault() -> None:
    notices = [{"id": f"n{number}", "severity": "info", "title": "x"} for number in range(10_000)]

    with pytest.raises(InvalidError) as refused:
        validation.read_catalog({**document(), "notices": notices}, "deis", NOW)

    assert faults_of(refused.value) == {"notices": "has 10000 items; at most 200 are taken"}


def test_faults_are_cut_off_at_a_hundred() -> None:
    releases = [{"version": "x"} for _ in range(5000)]

    with pytest.raises(InvalidError, match="100 or more faults") as refused:
        validation.read_catalog(document(components={"a": {"title": "x", "releases": releases}}), "deis", NOW)

    assert len(refused.value.faults) == 100


def test_catalog_gives_back_values_where_the_store_keeps_values() -> None:
    given = validation.read_catalog(
        document(
            end_of_life={"date": "2018-03-01T00:00:00Z"},
            successor={"platform": "hephy", "title": "Hephy"},
            notices=[{"id": "n", "severity": "info", "title": "x", "affects": {"components": ["router"]}}],
        ),
        "deis",
        NOW,
    )

    assert given["end_of_life"] == EndOfLife(date=moment("2018-03-01"))
    assert given["successor"] == Successor(platform="hephy", title="Hephy")
    assert given["notices"][0]["affects"] == Affects(components=("router",))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b"{'a':1}", b"[" * 100_000, b'{"a":1} x'])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        validation.read_json(body)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_fields = st.sampled_from(["components", "bundles", "notices", "trains", "title", "end_of_life", "successor"])


@given(st.dictionaries(_fields, _json))
def test_any_json_is_either_taken_or_refused_with_paths(changes: dict[str, Any]) -> None:
    refused: tuple[Fault, ...] | None = None
    try:
        validation.read_catalog({**document(), **changes}, "deis", NOW)
    except InvalidError as error:
        refused = error.faults

    assert refused != ()


@given(st.binary(max_size=40))
def test_any_bytes_are_either_json_or_malformed(body: bytes) -> None:
    with contextlib.suppress(MalformedError):
        validation.read_json(body)


@pytest.mark.parametrize(
    ("generated", "faults"),
    [
        ("2017-09-20T12:10:00Z", []),
        ("2017-09-20T12:10:01Z", [Fault("generated", "lies more than ten minutes in the future")]),
        ("8999-12-31T23:59:59Z", [Fault("generated", "lies more than ten minutes in the future")]),
        ("9999-12-31T23:59:59Z", [Fault("generated", TIME)]),
    ],
)
def test_catalog_of_the_future_is_refused(generated: str, faults: list[Fault]) -> None:
    """Agents would refuse it, and every one after it (NOW is 12:00)."""
    found: list[Fault] = []
    try:
        validation.read_catalog(document(generated=generated), "deis", NOW)
    except InvalidError as error:
        found = list(error.faults)

    assert found == faults
