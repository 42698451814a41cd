"""The staff's boards over a made-up fleet of known truth: each query has an answer, and it is the truth.

Past and present are in a real Prometheus, counted by the shipped rules; what is compared is what Grafana
would show for customers over the last 120 days.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

import boards
from boards import PanelQuery
from e2e.reporting import wait_until
from tools.fleet import truth
from tools.fleet.plan import HOUR, Fleet, draw_fleet
from tools.fleet.releases import DAY
from tools.fleet.reports import components_of, identity_of
from tools.fleet.site import Prometheus, hosted

_INSTANCES, _DAYS = 60, 120
_SECONDS_TO_COUNT = 180  # some evaluations of all rules on a busy machine
_STAFF = ("fleet-overview", "fleet-versions", "fleet-nodes", "fleet-instance", "fleet-service")
_APPEARED, _DISAPPEARED = (
    f"audience_window:fleet_instances_{what}:count" for what in ("appeared", "disappeared")
)
Rows = dict[frozenset[tuple[str, str]], float]


@dataclass(frozen=True)
class Shown:
    """A site, and what a reader chose: customers, everything, and one instance that runs."""

    fleet: Fleet
    prometheus: Prometheus
    chosen: Mapping[str, str]
    one: truth.Known

    def query(self, board: str, panel: int, letter: str = "A") -> PanelQuery:
        """The query of a panel."""
        (found,) = (
            query
            for query in boards.queries(self.chosen)
            if (query.board, query.panel, query.letter) == (board, panel, letter)
        )
        return found

    def rows(self, board: str, panel: int, letter: str = "A", moment: float | None = None) -> Rows:
        """The result at a moment, now if none is given, by labels."""
        expr = self.query(board, panel, letter).expr
        return {
            frozenset(series["metric"].items()): float(series["value"][1])
            for series in self.prometheus.query(expr, moment)
        }

    def number(self, board: str, panel: int, letter: str = "A", moment: float | None = None) -> float:
        """The only value of the result."""
        (value,) = self.rows(board, panel, letter, moment).values()
        return value

    def answer(self, query: PanelQuery) -> list[dict[str, Any]]:
        """What Grafana would get, for 120 days, or for minutes of what was only now begun to be scraped."""
        now = time.time()
        if query.at_once:
            return self.prometheus.query(query.expr, now)
        if query.board == "fleet-service":
            return self.prometheus.query_range(query.expr, now - 300, now, 5)
        step = max(query.least_step_seconds, 6 * HOUR)
        end = now // step * step
        return self.prometheus.query_range(query.expr, end - _DAYS * DAY // step * step, end, step)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    fleet = draw_fleet(_INSTANCES, _DAYS, end=int(time.time()) // HOUR * HOUR)
    with hosted(tmp_path_factory.mktemp("boards"), fleet, interval="2s") as (prometheus, _):
        running = [one for one in truth.at(fleet, fleet.end).running if one.audience == "customer"]
        one = next(one for one in running if len(one.instance.versions) > 1)
        chosen = {**boards.CHOSEN, "instance_id": identity_of(one.instance).instance_id}
        site = Shown(fleet, prometheus, chosen, one)
        wait_until(lambda: _is_counted(site), _SECONDS_TO_COUNT)
        yield site


def _is_counted(shown: Shown) -> bool:
    """All groups of rules have seen the reports that arrived."""
    expected = list(_of_customers(shown, "audience:fleet_instances_running:count24h").values())
    return (
        list(shown.rows("fleet-overview", 2).values()) == expected
        and [sum(shown.rows("fleet-versions", 31).values())] == expected
        and len(shown.rows("fleet-nodes", 24)) > 0
    )


def _of_customers(shown: Shown, name: str, moment: float | None = None, **more: str) -> Rows:
    """The truth of a recorded name, without the labels that a panel has chosen."""
    wanted = frozenset({"audience": "customer", **more}.items())
    return {
        labels - wanted: value
        for (found, labels), value in truth.numbers(
            truth.at(shown.fleet, time.time() if moment is None else moment)
        ).items()
        if found == name and labels >= wanted
    }


_QUERIES = [query for query in boards.queries() if query.board in _STAFF]


@pytest.mark.parametrize("name", [query.name for query in _QUERIES])
def test_every_panel_has_an_answer(shown: Shown, name: str) -> None:
    (query,) = (one for one in boards.queries(shown.chosen) if one.name == name)

    wait_until(lambda: bool(shown.answer(query)), _SECONDS_TO_COUNT, lambda: query.expr)


@pytest.mark.parametrize(
    ("board", "panel", "name", "more"),
    [
        ("fleet-overview", 2, "audience:fleet_instances_running:count24h", {}),
        ("fleet-overview", 3, "audience:fleet_instances_confirmed:count24h", {}),
        ("fleet-overview", 4, "audience:fleet_clusters_running:count24h", {}),
        ("fleet-overview", 10, _APPEARED, {"window": "week"}),
        ("fleet-overview", 11, _APPEARED, {"window": "month"}),
        ("fleet-overview", 12, _APPEARED, {"window": "quarter"}),
        ("fleet-overview", 13, _DISAPPEARED, {"window": "week"}),
        ("fleet-overview", 14, _DISAPPEARED, {"window": "month"}),
        ("fleet-overview", 15, _DISAPPEARED, {"window": "quarter"}),
        ("fleet-overview", 28, "audience_verdict:fleet_components:sum", {}),
        ("fleet-overview", 32, "audience_platform:fleet_instances:count", {}),
        ("fleet-overview", 33, "audience_cohort:fleet_instances_appeared:count", {}),
        ("fleet-versions", 31, "audience_platform_version:fleet_instances:count", {}),
        ("fleet-versions", 32, "audience_component_version:fleet_instances:count", {}),
        ("fleet-nodes", 3, "audience:fleet_capacity_cpu_cores:sum", {}),
        ("fleet-nodes", 4, "audience:fleet_capacity_memory_bytes:sum", {}),
        ("fleet-nodes", 21, "audience_os_image:fleet_nodes:sum", {}),
        ("fleet-nodes", 22, "audience_kubelet_version:fleet_nodes:sum", {}),
        ("fleet-nodes", 23, "audience_container_runtime:fleet_nodes:sum", {}),
        ("fleet-nodes", 24, "audience_architecture:fleet_nodes:sum", {}),
        ("fleet-nodes", 34, "audience_kubernetes_version:fleet_instances:count", {}),
    ],
)
def test_what_a_panel_shows_is_the_truth(
    shown: Shown, board: str, panel: int, name: str, more: dict[str, str]
) -> None:
    def found() -> Rows:
        return shown.rows(board, panel)

    def expected() -> Rows:
        return _of_customers(shown, name, None, **more)

    if panel == 33:  # who came before this history began came in its first month, as in the rules
        wait_until(lambda: found().items() >= expected().items(), _SECONDS_TO_COUNT)
    else:
        wait_until(lambda: found() == expected(), _SECONDS_TO_COUNT, lambda: f"{found()}\n{expected()}")


def test_ages_sum_to_those_that_run(shown: Shown) -> None:
    ages = [shown.number("fleet-overview", 31, letter) for letter in "ABCDEFGH"]

    assert all(count >= 0 for count in ages)
    assert sum(ages) == shown.number("fleet-overview", 2)


def test_boards_agree_with_each_other(shown: Shown) -> None:
    running = shown.number("fleet-overview", 2)

    assert shown.number("fleet-versions", 2) == running
    assert sum(shown.rows("fleet-versions", 21).values()) == running
    assert sum(shown.rows("fleet-versions", 22).values()) == pytest.approx(1)
    assert sum(shown.rows("fleet-overview", 22).values()) == running
    assert sum(shown.rows("fleet-overview", 33, "B").values()) == running
    assert sum(shown.rows("fleet-nodes", 34).values()) == running
    assert sum(shown.rows("fleet-nodes", 41).values()) == shown.number("fleet-nodes", 2)


@pytest.mark.parametrize("days_ago", [1, 17, 51, 80])
def test_graphs_show_what_was_so_then(shown: Shown, days_ago: int) -> None:
    moment = shown.fleet.end - days_ago * DAY
    running = _of_customers(shown, "audience:fleet_instances_running:count24h", moment)
    releases = _of_customers(shown, "audience_platform_version:fleet_instances:count", moment)

    assert shown.rows("fleet-overview", 21, "A", moment) == running
    assert shown.rows("fleet-versions", 21, "A", moment) == releases


@pytest.mark.parametrize(("panel", "period"), [(23, "week"), (24, "month"), (25, "quarter")])
@pytest.mark.parametrize(("letter", "what"), [("A", "appeared"), ("B", "disappeared")])
def test_bars_stand_at_the_end_of_each_calendar_period(
    shown: Shown, panel: int, period: str, letter: str, what: str
) -> None:
    name = f"audience_period:fleet_instances_{what}:count"
    (series,) = shown.answer(shown.query("fleet-overview", panel, letter))
    bars = {int(moment): float(value) for moment, value in series["values"]}
    end = int(time.time()) // DAY * DAY
    midnights = range(end - _DAYS * DAY, end + 1, DAY)
    ended = [at for at in midnights if _starts(at)[period] == at]

    # The past is recorded at full hours: the last value of a period is that of its last hour.
    assert bars == {
        at: _of_customers(shown, name, at - HOUR, period=period)[frozenset()]
        for at in ended
        if at > shown.fleet.start
    }


def _starts(moment: int) -> dict[str, float]:
    """When the calendar periods of a moment began."""
    numbers = truth.numbers(truth.Moment(Fleet(moment, 1, ()), moment, ()))
    return {
        dict(labels)["period"]: value
        for (name, labels), value in numbers.items()
        if name == "period:fleet_period_start_timestamp_seconds:last"
    }


def test_a_release_leads_to_the_instances_that_run_it(shown: Shown) -> None:
    release = shown.one.instance.version_at(shown.one.last)
    (query,) = (
        one
        for one in boards.queries({**shown.chosen, "version": release})
        if (one.board, one.panel, one.letter) == ("fleet-versions", 33, "A")
    )

    found = {series["metric"]["instance_id"] for series in shown.prometheus.query(query.expr)}

    assert found == {
        identity_of(one.instance).instance_id
        for one in truth.at(shown.fleet, time.time()).running
        if one.audience == "customer" and one.instance.version_at(one.last) == release
    }


def test_a_version_of_a_component_leads_to_the_instances_that_run_it(shown: Shown) -> None:
    def running(one: truth.Known) -> str | None:
        told = components_of(shown.fleet, one.instance, one.last)
        return told["controller"][0] if "controller" in told else None

    version = running(shown.one)
    assert version
    (query,) = (
        one
        for one in boards.queries({**shown.chosen, "component_version": version})
        if (one.board, one.panel) == ("fleet-versions", 34)
    )

    found = [series["metric"] for series in shown.prometheus.query(query.expr)]

    customers = [one for one in truth.at(shown.fleet, time.time()).running if one.audience == "customer"]
    assert {metric["component_version"] for metric in found} == {version}
    assert sorted((metric["instance_id"], metric["version"]) for metric in found) == sorted(
        (identity_of(one.instance).instance_id, one.instance.version_at(one.last))
        for one in customers
        if running(one) == version
    )
    assert len(found) < len(customers)


@pytest.mark.parametrize(("panel", "what"), [(35, _APPEARED), (36, _DISAPPEARED)])
def test_behind_the_numbers_of_who_came_and_went_are_instances(shown: Shown, panel: int, what: str) -> None:
    now = time.time()
    known = [one for one in truth.at(shown.fleet, now).known if one.audience == "customer"]
    expected = {
        identity_of(one.instance).instance_id: 1000.0 * (one.first if what == _APPEARED else one.last)
        for one in known
        if now - 91 * DAY < (one.first if what == _APPEARED else one.last + DAY) <= now
    }

    found = {
        dict(labels)["instance_id"]: value for labels, value in shown.rows("fleet-overview", panel).items()
    }

    assert found == expected
    assert len(found) == _of_customers(shown, what, window="quarter")[frozenset()] > 0


def test_the_current_week_month_and_quarter_are_counted_so_far(shown: Shown) -> None:
    def so_far(letter: str) -> dict[str, float]:
        return {
            dict(labels)["period"]: value
            for labels, value in shown.rows("fleet-overview", 34, letter).items()
        }

    def truly(what: str) -> dict[str, float]:
        name = f"audience_period:fleet_instances_{what}:count"
        return {
            period: _of_customers(shown, name, period=period)[frozenset()]
            for period in ("week", "month", "quarter")
        }

    assert so_far("A") == truly("appeared")
    assert so_far("B") == truly("disappeared")
    assert so_far("C") == {period: 1000 * start for period, start in _starts(int(time.time())).items()}


def test_the_board_of_an_instance_shows_what_it_said_last(shown: Shown) -> None:
    instance, last = shown.one.instance, shown.one.last
    components = {
        (name, version) for name, (version, _) in components_of(shown.fleet, instance, last).items()
    }

    assert shown.number("fleet-instance", 2) == 1000 * last
    assert shown.number("fleet-instance", 3) == 1000 * shown.one.first
    assert shown.rows("fleet-instance", 4).keys() == {
        frozenset({("platform", instance.platform), ("version", instance.version_at(last))})
    }
    assert shown.rows("fleet-instance", 5).keys() == {frozenset({("audience", "customer")})}
    assert shown.number("fleet-instance", 8) == instance.cluster.nodes.count
    assert {
        (labels["component"], labels["version"]) for labels in map(dict, shown.rows("fleet-instance", 32))
    } == components
