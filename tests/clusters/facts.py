"""The established facts that the clusters are made of: rows of workloads, and versions of releases."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).parents[2]
_PLATFORMS = _REPOSITORY / "tests/data/platforms.json"
_RELEASES = _REPOSITORY / "releases-api/facts"


@cache
def platform(name: str) -> dict[str, Any]:
    """What is established of a platform's shape in a cluster: its part of `platforms.json`."""
    facts: dict[str, Any] = json.loads(_PLATFORMS.read_text())[name]
    return facts


@cache
def releases(name: str) -> dict[str, Any]:
    """What is established of a platform's releases."""
    facts: dict[str, Any] = json.loads((_RELEASES / f"{name}.json").read_text())
    return facts


def bundle_versions(name: str, bundle: str) -> dict[str, str]:
    """Component -> version in one release of the platform, as its facts list them."""
    (found,) = [b for b in releases(name)["bundles"] if b["version"] == bundle]
    return dict(found["components"])


def last_version(name: str, component: str) -> str:
    """The last release of a component; `v0.0.0` for one that was never released."""
    listed = releases(name)["components"][component]["releases"]
    return str(listed[-1]["version"]) if listed else "v0.0.0"
