"""What an import makes of a catalog: adds platforms, components, releases, bundles and notices. Pure.

The one way to add a platform or a component. Titles, images, trains, end of life and successor become
what the document says; what was published stays, and a document that says otherwise is refused
whole, with every contradiction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from workflow_releases.catalog.decisions import differences, find, notice_order, unknown_members
from workflow_releases.catalog.model import (
    MAX_NOTICES,
    SCHEMA_VERSION,
    Affects,
    Bundle,
    Catalog,
    Component,
    Notice,
    Release,
)
from workflow_releases.catalog.newest import bundle_order, release_order
from workflow_releases.errors import ConflictError, Fault, InvalidError
from workflow_releases.version import parse_version

_DEFAULTS: Mapping[str, Any] = {"train": "stable", "released": None}


def merged(held: Catalog | None, given: Mapping[str, Any], now: datetime) -> Catalog:
    """The catalog after the import; the very `held` if the document adds nothing.

    `given` is what `validation.read_catalog` returned. Raises ConflictError or InvalidError.
    """
    base = held or _empty(given, now)
    conflicts: list[Fault] = []
    faults: list[Fault] = []
    components = {**base.components}
    for name, fields in given.get("components", {}).items():
        path = f"components.{name}"
        components[name] = _component(base.components.get(name), fields, path, conflicts, faults)
    trains = given.get("trains", base.trains)
    result = msgspec.structs.replace(
        base,
        title=given["title"],
        trains=trains,
        end_of_life=given.get("end_of_life", base.end_of_life),
        successor=given.get("successor", base.successor),
        bundles=_bundles(base.bundles, given.get("bundles", ()), conflicts, faults),
        components=dict(sorted(components.items())),
        notices=_notices(base.notices, given.get("notices", ()), now, faults),
    )
    faults += _strangers(result)
    if faults:
        raise InvalidError(f"the catalog has {len(faults)} faults", faults)
    if conflicts:
        raise ConflictError("the catalog contradicts what is published, which never changes", conflicts)
    return base if held is not None and result == held else result


def _empty(given: Mapping[str, Any], now: datetime) -> Catalog:
    return Catalog(
        schema_version=SCHEMA_VERSION,
        platform=given["platform"],
        title=given["title"],
        generated=now.replace(microsecond=0),
        expires=None,
        trains=("stable",),
        end_of_life=None,
        successor=None,
        bundles=(),
        components={},
        notices=(),
    )


def _component(
    held: Component | None, fields: Mapping[str, Any], path: str, conflicts: list[Fault], faults: list[Fault]
) -> Component:
    kept = held.releases if held else ()
    by_precedence = {parse_version(release.version).precedence: release for release in kept}
    releases = dict(by_precedence)
    for index, record in enumerate(fields.get("releases", ())):
        where = f"{path}.releases[{index}]"
        version, rest = _split(record)
        key = parse_version(version).precedence
        if key in releases and key not in by_precedence:
            faults.append(Fault(f"{where}.version", f"{version} is listed twice"))
        elif key in by_precedence:
            published = by_precedence[key]
            conflicts += differences(published, version, rest, where)
            # A document can yank a release but never un-yank one: an older export must not undo a yank.
            if rest.get("yanked", False) and not published.yanked:
                releases[key] = msgspec.structs.replace(published, yanked=True)
        else:
            releases[key] = Release(version=version, **{**_DEFAULTS, **rest})
    return Component(
        title=fields["title"],
        images=fields.get("images", held.images if held else ()),
        releases=tuple(sorted(releases.values(), key=release_order)),
    )


def _bundles(
    held: tuple[Bundle, ...],
    records: tuple[Mapping[str, Any], ...],
    conflicts: list[Fault],
    faults: list[Fault],
) -> tuple[Bundle, ...]:
    added: list[Bundle] = []
    for index, record in enumerate(records):
        where = f"bundles[{index}]"
        version, rest = _split(record)
        published = find(held, version)
        if published is not None:
            conflicts += differences(published, version, rest, where)
        elif find(added, version) is not None:
            faults.append(Fault(f"{where}.version", f"{version} is listed twice"))
        else:
            added.append(Bundle(version=version, **{**_DEFAULTS, "components": {}, **rest}))
    return tuple(sorted([*held, *added], key=bundle_order))


def _notices(
    held: tuple[Notice, ...], records: tuple[Mapping[str, Any], ...], now: datetime, faults: list[Fault]
) -> tuple[Notice, ...]:
    notices = {notice.id: notice for notice in held}
    seen: set[str] = set()
    for index, record in enumerate(records):
        if record["id"] in seen:
            faults.append(Fault(f"notices[{index}].id", f"{record['id']} is listed twice"))
        seen.add(record["id"])
        published = notices[record["id"]].published if record["id"] in notices else now.replace(microsecond=0)
        defaults = {"text": "", "url": None, "published": published, "expires": None, "affects": Affects()}
        notices[record["id"]] = Notice(**{**defaults, **record})
    if len(notices) > MAX_NOTICES:
        faults.append(Fault("notices", f"would become {len(notices)}; a platform has at most {MAX_NOTICES}"))
    return tuple(sorted(notices.values(), key=notice_order))


def _strangers(catalog: Catalog) -> list[Fault]:
    """Faults of what refers to nothing: bundles' members, and trains nobody declared."""
    faults: list[Fault] = []
    for bundle in catalog.bundles:
        path = f"bundles.{bundle.version}"
        faults += unknown_members(catalog.components, bundle.components, f"{path}.components")
        if bundle.train not in catalog.trains:
            faults.append(Fault(f"{path}.train", f"{bundle.train} is none of the platform's trains"))
    for name, component in catalog.components.items():
        faults += [
            Fault(f"components.{name}.releases.{release.version}.train", "is none of the platform's trains")
            for release in component.releases
            if release.train not in catalog.trains
        ]
    return faults


def _split(record: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    rest = dict(record)
    version: str = rest.pop("version")
    return version, rest
