"""An edition: everything that is served at one change number and in one week. Pure.

All replicas make the same edition from the same database, byte for byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from workflow_releases.catalog import body
from workflow_releases.catalog.model import Catalog
from workflow_releases.catalog.newest import newest_bundle
from workflow_releases.catalog.prepared import Headers, PreparedBody, prepare
from workflow_releases.catalog.signature import SigningKeys

CATALOGS_PATH = "/v1/catalogs"
# A cache in front may answer for this long; agents ask every 12 hours, so it delays nobody.
_CACHE_CONTROL = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class Edition:
    """What reads are answered from. `bodies` are whole answers by path."""

    change_number: int
    week: datetime  # its Monday, 00:00 UTC
    catalogs: Mapping[str, Catalog]  # by platform; with `expires`
    audiences: Mapping[str, str]  # instance id -> audience
    bodies: Mapping[str, PreparedBody]


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `GET /v1/catalogs`."""

    platform: str
    title: str
    generated: datetime
    trains: tuple[str, ...]
    newest_bundle: str | None  # of the first train
    sha256: str
    url: str  # relative to the list's own address


def make_edition(
    *,
    change_number: int,
    week: datetime,
    catalogs: Mapping[str, Catalog],
    audiences: Mapping[str, str],
    keys: SigningKeys | None,
    previous: Edition | None = None,
) -> Edition:
    """`catalogs` as the store gives them. What `previous` holds of an unchanged catalog is used again."""
    expires = body.expires_in_week(week)
    dated: dict[str, Catalog] = {}
    bodies: dict[str, PreparedBody] = {}
    for platform, stored in sorted(catalogs.items()):
        path = f"{CATALOGS_PATH}/{platform}"
        catalog = body.with_expiry(stored, expires)
        if previous is not None and previous.catalogs.get(platform) == catalog:
            dated[platform], bodies[path] = previous.catalogs[platform], previous.bodies[path]
        else:
            dated[platform], bodies[path] = catalog, prepare_catalog(catalog, keys)
    bodies[CATALOGS_PATH] = _prepare_list(dated, bodies)
    return Edition(change_number, week, dated, audiences, bodies)


def prepare_catalog(catalog: Catalog, keys: SigningKeys | None) -> PreparedBody:
    """The catalog's answers, with `Catalog-Signature` if there are keys."""
    identity = body.encode(catalog)
    extra: Headers = []
    if keys is not None:
        extra.append((b"catalog-signature", ", ".join(keys.sign(identity)).encode()))
    return prepare(identity, cache_control=_CACHE_CONTROL, extra=extra)


def _prepare_list(catalogs: Mapping[str, Catalog], bodies: Mapping[str, PreparedBody]) -> PreparedBody:
    entries = []
    for platform, catalog in catalogs.items():
        bundle = newest_bundle(catalog.bundles, catalog.trains[0]) if catalog.trains else None
        entries.append(
            CatalogEntry(
                platform=platform,
                title=catalog.title,
                generated=catalog.generated,
                trains=catalog.trains,
                newest_bundle=bundle.version if bundle else None,
                sha256=bodies[f"{CATALOGS_PATH}/{platform}"].digest,
                url=f"catalogs/{platform}",
            )
        )
    return prepare(msgspec.json.encode({"catalogs": entries}), cache_control=_CACHE_CONTROL)
