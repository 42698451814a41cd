"""Every series that boards and alerts may ask for, with its labels, from where each is defined."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from workflow_exporter.reporter.table import SERIES
from workflow_exporter.self_metrics import SELF_FAMILIES, FamilyType
from workflow_exporter.web.metric_families import CLUSTER_FAMILIES, EXPORTER_FAMILIES, NODE_FAMILIES

ROOT = Path(__file__).parents[1]
SCRAPED = frozenset({"namespace", "job", "instance", "pod", "service", "endpoint", "container"})
_KNOWN_LABELS = frozenset(
    {"instance_id", "window", "period", "cohort", "le", *(label for row in SERIES for label in row.labels)}
)


def agents() -> Mapping[str, frozenset[str]]:
    """The agent's `/metrics`, with the labels that a scrape adds."""
    found: dict[str, frozenset[str]] = {}
    families = (
        *(entry.family for entry in (*CLUSTER_FAMILIES, *EXPORTER_FAMILIES)),
        *(entry.family for entry in NODE_FAMILIES),
        *SELF_FAMILIES,
    )
    for family in families:
        labels = SCRAPED | set(family.labels)
        if family.type is FamilyType.HISTOGRAM:
            found[f"{family.name}_bucket"] = labels | {"le"}
            found |= {f"{family.name}_{part}": labels for part in ("sum", "count")}
        else:
            found[family.name] = labels
    return found


def reported() -> Mapping[str, frozenset[str]]:
    """What reports consist of."""
    return {row.name: frozenset({"instance_id", *row.labels}) for row in SERIES}


def recorded() -> Mapping[str, frozenset[str]]:
    """What the rules record, by the table of prometheus/README.md."""
    return dict(_documented())


def recorded_by_rules() -> set[str]:
    """The names in prometheus/rules/."""
    files = [
        yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "prometheus/rules").glob("*.yaml"))
    ]
    return {rule["record"] for file in files for group in file["groups"] for rule in group["rules"]}


def releases() -> Mapping[str, frozenset[str]]:
    """The releases API's `/metrics`, by its README, which a test of its own holds complete."""
    text = (ROOT / "releases-api/README.md").read_text("utf-8")
    return {
        name: SCRAPED | set(re.findall(r"\w+", labels))
        for name, labels in re.findall(r"^\| `(releases_\w+)` \| (.*?) \|", text, re.MULTILINE)
    }


def standard() -> Mapping[str, frozenset[str]]:
    """Of Prometheus and its client library."""
    return dict.fromkeys(("up", "process_resident_memory_bytes", "process_cpu_seconds_total"), SCRAPED)


def _documented() -> Iterator[tuple[str, frozenset[str]]]:
    above: frozenset[str] = frozenset()
    for line in (ROOT / "prometheus/README.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line[1:-1].split("|")]
        names = re.findall(r"`(\w+:\w+:\w+)`", cells[0])
        if len(cells) != 4 or not names:
            continue
        labels = frozenset(re.findall(r"\w+", cells[1])) & _KNOWN_LABELS
        if "as the first" in cells[1]:
            labels = above
        above = above or labels
        for name in names:
            level = name.partition(":")[0]
            yield name, labels | ({"audience"} if level.startswith("audience") else set()) | _in(level)


def _in(level: str) -> set[str]:
    """A recorded name begins with the labels that it keeps; one table row may list several names."""
    return {label for label in _KNOWN_LABELS if f"_{label}_" in f"_{level}_"}
