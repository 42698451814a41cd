# ruff: noqa: INP001 - a script, run by its path
"""Turns `releases-api/facts/*.json` into the catalogs that ship, `releases-api/catalogs/*.json`.

    python releases-api/tools/catalogs_from_facts.py           writes them
    python releases-api/tools/catalogs_from_facts.py --check   exit 1 where a file on disk differs

The facts are the authority and nothing is guessed: an unknown day is null, a component that a release does
not establish is left out, and there is no link where no fact gives one. The same facts give the same bytes.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLATFORMS = ("deis", "hephy", "drycc")
LINE_WIDTH = 170  # characters; what fits stands on one line, and a release does

# Proper names; every other title is the component's name with spaces and a capital.
TITLES = {
    "fluentbit": "Fluent Bit",
    "influxdb": "InfluxDB",
    "minio": "MinIO",
    "nsqd": "NSQ",
    "rabbitmq": "RabbitMQ",
    "victoriametrics": "VictoriaMetrics",
}


def catalog_of(facts: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    """The catalog (schema_version 1) of one platform's facts; `titles` are all platforms' own."""
    end = facts.get("end_of_life")
    return {
        "schema_version": 1,
        "platform": facts["platform"],
        "title": facts["title"],
        "generated": newest_moment(facts),
        "expires": None,
        "trains": sorted({bundle["train"] for bundle in facts["bundles"]}),
        "end_of_life": {"date": moment(end["date"]), "text": f"Maintenance of {facts['title']} has ended."}
        if end
        else None,
        "successor": {"platform": end["successor"], "title": titles[end["successor"]], "url": None}
        if end
        else None,
        "bundles": [bundle_of(bundle) for bundle in facts["bundles"]],
        "components": {
            name: component_of(name, facts["components"][name]) for name in sorted(facts["components"])
        },
        "notices": [],
    }


def bundle_of(bundle: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": bundle["version"],
        "train": bundle["train"],
        "released": bundle["released"],
        "derived": is_derived(bundle),
        "notes_url": None,
        "components": dict(sorted(bundle["components"].items())),
    }


def is_derived(bundle: dict[str, Any]) -> bool:
    """Whether the component versions were worked out and not copied.

    A Helm Classic chart names each version in its `generate_params.toml`: a published list. All other
    lists come from folding change lists onto the release before, or from which tags there were.
    """
    return bool(bundle["components"]) and not bundle["source"].endswith("generate_params.toml")


def component_of(name: str, component: dict[str, Any]) -> dict[str, Any]:
    older_line = set(component.get("line_first", ()))
    releases = [
        release_of(release, line=0 if not older_line or release["version"] in older_line else 1)
        for release in component["releases"]
    ]
    return {
        "title": TITLES.get(name, name.replace("-", " ").capitalize()),
        "images": component.get("images") or ([component["image"]] if component["image"] else []),
        "releases": sorted(releases, key=lambda release: (release["line"], numbers(release["version"]))),
    }


def release_of(release: dict[str, Any], line: int) -> dict[str, Any]:
    return {
        "version": release["version"],
        "train": "stable",  # the facts hold no pre-releases and name no other train
        "released": release["released"],
        "security": False,
        "yanked": False,
        "line": line,
        "digests": {},
        "notes_url": None,
    }


def numbers(version: str) -> tuple[int, int, int]:
    """The facts hold `vX.Y.Z` and nothing else; any other form is a fault of theirs."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(f"{version!r} is not vX.Y.Z")
    major, minor, patch = map(int, match.groups())
    return major, minor, patch


def moment(text: str) -> str:
    """A day becomes its first second, UTC."""
    return text if "T" in text else f"{text}T00:00:00Z"


def newest_moment(facts: dict[str, Any]) -> str:
    """When the catalog last changed: the newest day in the facts, whenever this script runs."""
    moments = [item["released"] for item in facts["bundles"]]
    moments += [release["released"] for c in facts["components"].values() for release in c["releases"]]
    if end := facts.get("end_of_life"):
        moments.append(moment(end["date"]))
    newest: str = max(text for text in moments if text is not None)  # RFC 3339 in UTC sorts as text
    return newest


def render(value: Any, indent: str = "", lead: int = 0) -> str:
    """JSON for people: whatever fits stands on one line, so that a release is a line in a diff.

    `lead` is how many characters of the line are taken already.
    """
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value:
        return flat
    if len(indent) + lead + len(flat) < LINE_WIDTH and not _is_tree(value):
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        lines = [inner + render(item, inner) for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    lines = [f"{inner}{json.dumps(key)}: {render(item, inner, len(key) + 4)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _is_tree(value: Any) -> bool:
    """Whether something in it holds something itself: that reads badly on one line."""
    items = value.values() if isinstance(value, dict) else value
    return any(isinstance(item, dict | list) and item for item in items)


def catalogs() -> dict[Path, str]:
    """Path -> what belongs there."""
    facts = {
        name: json.loads((ROOT / "facts" / f"{name}.json").read_text(encoding="utf-8")) for name in PLATFORMS
    }
    titles = {name: fact["title"] for name, fact in facts.items()}
    return {
        ROOT / "catalogs" / f"{name}.json": render(catalog_of(fact, titles)) + "\n"
        for name, fact in facts.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Turns facts about releases into the catalogs that ship.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file differs")
    check = parser.parse_args().check
    stale = [
        path
        for path, text in catalogs().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(catalogs()[path], encoding="utf-8")
        sys.stderr.write(f"{'differs from its facts' if check else 'written'}: {path.name}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
