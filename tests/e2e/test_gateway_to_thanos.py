"""Past one machine: the gateway in front of a real Thanos ring of two, and the shipped rules on it."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

import boards
from e2e.releases_api import ReleasesApi
from e2e.reporting import wait_until
from e2e.thanos import Labels, Thanos
from tools.fleet.plan import HOUR, Fleet, draw_fleet
from tools.fleet.present import mark, reporting, send_newest
from tools.fleet.reports import identity_of
from tools.fleet.site import Prometheus

_INSTANCES, _NEWCOMERS, _DAYS = 40, 20, 30
_INTERVAL = "5s"
_SECONDS = 150  # some evaluations of all rules on a busy machine
_SECONDS_OF_AGE = 300.0  # the two count ages at moments of their own
# All instances here share one address, which outside would be one cluster's or one proxy's.
_RATES = {"INGEST_SOURCE_RATE_PER_MINUTE": "1000000", "INGEST_INSTANCE_RATE_PER_HOUR": "100"}
_SEEN = "fleet_instance_seen_timestamp_seconds"
_REPORTED = f"last_over_time({_SEEN}[3h])"
_RUNNING = "sum(audience:fleet_instances_running:count24h)"
_BOARDS = {"fleet-overview", "fleet-versions", "fleet-nodes", "fleet-instance"}
_RULES_TAKE = 'prometheus_rule_group_last_duration_seconds{rule_group=~".*fleet_state"}'
_RECORDED = '{__name__=~".+:.+"}'


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return draw_fleet(_INSTANCES, _DAYS, end=int(time.time()) // HOUR * HOUR)


@pytest.fixture(scope="module")
def thanos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thanos]:
    with Thanos(tmp_path_factory.mktemp("ring") / "thanos") as ring:
        yield ring


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, thanos: Thanos) -> Iterator[ReleasesApi]:
    folder = tmp_path_factory.mktemp("api")
    with ReleasesApi(folder, UPSTREAM_WRITE_URL=thanos.write_url, **_RATES) as gateway:
        yield gateway


def reported(thanos: Thanos) -> set[str]:
    """The ids whose reports the ring holds."""
    return {dict(labels)["instance_id"] for labels in thanos.query(_REPORTED)}


def ids(fleet: Fleet) -> set[str]:
    return {identity_of(one).instance_id for one in reporting(fleet)}


def test_reports_are_spread_over_both_and_read_back_as_one(
    fleet: Fleet, thanos: Thanos, api: ReleasesApi
) -> None:
    before = [one.series_held() for one in thanos.receives]

    sent = send_newest(fleet, api.http)

    # Query learns what its stores have every few seconds.
    wait_until(lambda: reported(thanos) == ids(fleet), _SECONDS)
    held = [after.series_held() - had for after, had in zip(thanos.receives, before, strict=True)]
    stored = thanos.query('count(last_over_time({__name__=~"fleet_.*"}[3h]))')
    assert len(ids(fleet)) == sent
    assert sum(held) == stored[frozenset()]  # each series is in one of them
    assert min(held) > sum(held) / 4


def test_shipped_rules_count_on_thanos_what_they_count_on_prometheus(
    fleet: Fleet, thanos: Thanos, api: ReleasesApi, tmp_path: Path
) -> None:
    metrics_port = int(api.settings["METRICS_PORT"])
    (tmp_path / "other").mkdir()
    with Prometheus(tmp_path / "prometheus", api_metrics_port=metrics_port) as prometheus:
        prometheus.start(_INTERVAL)
        upstream = f"{prometheus.url}/api/v1/write"
        mark(fleet, api.http, api.token("audience"))
        send_newest(fleet, api.http)
        with ReleasesApi(tmp_path / "other", UPSTREAM_WRITE_URL=upstream, **_RATES) as other:
            send_newest(fleet, other.http)
        thanos.scrape(api.metrics_url, _INTERVAL)
        thanos.rule(_INTERVAL)

        def differing() -> object:
            return _differing(thanos.query(_RECORDED), _of(prometheus))

        wait_until(lambda: not differing(), _SECONDS, lambda: f"Thanos, Prometheus: {differing()}")
        counted = _of(prometheus)
        asked = _asked_by_boards(fleet)
        shown = {query: _differing_panel(query, thanos, prometheus) for query in asked}

    names = {dict(labels)["__name__"] for labels in counted}
    assert thanos.query(_RUNNING) == {frozenset(): float(len(ids(fleet)))}
    assert {"audience:fleet_instances_running:count24h", "audience_verdict:fleet_components:sum"} <= names
    assert any(one.mark for one in reporting(fleet))
    assert {query: differs for query, differs in shown.items() if differs} == {}
    assert len(shown) > 50
    wait_until(lambda: bool(thanos.query(_RULES_TAKE)), _SECONDS)  # what FleetRulesSlow reads


def _asked_by_boards(fleet: Fleet) -> list[str]:
    """The queries of the staff's boards, not of the service's, whose counters each scraper reads itself."""
    one = identity_of(next(iter(reporting(fleet)))).instance_id
    asked = boards.queries({**boards.CHOSEN, "instance_id": one})
    return sorted({query.expr for query in asked if query.board in _BOARDS})


def _differing_panel(query: str, thanos: Thanos, prometheus: Prometheus) -> object:
    """What a panel would show on either; None where that is the same."""
    found = sorted(thanos.query(query).values())
    expected = sorted(float(one["value"][1]) for one in prometheus.query(query))
    in_seconds = "_seconds" in query or "time()" in query
    same = found == pytest.approx(expected, abs=_SECONDS_OF_AGE if in_seconds else 1e-9)
    return None if same else (found, expected)


def _of(prometheus: Prometheus) -> dict[Labels, float]:
    return {frozenset(one["metric"].items()): float(one["value"][1]) for one in prometheus.query(_RECORDED)}


def _differing(found: Mapping[Labels, float], expected: Mapping[Labels, float]) -> object:
    """What differs, or that there is nothing to compare yet."""
    if not any(value for value in expected.values()):
        return "nothing is recorded yet"
    return {
        tuple(sorted(labels)): (found.get(labels), expected.get(labels))
        for labels in found.keys() | expected.keys()
        if not _same(dict(labels)["__name__"], found.get(labels), expected.get(labels))
    }


def _same(name: str, found: float | None, expected: float | None) -> bool:
    # A cell that emptied says 0 once, in the seconds after a mark; then it is not there.
    if not found and not expected:
        return True
    if found is None or expected is None:
        return False
    return found == pytest.approx(expected, abs=_SECONDS_OF_AGE if name.endswith(":avg") else 0)


def test_receive_that_is_killed_and_comes_back_loses_nothing_that_was_acknowledged(
    fleet: Fleet, thanos: Thanos, api: ReleasesApi
) -> None:
    send_newest(fleet, api.http)  # acknowledged, whatever ran before
    wait_until(lambda: reported(thanos) == ids(fleet), _SECONDS)
    held = thanos.query(_REPORTED)
    killed = thanos.receives[1]

    killed.program.kill()
    later = draw_fleet(_INSTANCES + _NEWCOMERS, _DAYS, end=fleet.end).instances[len(fleet.instances) :]
    newcomers = Fleet(fleet.end, fleet.days, later)
    with pytest.raises(httpx.HTTPStatusError, match="503"):  # of so many series some belong to the killed one
        send_newest(newcomers, api.http)
    partial = thanos.status(_REPORTED)
    killed.start()
    wait_until(lambda: _sent(newcomers, api), _SECONDS, api.program.log_tail)
    wait_until(lambda: thanos.status(_REPORTED) == 200, _SECONDS)
    wait_until(lambda: reported(thanos) == ids(fleet) | ids(newcomers), _SECONDS)

    assert partial == 422  # half of a fleet is no answer
    assert held.items() <= thanos.query(_REPORTED).items()


def _sent(fleet: Fleet, api: ReleasesApi) -> bool:
    """Whether all reports were taken, as agents send them again until they are."""
    try:
        send_newest(fleet, api.http)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != 503:
            raise
        return False
    return True
