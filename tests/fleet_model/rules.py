"""The rule files as data, and what tests make of them. Pure; knows how rules are written, no rule."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

STATE_GROUP = "fleet_state"
PROMETHEUS_DOWN = "model_prometheus_down"  # a series that is 1 while it is

_READ = re.compile(r"last_over_time\(([a-z0-9_]+(?::[a-z0-9_]+)+)(\{[^}]*\})?\[1h\]\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule; `labels` are those that the rule adds."""

    group: str
    record: str
    expr: str
    labels: Mapping[str, str]


def recording_rules(files: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """All recording rules of parsed rule files."""
    return [
        Rule(group["name"], rule["record"], rule["expr"], rule.get("labels", {}))
        for content in files
        for group in content["groups"]
        for rule in group["rules"]
        if "record" in rule
    ]


def as_file(rules: Iterable[Rule], **external: str) -> dict[str, Any]:
    """A rule file again. `external` labels are added to what is recorded, as a Thanos ruler does."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        labels = {**rule.labels, **external}
        groups.setdefault(rule.group, []).append({"record": rule.record, "expr": rule.expr, "labels": labels})
    return {"groups": [{"name": name, "rules": group} for name, group in groups.items()]}


def silenced_by_outages(rules: Iterable[Rule]) -> list[Rule]:
    """The same rules, which record nothing while the model's Prometheus is down: promtool never is."""
    return [
        Rule(
            rule.group,
            rule.record,
            f"(\n{rule.expr}\n) unless on () {PROMETHEUS_DOWN} == 1",
            rule.labels,
        )
        for rule in rules
    ]


def written_out(rule: Rule, rules: list[Rule]) -> str:
    """The rule's expression, with every read of another rule but the state replaced by that rule's own.

    A rule's read of itself stays.
    """

    def replace(found: re.Match[str]) -> str:
        name, selector = found[1], found[2] or ""
        named = [one for one in rules if one.record == name]
        if name == rule.record or named[0].group == STATE_GROUP:
            return found[0]
        read = [one for one in named if all(f'{k}="{v}"' in selector for k, v in one.labels.items())]
        if len(read) != 1:
            raise ValueError(f"{rule.record} reads {found[0]}, which is {len(read)} rules")
        return f"({written_out(read[0], rules)})"

    return _READ.sub(replace, rule.expr)
