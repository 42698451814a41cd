"""Recording rules keep to the design's names, say what they answer, and read only what exists."""

import re

import yaml

from promql_reading import PROMETHEUS, entries, labels_read, metrics_read
from series_that_exist import LABELS_OF_RELEASES_API, LABELS_OF_REPORTS, RELEASES_API, REPORTS

_RULES = tuple(entries("rules"))
_RECORDED = {rule.name for rule in _RULES}
_HELPERS = {
    "audience:fleet_zero:constant",
    "audience_verdict:fleet_zero:constant",
    "instance_id:fleet_instance_created_timestamp_seconds:max",
}

# What boards, alerts and staff rely on. To take one away is a breaking change.
_PROMISED = {
    "instance_id:fleet_last_seen_timestamp_seconds:max",
    "instance_id:fleet_first_seen_timestamp_seconds:min",
    "audience:fleet_instances_running:count24h",
    "audience:fleet_clusters_running:count24h",
    "audience:fleet_instances_confirmed:count24h",
    "audience_window:fleet_instances_appeared:count",
    "audience_window:fleet_instances_disappeared:count",
    "audience:fleet_instance_age_seconds:avg",
    "audience:fleet_cluster_age_seconds:avg",
    "audience_platform_version:fleet_instances:count",
    "audience_component_version:fleet_instances:count",
    "audience_verdict:fleet_components:sum",
    "audience:fleet_instances_outdated:count",
    "audience_os_image:fleet_nodes:sum",
    "audience_kubelet_version:fleet_nodes:sum",
    "audience_container_runtime:fleet_nodes:sum",
    "audience_architecture:fleet_nodes:sum",
    "audience:fleet_capacity_cpu_cores:sum",
    "audience:fleet_capacity_memory_bytes:sum",
    "audience:fleet_capacity_storage_bytes:sum",
}


def test_names_are_found_in_an_expression() -> None:
    expr = (
        'sum by (audience) (rate(x_total{reason=~"a|b"}[5m]) * on (id) group_left (le) a:b:c > bool 0) or up'
    )

    assert metrics_read(expr) == {"x_total", "a:b:c", "up"}
    assert labels_read(expr) == {"audience", "reason", "id", "le"}


def test_every_promised_series_is_recorded() -> None:
    missing = _PROMISED - _RECORDED

    assert missing == set()


def test_the_readme_lists_every_recorded_series_and_no_other() -> None:
    text = (PROMETHEUS / "README.md").read_text(encoding="utf-8")

    listed = set(re.findall(r"`(\w+:\w+:\w+)`", text))

    assert listed == _RECORDED


def test_every_rule_has_a_comment_that_asks_its_question() -> None:
    assert [rule.name for rule in _RULES if "?" not in rule.comment and rule.name not in _HELPERS] == []
    assert [rule.name for rule in _RULES if not rule.comment] == []


def test_rules_read_only_series_that_are_reported_exposed_or_recorded() -> None:
    known = REPORTS | RELEASES_API | _RECORDED

    assert {rule.name: unknown for rule in _RULES if (unknown := metrics_read(rule.expr) - known)} == {}


def test_every_series_of_a_report_is_read_by_a_rule() -> None:
    read = {name for rule in _RULES for name in metrics_read(rule.expr)}

    assert REPORTS - read == set()


def test_rules_use_only_labels_of_what_they_read_or_that_rules_add() -> None:
    added = {"window", "period", "le"}
    known = LABELS_OF_REPORTS | LABELS_OF_RELEASES_API | added

    assert {rule.name: unknown for rule in _RULES if (unknown := labels_read(rule.expr) - known)} == {}


def test_levels_in_a_name_are_the_labels_that_it_has() -> None:
    levels = {"audience", "window", "period", "cohort", "le"} | LABELS_OF_REPORTS
    wrong = []
    for name in _RECORDED:
        level = name.partition(":")[0]
        rest = level
        for label in sorted(levels, key=len, reverse=True):
            rest = rest.replace(label, "")
        if rest.strip("_"):
            wrong.append(name)

    assert wrong == []


def test_reads_across_groups_look_an_hour_back_or_longer() -> None:
    """An instant read finds nothing five minutes after a sample, and groups have intervals of up to 15."""
    instant = {
        rule.name: found
        for rule in _RULES
        if (
            found := [
                name for name in metrics_read(rule.expr) & _RECORDED if f"{name}[" not in _plain(rule.expr)
            ]
        )
    }
    short = [
        rule.name for rule in _RULES if set(re.findall(r":\w+\[(\w+)\]", _plain(rule.expr))) - {"1h", "4d"}
    ]

    assert (instant, short) == ({}, [])


def _plain(expr: str) -> str:
    return re.sub(r"\{[^}]*\}", "", expr)


def test_no_interval_is_longer_than_15_minutes() -> None:
    intervals = {
        group["name"]: group["interval"]
        for file in sorted((PROMETHEUS / "rules").glob("*.yaml"))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    }

    assert intervals == {
        "fleet_cells": "15m",
        "fleet_contents": "4m",
        "fleet_counts": "2m",
        "fleet_periods": "2m",
        "fleet_state": "5m",
    }


def test_prometheus_takes_late_reports_and_loads_rules_and_alerts() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))

    assert config["storage"]["tsdb"]["out_of_order_time_window"] == "3h"
    assert config["rule_files"] == ["rules/*.yaml", "alerts/hosting.yaml"]
    assert "workflow-releases" in {job["job_name"] for job in config["scrape_configs"]}
