"""The platform's release: which one runs, how far the components drifted from it."""

import pytest

from factories import assessment, bundle, catalog, moment
from workflow_exporter.bundle import BundleAssessment, assess_bundle
from workflow_exporter.catalog import Catalog
from workflow_exporter.freshness import Assessment, Verdict

OLD = {"builder": "v2.11.0", "controller": "v2.17.0", "router": "v2.12.0", "minio": "v2.3.6"}
NEW = {"builder": "v2.12.0", "controller": "v2.18.0", "router": "v2.13.3", "minio": "v2.3.6"}


def platform(**listed: dict[str, str]) -> Catalog:
    """Bundles v2.<key>.0 of these components: `platform(b17=OLD, b18=NEW)`."""
    return catalog(bundles=[bundle(f"v2.{key[1:]}.0", versions) for key, versions in listed.items()])


def running(**versions: str | None) -> list[Assessment]:
    """Components in these versions; None: missing, `off`: absent, `down`: not to be seen."""
    verdicts = {None: Verdict.MISSING, "off": Verdict.ABSENT, "down": Verdict.UNKNOWN}
    return [
        assessment(name, verdicts[version], None)
        if version in verdicts
        else assessment(name, version=version)
        for name, version in versions.items()
    ]


def found(assessments: list[Assessment], listed: Catalog) -> tuple[str | None, int, int, int]:
    """version, matching, drifted, missing."""
    one = assess_bundle(assessments, listed, "stable")
    return (one.version, one.matching, one.drifted, one.missing)


def test_bundle_that_runs_is_told_with_the_newest_one() -> None:
    listed = catalog(
        bundles=[
            bundle("v2.18.0", NEW, released="2017-09-07", notes_url="https://example.org/v2.18.0"),
            bundle("v2.17.0", OLD, released="2017-08-08"),
        ]
    )

    assert assess_bundle(running(**OLD), listed, "stable") == BundleAssessment(
        version="v2.17.0",
        train="stable",
        newest="v2.18.0",
        newest_released=moment("2017-09-07"),
        matching=4,
        drifted=0,
        missing=0,
        notes_url="https://example.org/v2.18.0",
    )


ELSEWHERE = dict.fromkeys(("builder", "router", "minio"), "off")
UNSEEN = dict.fromkeys(("builder", "router", "minio"), "down")
BOTH = platform(b17=OLD, b18=NEW)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({**NEW}, ("v2.18.0", 4, 0, 0)),
        ({**NEW, "router": "v2.12.0"}, ("v2.18.0", 3, 1, 0)),  # upgraded but for one
        ({**OLD, "router": "v2.13.3", "builder": "v2.12.0"}, ("v2.18.0", 3, 1, 0)),  # a tie: the newest
        ({**NEW, "builder": "v9.0.0", "router": "v9.0.0"}, ("v2.18.0", 2, 2, 0)),  # just half
        ({**NEW, "builder": "v9.0.0", "router": "v9.0.0", "minio": "v9.0.0"}, (None, 0, 0, 0)),  # less
        ({**NEW, "router": None}, ("v2.18.0", 3, 0, 1)),  # missing: no drift, and told
        ({**NEW, "builder": None, "router": None}, ("v2.18.0", 2, 0, 2)),  # still half
        ({**NEW, "builder": None, "router": None, "minio": None}, (None, 0, 0, 3)),  # missing counts against
        ({**ELSEWHERE, "controller": "v2.18.0"}, ("v2.18.0", 1, 0, 0)),  # not observable: not counted
        ({**UNSEEN, "controller": "v2.18.0"}, ("v2.18.0", 1, 0, 0)),
        ({**NEW, "router": "canary"}, ("v2.18.0", 3, 1, 0)),  # a build without a version does not agree
        ({**NEW, "router": "v2.13.3-debian-12-r5"}, ("v2.18.0", 4, 0, 0)),  # a rebuild agrees
        ({**NEW, "router": "v2.13.3-9-gc1cfb68"}, ("v2.18.0", 3, 1, 0)),  # a later build does not
        ({**NEW, "quickwit": "v1.0.0"}, ("v2.18.0", 4, 0, 0)),  # not in the bundle: neither match nor drift
        ({"quickwit": "v1.0.0"}, (None, 0, 0, 0)),
        ({"builder": "2.12.0", "controller": "2.18.0"}, ("v2.18.0", 2, 0, 0)),  # Drycc's spelling
        ({}, (None, 0, 0, 0)),
    ],
)  # fmt: skip
def test_bundle_is_the_one_that_at_least_half_agree_with(
    versions: dict[str, str | None], expected: tuple[str | None, int, int, int]
) -> None:
    assert found(running(**versions), BOTH) == expected


def test_of_bundles_with_the_same_components_the_newest_runs() -> None:
    assert found(running(**OLD), platform(b17=OLD, b16=OLD)) == ("v2.17.0", 4, 0, 0)


def test_of_bundles_that_agree_alike_the_one_that_fewer_differ_from_runs() -> None:
    shorter = {"builder": "v2.11.0", "controller": "v2.17.0"}

    assert found(running(**OLD), platform(b17=shorter, b18=shorter | {"router": "v9.0.0"}))[0] == "v2.17.0"


def test_component_that_no_bundle_establishes_is_neither_match_nor_drift() -> None:
    listed = platform(b18={"builder": "v2.12.0"})

    assert found(running(builder="v2.12.0", router="v2.13.3"), listed) == ("v2.18.0", 1, 0, 0)


def test_bundle_of_which_nothing_is_established_never_runs_but_may_be_newest() -> None:
    one = assess_bundle(running(**NEW), platform(b18=NEW, b19={}), "stable")

    assert (one.version, one.newest) == ("v2.18.0", "v2.19.0")


def test_only_bundles_of_the_train_count() -> None:
    listed = catalog(bundles=[bundle("v2.17.0", NEW), bundle("v2.18.0", NEW, train="edge")])

    stable, edge, none = (assess_bundle(running(**NEW), listed, train) for train in ("stable", "edge", "x"))

    assert (stable.version, stable.newest) == ("v2.17.0", "v2.17.0")
    assert (edge.version, edge.newest, edge.train) == ("v2.18.0", "v2.18.0", "edge")
    assert (none.version, none.newest) == (None, None)


def test_without_a_catalog_only_what_is_missing_is_told() -> None:
    assert assess_bundle(running(builder=None, router="v2.13.3"), None, "stable") == BundleAssessment(
        None, "stable", None, None, 0, 0, 1
    )


def test_bundle_is_recognised_by_a_catalog_that_may_not_be_judged_by_but_none_is_newest() -> None:
    one = assess_bundle(running(**OLD), BOTH, "stable", judged=False)

    assert one == BundleAssessment("v2.17.0", "stable", None, None, 4, 0, 0)


def test_component_that_rolls_counts_with_its_oldest_version() -> None:
    rolling = [assessment(name, version=version, rolling=True) for name, version in OLD.items()]

    assert found(rolling, BOTH)[0] == "v2.17.0"
