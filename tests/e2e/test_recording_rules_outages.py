"""Prometheus may be down for nearly four days, and the API for longer. A shorter memory would not do.

Nor does an outage hide that somebody was away for 100 days.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from e2e.recording_rules import complaints, shipped_rules, write
from fleet_model.promtool import STEP, computed, promtool_document
from fleet_model.reports import DAY, HOUR, Fleet, Outage
from fleet_model.rules import PROMETHEUS_DOWN, STATE_GROUP, Rule, as_file, silenced_by_outages
from fleet_model.story import START, story
from fleet_model.truth import truth

_DOWN = Outage(START + 2 * DAY, START + 5 * DAY + 20 * HOUR)
_API_AWAY = Outage(_DOWN.since, _DOWN.until + 2 * HOUR)
_MOMENTS = (_DOWN.until, _DOWN.until + HOUR, _DOWN.until + 3 * HOUR)

_INSTANCE = {
    "instance_id": "a",
    "cluster_id": "1",
    "platform": "deis",
    "version": "v2.18.0",
    "train": "stable",
    "audience": "customer",
    "exporter_version": "v1.0.0",
    "kubernetes_version": "1.30",
}

_REMEMBER = (
    "instance_id_audience:releases_instance_audience_info:last",
    "instance_id:fleet_newest_report_timestamp_seconds:max",
    "instance_id:fleet_first_seen_timestamp_seconds:min",
)


def _fleet() -> Fleet:
    told = story(12)
    reports = tuple(one for one in told.reports if one.slot <= _MOMENTS[-1] and not _DOWN.covers(one.slot))
    return replace(told, reports=reports, prometheus_down=(_DOWN,), api_not_scraped=(_API_AWAY,))


def _found(folder: Path, forgetful: str | None) -> str:
    """What promtool says of the rules, one of which may remember three days only."""
    fleet = _fleet()
    rules = [
        replace(rule, expr=rule.expr.replace("[4d]", "[3d]")) if rule.record == forgetful else rule
        for rule in shipped_rules()
    ]
    remembering: list[Rule] = silenced_by_outages(rule for rule in rules if rule.group == STATE_GROUP)
    write(folder / "state.yaml", as_file(remembering))
    document = promtool_document(
        fleet,
        rules,
        {now: truth(fleet, now) for now in _MOMENTS},
        computed(rules),
        rule_files=["state.yaml"],
        evaluation_interval=f"{STEP}s",
    )
    return complaints(write(folder / "outage.yaml", document))


def test_afterwards_nobody_is_new_and_every_number_is_right(tmp_path: Path) -> None:
    assert _found(tmp_path, forgetful=None) == ""


@pytest.mark.parametrize("record", _REMEMBER)
def test_with_a_memory_of_three_days_it_would_not_be_so(tmp_path: Path, record: str) -> None:
    assert "FAILED" in _found(tmp_path, forgetful=record)


@pytest.mark.parametrize(("kept_days", "is_new"), [(105, True), (101, False)])
def test_who_comes_back_after_100_days_is_new_though_no_rule_saw_the_leaving(
    tmp_path: Path, kept_days: int, is_new: bool
) -> None:
    """Down from half a day before it leaves to three days after; 101 days were too short."""
    silenced = silenced_by_outages(rule for rule in shipped_rules() if rule.group == STATE_GROUP)
    rules = [replace(rule, expr=rule.expr.replace("105 *", f"{kept_days} *")) for rule in silenced]
    write(tmp_path / "state.yaml", as_file(rules))
    day = DAY // STEP
    down, back = range(100 * day - day // 2, 103 * day), 110 * day
    labels = ", ".join(f'{name}="{value}"' for name, value in _INSTANCE.items())
    series = {
        f"fleet_instance_seen_timestamp_seconds{{{labels}}}": f"{START} _x{back - 1} {START + back * STEP}",
        PROMETHEUS_DOWN: f"0x{down.start - 1} 1x{len(down) - 1} 0x{back - down.stop + 1}",
    }
    first_seen = {down.start - 1: [START], down.stop + 1: [], back + 1: [START + back * STEP]}
    document = {
        "rule_files": ["state.yaml"],
        "evaluation_interval": f"{STEP}s",
        "tests": [
            {
                "start_timestamp": START,
                "interval": f"{STEP}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f"max by (instance_id) (last_over_time({_REMEMBER[-1]}[1h])) > 0",
                        "eval_time": f"{step * STEP}s",
                        "exp_samples": [{"labels": '{instance_id="a"}', "value": value} for value in values],
                    }
                    for step, values in first_seen.items()
                ],
            }
        ],
    }

    assert (complaints(write(tmp_path / "leaving.yaml", document)) == "") is is_new
