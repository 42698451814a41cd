# ruff: noqa: INP001 - a script, run by its path
"""Turns `releases-api/facts/*.json` into the catalogs that ship, `releases-api/catalogs/*.json`.

    python releases-api/tools/catalogs_from_facts.py           writes them
    python releases-api/tools/catalogs_from_facts.py --check   exit 1 where a file on disk differs

The facts are the authority and nothing is guessed: an unknown day is null, a component that a release does
not establish is left out, and there is no link where no fact gives one. The same facts give the same bytes.

What a bundle's list does not say may follow from the platform's rule, which its facts state: where charts
took each component's newest release, a bundle holds the newest one of its day. See `../facts/README.md`.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
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
        "bundles": [bundle_of(bundle, facts) for bundle in facts["bundles"]],
        "components": {
            name: component_of(name, facts["components"][name]) for name in sorted(facts["components"])
        },
        "notices": [],
    }


def bundle_of(bundle: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    components = bundle["components"] | dict(by_rule(bundle, facts))
    return {
        "version": bundle["version"],
        "train": bundle["train"],
        "released": bundle["released"],
        "derived": bool(components) and not is_published(bundle),
        "notes_url": None,
        "components": dict(sorted(components.items())),
    }


def is_published(bundle: dict[str, Any]) -> bool:
    """Whether the component versions were copied from one published list.

    A Helm Classic chart names each version in its `generate_params.toml`. All other lists were worked out:
    by folding change lists onto the release before, or from which tags there were.
    """
    source: str = bundle["source"]
    return source.endswith("generate_params.toml")


def by_rule(bundle: dict[str, Any], facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Component and version, for each that the platform's rule establishes and the bundle's list does not.

    With `corrects` also those where the list says what was not the newest even `slack_days` before or after.
    """
    rule, day = facts["rule"], bundle["released"] or bundle.get("rule_day")
    if day is None or numbers(bundle["version"]) < numbers(rule["since"]):
        return
    tagged, slack = datetime.fromisoformat(day), timedelta(days=rule["slack_days"])
    for name in {*bundle.get("members", ()), *rule["fills"], *bundle["components"]}:
        releases = component_of(name, facts["components"][name])["releases"]
        listed, newest = bundle["components"].get(name), newest_at(tagged, slack, releases)
        if newest is None or (listed is not None and not rule["corrects"]):
            continue
        if listed is None or listed not in newest_around(tagged, slack, releases):
            yield name, newest


def newest_at(tagged: datetime, slack: timedelta, releases: list[dict[str, Any]]) -> str | None:
    """The newest release at the end of that day; None where that is not certain, or there is none.

    It is not certain if the next one was tagged within `slack` after that day, or on a day that is not
    established.
    """
    evening = end_of_day(tagged)
    there = [number for number, one in enumerate(releases) if is_tagged_before(evening, one)]
    if not there:
        return None
    following = releases[there[-1] + 1 :][:1]
    if following and (following[0]["released"] is None or is_tagged_before(evening + slack, following[0])):
        return None
    version: str = releases[there[-1]]["version"]
    return version


def newest_around(tagged: datetime, slack: timedelta, releases: list[dict[str, Any]]) -> list[str]:
    """The releases that were the newest at some moment from `slack` before to `slack` after."""
    early = [one["version"] for one in releases if is_tagged_before(tagged - slack, one)]
    late = [one["version"] for one in releases if is_tagged_before(end_of_day(tagged) + slack, one)]
    return late[max(len(early) - 1, 0) :]


def end_of_day(moment_of_day: datetime) -> datetime:
    return moment_of_day.replace(hour=0, minute=0, second=0) + timedelta(days=1)


def is_tagged_before(end: datetime, release: dict[str, Any]) -> bool:
    return release["released"] is not None and datetime.fromisoformat(release["released"]) < end


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
