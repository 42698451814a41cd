"""The first API's documents, from today's catalog. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from workflow_releases.catalog.decisions import find
from workflow_releases.catalog.model import Catalog, Component, Release
from workflow_releases.catalog.newest import newest_release
from workflow_releases.errors import Fault, InvalidError, VersionError

_MAX_ASKED = 500  # components in one question; a cluster has twenty
_PREFIX = "deis-"
# Workloads that are not named after their component, from the charts of Workflow v2.0 to v2.18.
_WORKLOADS = {
    "logger-fluentd": "fluentd",
    "logger-redis": "redis",
    "monitor-grafana": "monitor",
    "monitor-influxdb": "monitor",
    "monitor-stdout": "stdout-metrics",
    "monitor-telegraf": "monitor",
}


def read_question(raw: Any) -> list[tuple[str, str]]:
    """`(name, train)` of each component asked about, in order; raises InvalidError.

    Only the name is needed; a missing train means stable. Whatever else old agents send is passed over.
    """
    items = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(items, list):
        raise InvalidError("the question is not one", [Fault("data", "is not a list")])
    if len(items) > _MAX_ASKED:
        raise InvalidError("the question is too long", [Fault("data", f"has more than {_MAX_ASKED} items")])
    asked, faults = [], []
    for index, item in enumerate(items):
        name = _text(item, "component", "name")
        if name is None:
            faults.append(Fault(f"data[{index}].component.name", "is not a name"))
        else:
            asked.append((name, _text(item, "version", "train") or "stable"))
    if faults:
        raise InvalidError("the question names no component", faults[:100])
    return asked


def latest_of(catalog: Catalog | None, asked: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The newest release of each component asked about, in the order asked; unknown ones are left out."""
    answers = [latest(catalog, name, train) for name, train in asked]
    return {"data": [answer for answer in answers if answer is not None]}


def latest(catalog: Catalog | None, name: str, train: str) -> dict[str, Any] | None:
    """The newest release of the train; None if there is none."""
    component = _component(catalog, name)
    release = newest_release(component.releases, train) if component else None
    return _document(name, release) if release else None


def releases(catalog: Catalog | None, name: str, train: str) -> dict[str, Any] | None:
    """All releases of the train, oldest first, without yanked ones; None if there are none."""
    component = _component(catalog, name)
    found = (
        [item for item in component.releases if item.train == train and not item.yanked] if component else []
    )
    return {"data": [_document(name, release) for release in found]} if found else None


def release(catalog: Catalog | None, name: str, train: str, version: str) -> dict[str, Any] | None:
    """One release, yanked or not; `latest` is one too."""
    if version == "latest":
        return latest(catalog, name, train)
    component = _component(catalog, name)
    try:
        found = find(component.releases, version) if component else None
    except VersionError:
        return None
    return _document(name, found) if found and found.train == train else None


def versions(catalog: Catalog | None, thing: str) -> dict[str, Any] | None:
    """`{"versions": {thing: […]}}`, newest last, without yanked ones; `workflow` is the platform itself."""
    component = _component(catalog, thing)
    if component is not None:
        return {"versions": {thing: [item.version for item in component.releases if not item.yanked]}}
    if catalog is not None and thing == "workflow":
        return {"versions": {thing: [bundle.version for bundle in catalog.bundles]}}
    return None


def _component(catalog: Catalog | None, name: str) -> Component | None:
    if catalog is None:
        return None
    bare = name.removeprefix(_PREFIX)
    return catalog.components.get(_WORKLOADS.get(bare, bare))


def _document(name: str, release: Release) -> dict[str, Any]:
    """`released` is left out where the day is not established, as the first API left out what was empty."""
    version: dict[str, Any] = {"train": release.train, "version": release.version}
    if release.released is not None:
        version["released"] = release.released
    version["data"] = {"description": f"Release notes: {release.notes_url}"} if release.notes_url else {}
    return {"component": {"name": name}, "version": version}


def _text(item: Any, outer: str, inner: str) -> str | None:
    holder: Mapping[str, Any] | Any = item.get(outer) if isinstance(item, dict) else None
    value = holder.get(inner) if isinstance(holder, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= 100 else None
