"""Numbers are judged once: their memory may change nothing but the time."""

import math
import struct

import pytest

from gateways import Site
from ingest_factories import MONDAY, NOW, component, fleet, pack, write_request
from workflow_releases.ingest.allowlist import RULES, Rule
from workflow_releases.ingest.refusals import ReportRefusedError
from workflow_releases.ingest.values import Values

SEEN = RULES["fleet_component_seen_timestamp_seconds"]
CREATED = RULES["fleet_cluster_created_timestamp_seconds"]
CORES = RULES["fleet_capacity_cpu_cores"]


def spelt(value: float) -> bytes:
    return struct.pack("<d", value) if value else b""


def judged(values: Values, rule: Rule, value: float, now: float) -> bool:
    values.refresh(now)
    try:
        values.check([(rule, spelt(value))], now)
    except ReportRefusedError:
        return False
    return True


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
@pytest.mark.parametrize(
    "value",
    [
        *(0.0, 1.0, 3.0, 0.5, -1.0, 99.0, 101.0, 2.0**24, 2.0**25),
        *(NOW - 7200, NOW - 7201, NOW + 600, NOW + 601, MONDAY, MONDAY + 1.0),
        *(math.inf, -math.inf, math.nan),
    ],
)
def test_answer_is_the_rules_own_each_time(rule: Rule, value: float) -> None:
    values = Values()

    for now in (NOW, NOW + 0.5, NOW + 1, NOW - 1, NOW + 7200, NOW, NOW + 1e6):
        assert judged(values, rule, value, now) == rule.allows(value, now), now


def test_moment_is_allowed_until_it_is_too_old_and_not_longer() -> None:
    values = Values()

    assert judged(values, SEEN, NOW - 3600, NOW)
    assert judged(values, SEEN, NOW - 60, NOW)
    assert judged(values, SEEN, NOW - 3600, NOW + 3600)
    assert not judged(values, SEEN, NOW - 3600, NOW + 3600.001)
    assert judged(values, SEEN, NOW - 60, NOW + 3600.001)


def test_only_moments_are_forgotten_when_one_is_too_old() -> None:
    values = Values()
    for value in (NOW - 7000, NOW - 60):
        assert judged(values, SEEN, value, NOW)
    assert judged(values, CORES, 4.0, NOW)

    values.refresh(NOW + 300)
    assert (values.allowed(SEEN), values.allowed(CORES)) == (set(), {spelt(4.0)})

    assert judged(values, SEEN, NOW - 60, NOW + 300)
    values.refresh(NOW + 600)
    assert values.allowed(SEEN) == {spelt(NOW - 60)}


def test_clock_that_goes_back_finds_the_future_refused() -> None:
    values = Values()
    later = NOW + 14 * 86400

    assert judged(values, CREATED, MONDAY + 14 * 86400, later)
    assert judged(values, SEEN, later, later)
    assert not judged(values, CREATED, MONDAY + 14 * 86400, NOW)
    assert not judged(values, SEEN, later, NOW)


def test_what_one_series_may_have_is_not_allowed_to_another() -> None:
    values = Values()

    assert judged(values, SEEN, NOW - 1, NOW)
    assert not judged(values, CORES, NOW - 1, NOW)
    assert values.allowed(CORES) == set()


def test_only_what_is_allowed_is_remembered_and_so_much_of_it() -> None:
    values = Values(max_numbers=20)
    values.refresh(NOW)

    for number in range(1000):
        values.check([(RULES["fleet_components"], spelt(number))], NOW)
        assert not judged(values, CORES, number + 0.5, NOW)
        assert len(values) <= 20
    assert values.allowed(RULES["fleet_components"])


def test_views_stay_the_same_when_all_is_forgotten() -> None:
    values = Values()
    view = values.allowed(CORES)

    assert judged(values, CORES, 4.0, NOW)
    assert view == {spelt(4.0)}
    values.refresh(NOW - 1)
    assert view == set()
    assert judged(values, CORES, 8.0, NOW)
    assert view == {spelt(8.0)}


@pytest.mark.anyio
async def test_moment_that_a_recognised_report_tells_is_judged_at_each_time() -> None:
    site = Site()
    old = write_request((component(), NOW - 7200), timestamp_ms=NOW * 1000)
    statuses = []
    for seconds in (0, 0, 1):
        site.now = NOW + seconds
        statuses.append((await site.post(pack(old))).status_code)

    assert len(site.known.layouts) == 1
    assert statuses == [204, 204, 400]
    assert site.reasons == {"accepted": 2, "value": 1}


@pytest.mark.anyio
async def test_recognised_report_is_refused_for_its_value_by_the_name_of_the_metric() -> None:
    site = Site()
    await site.post(pack(write_request((fleet("capacity_cpu_cores"), 4))))

    answer = await site.post(pack(write_request((fleet("capacity_cpu_cores"), 3))))

    assert (answer.status_code, answer.json()["error"].split(":")[0]) == (400, "fleet_capacity_cpu_cores")
    assert len(site.store.bodies) == 1
