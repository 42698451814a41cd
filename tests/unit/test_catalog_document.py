"""What makes a catalog's document believable, and how it is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import bundle, catalog, component, notice, release
from workflow_exporter.catalog import MAX_BODY_BYTES, Affects, Catalog, EndOfLife, Successor
from workflow_exporter.catalog_document import check_not_older, parse_catalog
from workflow_exporter.errors import CatalogError

no_deadline = settings(deadline=None)  # a busy machine is no failure

WHOLE = catalog(
    {
        "builder": component(
            release("v2.12.0", "2017-07-06", notes_url="https://example.org/builder"),
            release("2.13.0-rc.1+build.7", train="edge", security=True, yanked=True, line=1),
            images=["quay.io/deis/builder"],
        )
    },
    [bundle("v2.18.0", derived=True), bundle("v2.19.0", {}, released=None)],
    expires=datetime(2018, 4, 1, tzinfo=UTC),
    trains=["stable", "edge"],
    end_of_life=EndOfLife(date=datetime(2018, 3, 1, tzinfo=UTC), text="The end."),
    successor=Successor(platform="hephy", title="Hephy Workflow"),
    notices=[notice(affects=Affects(components=("builder",), versions=("v2.12.0",)))],
)


def body(**changes: Any) -> bytes:
    """WHOLE as JSON, with top-level fields replaced."""
    return json.dumps(json.loads(msgspec.json.encode(WHOLE)) | changes).encode()


def refusal(document: bytes, platform: str | None = "deis") -> str:
    with pytest.raises(CatalogError) as refused:
        parse_catalog(document, platform)
    return str(refused.value)


def test_document_is_read_whole() -> None:
    assert parse_catalog(msgspec.json.encode(WHOLE), "deis") == WHOLE


def test_any_platform_will_do_where_none_is_asked_for() -> None:
    assert parse_catalog(body(platform="drycc")).platform == "drycc"


def test_fields_of_a_newer_api_are_ignored() -> None:
    assert parse_catalog(body(signature={"of": ["somebody"]}), "deis") == WHOLE


def test_largest_allowed_document_is_read() -> None:
    document = body()

    assert parse_catalog(document + b" " * (MAX_BODY_BYTES - len(document)), "deis") == WHOLE


def builder(*releases: dict[str, Any]) -> dict[str, Any]:
    return {"builder": {"title": "Builder", "releases": list(releases)}}


NOTICE: dict[str, Any] = {"id": "1", "severity": "info", "title": "Title"}
EARLY = "2018-03-01T00:00:00-05:00"
SCHEMA = "the catalog is not as its schema says: "

REFUSALS = {
    "too large": (b" " * (MAX_BODY_BYTES + 1), "the catalog is larger than 4 MiB"),
    "empty": (b"", "the catalog is not JSON: Input data was truncated"),
    "a page": (b"<html>", "the catalog is not JSON: JSON is malformed: invalid character (byte 0)"),
    "cut short": (body()[:-9], "the catalog is not JSON: Input data was truncated"),
    "UTF-16": (body().decode().encode("utf-16"), "the catalog is not JSON: "),
    "not UTF-8": (body().replace(b"Deis Workflow", b"D\xebis", 1), "the catalog is not JSON: 'utf-8' codec"),
    "too deep": (b'{"a":' + b"[" * 100_000, "the catalog is not JSON: "),
    "an array": (b"[]", SCHEMA + "Expected `object`, got `array`"),
    "no version": (b'{"platform": "deis"}', SCHEMA + "Object missing"),
    "newer schema": (body(schema_version=2), "the catalog has schema_version 2; this agent reads 1"),
    "newer schema of other shape": (
        b'{"schema_version": 2, "platform": "deis"}',
        "the catalog has schema_version 2; this agent reads 1",
    ),
    "schema as text": (
        body(schema_version="1"),
        SCHEMA + "Expected `int`, got `str` - at `$.schema_version`",
    ),
    "other platform": (body(platform="hephy"), "the catalog is of platform 'hephy', not of 'deis'"),
    "path of a fault": (
        body(bundles=[{"version": "v1.0.0"}, {"version": 7}]),
        SCHEMA + "Expected `str`, got `int` - at `$.bundles[1].version`",
    ),
    "naive time": (
        body(generated="2018-03-01T00:00:00"),
        SCHEMA + "Expected `datetime` with a timezone component - at `$.generated`",
    ),
    "no SemVer in a release": (
        body(components=builder({"version": "v1"})),
        "'v1' is not a SemVer version - at `$.components.builder.releases[0].version`",
    ),
    "no SemVer in a bundle": (
        body(bundles=[{"version": "v1.0.0", "components": {"builder": "canary"}}]),
        "'canary' is not a SemVer version - at `$.bundles[0].components.builder`",
    ),
    "no SemVer in a notice": (
        body(notices=[NOTICE | {"affects": {"versions": ["v1.0.0", "*"]}}]),
        "'*' is not a SemVer version - at `$.notices[0].affects.versions[1]`",
    ),
    "release twice": (
        body(components=builder({"version": "v1.0.0"}, {"version": "1.0.0+b", "yanked": True})),
        "'v1.0.0' is listed twice - at `$.components.builder.releases`",
    ),
    "bundle twice": (
        body(bundles=[{"version": "v1.0.0"}, {"version": "1.0.0"}]),
        "'v1.0.0' is listed twice - at `$.bundles`",
    ),
    "ten thousand notices": (
        body(notices=[NOTICE | {"id": str(number)} for number in range(10_000)]),
        SCHEMA + "Expected `array` of length <= 200 - at `$.notices`",
    ),
    "notice twice": (
        body(notices=[NOTICE, NOTICE]),
        "'1' is listed twice - at `$.notices`",
    ),
    "train twice": (body(trains=["stable", "stable"]), "'stable' is listed twice - at `$.trains`"),
}


@pytest.mark.parametrize(("document", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_document_is_refused_in_one_line_that_says_why_and_where(document: bytes, reason: str) -> None:
    said = refusal(document)

    assert said.startswith(reason)
    assert "\n" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("expires", EARLY, "expires"),
        ("end_of_life", {"date": EARLY}, "end_of_life.date"),
        ("bundles", [{"version": "v1.0.0", "released": EARLY}], "bundles[0].released"),
        (
            "components",
            builder({"version": "v1.0.0", "released": EARLY}),
            "components.builder.releases[0].released",
        ),
        ("notices", [NOTICE | {"published": EARLY}], "notices[0].published"),
        ("notices", [NOTICE | {"expires": EARLY}], "notices[0].expires"),
    ],
)
def test_each_time_must_be_utc(field: str, value: object, path: str) -> None:
    assert refusal(body(**{field: value})) == f"a time in the catalog is not UTC - at `$.{path}`"


@no_deadline
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_catalog_or_refused(document: bytes) -> None:
    try:
        parse_catalog(document)
    except CatalogError:
        return
    raise AssertionError("random bytes made a catalog")


HELD = catalog(generated=datetime(2018, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("step", [timedelta(days=-1), timedelta(0), timedelta(days=400)])
def test_catalog_up_to_a_day_older_may_take_the_place_of_the_one_held(step: timedelta) -> None:
    check_not_older(catalog(generated=HELD.generated + step), HELD)


def test_any_catalog_may_be_the_first() -> None:
    check_not_older(catalog(generated=datetime(1970, 1, 1, tzinfo=UTC)), None)


def test_catalog_more_than_a_day_older_is_refused() -> None:
    older: Catalog = catalog(generated=HELD.generated - timedelta(days=1, microseconds=1))

    with pytest.raises(CatalogError) as refused:
        check_not_older(older, HELD)

    assert str(refused.value) == "the catalog of 2018-02-28 is older than the one held of 2018-03-02"


def test_catalog_generated_in_the_first_year_can_be_held_and_replaced() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)

    check_not_older(catalog(generated=datetime(2026, 1, 1, tzinfo=UTC)), catalog(generated=first))
    check_not_older(catalog(generated=first), catalog(generated=first))


@pytest.mark.parametrize(
    "char",
    ["\u202e", "\u2066", "\u200b", "\u200c", "\u200d", "\u00ad", "\u2028", "\ufeff", "\U000e0041"],
    ids=ascii,
)
def test_characters_that_cannot_be_seen_are_marked_and_the_catalog_is_read(char: str) -> None:
    changes = {
        "title": "Deis{}",
        "notices": [NOTICE | {"title": "a{}b", "text": "a\n{}b"}],
        "components": {"builder": {"title": "{}", "releases": []}},
        "successor": {"platform": "hephy", "title": "H{}"},
        "end_of_life": {"date": "2018-03-01T00:00:00Z", "text": "{}{}"},
    }
    document = json.dumps(changes, ensure_ascii=False).replace("{}", char)

    read = parse_catalog(body(**json.loads(document)))

    assert read == parse_catalog(body(**json.loads(document.replace(char, "\ufffd"))))
    assert (read.title, read.notices[0].text) == ("Deis\ufffd", "a\n\ufffdb")


def test_control_characters_are_refused_in_a_line_that_can_be_read() -> None:
    told = refusal(body(title="Deis\x1b[2J"))

    assert told.startswith("the catalog is not as its schema says: ")
    assert told.endswith(" - at `$.title`")
    assert told.isprintable()
    assert len(told) < 140
