"""The catalog's JSON document: what makes it believable. Pure; where it comes from is `releases`' business.

A document is refused whole, with one line that says why and where. Only what a newer API may add is
let pass: fields that are not known here.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from workflow_exporter.catalog import MAX_BODY_BYTES, SCHEMA_VERSION, Catalog
from workflow_exporter.errors import CatalogError, VersionError
from workflow_exporter.version import parse_version

# How much older than the one held a catalog may be: replicas behind one address change one after another.
MAX_STEP_BACK = timedelta(days=1)
# How far the clocks of an agent and of a releases API may differ.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=10)

_Place = tuple[str, str]  # path in the document, text found there


class _Head(msgspec.Struct, frozen=True):
    """What must be read before the rest can be understood."""

    schema_version: int
    platform: str


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_catalog = msgspec.json.Decoder(Catalog).decode


def parse_catalog(body: bytes, platform: str | None = None) -> Catalog:
    """The catalog that `body` (identity encoding) spells; `platform` None accepts any platform.

    Raises CatalogError: longer than 4 MiB, not JSON, another schema_version or platform, a fault with
    its path, a time that is not UTC, a version that is not SemVer, something listed twice.
    """
    if len(body) > MAX_BODY_BYTES:
        raise CatalogError(f"the catalog is larger than {MAX_BODY_BYTES // 1024**2} MiB")
    try:
        head = _decode_head(body)
        if head.schema_version != SCHEMA_VERSION:
            raise CatalogError(
                f"the catalog has schema_version {head.schema_version}; this agent reads {SCHEMA_VERSION}"
            )
        if platform is not None and head.platform != platform:
            raise CatalogError(f"the catalog is of platform {head.platform[:63]!r}, not of {platform!r}")
        catalog = _decode_catalog(body)
    except msgspec.ValidationError as error:
        raise CatalogError(f"the catalog is not as its schema says: {error}") from error
    # Text that is not UTF-8 is no DecodeError of msgspec's.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogError(f"the catalog is not JSON: {error}") from error
    _check_times(catalog)
    _check_versions(catalog)
    _check_duplicates(catalog)
    return catalog


def check_not_older(new: Catalog, held: Catalog | None) -> None:
    """Raises CatalogError if `new` was generated more than a day before the catalog already held."""
    if held is not None and held.generated - new.generated > MAX_STEP_BACK:
        raise CatalogError(
            f"the catalog of {new.generated:%Y-%m-%d} is older than the one held of {held.generated:%Y-%m-%d}"
        )


def is_from_the_future(catalog: Catalog, now: datetime) -> bool:
    """Whether the catalog says that it was generated after `now`, by more than clocks differ."""
    return catalog.generated > now + MAX_CLOCK_DIFFERENCE


def check_not_from_the_future(new: Catalog, now: datetime) -> None:
    """Raises CatalogError if `new` says so: held, it would make each honest catalog an older one."""
    if is_from_the_future(new, now):
        minutes = MAX_CLOCK_DIFFERENCE // timedelta(minutes=1)
        raise CatalogError(
            f"the catalog was generated at {new.generated:%Y-%m-%d %H:%M} UTC by its own account, more than "
            f"{minutes} minutes after the time here, {now:%Y-%m-%d %H:%M} UTC: one of the two clocks is wrong"
        )


def _check_times(catalog: Catalog) -> None:
    for path, moment in _times(catalog):
        if moment is not None and moment.utcoffset() != timedelta(0):
            raise CatalogError(f"a time in the catalog is not UTC - at `{path}`")


def _check_versions(catalog: Catalog) -> None:
    for path, text in _versions(catalog):
        try:
            parse_version(text)
        except VersionError as error:
            raise CatalogError(f"{error} - at `{path}`") from error


def _check_duplicates(catalog: Catalog) -> None:
    """`v1.2.3` and `1.2.3+build` are the same version; two entries of it could contradict each other."""
    _check_distinct("$.trains", catalog.trains)
    _check_distinct("$.notices", (notice.id for notice in catalog.notices))
    _check_distinct("$.bundles", (parse_version(bundle.version).canonical for bundle in catalog.bundles))
    for name, component in catalog.components.items():
        canonical = (parse_version(release.version).canonical for release in component.releases)
        _check_distinct(f"$.components.{name}.releases", canonical)


def _check_distinct(path: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise CatalogError(f"{name[:128]!r} is listed twice - at `{path}`")
        seen.add(name)


def _times(catalog: Catalog) -> Iterator[tuple[str, datetime | None]]:
    yield "$.generated", catalog.generated
    yield "$.expires", catalog.expires
    if catalog.end_of_life is not None:
        yield "$.end_of_life.date", catalog.end_of_life.date
    for number, bundle in enumerate(catalog.bundles):
        yield f"$.bundles[{number}].released", bundle.released
    for name, component in catalog.components.items():
        for number, release in enumerate(component.releases):
            yield f"$.components.{name}.releases[{number}].released", release.released
    for number, notice in enumerate(catalog.notices):
        yield f"$.notices[{number}].published", notice.published
        yield f"$.notices[{number}].expires", notice.expires


def _versions(catalog: Catalog) -> Iterator[_Place]:
    for number, bundle in enumerate(catalog.bundles):
        yield f"$.bundles[{number}].version", bundle.version
        for name, version in bundle.components.items():
            yield f"$.bundles[{number}].components.{name}", version
    for name, component in catalog.components.items():
        for number, release in enumerate(component.releases):
            yield f"$.components.{name}.releases[{number}].version", release.version
    for number, notice in enumerate(catalog.notices):
        for position, version in enumerate(notice.affects.versions):
            yield f"$.notices[{number}].affects.versions[{position}]", version
