"""Rates: bursts, the way back, and memory that does not grow."""

import pytest

from workflow_releases.ingest.rates import Rates, Seen


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# (count, window), then (seconds that pass, answer) one after the other
SEQUENCES: list[tuple[tuple[int, float], list[tuple[float, int | None]]]] = [
    ((1, 60), [(0, None), (0, 60), (59.5, 1), (0.5, None)]),
    ((3, 60), [(0, None)] * 3 + [(0, 20), (20, None), (0, 20), (60, None), (0, None), (0, None)]),
    ((2, 60), [(0, None), (15, None), (0, 15), (15, None), (0, 30), (1e9, None), (0, None), (0, 30)]),
    ((12, 3600), [*[(0, None)] * 12, *[(0, 300)] * 3, (300, None), (0, 300)]),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "sequence"), SEQUENCES)
def test_burst_is_the_whole_count_and_comes_back_evenly(
    limit: tuple[int, float], sequence: list[tuple[float, int | None]]
) -> None:
    clock = Clock()
    rates = Rates(*limit, clock)

    for number, (seconds, expected) in enumerate(sequence):
        clock.now += seconds
        assert rates.take(b"key") == expected, number


def test_keys_do_not_share() -> None:
    rates = Rates(1, 60, Clock())

    assert [rates.take(key) for key in (b"a", b"b", b"a", b"b")] == [None, None, 60, 60]


def test_memory_is_bounded_and_the_longest_unseen_is_forgotten_first() -> None:
    rates = Rates(1, 60, Clock(), max_keys=3)

    for key in (b"a", b"b", b"c", b"a", b"d"):  # the refused a was seen after b and c
        rates.take(key)

    assert len(rates) == 3
    assert [rates.take(key) for key in (b"a", b"c", b"d")] == [60, 60, 60]
    assert rates.take(b"b") is None


def test_a_hundred_thousand_sources_are_no_more_than_the_bound() -> None:
    rates = Rates(120, 60, Clock(), max_keys=1000)

    for number in range(100_000):
        rates.take(number.to_bytes(4))

    assert len(rates) == 1000


def test_seen_holds_at_least_half_of_its_bound_and_never_more_than_it() -> None:
    seen = Seen(most=10)
    for number in range(1_000):
        seen.add(number)
        seen.add(7)  # comes again and again

        assert all(one in seen for one in range(max(0, number - 3), number + 1))
        assert 7 in seen
        assert len(seen) <= 10
