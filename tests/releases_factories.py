"""Values with defaults for tests of the releases API: a small platform, a store, and all its services.

Nothing here decides anything; what a test compares it writes out itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from workflow_releases.access.tokens import Tokens
from workflow_releases.catalog import validation
from workflow_releases.catalog.model import Affects, Bundle, Catalog, Component, Notice, Release
from workflow_releases.catalog.publish import Publisher
from workflow_releases.catalog.signature import SigningKeys
from workflow_releases.database import schema
from workflow_releases.database.engine import Database
from workflow_releases.instances.audience import Marker
from workflow_releases.listeners import AsgiApp
from workflow_releases.refresh import Editions
from workflow_releases.self_metrics import RequestCounts
from workflow_releases.web.services import Services, database_limiter

NOW = datetime(2017, 9, 20, 12, 0, tzinfo=UTC)  # a Wednesday, two weeks after Deis Workflow v2.18.0
INSTANCE = "0123456789abcdef0123456789abcdef"


def clock() -> datetime:
    return NOW


def moment(text: str) -> datetime:
    """`2017-09-07` or a whole RFC 3339 time; without an offset it is UTC."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def make_release(version: str = "v2.0.0", **fields: Any) -> Release:
    return Release(**{"version": version, "train": "stable", "released": moment("2017-01-01"), **fields})


def make_bundle(version: str = "v2.0.0", **fields: Any) -> Bundle:
    defaults = {"version": version, "train": "stable", "released": moment("2017-01-01"), "components": {}}
    return Bundle(**{**defaults, **fields})


def make_component(*releases: Release, title: str = "Router") -> Component:
    return Component(title=title, images=("quay.io/deis/router",), releases=releases)


def make_catalog(**fields: Any) -> Catalog:
    """Platform deis with router v2.0.0 and v2.1.0, and builder v2.0.0; bundle v2.0.0 of both."""
    defaults: dict[str, Any] = {
        "schema_version": 1,
        "platform": "deis",
        "title": "Deis Workflow",
        "generated": moment("2017-09-07"),
        "expires": None,
        "trains": ("stable", "beta"),
        "end_of_life": None,
        "successor": None,
        "bundles": (make_bundle(components={"builder": "v2.0.0", "router": "v2.0.0"}),),
        "components": {
            "builder": make_component(make_release("v2.0.0"), title="Builder"),
            "router": make_component(make_release("v2.0.0"), make_release("v2.1.0")),
        },
        "notices": (),
    }
    return Catalog(**{**defaults, **fields})


def document(**fields: Any) -> dict[str, Any]:
    """The same platform as the JSON that an import takes."""
    released = "2017-01-01T00:00:00Z"
    return {
        "schema_version": 1,
        "platform": "deis",
        "title": "Deis Workflow",
        "trains": ["stable", "beta"],
        "bundles": [
            {
                "version": "v2.0.0",
                "released": released,
                "components": {"builder": "v2.0.0", "router": "v2.0.0"},
            }
        ],
        "components": {
            "builder": {"title": "Builder", "releases": [{"version": "v2.0.0", "released": released}]},
            "router": {
                "title": "Router",
                "images": ["quay.io/deis/router"],
                "releases": [
                    {"version": "v2.0.0", "released": released},
                    {"version": "v2.1.0", "released": released},
                ],
            },
        },
        **fields,
    }


def open_store(path: Path) -> Database:
    """A migrated SQLite database in a new file."""
    database = Database(f"sqlite:///{path}")
    schema.create_file_if_missing(database)
    schema.upgrade(database)
    return database


def add_catalog(database: Database, raw: Mapping[str, Any]) -> None:
    """Imports a document, as of its own day."""
    given = validation.read_catalog(dict(raw), str(raw["platform"]), NOW)
    Publisher(database, clock).import_catalog("a test", given, generated=moment("2017-09-07"))


def make_services(
    database: Database, keys: SigningKeys | None = None, now: Callable[[], datetime] = clock
) -> Services:
    """Everything that `web` works with, on this database."""
    return Services(
        editions=Editions(database, now, keys),
        publisher=Publisher(database, now),
        marker=Marker(database, now),
        tokens=Tokens(database, now),
        counts=RequestCounts(),
        legacy_platform="deis",
        public_keys=keys.public_keys if keys else (),
        clock=now,
        limiter=database_limiter(),
    )


def client_of(application: AsgiApp, token: str | None = None) -> httpx.AsyncClient:
    """Asks an application in this process; `identity`, so that bodies are what was sent."""
    headers = {"accept-encoding": "identity"} | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://releases.test", headers=headers
    )


def make_notice(notice_id: str = "n1", **fields: Any) -> Notice:
    raw = {"severity": "info", "title": "A notice", **fields}
    given = validation.read_notice(raw, notice_id, NOW)
    defaults: dict[str, Any] = {
        "text": "",
        "url": None,
        "published": NOW,
        "expires": None,
        "affects": Affects(),
    }
    return Notice(id=notice_id, **{**defaults, **given})
