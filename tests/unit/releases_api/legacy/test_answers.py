"""The first API's documents: names echoed, order kept, unknown ones left out."""

from typing import Any

import pytest

from releases_factories import make_catalog, make_component, make_release, moment
from workflow_releases.errors import Fault, InvalidError
from workflow_releases.legacy import answers

CATALOG = make_catalog(
    components={
        "fluentd": make_component(make_release("v2.4.0", released=None)),
        "monitor": make_component(make_release("v2.9.0"), make_release("v2.10.0", yanked=True)),
        "router": make_component(
            make_release("v2.9.0"),
            make_release("v2.10.0", notes_url="https://example.org/2.10"),
            make_release("v3.0.0-beta1", train="beta"),
        ),
    }
)
JANUARY = moment("2017-01-01")


def document(name: str, version: str, **fields: Any) -> dict[str, Any]:
    return {
        "component": {"name": name},
        "version": {"train": "stable", "version": version, "released": JANUARY, "data": {}, **fields},
    }


ROUTER = {"description": "Release notes: https://example.org/2.10"}


def test_latest_of_many_echoes_names_in_the_order_asked_and_leaves_out_the_unknown() -> None:
    asked = [
        ("deis-router", "stable"),
        ("deis-storage", "stable"),
        ("deis-monitor-telegraf", "stable"),
        ("router", "stable"),
        ("router", "nightly"),
        ("deis-router", "stable"),
    ]

    assert answers.latest_of(CATALOG, asked) == {
        "data": [
            document("deis-router", "v2.10.0", data=ROUTER),
            document("deis-monitor-telegraf", "v2.9.0"),
            document("router", "v2.10.0", data=ROUTER),
            document("deis-router", "v2.10.0", data=ROUTER),
        ]
    }


def test_day_that_is_not_known_is_left_out() -> None:
    assert answers.latest(CATALOG, "deis-logger-fluentd", "stable") == {
        "component": {"name": "deis-logger-fluentd"},
        "version": {"train": "stable", "version": "v2.4.0", "data": {}},
    }


def test_platform_that_is_not_there_answers_with_nothing() -> None:
    assert answers.latest_of(None, [("router", "stable")]) == {"data": []}
    assert answers.versions(None, "workflow") is None


@pytest.mark.parametrize(
    ("name", "train", "version", "expected"),
    [
        ("router", "stable", "latest", "v2.10.0"),
        ("router", "beta", "latest", "v3.0.0-beta1"),
        ("deis-router", "stable", "v2.9.0", "v2.9.0"),
        ("router", "stable", "2.9.0", "v2.9.0"),
        ("router", "beta", "v2.9.0", None),
        ("router", "stable", "v9.9.9", None),
        ("router", "stable", "canary", None),
        ("storage", "stable", "latest", None),
        ("monitor", "stable", "v2.10.0", "v2.10.0"),
    ],
)
def test_one_release(name: str, train: str, version: str, expected: str | None) -> None:
    found = answers.release(CATALOG, name, train, version)

    assert (found["version"]["version"] if found else None) == expected


def test_releases_of_a_train_are_listed_oldest_first_without_yanked_ones() -> None:
    assert answers.releases(CATALOG, "deis-monitor", "stable") == {
        "data": [document("deis-monitor", "v2.9.0")]
    }
    assert answers.releases(CATALOG, "router", "nightly") is None
    assert answers.releases(CATALOG, "storage", "stable") is None


@pytest.mark.parametrize(
    ("thing", "versions"),
    [
        ("router", ["v2.9.0", "v2.10.0", "v3.0.0-beta1"]),
        ("deis-monitor", ["v2.9.0"]),
        ("workflow", ["v2.0.0"]),
    ],
)
def test_versions_of_a_thing_are_listed_newest_last(thing: str, versions: list[str]) -> None:
    assert answers.versions(CATALOG, thing) == {"versions": {thing: versions}}


def test_question_needs_only_names() -> None:
    raw = {
        "data": [
            {"component": {"name": "deis-router", "description": None}, "version": {"train": "beta"}},
            {"component": {"name": "x"}, "version": None, "updateAvailable": "v9"},
            {"component": {"name": "y"}, "version": {"train": 7}},
        ],
        "id": "a cluster's id, passed over",
    }

    assert answers.read_question(raw) == [("deis-router", "beta"), ("x", "stable"), ("y", "stable")]


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (None, [Fault("data", "is not a list")]),
        ({"data": {}}, [Fault("data", "is not a list")]),
        ({"data": [{}] * 501}, [Fault("data", "has more than 500 items")]),
        (
            {"data": [{"component": {"name": "x"}}, {"component": "x"}, 7, {"component": {"name": ""}}]},
            [
                Fault("data[1].component.name", "is not a name"),
                Fault("data[2].component.name", "is not a name"),
                Fault("data[3].component.name", "is not a name"),
            ],
        ),
    ],
)
def test_question_that_is_none_is_refused_with_paths(raw: Any, faults: list[Fault]) -> None:
    with pytest.raises(InvalidError) as refused:
        answers.read_question(raw)

    assert list(refused.value.faults) == faults
