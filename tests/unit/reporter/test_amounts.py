from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_exporter.reporter import amounts
from workflow_exporter.reporter.amounts import GIBIBYTE

SLOT = datetime(2017, 9, 20, 12, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (0, 0), (1, 1), (10, 10), (11, 11), (99, 99), (100, 100), (114, 110), (115, 120), (994, 990),
        (995, 1000), (5127, 5100), (15_000, 15_000), (99_499, 99_000),
    ],
)  # fmt: skip
def test_nodes_above_ten_are_rounded_to_two_digits(nodes: int, said: int) -> None:
    assert amounts.rounded_count(nodes) == said


@pytest.mark.parametrize(
    ("cores", "said"),
    [(0.5, 1), (1, 1), (1.1, 2), (4, 4), (12, 16), (1000, 1024), (1024, 1024), (0, None), (-1, None)],
)
def test_cores_are_the_next_power_of_two(cores: float, said: float | None) -> None:
    assert amounts.power_of_two(cores) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1, GIBIBYTE),
        (16 * GIBIBYTE, 16 * GIBIBYTE),
        (int(15.6 * GIBIBYTE), 16 * GIBIBYTE),
        (16 * GIBIBYTE + 1, 32 * GIBIBYTE),
        (0, None),
    ],
)
def test_bytes_are_the_next_power_of_two_of_gibibytes(size: int, said: int | None) -> None:
    assert amounts.power_of_two_gibibytes(size) == said


@pytest.mark.parametrize("nothing", [float("nan"), float("inf"), float("-inf"), 1.7e308, 2.0**63 * 1024**3])
def test_what_cannot_be_true_is_not_said(nothing: float) -> None:
    assert amounts.power_of_two(nothing) is None
    assert amounts.power_of_two_gibibytes(nothing) is None


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2017, 9, 20, 11, 59, tzinfo=UTC), datetime(2017, 9, 18, tzinfo=UTC)),
        (datetime(2017, 9, 18, tzinfo=UTC), datetime(2017, 9, 18, tzinfo=UTC)),
        (datetime(2017, 9, 17, 23, 59, 59, tzinfo=UTC), datetime(2017, 9, 11, tzinfo=UTC)),
        # 01:00 on Monday in Berlin is Sunday in UTC.
        (datetime(2017, 9, 18, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2017, 9, 11, tzinfo=UTC)),
        (datetime(2016, 6, 10, 8, tzinfo=UTC), datetime(2016, 6, 6, tzinfo=UTC)),
    ],
)
def test_moments_are_cut_to_monday_in_utc(moment: datetime, said: datetime) -> None:
    assert amounts.monday(moment, SLOT) == said.timestamp()


@pytest.mark.parametrize(
    "moment",
    [None, datetime(1970, 1, 1, tzinfo=UTC), datetime(2014, 5, 31, tzinfo=UTC), SLOT + timedelta(days=7)],
)
def test_moments_that_cannot_be_true_are_not_said(moment: datetime | None) -> None:
    assert amounts.monday(moment, SLOT) is None


@given(st.integers(min_value=11, max_value=10**7))
def test_rounding_is_never_off_by_more_than_a_twentieth(nodes: int) -> None:
    said = amounts.rounded_count(nodes)

    assert abs(said - nodes) <= nodes / 20
    assert len(str(int(said)).rstrip("0")) <= 2
