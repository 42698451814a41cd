"""Catalogs in the database: read as whole values, written as the difference between two of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, update

from workflow_releases.catalog.decisions import notice_order
from workflow_releases.catalog.model import (
    SCHEMA_VERSION,
    Affects,
    Bundle,
    Catalog,
    Component,
    EndOfLife,
    Notice,
    Release,
    Successor,
)
from workflow_releases.catalog.newest import bundle_order, release_order
from workflow_releases.database import tables
from workflow_releases.version import parse_version


def platforms_changed_since(connection: Connection, number: int) -> list[str]:
    """Platforms whose last change came after the change of that number, by name; -1: all."""
    table = tables.platforms
    query = select(table.c.platform).where(table.c.change_number > number).order_by(table.c.platform)
    return list(connection.execute(query).scalars())


def platform_names(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(select(tables.platforms.c.platform)).scalars())


def change_number(connection: Connection, platform: str) -> int | None:
    """The number of the platform's last change; None if there is no such platform."""
    table = tables.platforms
    query = select(table.c.change_number).where(table.c.platform == platform)
    number: int | None = connection.execute(query).scalar_one_or_none()
    return number


def generated_after(connection: Connection, moment: datetime) -> list[tuple[str, datetime]]:
    """Platforms that changed after that moment, by name, each with the time that it says."""
    table = tables.platforms
    query = select(table.c.platform, table.c.generated).where(table.c.generated > moment)
    return [(row.platform, row.generated) for row in connection.execute(query.order_by(table.c.platform))]


def set_generated(connection: Connection, platform: str, generated: datetime, change_number: int) -> None:
    table = tables.platforms
    values = {"generated": generated, "change_number": change_number}
    connection.execute(update(table).where(table.c.platform == platform).values(**values))


def load(connection: Connection, platform: str) -> Catalog | None:
    """The whole catalog, in the wire's order, `expires` not set; None if there is no such platform."""
    table = tables.platforms
    row = connection.execute(select(table).where(table.c.platform == platform)).one_or_none()
    if row is None:
        return None
    return Catalog(
        schema_version=SCHEMA_VERSION,
        platform=row.platform,
        title=row.title,
        generated=row.generated,
        expires=None,
        trains=tuple(row.trains),
        end_of_life=msgspec.convert(row.end_of_life, EndOfLife) if row.end_of_life else None,
        successor=msgspec.convert(row.successor, Successor) if row.successor else None,
        bundles=_load_bundles(connection, platform),
        components=_load_components(connection, platform),
        notices=_load_notices(connection, platform),
    )


def save(connection: Connection, held: Catalog | None, new: Catalog, change_number: int) -> None:
    """Writes what differs from `held`, which must be what is stored."""
    _save_platform(connection, held, new, change_number)
    held_components = held.components if held else {}
    for name, component in new.components.items():
        if component != held_components.get(name):
            _save_component(connection, new.platform, name, held_components.get(name), component)
    held_bundles = {bundle.version for bundle in held.bundles} if held else set()
    added = [
        _bundle_row(new.platform, bundle) for bundle in new.bundles if bundle.version not in held_bundles
    ]
    _insert(connection, tables.bundles, added)
    _save_notices(connection, held.notices if held else (), new)


def _load_components(connection: Connection, platform: str) -> dict[str, Component]:
    table = tables.releases
    releases: dict[str, list[Release]] = {}
    for row in connection.execute(select(table).where(table.c.platform == platform)):
        releases.setdefault(row.component, []).append(
            Release(
                version=row.version,
                train=row.train,
                released=row.released,
                security=row.security,
                yanked=row.yanked,
                line=row.line,
                digests=row.digests,
                notes_url=row.notes_url,
            )
        )
    found = select(tables.components).where(tables.components.c.platform == platform)
    rows = sorted(connection.execute(found).all(), key=lambda row: row.component)
    return {
        row.component: Component(
            title=row.title,
            images=tuple(row.images),
            releases=tuple(sorted(releases.get(row.component, ()), key=release_order)),
        )
        for row in rows
    }


def _load_bundles(connection: Connection, platform: str) -> tuple[Bundle, ...]:
    table = tables.bundles
    found = [
        Bundle(
            version=row.version,
            train=row.train,
            released=row.released,
            components=dict(sorted(row.members.items())),
            derived=row.derived,
            notes_url=row.notes_url,
        )
        for row in connection.execute(select(table).where(table.c.platform == platform))
    ]
    return tuple(sorted(found, key=bundle_order))


def _load_notices(connection: Connection, platform: str) -> tuple[Notice, ...]:
    table = tables.notices
    found = [
        Notice(
            id=row.id,
            severity=row.severity,
            title=row.title,
            text=row.text,
            url=row.url,
            published=row.published,
            expires=row.expires,
            affects=msgspec.convert(row.affects, Affects),
        )
        for row in connection.execute(select(table).where(table.c.platform == platform))
    ]
    return tuple(sorted(found, key=notice_order))


def _save_platform(connection: Connection, held: Catalog | None, new: Catalog, change_number: int) -> None:
    values = {
        "title": new.title,
        "trains": list(new.trains),
        "end_of_life": msgspec.to_builtins(new.end_of_life),
        "successor": msgspec.to_builtins(new.successor),
        "generated": new.generated,
        "change_number": change_number,
    }
    if held is None:
        connection.execute(insert(tables.platforms).values(platform=new.platform, **values))
    else:
        here = tables.platforms.c.platform == new.platform
        connection.execute(update(tables.platforms).where(here).values(**values))


def _save_component(
    connection: Connection, platform: str, name: str, held: Component | None, new: Component
) -> None:
    table = tables.components
    values = {"title": new.title, "images": list(new.images)}
    if held is None:
        connection.execute(insert(table).values(platform=platform, component=name, **values))
    elif (held.title, held.images) != (new.title, new.images):
        here = (table.c.platform == platform) & (table.c.component == name)
        connection.execute(update(table).where(here).values(**values))
    known = {release.version: release for release in held.releases} if held else {}
    added = [release for release in new.releases if release.version not in known]
    _insert(connection, tables.releases, [_release_row(platform, name, release) for release in added])
    for release in new.releases:
        # Nothing else of a published release ever changes.
        if release.version in known and release.yanked != known[release.version].yanked:
            _save_yanked(connection, platform, name, release)


def _save_yanked(connection: Connection, platform: str, component: str, release: Release) -> None:
    table = tables.releases
    here = (table.c.platform == platform) & (table.c.component == component)
    precedence = parse_version(release.version).precedence
    connection.execute(
        update(table).where(here, table.c.precedence == precedence).values(yanked=release.yanked)
    )


def _save_notices(connection: Connection, held: tuple[Notice, ...], new: Catalog) -> None:
    table = tables.notices
    kept = {notice.id: notice for notice in new.notices}
    for notice in held:
        if kept.get(notice.id) != notice:
            here = (table.c.platform == new.platform) & (table.c.id == notice.id)
            connection.execute(delete(table).where(here))
    added = [notice for notice in new.notices if notice not in held]
    rows = [
        {
            "platform": new.platform,
            **msgspec.structs.asdict(notice),
            "affects": msgspec.to_builtins(notice.affects),
        }
        for notice in added
    ]
    _insert(connection, table, rows)


def _release_row(platform: str, component: str, release: Release) -> Mapping[str, Any]:
    return {
        "platform": platform,
        "component": component,
        "precedence": parse_version(release.version).precedence,
        **msgspec.structs.asdict(release),
        "digests": dict(release.digests),
    }


def _bundle_row(platform: str, bundle: Bundle) -> Mapping[str, Any]:
    fields = msgspec.structs.asdict(bundle)
    members = dict(fields.pop("components"))
    precedence = parse_version(bundle.version).precedence
    return {"platform": platform, "precedence": precedence, "members": members, **fields}


def _insert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    batch = list(rows)
    if batch:
        connection.execute(insert(table), batch)
