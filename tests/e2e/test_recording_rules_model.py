"""The rules say what an independent model of a fleet says: 106 days, 64 instances, each event and series."""

from pathlib import Path

import pytest

from e2e.recording_rules import complaints, shipped_rules, write
from fleet_model.promtool import STEP, computed, promtool_document, recorded
from fleet_model.reports import DAY, HOUR
from fleet_model.rules import STATE_GROUP, as_file, silenced_by_outages
from fleet_model.story import END, GATEWAY_DOWN, PROMETHEUS_DOWN, START, story
from fleet_model.truth import truth

_MOMENTS = {
    "the first hour": START + 45 * 60,
    "the first day": START + 14 * HOUR,
    "some are gone": START + 7 * DAY,
    "marks are taken back": START + 71 * DAY,
    "upgrades, and a mark given late": START + 35 * DAY,
    "the gateway is down for 20 hours": GATEWAY_DOWN.since + 20 * HOUR + STEP,
    "and for 40: nobody runs": GATEWAY_DOWN.since + 40 * HOUR,
    "it is back for an hour": GATEWAY_DOWN.until + HOUR + STEP,
    "Prometheus is back, and has heard of nobody": PROMETHEUS_DOWN.until,
    "and has heard of all": PROMETHEUS_DOWN.until + 3 * HOUR,
    "the first moment of a quarter": START + 73 * DAY,
    "no API is scraped": START + 75 * DAY + 12 * HOUR,
    "a hundred days later some are forgotten": START + 103 * DAY + 45 * 60,
    "and one of them is back, new": END - STEP,
}


def test_every_series_is_as_in_the_model_at_moments_of_106_days(tmp_path: Path) -> None:
    fleet = story()
    rules = shipped_rules()
    remembering = silenced_by_outages(rule for rule in rules if rule.group == STATE_GROUP)
    write(tmp_path / "state.yaml", as_file(remembering))
    expected = {now: truth(fleet, now) for now in _MOMENTS.values()}

    document = promtool_document(
        fleet,
        rules,
        expected,
        computed(rules),
        rule_files=["state.yaml"],
        evaluation_interval=f"{STEP}s",
    )

    assert complaints(write(tmp_path / "model.yaml", document)) == ""


@pytest.mark.parametrize(
    ("interval", "count", "days", "backwards"),
    [("1m", 1, 1, False), ("5m", 12, 1, False), ("15m", 26, 3, False), ("15m", 26, 3, True)],
    ids=["every minute, one instance", "every 5", "every 15", "every 15, groups in reverse"],
)
def test_recorded_at_any_interval_and_in_any_order_and_with_a_rulers_labels(
    tmp_path: Path, interval: str, count: int, days: int, *, backwards: bool
) -> None:
    """45 minutes past the hour, when the chain of groups has settled even in reverse."""
    fleet = story(count)
    rules = shipped_rules()
    write(tmp_path / "rules.yaml", as_file(rules, ruler="0", tenant_id="default"))
    now = START + days * DAY + 4 * HOUR + 45 * 60
    groups = list(dict.fromkeys(rule.group for rule in rules))

    document = promtool_document(
        fleet,
        rules,
        {now: truth(fleet, now)},
        recorded,
        rule_files=["rules.yaml"],
        evaluation_interval=interval,
        group_eval_order=groups[::-1] if backwards else groups,
    )

    assert complaints(write(tmp_path / "model.yaml", document)) == ""
