"""The operators' board over a real scrape, with the labels that a ServiceMonitor adds, and without them.

Two pods show the same cluster, as while an agent is replaced: nothing may count twice.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import boards
from e2e.processes import Program, free_ports, tool
from e2e.reporting import wait_until

_EXPOSITION = (Path(__file__).parents[1] / "data/metrics.golden.txt").read_bytes()
_SERVICE_MONITOR = {
    "job": "workflow-exporter",
    "namespace": "deis",
    "service": "workflow-exporter",
    "endpoint": "metrics",
    "container": "exporter",
}
_PODS = ("workflow-exporter-5d9c7b6f4-2xkqp", "workflow-exporter-7f6d8c9b5-w8zjn")
_SECONDS = 60  # on a busy machine
_CASES = {
    "a ServiceMonitor's labels, all chosen": (_SERVICE_MONITOR, {}),
    "a ServiceMonitor's labels, one chosen": (
        _SERVICE_MONITOR,
        {"namespace": "deis", "job": "workflow-exporter"},
    ),
    "a plain scrape without a namespace": ({}, {}),
}


class _Agent(BaseHTTPRequestHandler):
    exposition = _EXPOSITION

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(self.exposition)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is the test's."""


@contextmanager
def _scraping(
    folder: Path, labels: Mapping[str, str], agents: type[_Agent] = _Agent
) -> Iterator[httpx.Client]:
    agent = ThreadingHTTPServer(("127.0.0.1", 0), agents)
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    (port,) = free_ports(1)
    targets = [
        {"targets": [f"127.0.0.1:{agent.server_port}"], "labels": {**labels, "pod": pod}} for pod in _PODS
    ]
    config = folder / "prometheus.yml"
    scrape = {"job_name": "agents", "scrape_interval": "1s", "static_configs": targets}
    config.write_text(yaml.safe_dump({"scrape_configs": [scrape]}))
    argv: list[str | Path] = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    program = Program("prometheus", argv, folder)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
        try:
            program.start()
            wait_until(lambda: _scraped_twice(http), _SECONDS, program.log_tail)
            yield http
        finally:
            program.kill()
            agent.shutdown()
            agent.server_close()


def _scraped_twice(http: httpx.Client) -> bool:
    try:
        found = _result(http, "count(count_over_time(workflow_exporter_build_info[1m]) >= 2)", time.time())
    except httpx.TransportError:
        return False
    return bool(found) and found[0]["value"][1] == "2"


def _result(http: httpx.Client, expr: str, moment: float) -> list[dict[str, Any]]:
    answer = http.post("/api/v1/query", data={"query": expr, "time": moment})
    if answer.status_code == 503:  # it has just started
        return []
    result = answer.raise_for_status().json()["data"]["result"]
    assert isinstance(result, list)
    return result


def _told(result: list[dict[str, Any]]) -> dict[frozenset[str], float]:
    """Values by the words of their labels; the namespace is left out, since one case has none."""
    return {
        frozenset(word for label, word in series["metric"].items() if label != "namespace"): float(
            series["value"][1]
        )
        for series in result
    }


@pytest.mark.parametrize(("labels", "chosen"), _CASES.values(), ids=_CASES)
def test_every_number_is_that_of_the_cluster_whatever_labels_a_scrape_adds(
    labels: Mapping[str, str], chosen: Mapping[str, str], tmp_path: Path
) -> None:
    queries = [
        query for query in boards.queries({**boards.CHOSEN, **chosen}) if query.board == "workflow-cluster"
    ]
    with _scraping(tmp_path, labels) as http:
        now = time.time()
        found = {(query.panel, query.letter): _result(http, query.expr, now) for query in queries}

    nothing: frozenset[str] = frozenset()
    answers = {
        panel: _told(result) for (panel, letter), result in found.items() if letter == "A" and panel < 20
    }
    assert answers == {
        2: {frozenset(["v2.17.0"]): 1},
        3: {frozenset(["v2.18.0"]): 1},
        4: {nothing: 1},  # router
        5: {nothing: 1},  # router
        6: {nothing: 1},  # database
        7: {nothing: 1},  # slugrunner
        8: {nothing: pytest.approx(now - 1_504_809_000, rel=0, abs=0.01)},
        9: {nothing: 1},
        10: {nothing: 1},  # services
        11: {nothing: pytest.approx(now - 1_505_908_800, rel=0, abs=0.01)},
        12: {nothing: 1},  # node-2
        13: {nothing: 2},
        14: {nothing: 1_519_862_400_000},
        15: {nothing: 4.5},
        16: {nothing: 2 * 17_179_869_184},
        17: {nothing: pytest.approx(1_508_500_800 - now, rel=0, abs=0.01)},
        18: {nothing: pytest.approx(now - 1_505_908_800, rel=0, abs=0.01)},
        19: {nothing: 9},
    }
    assert _told(found[31, "A"]) == {
        frozenset(words): 1
        for words in (
            ["builder", "v2.12.0"],
            ["database"],
            ["minio"],
            ["monitor", "v2.9.0"],
            ["registry", "git-1a2b3c4"],
            ["router", "v2.12.0"],
            ["slugrunner", "v2.4.0"],
        )
    }
    assert _told(found[31, "B"]) == {
        frozenset(words): 1
        for words in (
            ["builder", "current"],
            ["database", "missing"],
            ["minio", "absent"],
            ["monitor", "ahead"],
            ["registry", "unversioned"],
            ["router", "outdated"],
            ["slugrunner", "unknown"],
        )
    }
    assert _told(found[31, "E"]) == {frozenset(["router", "v3.0.0"]): 1}
    assert _told(found[22, "A"]) == {frozenset(["monitor"]): 1}  # 2 of 3 ready
    assert [name for name, result in found.items() if not result] == []


def _without(*names: str) -> type[_Agent]:
    """An agent that shows all but the metrics of these names."""
    lines = _EXPOSITION.splitlines(keepends=True)
    kept = b"".join(line for line in lines if not line.startswith(tuple(name.encode() for name in names)))
    return type("_AgentWithout", (_Agent,), {"exposition": kept})


@pytest.mark.parametrize(
    ("agents", "count", "row"),
    [
        (_without("workflow_notice_info"), {frozenset(): 0}, {frozenset(["none"]): 0}),
        (_without("workflow_notice_info", "workflow_exporter_catalog_generated"), {}, {}),
    ],
    ids=["a catalog without one for this cluster", "no catalog"],
)
def test_no_notices_are_told_from_not_knowing(
    agents: type[_Agent],
    count: dict[frozenset[str], float],
    row: dict[frozenset[str], float],
    tmp_path: Path,
) -> None:
    queries = {query.panel: query for query in boards.queries() if query.board == "workflow-cluster"}

    with _scraping(tmp_path, _SERVICE_MONITOR, agents) as http:
        found = [_told(_result(http, queries[panel].expr, time.time())) for panel in (13, 36)]

    assert found == [count, row]


def test_where_no_agent_is_scraped_nothing_is_claimed_to_be_fine(tmp_path: Path) -> None:
    queries = boards.queries({**boards.CHOSEN, "namespace": "elsewhere"})
    with _scraping(tmp_path, _SERVICE_MONITOR) as http:
        now = time.time()
        shown = [
            query.name
            for query in queries
            if query.board == "workflow-cluster" and _result(http, query.expr, now)
        ]

    assert shown == []
