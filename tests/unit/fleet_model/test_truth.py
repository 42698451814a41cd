"""The model's own sentences, on fleets small enough to count by hand."""

from datetime import UTC, datetime

import pytest

from fleet_model.known import labels
from fleet_model.reports import DAY, HOUR, VERDICTS, About, Fleet, Mark, Report
from fleet_model.truth import period_starts, truth

_NOON = 1_795_608_000  # 2026-11-25 12:00 UTC, a Wednesday


def report(
    slot: int, instance_id: str = "a", *, version: str = "v1.0.0", audience: str = "customer"
) -> Report:
    return Report(
        instance_id,
        slot,
        About("c", "deis", version, "stable", audience, "v1.0.0", "1.30"),
        {"router": version},
        dict.fromkeys(VERDICTS, 1),
        {("Debian 12", "1.30.1", "containerd 1.7", "amd64"): 3},
        0,
        0,
        {"oldest": 0, "newest": 0},
        8,
        8,
        8,
    )


def fleet(*reports: Report, marks: tuple[Mark, ...] = ()) -> Fleet:
    return Fleet(0, _NOON, reports, marks)


def _running(one: Fleet, now: int = _NOON) -> dict[str, float]:
    counted = truth(one, now)["audience:fleet_instances_running:count24h"]
    return {dict(key)["audience"]: number for key, number in counted.items() if number}


@pytest.mark.parametrize(("age", "running"), [(DAY - 1, {"customer": 1.0}), (DAY, {})])
def test_running_ends_24_hours_after_the_newest_report(age: int, running: dict[str, float]) -> None:
    assert _running(fleet(report(_NOON - age))) == running


def test_upgraded_instance_counts_once_under_its_newest_version() -> None:
    upgraded = fleet(report(_NOON - HOUR), report(_NOON, version="v2.0.0"))

    counted = truth(upgraded, _NOON)["audience_platform_version:fleet_instances:count"]

    assert counted == {labels(audience="customer", platform="deis", version="v2.0.0"): 1.0}


def test_mark_outranks_the_reports_word_until_it_is_taken_back() -> None:
    marked = fleet(report(_NOON), marks=(Mark("a", "staff", _NOON - HOUR, _NOON + HOUR),))

    assert _running(marked) == {"staff": 1.0}
    assert _running(marked, _NOON + HOUR) == {"customer": 1.0}


@pytest.mark.parametrize(("away", "first"), [(100 * DAY, 0), (100 * DAY + HOUR, 100 * DAY + HOUR)])
def test_instance_is_born_again_only_after_100_days(away: int, first: int) -> None:
    start = 1_786_924_800
    back = fleet(report(start), report(start + away))

    found = truth(back, start + away)["instance_id:fleet_first_seen_timestamp_seconds:min"]

    assert found == {labels(instance_id="a"): float(start + first)}


@pytest.mark.parametrize(
    ("now", "week", "month", "quarter"),
    [
        ("2026-11-25T12:00", "2026-11-23", "2026-11-01", "2026-10-01"),
        ("2027-01-01T00:00", "2026-12-28", "2027-01-01", "2027-01-01"),
        ("2028-02-29T23:00", "2028-02-28", "2028-02-01", "2028-01-01"),
    ],
)
def test_periods_begin_as_a_calendar_on_the_wall_says(now: str, week: str, month: str, quarter: str) -> None:
    def moment(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())

    expected = {"week": moment(week), "month": moment(month), "quarter": moment(quarter)}

    assert period_starts(moment(now)) == expected
