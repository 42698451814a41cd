from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_exporter.reporter.pace import moment_within, pause

SLOT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DRAWN = st.floats(min_value=0, max_value=1, exclude_max=True)


def always(value: float) -> Callable[[], float]:
    return lambda: value


@given(drawn=DRAWN, minutes=st.integers(-60, 59))
def test_a_moment_lies_in_what_is_left_of_the_hour(drawn: float, minutes: int) -> None:
    not_before = SLOT + timedelta(minutes=minutes)

    moment = moment_within(SLOT, not_before, always(drawn))

    assert max(SLOT, not_before) <= moment <= SLOT + timedelta(hours=1)


def test_no_moment_of_the_hour_is_likelier_than_another() -> None:
    draws = [number / 4 for number in range(4)]

    minutes = [moment_within(SLOT, SLOT, always(drawn)).minute for drawn in draws]

    assert minutes == [0, 15, 30, 45]


@pytest.mark.parametrize(
    ("failures", "drawn", "seconds"),
    [
        (1, 0.5, 60), (1, 0.0, 30), (2, 0.5, 120), (3, 0.5, 240), (4, 0.5, 480), (5, 0.5, 900),
        (99, 0.5, 900), (10_000, 0.0, 450),
    ],
)  # fmt: skip
def test_pauses_double_up_to_a_quarter_of_an_hour(failures: int, drawn: float, seconds: float) -> None:
    assert pause(failures, None, always(drawn)) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("asked_for", "seconds"), [(10.0, 60), (600.0, 630), (0.0, 60), (3600.0, 3780), (9e9, 3780)]
)
def test_what_was_asked_for_is_a_floor_of_at_most_an_hour(asked_for: float, seconds: float) -> None:
    assert pause(1, asked_for, always(0.5)) == timedelta(seconds=seconds)
