"""Runs the shipped rules over the past: what they would have recorded, as OpenMetrics text.

`promtool tsdb create-blocks-from rules` asks once per rule and two hours, and no rule may read another. Here
each rule is one range query, in the order in which rules read each other.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tools.fleet.past import series_text
from tools.fleet.plan import HOUR

_STATE = "fleet_state"  # the group that carries itself forward: told by `past`


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule of `prometheus/rules`."""

    record: str
    expr: str
    labels: tuple[tuple[str, str], ...]


def rules_in(folder: Path, *, state: bool = False) -> list[Rule]:
    """All recording rules but those of the state, or those alone."""
    groups = [
        group
        for file in sorted(folder.glob("*.yaml"))
        for group in yaml.safe_load(file.read_text())["groups"]
    ]
    return [
        Rule(rule["record"], rule["expr"], tuple(rule.get("labels", {}).items()))
        for group in groups
        if (group["name"] == _STATE) is state
        for rule in group["rules"]
    ]


def in_steps(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Those that read none of the others first, then those that read these, and so on."""
    recorded = {rule.record for rule in rules}
    reads = {rule.record: _read_by(rule.record, rules, recorded) for rule in rules}
    done: set[str] = set()
    steps: list[list[Rule]] = []
    while len(done) < len(recorded):
        ready = {name for name in recorded - done if reads[name] <= done}
        if not ready:
            raise ValueError(f"these read each other in a circle: {sorted(recorded - done)}")
        steps.append([rule for rule in rules if rule.record in ready])
        done |= ready
    return steps


def _read_by(record: str, rules: Iterable[Rule], recorded: set[str]) -> set[str]:
    names = {
        name
        for rule in rules
        if rule.record == record
        for name in re.findall(r"[a-z_0-9]+:[a-z_0-9:]+", rule.expr)
    }
    return names & recorded - {record}


def recounted(http: httpx.Client, rule: Rule, start: int, end: int) -> Iterator[str]:
    """Lines of what the rule says at each full hour of a range."""
    query = {"query": rule.expr, "start": start, "end": end, "step": HOUR}
    answer = http.post("/api/v1/query_range", data=query).raise_for_status().json()
    for series in answer["data"]["result"]:
        yield from _lines(rule, series)


def _lines(rule: Rule, series: dict[str, Any]) -> Iterator[str]:
    labels = {name: text for name, text in series["metric"].items() if name != "__name__"}
    text = series_text(rule.record, labels | dict(rule.labels))
    for moment, value in series["values"]:
        yield f"{text} {value} {moment}\n"
