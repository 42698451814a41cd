"""A made-up fleet of known truth: its past in a real Prometheus, its present through the real gateway.

What the shipped rules answer is compared with what the plan says, now and at moments of the past.
"""

import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from e2e.releases_api import ReleasesApi
from e2e.reporting import wait_until
from tools.fleet import truth
from tools.fleet.plan import HOUR, Fleet, draw_fleet
from tools.fleet.releases import DAY
from tools.fleet.reports import identity_of
from tools.fleet.site import Prometheus, hosted

_INSTANCES, _DAYS = 60, 120
_SECONDS_TO_COUNT = 120  # some evaluations of all rules on a busy machine
_SECONDS_OF_AGE = 300.0  # ages grow while they are counted and compared

Site = tuple[Fleet, Prometheus, ReleasesApi]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    fleet = draw_fleet(_INSTANCES, _DAYS, end=int(time.time()) // HOUR * HOUR)
    with hosted(tmp_path_factory.mktemp("fleet"), fleet, interval="2s") as (prometheus, api):
        yield fleet, prometheus, api


def recorded(prometheus: Prometheus, names: set[str], moment: float) -> truth.Numbers:
    """What the series of these names say at a moment; a cell that emptied counts as one that is not there."""
    return {
        (metric.pop("__name__"), frozenset(metric.items())): float(series["value"][1])
        for series in prometheus.query(f'{{__name__=~"{"|".join(sorted(names))}"}}', moment)
        if (metric := dict(series["metric"]))
    }


def differing(found: truth.Numbers, expected: truth.Numbers) -> dict[object, object]:
    """What is found and what is expected, where that differs."""
    return {
        (name, tuple(sorted(labels))): (found.get((name, labels)), expected.get((name, labels)))
        for name, labels in found.keys() | expected.keys()
        if not _same(name, found.get((name, labels)), expected.get((name, labels)))
    }


def _same(name: str, found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found == expected
    if name.endswith(":avg"):
        return abs(found - expected) <= _SECONDS_OF_AGE
    return found == pytest.approx(expected)


def names(numbers: truth.Numbers) -> set[str]:
    return {name for name, _ in numbers}


def test_every_number_of_the_present_is_the_truth(site: Site) -> None:
    fleet, prometheus, _ = site

    def now() -> dict[object, object]:
        expected = truth.numbers(truth.at(fleet, time.time()))
        return differing(recorded(prometheus, names(expected), time.time()), expected)

    wait_until(lambda: not now(), _SECONDS_TO_COUNT, lambda: f"found, expected: {now()}")


def test_share_that_runs_the_newest_release_is_what_the_catalogs_say(site: Site) -> None:
    fleet, prometheus, api = site
    exposed = httpx.get(f"{api.metrics_url}/metrics", trust_env=False).text
    newest = {
        (sample.labels["platform"], sample.labels["component"]): sample.labels["version"]
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == "releases_latest_info" and sample.labels["train"] == "stable"
    }

    def now() -> dict[object, object]:
        expected = truth.newest_shares(truth.at(fleet, time.time()), newest)
        return differing(recorded(prometheus, names(expected), time.time()), expected)

    assert {platform for platform, _ in newest} == {"deis", "drycc", "hephy"}
    wait_until(lambda: not now(), _SECONDS_TO_COUNT, lambda: f"found, expected: {now()}")


@pytest.mark.parametrize("days_ago", [1, 17, 45, 51, 52, 80, 119])
def test_every_number_of_the_past_is_the_truth_of_that_moment(site: Site, days_ago: int) -> None:
    fleet, prometheus, _ = site
    moment = fleet.end - days_ago * DAY

    expected = truth.numbers(truth.at(fleet, moment))

    assert differing(recorded(prometheus, names(expected), moment), expected) == {}


def test_the_fleet_has_what_boards_are_to_show(site: Site) -> None:
    fleet, _, _ = site
    now = truth.at(fleet, fleet.end)
    numbers = truth.numbers(now)

    def of(name: str, **labels: str) -> float:
        return numbers[name, frozenset(labels.items())]

    appeared, disappeared = (
        f"audience_window:fleet_instances_{what}:count" for what in ("appeared", "disappeared")
    )
    assert of("audience:fleet_instances_running:count24h", audience="customer") > 20
    assert of("audience:fleet_instances_running:count24h", audience="staff") > 0
    assert of(appeared, audience="customer", window="month") > 0
    assert of(disappeared, audience="customer", window="month") > 0
    assert len({one.instance.version_at(one.last) for one in now.running}) > 4
    assert any(one.mark for one in fleet.instances)
    assert len({one.cluster.number for one in fleet.instances}) < len(fleet.instances)
    assert len({identity_of(one).instance_id for one in fleet.instances}) == len(fleet.instances)
