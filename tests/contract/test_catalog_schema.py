"""The catalog's JSON Schema and the agent's own reader accept and refuse the same documents.

Where they differ they do so on purpose, and the second half of this file says how.
"""

import copy
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.errors import CatalogError

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "releases-api" / "schema" / "catalog.schema.json").read_text(
        encoding="utf-8"
    )
)
_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    """The days and hours exist; the form is the pattern's."""
    return not isinstance(value, str) or datetime.fromisoformat(value) is not None


VALIDATOR = Draft202012Validator(SCHEMA, format_checker=_formats)

WHOLE: dict[str, Any] = {
    "schema_version": 1,
    "platform": "deis",
    "title": "Deis Workflow",
    "generated": "2018-03-01T00:00:00Z",
    "expires": "2018-04-01T00:00:00.5+00:00",
    "trains": ["stable", "edge"],
    "end_of_life": {"date": "2018-03-01T00:00:00Z", "text": "Maintenance has ended.\nThanks to all."},
    "successor": {"platform": "hephy", "title": "Hephy Workflow", "url": "https://example.org/hephy"},
    "bundles": [
        {
            "version": "v2.18.0",
            "train": "stable",
            "released": "2017-09-07T00:00:00Z",
            "components": {"builder": "v2.12.0", "workflow-manager": "2.5.1"},
            "derived": True,
            "notes_url": "https://example.org/v2.18.0?a=b#c",
        },
        {"version": "v2.19.0", "released": None},
    ],
    "components": {
        "builder": {
            "title": "Builder",
            "images": ["quay.io/deis/builder"],
            "releases": [
                {
                    "version": "v2.12.0-rc.1+build.7",
                    "train": "edge",
                    "released": "2017-07-06T16:50:24Z",
                    "security": True,
                    "yanked": False,
                    "line": 1,
                    "digests": {"amd64": "sha256:" + "f" * 64},
                    "notes_url": None,
                },
                {"version": "2.11.0"},
            ],
        },
        "quickwit": {"title": "Quickwit"},
    },
    "notices": [
        {
            "id": "DEIS-2018.1",
            "severity": "critical",
            "title": "The end",
            "text": "Nothing follows.",
            "url": "https://example.org/end",
            "published": "2018-03-01T00:00:00Z",
            "expires": None,
            "affects": {"components": ["builder"], "versions": ["v2.12.0"]},
        },
        {"id": "2", "severity": "info", "title": "Ünïcode is fine – “so” is 漢字"},
    ],
}
LEAST: dict[str, Any] = {
    "schema_version": 1,
    "platform": "deis",
    "title": "Deis Workflow",
    "generated": "2018-03-01T00:00:00Z",
}

ABSENT = object()


def changed(path: str, value: object) -> dict[str, Any]:
    """WHOLE with one place replaced, or left out; `components.builder.title`, `bundles.0.version`."""
    document = copy.deepcopy(WHOLE)
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place: Any = document
    for key in parents:
        place = place[key]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return document


def schema_accepts(document: dict[str, Any]) -> bool:
    return VALIDATOR.is_valid(document)


def reader_accepts(document: dict[str, Any]) -> bool:
    try:
        parse_catalog(json.dumps(document).encode())
    except CatalogError:
        return False
    return True


OPTIONAL = [
    *("expires", "trains", "end_of_life", "successor", "bundles", "components", "notices"),
    *("end_of_life.text", "successor.url"),
    *(f"bundles.0.{key}" for key in ("train", "released", "components", "derived", "notes_url")),
    *(f"components.builder.{key}" for key in ("images", "releases")),
    *(
        f"components.builder.releases.0.{key}"
        for key in ("train", "released", "security", "yanked", "line", "digests", "notes_url")
    ),
    *(f"notices.0.{key}" for key in ("text", "url", "published", "expires", "affects")),
    *("notices.0.affects.components", "notices.0.affects.versions"),
]
REQUIRED = [
    *("schema_version", "platform", "title", "generated", "end_of_life.date", "successor.platform"),
    *("successor.title", "bundles.0.version", "components.builder.title"),
    *("components.builder.releases.0.version", "notices.0.id", "notices.0.severity", "notices.0.title"),
]
NULLABLE = [
    *("expires", "end_of_life", "end_of_life.text", "successor", "successor.url", "bundles.0.released"),
    *("bundles.0.notes_url", "components.builder.releases.0.released"),
    *("components.builder.releases.0.notes_url", "notices.0.url", "notices.0.published", "notices.0.expires"),
]
WORDS = ["platform", "trains.0", "successor.platform", "bundles.0.train", "notices.0.affects.components.0"]
BAD_WORDS = ["", "Deis", "deis_workflow", "-deis", "deis-", "a.b", "ü", "a" * 64, 'x"y', 7, None]
TITLES = ["title", "components.builder.title", "notices.0.title", "successor.title"]
BAD_TITLES = ["", "two\nlines", "bell\x07", "escape \x1b[31m", "\x9b31m", "a" * 201, 7, None]
PROSE = ["end_of_life.text", "notices.0.text"]
BAD_PROSE = ["escape \x1b[31m", "carriage\rreturn", "a" * 4001, 7]
TIMES = [
    *("generated", "expires", "end_of_life.date", "bundles.0.released", "notices.0.published"),
    *("components.builder.releases.0.released", "notices.0.expires"),
]
BAD_TIMES = [
    *("2018-03-01", "2018-03-01T00:00:00", "2018-03-01T00:00:00+02:00", "2018-13-01T00:00:00Z", "yesterday"),
    *("", 1519862400, True),
]
VERSIONS = [
    *("bundles.0.version", "bundles.0.components.builder", "components.builder.releases.0.version"),
    "notices.0.affects.versions.0",
]
BAD_VERSIONS = [
    "",
    "v2",
    "v2.18",
    "2.18.0.1",
    "v02.1.0",
    "canary",
    "git-1a2b3c4",
    "١.2.3",
    "v1.2.3-",
    2,
    None,
]
FLAGS = [
    "bundles.0.derived",
    "components.builder.releases.0.security",
    "components.builder.releases.0.yanked",
]
BAD_FLAGS = [0, "true", None]
OTHER_FAULTS: list[tuple[str, object]] = [
    ("schema_version", 2),
    ("schema_version", "1"),
    ("components.builder.releases.0.line", -1),
    ("components.builder.releases.0.line", 1.5),
    ("components.builder.releases.0.digests", {"amd64": 7}),
    ("components.builder.images", "quay.io/deis/builder"),
    ("components.builder.releases", {}),
    ("components.Builder", {"title": "Builder"}),
    ("bundles.0.components.Builder", "v1.0.0"),
    ("bundles", {}),
    ("components", []),
    ("notices", None),
    ("trains", ["stable", "stable"]),
    ("notices.0.severity", "loud"),
    ("notices.0.id", "two words"),
    ("notices.0.id", ""),
    ("notices.0.id", "a" * 64),
    ("notices.0.affects", None),
]


def _product(paths: list[str], values: list[Any]) -> list[tuple[str, object]]:
    return [(path, value) for path in paths for value in values]


REFUSED = [
    *_product(REQUIRED, [ABSENT]),
    *_product(WORDS, BAD_WORDS),
    *_product(TITLES, BAD_TITLES),
    *_product(PROSE, BAD_PROSE),
    *_product(TIMES, BAD_TIMES),
    *_product(VERSIONS, BAD_VERSIONS),
    *_product(FLAGS, BAD_FLAGS),
    *OTHER_FAULTS,
]


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("accepts", [schema_accepts, reader_accepts])
@pytest.mark.parametrize("document", [WHOLE, LEAST], ids=["whole", "least"])
def test_document_with_everything_and_with_the_least_is_accepted(
    document: dict[str, Any], accepts: Callable[[dict[str, Any]], bool]
) -> None:
    assert accepts(document)


@pytest.mark.parametrize("path", OPTIONAL)
def test_both_accept_a_document_without_an_optional_field(path: str) -> None:
    document = changed(path, ABSENT)

    assert (schema_accepts(document), reader_accepts(document)) == (True, True)


@pytest.mark.parametrize("path", NULLABLE)
def test_both_accept_null_where_something_may_be_unknown(path: str) -> None:
    document = changed(path, None)

    assert (schema_accepts(document), reader_accepts(document)) == (True, True)


@pytest.mark.parametrize(
    ("path", "value"), REFUSED, ids=lambda value: "left out" if value is ABSENT else repr(value)[:40]
)
def test_both_refuse_the_same_fault(path: str, value: object) -> None:
    document = changed(path, value)

    assert (schema_accepts(document), reader_accepts(document)) == (False, False)


# Departures, each on purpose.


@pytest.mark.parametrize("path", ["new", "bundles.0.new", "components.builder.new", "notices.0.affects.new"])
def test_unknown_field_is_refused_from_publishers_and_ignored_by_readers(path: str) -> None:
    document = changed(path, {"anything": 1})

    assert (schema_accepts(document), reader_accepts(document)) == (False, True)


@pytest.mark.parametrize(
    "link", ["http://example.org", "javascript:alert(1)", "https://ex ample", "https://", "x"]
)
@pytest.mark.parametrize(
    "path",
    ["bundles.0.notes_url", "components.builder.releases.0.notes_url", "notices.0.url", "successor.url"],
)
def test_unsafe_link_is_refused_from_publishers_and_dropped_by_readers(path: str, link: str) -> None:
    document = changed(path, link)

    assert not schema_accepts(document)
    assert parse_catalog(json.dumps(document).encode()) == parse_catalog(
        json.dumps(changed(path, None)).encode()
    )


@pytest.mark.parametrize("char", ["\u200d", "\u200c", "\u00ad", "\u202e", "\U000e0041"], ids=ascii)
@pytest.mark.parametrize("path", [*TITLES, *PROSE])
def test_invisible_character_is_refused_from_publishers_and_marked_by_readers(path: str, char: str) -> None:
    document = changed(path, f"a{char}b")

    assert not schema_accepts(document)
    assert parse_catalog(json.dumps(document).encode()) == parse_catalog(
        json.dumps(changed(path, "a\ufffdb")).encode()
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("components.builder.releases.1.version", "v2.12.0-rc.1"),
        ("bundles.1.version", "2.18.0+build"),
        ("notices.1.id", "DEIS-2018.1"),
    ],
)
def test_what_is_listed_twice_is_refused_by_readers_as_no_schema_can_say_it(path: str, value: str) -> None:
    document = changed(path, value)

    assert (schema_accepts(document), reader_accepts(document)) == (True, False)


@pytest.mark.parametrize("text", ["2018-03-01t00:00:00z", "2018-03-01T00:00:00-00:00"])
def test_reader_is_generous_about_other_spellings_of_utc(text: str) -> None:
    document = changed("generated", text)

    assert (schema_accepts(document), reader_accepts(document)) == (False, True)
