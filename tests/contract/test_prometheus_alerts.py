"""Each alert says why it is there, leads to its runbook, reads what exists, and is tested both ways."""

import re
from pathlib import Path

import yaml

from promql_reading import PROMETHEUS, Entry, entries, labels_read, metrics_read
from series_that_exist import AGENT, LABELS_OF_AGENT, LABELS_OF_RELEASES_API, LABELS_OF_REPORTS, RELEASES_API

_RUNBOOKS = Path(__file__).parents[2] / "docs/runbooks.md"
_ALERTS = tuple(entries("alerts"))
_RECORDED = {rule.name for rule in entries("rules")}

_OF_PROMETHEUS = {
    "up",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_rule_group_interval_seconds",
}
_ADDED_BY_SCRAPES = {"job", "instance", "namespace", "rule_group"}


def _file(name: str) -> tuple[Entry, ...]:
    return tuple(alert for alert in _ALERTS if alert.file == name)


def _sections() -> set[str]:
    return set(re.findall(r"^## (\w+)$", _RUNBOOKS.read_text(encoding="utf-8"), re.MULTILINE))


def test_each_alert_has_its_section_and_each_section_an_alert() -> None:
    assert _sections() == {alert.name for alert in _ALERTS}


def test_each_alert_links_its_section_and_says_what_is_wrong() -> None:
    wrong = [
        alert.name
        for alert in _ALERTS
        if alert.annotations.get("runbook_url") != f"docs/runbooks.md#{alert.name.lower()}"
        or not alert.annotations.get("summary")
        or not alert.comment
    ]

    assert wrong == []


def test_links_within_the_runbooks_lead_somewhere() -> None:
    text = _RUNBOOKS.read_text(encoding="utf-8")
    anchors = {section.lower() for section in _sections()}

    assert set(re.findall(r"\(#([\w-]+)\)", text)) - anchors == set()


def test_operators_alerts_read_only_the_agents_metrics() -> None:
    for alert in _file("operators.yaml"):
        assert metrics_read(alert.expr) - AGENT == set(), alert.name
        assert labels_read(alert.expr) - LABELS_OF_AGENT - _ADDED_BY_SCRAPES == set(), alert.name


def test_hosting_alerts_read_only_what_the_releases_api_prometheus_and_the_rules_have() -> None:
    labels = LABELS_OF_RELEASES_API | LABELS_OF_REPORTS | _ADDED_BY_SCRAPES
    for alert in _file("hosting.yaml"):
        assert metrics_read(alert.expr) - RELEASES_API - _RECORDED - _OF_PROMETHEUS == set(), alert.name
        assert labels_read(alert.expr) - labels == set(), alert.name


def test_each_alert_is_tested_to_fire_and_to_keep_quiet() -> None:
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    for file in ("hosting.yaml", "operators.yaml"):
        document = yaml.safe_load((PROMETHEUS / "tests" / file).read_text(encoding="utf-8"))
        for test in document["tests"]:
            for case in test["alert_rule_test"]:
                seen[bool(case["exp_alerts"])].add(case["alertname"])

    assert seen == {fires: {alert.name for alert in _ALERTS} for fires in (True, False)}


def test_operators_alerts_survive_a_new_pod_of_the_agent() -> None:
    """Their labels are those of the job: with a pod's, each restart would end one and begin another."""
    by_pod = [
        alert.name
        for alert in _file("operators.yaml")
        if "by (namespace, job" not in alert.expr
        or labels_read(alert.expr) & {"pod", "instance", "container"}
    ]

    assert by_pod == []
