"""The story has in it what the rules are to be tried with; else agreement would prove little."""

from itertools import pairwise

from fleet_model.known import known_at
from fleet_model.reports import AUDIENCES, DAY, HOUR
from fleet_model.story import END, GATEWAY_DOWN, PROMETHEUS_DOWN, START, story
from fleet_model.truth import truth

FLEET = story()


def test_it_is_the_same_each_time() -> None:
    assert story(4) == story(4)


def test_at_least_60_instances_live_in_it_for_100_days() -> None:
    assert len({report.instance_id for report in FLEET.reports}) >= 60
    assert (END - START) // DAY >= 100


def test_no_report_is_stored_in_the_middle_of_an_outage() -> None:
    quiet = [(outage.since + 2 * HOUR, outage.until - 2 * HOUR) for outage in (GATEWAY_DOWN, PROMETHEUS_DOWN)]

    assert [r.slot for r in FLEET.reports if any(since < r.slot < until for since, until in quiet)] == []


def test_outages_stop_everybody_and_nobody_is_new_afterwards() -> None:
    running = "audience:fleet_instances_running:count24h"
    before, after = (known_at(FLEET, at) for at in (GATEWAY_DOWN.since, GATEWAY_DOWN.until + 3 * HOUR))
    first_seen = {one.report.instance_id: one.first_seen for one in before}

    assert sum(truth(FLEET, GATEWAY_DOWN.until - 2 * HOUR)[running].values()) == 0
    assert {
        one.report.instance_id: one.first_seen for one in after if one.report.instance_id in first_seen
    } == (first_seen)


def test_there_are_absences_below_a_day_and_of_five_days_and_one_of_more_than_a_hundred() -> None:
    slots: dict[str, list[int]] = {}
    for report in FLEET.reports:
        slots.setdefault(report.instance_id, []).append(report.slot)
    gaps = [after - before for of in slots.values() for before, after in pairwise(of)]

    assert any(2 * HOUR < gap < DAY for gap in gaps)
    assert any(5 * DAY <= gap < 6 * DAY for gap in gaps)
    assert [gap > 100 * DAY for gap in gaps].count(True) == 1


def test_all_audiences_run_and_marks_change() -> None:
    at_the_end = {one.audience for one in known_at(FLEET, END - DAY) if one.running}

    assert at_the_end == set(AUDIENCES)
    assert len({mark.audience for mark in FLEET.marks if mark.instance_id == f"{8:032x}"}) == 2
    assert {mark.instance_id for mark in FLEET.marks} - {report.instance_id for report in FLEET.reports}


def test_many_are_upgraded() -> None:
    versions: dict[str, set[str]] = {}
    for report in FLEET.reports:
        versions.setdefault(report.instance_id, set()).add(report.about.version)

    assert sum(len(found) > 1 for found in versions.values()) >= 20
