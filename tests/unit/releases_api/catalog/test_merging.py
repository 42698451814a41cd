"""Imports: add what is missing, contradict nothing."""

from typing import Any

import pytest

from releases_factories import NOW, document, make_bundle, make_catalog, make_component, make_release, moment
from workflow_releases.catalog.merging import merged
from workflow_releases.catalog.model import Catalog, Component
from workflow_releases.catalog.validation import read_catalog
from workflow_releases.errors import ConflictError, Fault, InvalidError


def merge(held: Catalog | None, raw: dict[str, Any]) -> Catalog:
    return merged(held, read_catalog(raw, raw["platform"], NOW), NOW)


def router(*releases: dict[str, Any]) -> dict[str, Any]:
    return document(bundles=[], components={"router": {"title": "Router", "releases": list(releases)}})


def test_import_into_nothing_makes_the_platform() -> None:
    catalog = merge(None, document())

    assert catalog == make_catalog(
        generated=NOW,
        components={
            "builder": Component(title="Builder", images=(), releases=(make_release("v2.0.0"),)),
            "router": make_component(make_release("v2.0.0"), make_release("v2.1.0")),
        },
    )


def test_importing_again_changes_nothing() -> None:
    catalog = merge(None, document())

    assert merge(catalog, document()) is catalog


def test_import_adds_components_releases_and_bundles_in_order() -> None:
    catalog = merge(
        make_catalog(),
        document(
            bundles=[{"version": "v1.9.0", "components": {"router": "v1.9.0"}}],
            components={
                "router": {"title": "Router", "releases": [{"version": "v1.9.0"}]},
                "storage": {"title": "Storage"},
            },
        ),
    )

    assert [item.version for item in catalog.components["router"].releases] == ["v1.9.0", "v2.0.0", "v2.1.0"]
    assert catalog.components["router"].releases[0].released is None  # not given in a document: not known
    assert list(catalog.components) == ["builder", "router", "storage"]
    assert catalog.bundles[0] == make_bundle("v1.9.0", released=None, components={"router": "v1.9.0"})


def test_import_replaces_titles_end_of_life_and_successor() -> None:
    catalog = merge(
        make_catalog(),
        document(
            title="Deis, again",
            end_of_life={"date": "2018-03-01T00:00:00Z", "text": None},
            successor={"platform": "hephy", "title": "Hephy"},
        ),
    )

    assert catalog.title == "Deis, again"
    assert catalog.end_of_life is not None
    assert catalog.end_of_life.date == moment("2018-03-01")
    assert catalog.successor is not None
    assert catalog.successor.platform == "hephy"


def test_every_contradiction_is_named_and_nothing_is_taken() -> None:
    raw = document()
    raw["components"]["router"]["releases"][1]["security"] = True
    raw["bundles"][0]["components"] = {"router": "v2.0.0"}

    with pytest.raises(ConflictError) as refused:
        merge(make_catalog(), raw)

    assert list(refused.value.faults) == [
        Fault("components.router.releases[1].security", "was published as false and never changes"),
        Fault(
            "bundles[0].components",
            'was published as {"builder":"v2.0.0","router":"v2.0.0"} and never changes',
        ),
    ]


def test_document_may_yank_but_an_older_export_does_not_restore() -> None:
    yanked = merge(make_catalog(), router({"version": "v2.1.0", "yanked": True}))
    assert yanked.components["router"].releases[1].yanked

    assert merge(yanked, router({"version": "v2.1.0", "yanked": False})) is yanked


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (
            router({"version": "v3.0.0"}, {"version": "3.0.0"}),
            [Fault("components.router.releases[1].version", "3.0.0 is listed twice")],
        ),
        (
            document(bundles=[{"version": "v3.0.0"}, {"version": "v3.0.0"}]),
            [Fault("bundles[1].version", "v3.0.0 is listed twice")],
        ),
        (
            document(bundles=[{"version": "v3.0.0", "components": {"router": "v7.0.0", "x": "v1.0.0"}}]),
            [
                Fault("bundles.v3.0.0.components.router", "v7.0.0 is not a release of router"),
                Fault("bundles.v3.0.0.components.x", "is not a component of the platform"),
            ],
        ),
        (
            document(trains=["beta"]),
            [
                Fault("bundles.v2.0.0.train", "stable is none of the platform's trains"),
                Fault("components.builder.releases.v2.0.0.train", "is none of the platform's trains"),
                Fault("components.router.releases.v2.0.0.train", "is none of the platform's trains"),
                Fault("components.router.releases.v2.1.0.train", "is none of the platform's trains"),
            ],
        ),
        (
            document(notices=[{"id": "n", "severity": "info", "title": "x"}] * 2),
            [Fault("notices[1].id", "n is listed twice")],
        ),
    ],
)
def test_document_that_contradicts_itself_is_refused(raw: dict[str, Any], faults: list[Fault]) -> None:
    with pytest.raises(InvalidError) as refused:
        merge(make_catalog(), raw)

    assert list(refused.value.faults) == faults
