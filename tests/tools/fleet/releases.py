"""Which releases a made-up fleet runs: true ones of the shipped catalogs, on days of this fleet's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DAY = 86_400  # seconds
_CATALOGS = Path(__file__).parents[3] / "releases-api" / "catalogs"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A platform release, and how many days before the end of the history this fleet first saw it."""

    version: str
    days_ago: float
    components: Mapping[str, str]


# True versions. The days are made up: their true ones lie years back, and an upgrade is worth seeing.
_DAYS_AGO = {
    "hephy": {"v2.22.2": 4000.0, "v2.22.3": 88.0, "v2.23.0": 33.0},
    "drycc": {"v1.7.11": 4000.0, "v1.7.12": 71.0, "v1.8.1": 24.0},
    "deis": {"v2.17.0": 4000.0, "v2.18.0": 3000.0},  # nothing new has come for years
}
PLATFORMS = tuple(_DAYS_AGO)


@cache
def bundles(platform: str) -> tuple[Bundle, ...]:
    """Oldest first."""
    document = json.loads((_CATALOGS / f"{platform}.json").read_text("utf-8"))
    components = {one["version"]: one["components"] for one in document["bundles"]}
    return tuple(Bundle(version, ago, components[version]) for version, ago in _DAYS_AGO[platform].items())


@cache
def components(platform: str) -> tuple[str, ...]:
    """All that the platform's catalog names."""
    return tuple(json.loads((_CATALOGS / f"{platform}.json").read_text("utf-8"))["components"])


def bundle(platform: str, version: str) -> Bundle:
    return next(one for one in bundles(platform) if one.version == version)


def newest(platform: str, moment: int, end: int) -> Bundle:
    """The one that was newest at a moment of a history that ends at `end`; both in seconds since 1970."""
    return [one for one in bundles(platform) if end - one.days_ago * DAY <= moment][-1]
