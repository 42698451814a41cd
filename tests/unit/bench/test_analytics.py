"""The bench of the analytics writes true samples, and its table holds a column for each size."""

import ingest_factories
from bench.analytics import Found, table
from bench.analytics_load import Times
from tools.fleet.plan import HOUR

MOMENTS = [7200, 7500, 10_800]


def samples(*values: float) -> bytes:
    return b"".join(
        ingest_factories.sample(value, moment * 1000) for value, moment in zip(values, MOMENTS, strict=True)
    )


def test_constant_is_written_as_protobuf_writes_it() -> None:
    assert Times(MOMENTS).constant(5.0) == samples(5.0, 5.0, 5.0)


def test_slots_are_the_hours_of_the_moments_until_the_last_report() -> None:
    assert Times(MOMENTS).slots(3 * HOUR) == samples(7200.0, 7200.0, 10_800.0)
    assert Times(MOMENTS).slots(2 * HOUR) == samples(7200.0, 7200.0, 7200.0)


def test_table_compares_sizes_and_the_floor() -> None:
    small = Found(1_000, 10, 20, groups={"fleet_state": 0.3}, rules_seconds=0.5, floor=(0.01, 5))
    small.slowest = {"fleet-nodes": (0.25, "Nodes")}
    large = Found(2_000, 20, 40, groups={"fleet_state": 0.6}, rules_seconds=1.0, floor=(0.02, 10))
    large.slowest = {"fleet-nodes": (0.5, "Kubelets")}

    lines = table([small, large]).splitlines()

    assert lines[0] == "| figure | 1,000 | 2,000 |"
    assert "| fleet_state, beside the others, s | 0.30 | 0.60 |" in lines
    assert "| the same per 1,000 instances, s | 0.500 | 0.500 |" in lines
    assert "| all rules / floor | 50 | 50 |" in lines
    assert "| slowest panel of fleet-nodes, s | 0.250 (Nodes) | 0.500 (Kubelets) |" in lines
