"""Boards ask only for series and labels that exist, and staff's boards only for numbers that are recorded."""

from collections.abc import Mapping

import pytest
from prometheus_client.core import Metric

import boards
import series_contracts as contracts
from boards import PanelQuery
from generator import meanings
from query_reading import Reading, read
from releases_factories import NOW
from workflow_releases.edition import make_edition
from workflow_releases.ingest.counts import IngestCounts
from workflow_releases.self_metrics import RequestCounts, self_registry
from workflow_releases.web.metrics import EditionCollector

_COMPONENT_SEEN = "fleet_component_seen_timestamp_seconds"
# What each board may ask for. Only operators, the service's health and one instance are looked at raw; and
# which instances run a component's version, since to record that would be to record all reports again.
_ALLOWED: dict[str, Mapping[str, frozenset[str]]] = {
    "workflow-cluster": contracts.agents(),
    "fleet-overview": contracts.recorded(),
    "fleet-versions": {**contracts.recorded(), _COMPONENT_SEEN: contracts.reported()[_COMPONENT_SEEN]},
    "fleet-nodes": contracts.recorded(),
    "fleet-instance": {**contracts.recorded(), **contracts.reported()},
    "fleet-service": {**contracts.releases(), **contracts.standard()},
}
_QUERIES = boards.queries()
_each_query = pytest.mark.parametrize("query", _QUERIES, ids=lambda query: query.name)


def test_every_board_has_its_rule() -> None:
    assert set(boards.boards()) == set(_ALLOWED)


@_each_query
def test_every_metric_is_one_that_the_board_may_ask_for(query: PanelQuery) -> None:
    unknown = read(query.expr).metrics.keys() - _ALLOWED[query.board].keys()

    assert unknown == set()


@_each_query
def test_every_label_exists(query: PanelQuery) -> None:
    reading, known = read(query.expr), _ALLOWED[query.board]

    asked = {name: labels - known[name] for name, labels in reading.metrics.items()}
    kept = reading.kept - reading.made - {label for name in reading.metrics for label in known[name]}

    assert asked == {name: set() for name in reading.metrics}
    assert kept == set()


@_each_query
def test_legends_name_labels_that_the_result_has(query: PanelQuery) -> None:
    shown = set(boards.LEGEND_LABEL.findall(query.legend))

    assert shown <= (reading := read(query.expr)).kept | reading.made


@_each_query
def test_operators_see_only_what_they_chose(query: PanelQuery) -> None:
    if query.board == "workflow-cluster":
        assert all({"namespace", "job"} <= labels for labels in read(query.expr).metrics.values())


@_each_query
def test_staff_see_the_audience_that_they_chose(query: PanelQuery) -> None:
    """Of what has an audience. All audiences at once are one panel, which says so."""
    if query.board in {"fleet-overview", "fleet-versions", "fleet-nodes"} and query.title != "All audiences":
        metrics = read(query.expr).metrics
        # These have none. The calendar is everybody's, the others are joined with what has.
        joined = {"instance_id:fleet_first_seen_timestamp_seconds:min", _COMPONENT_SEEN}
        calendar = {"period:fleet_period_start_timestamp_seconds:last"}

        assert all("audience" in labels for name, labels in metrics.items() if name not in joined | calendar)
        assert metrics.keys() - joined


def test_every_number_of_the_table_is_recorded() -> None:
    assert set(contracts.recorded()) - contracts.recorded_by_rules() == set()


def test_the_releases_api_says_of_its_metrics_what_the_boards_say() -> None:
    edition = make_edition(change_number=1, week=NOW, catalogs={}, audiences={}, keys=None)
    families: list[Metric] = [
        *EditionCollector(lambda: edition).collect(),
        *self_registry(RequestCounts(), lambda: True, "1").collect(),
        *IngestCounts().collect(),
    ]
    said = {
        f"{family.name}_total" if family.type == "counter" else family.name: family.documentation
        for family in families
    }
    ours = {name: text for name, text in meanings.meanings().items() if name in said}

    assert {name: said[name] for name in ours} == ours
    assert {name for name in ours if name.startswith("releases_")} >= {
        name for query in _QUERIES for name in read(query.expr).metrics if name.startswith("releases_")
    }


@pytest.mark.parametrize(
    ("expr", "reading"),
    [
        ("up", Reading({"up": set()})),
        ('sum by (a, b) (x{c="1",d=~"2.."}) or vector(0)', Reading({"x": {"c", "d"}}, {"a", "b"})),
        ("a:b:c / on () group_left (d) e", Reading({"a:b:c": set(), "e": set()}, {"d"})),
        ('max(last_over_time(x{a="b c{}"}[1d] offset 1s)) > 0', Reading({"x": {"a"}})),
        ('label_replace(x, "new", "$1", "old", "(.*)")', Reading({"x": set()}, set(), {"new"})),
        ("day_of_month() == 1 and month() % 3 == 1", Reading()),
        ("histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))", Reading({"x_bucket": set()}, {"le"})),
    ],
)
def test_reading_of_promql(expr: str, reading: Reading) -> None:
    assert read(expr) == reading
