"""Publishing: one transaction around a pure decision, with its line in the audit trail."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from workflow_releases.catalog import body, decisions, merging, store
from workflow_releases.catalog.held import HeldCatalogs
from workflow_releases.catalog.model import MAX_AHEAD, MAX_BODY_BYTES, Bundle, Catalog, Notice, Release
from workflow_releases.database import changes
from workflow_releases.database.engine import Database
from workflow_releases.errors import InvalidError, NotFoundError

_MAX_BEHIND = timedelta(days=1)  # beyond it, the stored time counts as wrong, and not this clock
_CORRECTOR = "this program"  # in the audit trail
_RESERVE_BYTES = 1024  # for `expires`, which is not in the body when it is measured

_log = logging.getLogger(__name__)

Effect = Literal["created", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a request; `document` as it stands now, None after a deletion."""

    effect: Effect
    document: Release | Bundle | Notice | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import, and how much it added."""

    effect: Effect
    platform: str
    components: int
    releases: int
    bundles: int
    notices: int


@dataclass(frozen=True, slots=True)
class _Decision:
    new: Catalog
    document: Release | Bundle | Notice | None
    existed: bool
    action: str  # as the audit trail names it
    subject: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """Writes to the catalogs. Every method is one transaction: all of it is stored, or nothing.

    Methods raise the refusals that `decisions` and `merging` name, and DatabaseUnavailableError.
    `given` is what `validation` returned; `actor` is a name for the audit trail.
    """

    database: Database
    clock: Callable[[], datetime]
    catalogs: HeldCatalogs = field(default_factory=HeldCatalogs)

    def release(
        self,
        actor: str,
        platform: str,
        component: str,
        version: str,
        given: Mapping[str, Any],
        *,
        must_exist: bool = False,
    ) -> Published:
        """Publishes a release, or yanks or restores one."""

        def decide(held: Catalog, now: datetime) -> _Decision:
            new, release = decisions.with_release(held, component, version, given, now, must_exist=must_exist)
            existed = decisions.find(held.components[component].releases, version) is not None
            action = (
                ("release.yanked" if release.yanked else "release.restored")
                if existed
                else "release.published"
            )
            return _Decision(new, release, existed, action, f"{platform}/{component}/{release.version}")

        return self._publish(actor, platform, decide)

    def bundle(self, actor: str, platform: str, version: str, given: Mapping[str, Any]) -> Published:
        """Publishes a release of the whole platform."""

        def decide(held: Catalog, now: datetime) -> _Decision:
            new, bundle = decisions.with_bundle(held, version, given, now)
            return _Decision(new, bundle, new is held, "bundle.published", f"{platform}/{bundle.version}")

        return self._publish(actor, platform, decide)

    def notice(self, actor: str, platform: str, notice_id: str, given: Mapping[str, Any]) -> Published:
        """Publishes a notice, or replaces one."""

        def decide(held: Catalog, now: datetime) -> _Decision:
            new, notice = decisions.with_notice(held, notice_id, given, now)
            existed = any(item.id == notice_id for item in held.notices)
            return _Decision(new, notice, existed, "notice.published", f"{platform}/{notice_id}")

        return self._publish(actor, platform, decide)

    def delete_notice(self, actor: str, platform: str, notice_id: str) -> Published:
        """Takes a notice back; raises NotFoundError if there is none."""

        def decide(held: Catalog, _now: datetime) -> _Decision:
            new = decisions.without_notice(held, notice_id)
            return _Decision(new, None, True, "notice.deleted", f"{platform}/{notice_id}")

        return self._publish(actor, platform, decide)

    def import_catalog(
        self, actor: str, given: Mapping[str, Any], *, generated: datetime | None = None
    ) -> Imported:
        """Adds what a whole document has and the store lacks. `generated` None: now."""
        platform = given["platform"]
        now = self.clock()
        with self.database.writing() as connection:
            number = changes.take_turn(connection)
            held = self.catalogs.load(connection, platform)
            new = merging.merged(held, given, now)
            effect: Effect = "unchanged" if new is held else "changed" if held else "created"
            imported = _imported(effect, held, new)
            if new is not held:
                new = _save(connection, held, new, number, generated or now)
                changes.record(
                    connection, now, actor, "catalog.imported", platform, msgspec.to_builtins(imported)
                )
        if new is not held:
            self.catalogs.committed(number, new)
        return imported

    def correct_future(self) -> None:
        """Dates catalogs now that a wrong clock dated in the future: agents refuse them until then."""
        with self.database.reading() as connection:
            latest = changes.now_for_all(connection, self.clock()) + MAX_AHEAD
            if not store.generated_after(connection, latest):
                return
        with self.database.writing() as connection:
            number = changes.take_turn(connection)
            now = changes.now_for_all(connection, self.clock()).replace(microsecond=0)
            for platform, dated in store.generated_after(connection, now + MAX_AHEAD):
                store.set_generated(connection, platform, now, number)
                detail = {"from": dated.isoformat(), "to": now.isoformat()}
                changes.record(connection, now, _CORRECTOR, "catalog.dated", platform, detail)
                _log.warning("the catalog of %s said it changed at %s; now %s", platform, *detail.values())

    def _publish(
        self, actor: str, platform: str, decide: Callable[[Catalog, datetime], _Decision]
    ) -> Published:
        now = self.clock()
        with self.database.writing() as connection:
            number = changes.take_turn(connection)
            held = self.catalogs.load(connection, platform)
            if held is None:
                raise NotFoundError(f"there is no platform {platform}; import a catalog to add it")
            decision = decide(held, now)
            if decision.new is held:
                return Published("unchanged", decision.document)
            saved = _save(connection, held, decision.new, number, now)
            detail = msgspec.to_builtins(decision.document)
            changes.record(connection, now, actor, decision.action, decision.subject, detail)
        self.catalogs.committed(number, saved)
        return Published("changed" if decision.existed else "created", decision.document)


def _save(connection: Connection, held: Catalog | None, new: Catalog, number: int, now: datetime) -> Catalog:
    """Stores the change unless agents would refuse the catalog for its size; what `load` would give now."""
    changed = msgspec.structs.replace(new, generated=_generated(connection, held, now))
    size = len(body.encode(changed))
    if size > MAX_BODY_BYTES - _RESERVE_BYTES:
        raise InvalidError(f"the catalog would become {size} bytes; agents take at most {MAX_BODY_BYTES}")
    store.save(connection, held, changed, number)
    return changed


def _generated(connection: Connection, held: Catalog | None, now: datetime) -> datetime:
    """When a catalog changes that changes now.

    It never goes back where this clock may be the one that is wrong, which `correct_future` finds out.
    """
    moment = now.replace(microsecond=0)
    if held is None or held.generated <= moment:
        return moment
    latest = changes.now_for_all(connection, now).replace(microsecond=0)
    return held.generated if held.generated <= latest + _MAX_BEHIND else latest


def _imported(effect: Effect, held: Catalog | None, new: Catalog) -> Imported:
    def size(catalog: Catalog | None) -> tuple[int, int, int, int]:
        if catalog is None:
            return (0, 0, 0, 0)
        releases = sum(len(component.releases) for component in catalog.components.values())
        return (len(catalog.components), releases, len(catalog.bundles), len(catalog.notices))

    components, releases, bundles, notices = (a - b for a, b in zip(size(new), size(held), strict=True))
    return Imported(effect, new.platform, components, releases, bundles, notices)
