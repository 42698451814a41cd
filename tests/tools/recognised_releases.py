"""Writes the table of docs/recognised-releases.md from the renderings in data/rendered (`make generate`).

Run as `python -m tools.recognised_releases` with tests/ on the path. Only what stands between the two marks
is written; the rest of the page is prose.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from itertools import groupby
from pathlib import Path
from typing import Any

from clusters.rendered import RENDERINGS, rendering
from workflow_exporter.version import Version, parse_version

PAGE = Path(__file__).parents[2] / "docs" / "recognised-releases.md"
BEGIN = "<!-- written by `make generate` from tests/data/rendered -->\n"
END = "<!-- end of what is written by `make generate` -->\n"
_PLATFORMS = ("deis", "hephy", "drycc")  # in the order in which they began
_UNRELEASED = "newest commit"

Facts = dict[str, Any]


def table() -> str:
    """What stands between the marks: a row for each shape, and the releases that have it."""
    lines = [
        "",
        "| platform | rendered | charts | components | workloads | told from the row above by | special |",
        "|---|---|---|---|---|---|---|",
    ]
    for platform in _PLATFORMS:
        before: Facts | None = None
        for group in _shapes(platform):
            first = group[0]
            cells = [
                platform.capitalize(),
                ", ".join(map(_name, group)),
                first["charts"],
                str(len(_components(first))),
                _counted(one["kind"] for one in first["workloads"]),
                _difference(before, first),
                "; ".join(_special(group)),
            ]
            lines.append(f"| {' | '.join(cells)} |")
            before = first
    return "\n".join([*lines, "", ""])


def with_table(page: str) -> str:
    """`page` with its table written again; raises ValueError unless each mark is there exactly once."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _shapes(platform: str) -> list[list[Facts]]:
    """A rendering of each release, oldest first; neighbours of one shape together.

    With the charts' own values, where the release was rendered with them.
    """
    releases = groupby(sorted(_of(platform), key=_order), key=lambda one: one["release"])
    return [list(group) for _, group in groupby((next(found) for _, found in releases), key=_shape)]


def _of(platform: str) -> list[Facts]:
    return [one.raw for one in map(rendering, RENDERINGS) if one.platform == platform]


def _is_whole(facts: Facts) -> bool:
    return facts["variant"] is None


def _order(facts: Facts) -> tuple[bool, Version, str]:
    released = facts["release"] != _UNRELEASED
    return (
        not released,
        parse_version(facts["release"] if released else "v0.0.0"),
        facts["variant"] or "",
    )


def _shape(facts: Facts) -> tuple[Any, ...]:
    workloads = frozenset((one["component"], one["kind"], one["name"]) for one in facts["workloads"])
    return facts["charts"], workloads, _components(facts), _annotated(facts)


def _name(facts: Facts) -> str:
    release: str = facts["release"]
    return release if _is_whole(facts) else f"{release} ({facts['variant']} only)"


def _components(facts: Facts) -> frozenset[str]:
    return frozenset(one["component"] for one in (*facts["workloads"], *facts["config_maps"]))


def _annotated(facts: Facts) -> bool:
    return any(one.get("annotations") for one in facts["workloads"])


def _counted(kinds: Iterable[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(kinds).items()))


def _difference(before: Facts | None, facts: Facts) -> str:
    """Components that came and went; where none did, workloads; else annotations."""
    if before is None:
        return ""
    if _components(facts) != _components(before):
        return _came_and_went(_components(before), _components(facts))
    old, new = _kinds(before), _kinds(facts)
    moved = sorted((old[name], new[name], name) for name in old.keys() & new.keys() if old[name] != new[name])
    parts = [
        f"{now} in place of {then}: {', '.join(name for _, _, name in names)}"
        for (then, now), names in groupby(moved, key=lambda move: move[:2])
    ]
    if changed := _came_and_went(old.keys(), new.keys()):
        parts.append(changed)
    return "; ".join(parts) or "version annotations"


def _came_and_went(before: Set[str], after: Set[str]) -> str:
    came, went = sorted(after - before), sorted(before - after)
    return ", ".join([*(f"+ {name}" for name in came), *(f"− {name}" for name in went)])


def _kinds(facts: Facts) -> dict[str, str]:
    """Kind by name of each workload that is no leftover."""
    return {one["name"]: one["kind"] for one in facts["workloads"] if not _is_leftover(one)}


def _special(group: list[Facts]) -> Iterator[str]:
    facts = group[0]
    leftovers = sum(_is_leftover(one) for one in facts["workloads"])
    if leftovers:
        yield f"{leftovers} ReplicationControllers at zero replicas beside Deployments of their names"
    if not _annotated(facts):
        yield "versions by image tag only"
    if facts["config_maps"]:
        yield (
            "images of "
            + ", ".join(sorted(one["component"] for one in facts["config_maps"]))
            + " in config maps"
        )
    if any(one.get("image_env") for one in facts["workloads"]):
        yield "images of the builders in variables, which are not read"
    if _without_versions(facts):
        yield "builds without a version (canary)"
    releases = {one["release"] for one in group}
    changed = [one for one in _of(facts["platform"]) if one["release"] in releases and not _is_whole(one)]
    if changed:
        yield f"also tried with other values: {', '.join(sorted({one['variant'] for one in changed}))}"


def _is_leftover(workload: Facts) -> bool:
    return workload["kind"] == "ReplicationController" and workload.get("replicas") == 0


def _without_versions(facts: Facts) -> bool:
    images = [one["containers"][0]["image"] for one in facts["workloads"] if one["containers"]]
    return bool(images) and all(image.endswith(":canary") for image in images)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
