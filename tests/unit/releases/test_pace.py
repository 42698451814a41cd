"""When the next question comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_exporter.releases.pace import Considerate, Steady

HALF_A_DAY = 43200.0


def considerate(drawn: float, interval_seconds: float = HALF_A_DAY) -> Considerate:
    return Considerate(interval_seconds, lambda: drawn)


@pytest.mark.parametrize(("drawn", "seconds"), [(0.0, 38880.0), (0.5, 43200.0), (0.75, 45360.0)])
def test_after_a_success_it_is_the_interval_give_or_take_a_tenth(drawn: float, seconds: float) -> None:
    assert considerate(drawn).pause_seconds(0, None) == seconds


@pytest.mark.parametrize(
    ("failures", "most"), [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (9, 3600), (100_000, 3600)]
)
def test_after_failures_it_is_a_random_part_of_what_doubles_up_to_an_hour(failures: int, most: float) -> None:
    assert considerate(0.5).pause_seconds(failures, None) == most / 2
    assert considerate(0.0).pause_seconds(failures, None) == 0


def test_failures_are_no_reason_to_ask_less_often_than_otherwise() -> None:
    assert considerate(0.5, interval_seconds=60).pause_seconds(10, None) == 30


@pytest.mark.parametrize(
    ("retry_after", "drawn", "seconds"),
    [
        (120.0, 0.0, 120.0),
        (120.0, 0.5, 126.0),
        (86400.0, 0.0, 3600.0),
        (1.0, 0.5, 15.0),  # the back-off is longer
        (0.0, 0.5, 15.0),
    ],
)
def test_retry_after_is_a_floor_of_at_most_an_hour(retry_after: float, drawn: float, seconds: float) -> None:
    assert considerate(drawn).pause_seconds(1, retry_after) == pytest.approx(seconds)


@given(
    failures=st.integers(0, 10**6),
    retry_after=st.none() | st.floats(0, 1e12),
    drawn=st.floats(0, 1, exclude_max=True),
    interval=st.integers(60, 43200),
)
def test_it_is_never_longer_than_the_interval_or_an_hour_with_a_tenth(
    failures: int, retry_after: float | None, drawn: float, interval: int
) -> None:
    seconds = considerate(drawn, interval).pause_seconds(failures, retry_after)

    assert 0 <= seconds <= 1.1 * max(interval, 3600)


def test_a_file_is_looked_at_again_whatever_has_happened() -> None:
    assert [Steady(10).pause_seconds(failures, 3600.0) for failures in (0, 1, 9)] == [10, 10, 10]
