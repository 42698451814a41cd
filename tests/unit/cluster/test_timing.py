import pytest

from workflow_exporter.cluster.timing import Timing


@pytest.mark.parametrize(
    ("failures", "random_part", "seconds"),
    [
        (1, 1.0, 0.5),
        (2, 1.0, 1.0),
        (3, 0.5, 1.0),
        (7, 1.0, 30.0),
        (10_000, 1.0, 30.0),  # and no overflow
        (5, 0.0, 0.0),
    ],
)
def test_back_off_is_a_random_part_of_a_doubling_pause(
    failures: int, random_part: float, seconds: float
) -> None:
    assert Timing().backoff(failures, random_part) == seconds


def test_idle_watches_end_before_proxies_cut_them() -> None:
    timing = Timing()

    assert timing.watch_seconds + timing.watch_jitter_seconds < 60
