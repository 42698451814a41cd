import pytest

from bench.report import Beside, Row, at_share, table, target_at


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3.0], 0.5, 3.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 201)], 0.99, 198.0),
        ([1.0, 2.0, 3.0], 0.99, 3.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_share_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert at_share(values, share) == expected


@pytest.mark.parametrize(
    ("found", "target", "verdict"),
    [
        (1.0, 2.0, "MET"),
        (2.0, 2.0, "MET"),
        (2.01, 2.0, "NOT MET"),
        (None, 2.0, "NOT MEASURED"),
        (9.0, None, ""),
    ],
)
def test_verdict_never_drops_a_target(found: float | None, target: float | None, verdict: str) -> None:
    assert Row("start", "s", Beside(found), target).verdict == verdict


def test_targets_hold_for_5000_nodes_grow_in_proportion_and_judge_no_fewer() -> None:
    assert [target_at(nodes, 2.5) for nodes in (500, 5000, 15000)] == [None, 2.5, 7.5]
    assert [target_at(nodes, 120, grows=False) for nodes in (500, 5000, 15000)] == [None, 120, 120]


def test_table_shows_ratios_to_floor_and_peer_beside_each_figure() -> None:
    rows = [
        Row("scrape", "ms", Beside(3.0, 1.5, 30.0, 90.0), 2.0),
        Row("RSS", "MiB", Beside(75.04), 120.0),
        Row("very first scrape", "ms", Beside(1234.5)),
    ]

    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in table(rows).splitlines()[2:]] == [
        ["scrape, ms", "3.00", "1.50", "2.00", "30.0", "0.10", "90.0", "≤ 2.00", "NOT MET"],
        ["RSS, MiB", "75.0", "", "", "", "", "", "≤ 120", "MET"],
        ["very first scrape, ms", "1,234", "", "", "", "", "", "", ""],
    ]


def test_table_is_aligned() -> None:
    lines = table(
        [Row("RSS", "MiB", Beside(75.0)), Row("a much longer figure", "s", Beside(0.5))]
    ).splitlines()

    assert len({len(line) for line in lines}) == 1
