"""What a publication makes of a catalog: `(catalog, what is asked) -> catalog`, or why not. Pure.

Nothing changes: the very same object comes back. What was published never changes, but for a
release's `yanked`; fields that a request does not give claim nothing, so a pipeline may run twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from workflow_releases.catalog.model import MAX_NOTICES, Affects, Bundle, Catalog, Component, Notice, Release
from workflow_releases.catalog.newest import bundle_order, release_order
from workflow_releases.errors import (
    ConflictError,
    Fault,
    InvalidError,
    MissingPreconditionError,
    NotFoundError,
)
from workflow_releases.version import parse_version

_Versioned = TypeVar("_Versioned", Release, Bundle)


def with_release(
    catalog: Catalog,
    component: str,
    version: str,
    given: Mapping[str, Any],
    now: datetime,
    *,
    must_exist: bool = False,
) -> tuple[Catalog, Release]:
    """The catalog with this release, and the release. `released` not given: published now.

    Raises NotFoundError (component), ConflictError (published otherwise), InvalidError (train),
    MissingPreconditionError (`must_exist` and it does not).
    """
    held_component = catalog.components.get(component)
    if held_component is None:
        raise NotFoundError(f"platform {catalog.platform} has no component {component}; an import can add it")
    held = find(held_component.releases, version)
    if held is None and must_exist:
        raise MissingPreconditionError(f"{component} {version} is not published")
    if held is None:
        _check_train(catalog, given)
    release = _release(held, version, given, now)
    if release is held:
        return catalog, release
    kept = [item for item in held_component.releases if item is not held]
    releases = tuple(sorted([*kept, release], key=release_order))
    changed = msgspec.structs.replace(held_component, releases=releases)
    components = dict(sorted({**catalog.components, component: changed}.items()))
    return msgspec.structs.replace(catalog, components=components), release


def with_bundle(
    catalog: Catalog, version: str, given: Mapping[str, Any], now: datetime
) -> tuple[Catalog, Bundle]:
    """The catalog with this bundle, and the bundle; every component it names must have that release."""
    held = find(catalog.bundles, version)
    if held is not None:
        _check_unchanged(held, version, given, f"bundle {version}")
        return catalog, held
    _check_train(catalog, given)
    faults = unknown_members(catalog.components, given["components"], "components")
    if faults:
        raise InvalidError("the bundle names what is not published", faults)
    bundle = Bundle(version=version, **{"train": "stable", "released": _whole_second(now), **given})
    bundles = tuple(sorted([*catalog.bundles, bundle], key=bundle_order))
    return msgspec.structs.replace(catalog, bundles=bundles), bundle


def with_notice(
    catalog: Catalog, notice_id: str, given: Mapping[str, Any], now: datetime
) -> tuple[Catalog, Notice]:
    """The catalog with this notice, which may replace one; `published` stays what it was unless given."""
    held = next((notice for notice in catalog.notices if notice.id == notice_id), None)
    defaults = {
        "text": "",
        "url": None,
        "published": held.published if held else _whole_second(now),
        "expires": None,
        "affects": Affects(),
    }
    notice = Notice(id=notice_id, **{**defaults, **given})
    if notice == held:
        return catalog, held
    others = [item for item in catalog.notices if item.id != notice_id]
    if len(others) >= MAX_NOTICES:
        raise InvalidError(
            f"platform {catalog.platform} has {MAX_NOTICES} notices, which is the most: delete old ones first"
        )
    notices = tuple(sorted([*others, notice], key=notice_order))
    return msgspec.structs.replace(catalog, notices=notices), notice


def without_notice(catalog: Catalog, notice_id: str) -> Catalog:
    """The catalog without this notice; raises NotFoundError if it has none of that id."""
    notices = tuple(notice for notice in catalog.notices if notice.id != notice_id)
    if len(notices) == len(catalog.notices):
        raise NotFoundError(f"platform {catalog.platform} has no notice {notice_id}")
    return msgspec.structs.replace(catalog, notices=notices)


def notice_order(notice: Notice) -> tuple[bool, datetime | None, str]:
    """Sort key of notices, oldest first; those without a day come before all."""
    return (notice.published is not None, notice.published, notice.id)


def find(items: Iterable[_Versioned], version: str) -> _Versioned | None:
    """The item of that version, however it is spelled."""
    precedence = parse_version(version).precedence
    return next((item for item in items if parse_version(item.version).precedence == precedence), None)


def unknown_members(
    components: Mapping[str, Component], members: Mapping[str, str], path: str
) -> list[Fault]:
    """A fault for each member of a bundle that no published release answers to."""
    faults = []
    for name, version in members.items():
        if name not in components:
            faults.append(Fault(f"{path}.{name}", "is not a component of the platform"))
        elif find(components[name].releases, version) is None:
            faults.append(Fault(f"{path}.{name}", f"{version} is not a release of {name}"))
    return faults


def differences(
    held: Release | Bundle, version: str, given: Mapping[str, Any], path: str = ""
) -> list[Fault]:
    """A fault for each field given that differs from what was published; `yanked` may."""
    prefix = f"{path}." if path else ""
    faults = [
        Fault(f"{prefix}{name}", f"was published as {_shown(getattr(held, name))} and never changes")
        for name, value in given.items()
        if name != "yanked" and getattr(held, name) != value
    ]
    if parse_version(held.version).build != parse_version(version).build:
        faults.append(
            Fault(f"{prefix}version", f"was published as {held.version}; build metadata does not differ")
        )
    return faults


def _release(held: Release | None, version: str, given: Mapping[str, Any], now: datetime) -> Release:
    if held is None:
        return Release(version=version, **{"train": "stable", "released": _whole_second(now), **given})
    _check_unchanged(held, version, given, f"release {version}")
    yanked = given.get("yanked", held.yanked)
    return held if yanked == held.yanked else msgspec.structs.replace(held, yanked=yanked)


def _check_unchanged(held: Release | Bundle, version: str, given: Mapping[str, Any], what: str) -> None:
    faults = differences(held, version, given)
    if faults:
        raise ConflictError(f"{what} is published and never changes but for yanked", faults)


def _check_train(catalog: Catalog, given: Mapping[str, Any]) -> None:
    if given.get("train", "stable") not in catalog.trains:
        fault = Fault("train", f"is none of the platform's trains: {', '.join(catalog.trains)}")
        raise InvalidError("the train is unknown", [fault])


def _whole_second(now: datetime) -> datetime:
    return now.replace(microsecond=0)


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 100 else f"{text[:97]}..."
