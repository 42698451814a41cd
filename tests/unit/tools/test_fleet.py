"""The made-up fleet: the same for the same seed, and what is counted of it is what its events say."""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.fleet import truth
from tools.fleet.plan import HOUR, Fleet, Instance, draw_fleet
from tools.fleet.recount import Rule, in_steps, rules_in
from tools.fleet.releases import DAY
from tools.fleet.reports import bytes_of, identity_of, report_of
from tools.fleet.site import SHIPPED

END = 1_795_435_200  # 2026-11-23 12:00 UTC, a Monday
FLEET = draw_fleet(30, 120, END)
RUNNING = "audience:fleet_instances_running:count24h"
CUSTOMER = frozenset({("audience", "customer")})


def one(**changes: object) -> Fleet:
    """A fleet of one instance that reports all the time but as said."""
    instance = replace(
        FLEET.instances[0], audience="customer", mark=None, first=END - 50 * DAY, last=END, gaps=()
    )
    return Fleet(END, 120, (replace(instance, **changes),))  # type: ignore[arg-type]  # a test's own fields


def counted(fleet: Fleet, now: int, name: str = RUNNING, **labels: str) -> float:
    key = name, CUSTOMER | frozenset(labels.items())
    return truth.numbers(truth.at(fleet, now))[key]


def test_same_seed_is_the_same_fleet_and_a_larger_one_holds_the_smaller() -> None:
    again, larger = draw_fleet(30, 120, END), draw_fleet(60, 120, END)

    assert again == FLEET
    assert larger.instances[: len(FLEET.instances)] == FLEET.instances
    assert draw_fleet(30, 120, END, "another") != FLEET


def test_report_is_the_agents_own_and_says_the_slot() -> None:
    instance = FLEET.instances[0]
    report = report_of(FLEET, instance, END)
    seen = report.series[0]

    assert seen.name == "fleet_instance_seen_timestamp_seconds"
    assert seen.value == END
    assert dict(seen.labels)["instance_id"] == identity_of(instance).instance_id
    assert bytes_of(FLEET, instance, END) == bytes_of(FLEET, instance, END)
    assert "other" not in dict(seen.labels).values()


def test_reports_come_hourly_of_late_and_before_that_every_six_hours() -> None:
    slots = one().slots_of(one().instances[0])

    assert [after - before for before, after in zip(slots[-3:], slots[-2:], strict=False)] == [HOUR, HOUR]
    assert slots[1] - slots[0] == 6 * HOUR


@pytest.mark.parametrize(
    ("changes", "moment", "running"),
    [
        ({}, END, 1),
        ({"last": END - 23 * HOUR}, END, 1),
        ({"last": END - 24 * HOUR}, END, 0),
        ({"mark": "staff"}, END, 0),
        ({"gaps": ((END - 30 * HOUR, END),)}, END - HOUR, 0),
        ({"gaps": ((END - 30 * HOUR, END),)}, END, 1),
    ],
)
def test_running_is_who_reported_within_a_day(changes: dict[str, object], moment: int, running: int) -> None:
    assert counted(one(**changes), moment) == running


def test_who_was_away_for_five_days_is_not_new() -> None:
    away = one(gaps=((END - 6 * DAY, END - DAY),))

    assert counted(away, END, "audience_window:fleet_instances_appeared:count", window="week") == 0
    assert counted(away, END, "audience_window:fleet_instances_appeared:count", window="quarter") == 1


def test_who_left_disappeared_a_day_after_the_last_report() -> None:
    name = "audience_window:fleet_instances_disappeared:count"
    left = one(last=END - 8 * DAY)

    assert counted(left, END - 7 * DAY - HOUR, name, window="week") == 0
    assert counted(left, END - 7 * DAY, name, window="week") == 1
    assert counted(left, END - HOUR, name, window="week") == 1
    assert counted(left, END + DAY, name, window="week") == 0


def test_upgraded_instance_counts_once_and_under_what_it_runs_now() -> None:
    upgraded = one(platform="hephy", versions=((0, "v2.22.3"), (END, "v2.23.0")))
    numbers = truth.numbers(truth.at(upgraded, END))

    versions = {
        dict(labels)["version"]: value
        for (name, labels), value in numbers.items()
        if name == "audience_platform_version:fleet_instances:count"
    }
    assert versions == {"v2.23.0": 1.0}


def test_rules_are_run_after_those_that_they_read() -> None:
    steps = in_steps([Rule("a:b:c", "max(d:e:f)", ()), Rule("d:e:f", "vector(1)", ())])

    assert [[rule.record for rule in step] for step in steps] == [["d:e:f"], ["a:b:c"]]
    with pytest.raises(ValueError, match="circle"):
        in_steps([Rule("a:b:c", "max(d:e:f)", ()), Rule("d:e:f", "max(a:b:c)", ())])


def test_every_shipped_rule_is_either_state_or_counted_again() -> None:
    steps = in_steps(rules_in(SHIPPED / "rules"))
    shipped = sum(path.read_text().count("- record:") for path in Path(SHIPPED / "rules").glob("*.yaml"))

    assert sum(len(step) for step in steps) + len(rules_in(SHIPPED / "rules", state=True)) == shipped


def test_instances_of_one_cluster_tell_the_same_cluster_id() -> None:
    def cluster(instance: Instance) -> str:
        return identity_of(instance).cluster_id

    by_number: dict[int, set[str]] = {}
    for instance in FLEET.instances:
        by_number.setdefault(instance.cluster.number, set()).add(cluster(instance))
    assert {len(ids) for ids in by_number.values()} == {1}
    assert len(by_number) < len(FLEET.instances)
