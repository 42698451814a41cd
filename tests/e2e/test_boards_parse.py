"""Every query of every panel is PromQL that a real Prometheus accepts, as instant and as range query.

On an empty store: a new installation shows words and never an error, nor a 0 that nobody counted.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import boards
from boards import PanelQuery
from e2e.reporting import Prometheus

_NOON = 1_795_608_000  # 2026-11-25 12:00 UTC, a Wednesday
_DAY = 86_400


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        Prometheus(tmp_path_factory.mktemp("boards") / "prometheus", receives=False) as prometheus,
        httpx.Client(base_url=prometheus.url, trust_env=False, timeout=60) as http,
    ):
        yield http


def _ask(http: httpx.Client, query: PanelQuery) -> dict[str, Any]:
    if query.at_once:
        answer = http.post("/api/v1/query", data={"query": query.expr, "time": _NOON})
    else:
        step = max(query.least_step_seconds, 3600)
        times = {"start": _NOON - 90 * _DAY, "end": _NOON, "step": step}
        answer = http.post("/api/v1/query_range", data={"query": query.expr, **times})
    document = answer.json()
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("query", boards.queries(), ids=lambda query: query.name)
def test_prometheus_accepts_the_query(empty: httpx.Client, query: PanelQuery) -> None:
    document = _ask(empty, query)

    assert document["status"] == "success", document
    assert "warnings" not in document
    assert "infos" not in document


def test_where_nothing_was_ever_recorded_nothing_is_claimed(empty: httpx.Client) -> None:
    """But that no replica is up, which is so."""
    shown = {
        (query.board, query.title, value)
        for query in boards.queries()
        for series in _ask(empty, query)["data"]["result"]
        for _, value in series.get("values", [series.get("value")])
    }

    assert shown == {("fleet-service", "Replicas up", "0")}
