"""One component judged: by these grounds, of these workloads, in this version."""

from collections.abc import Iterable
from typing import Any

from factories import (
    catalog,
    component,
    inventory,
    release,
    workload,
)
from workflow_exporter.catalog import Catalog, Release
from workflow_exporter.freshness import Assessment, Grounds, assess
from workflow_exporter.inventory import Expectation, Workload

BUILDER = component(
    release("v2.11.0", "2017-05-01"),
    release("v2.12.0", "2017-07-06"),
    release("v2.12.1", "2017-07-20"),
    release("v2.13.0", None),
    release("v3.0.0", "2017-09-01", notes_url="https://example.org/v3"),
)


def grounds(listed: Catalog | None = None, **changes: Any) -> Grounds:
    fields: dict[str, Any] = {
        "catalog": listed or catalog({"builder": BUILDER}),
        "problem": None,
        "train": "stable",
        "off_cluster": frozenset(),
        "down": {},
        "titles": {},
    }
    return Grounds(**(fields | changes))


def only(
    workloads: Iterable[Workload] = (),
    expectations: Iterable[Expectation] | None = None,
    on: Grounds | None = None,
) -> Assessment:
    (found,) = assess(inventory(workloads, expectations), on or grounds())
    return found


def running(version: str, *releases: Release | str, **changes: Any) -> Assessment:
    """The builder running `version`, against these releases or BUILDER's."""
    listed = catalog({"builder": component(*releases) if releases else BUILDER}, trains=["stable", "edge"])
    return only([workload("builder", f"deis/builder:{version}")], on=grounds(listed, **changes))


def verdict(version: str, *releases: Release | str, **changes: Any) -> tuple[str, str | None]:
    found = running(version, *releases, **changes)
    return (found.verdict.value, found.reason)
