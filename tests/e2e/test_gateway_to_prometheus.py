"""Agent, gateway and a real Prometheus 3, all as processes; samples are read back by query."""

from datetime import UTC, datetime
from pathlib import Path

import httpx

from e2e.releases_api import ReleasesApi
from e2e.reporting import DueAgent, Prometheus, cluster, wait_until
from ingest_factories import HEADERS, OTHER_INSTANCE, component, fleet, pack, whole, write_request

SECONDS_TO_SEND = 60  # the first snapshot, on a busy machine
FLEET = '{__name__=~"fleet_.*"}'


def slot() -> int:
    return int(datetime.now(UTC).timestamp()) // 3600 * 3600


def accepted(api: ReleasesApi, reason: str = "accepted") -> float:
    """Requests counted under a reason."""
    for line in httpx.get(f"{api.metrics_url}/metrics", trust_env=False).text.splitlines():
        if line.startswith(f'releases_ingest_requests_total{{reason="{reason}"}}'):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"{reason} is not exposed")


def test_agents_report_arrives_through_the_gateway_as_its_page_shows_it(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    with (
        cluster(tmp_path / "cluster", "hephy-v2.22.3") as kubeconfig,
        Prometheus(tmp_path / "prometheus") as prometheus,
        ReleasesApi(tmp_path / "api", UPSTREAM_WRITE_URL=str(prometheus.write_address)) as api,
        DueAgent(
            tmp_path / "agent",
            kubeconfig,
            REPORTING_ENABLED="true",
            REPORT_URL=f"{api.url}/api/v1/write",
        ) as agent,
    ):
        agent.wait_until(lambda: agent.outcomes() == {"sent": 1.0}, SECONDS_TO_SEND)

        stored = prometheus.samples(FLEET, datetime.now(UTC), "3h")
        told = {
            frozenset({"__name__": series["name"], **series["labels"]}.items()): series["value"]
            for series in agent.report()["series"]
        }
        assert {labels: values[0][1] for labels, values in stored.items()} == told
        assert {len(values) for values in stored.values()} == {1}
        assert accepted(api) == 1.0


def test_outage_of_prometheus_is_503_and_the_report_arrives_once_it_is_back(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    moment = slot()
    body = pack(whole(moment=moment))
    with (
        Prometheus(tmp_path / "prometheus") as prometheus,
        ReleasesApi(tmp_path / "api", UPSTREAM_WRITE_URL=str(prometheus.write_address)) as api,
    ):

        def send(content: bytes = body) -> httpx.Response:
            return api.http.post("/api/v1/write", content=content, headers=HEADERS)

        prometheus.program.kill()
        down = send()
        prometheus.start()
        wait_until(lambda: send().status_code == 204, SECONDS_TO_SEND)
        again = send()
        stored = prometheus.samples(FLEET, datetime.now(UTC), "3h")

        assert (down.status_code, down.headers["retry-after"]) == (503, "60")
        assert again.status_code == 204  # the same samples twice are taken once
        assert len(stored) == 19
        assert {values[0][0] for values in stored.values()} == {moment}
        assert {len(values) for values in stored.values()} == {1}


def test_other_value_for_the_same_hour_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    moment = slot()
    verdict = fleet("components", verdict="current")
    with (
        Prometheus(tmp_path / "prometheus") as prometheus,
        ReleasesApi(tmp_path / "api", UPSTREAM_WRITE_URL=str(prometheus.write_address)) as api,
    ):
        statuses = []
        for value in (3.0, 4.0):
            payload = write_request((verdict, value), (component(), moment), timestamp_ms=moment * 1000)
            answer = api.http.post("/api/v1/write", content=pack(payload), headers=HEADERS)
            statuses.append(answer.status_code)
        stored = prometheus.samples("fleet_components", datetime.now(UTC), "3h")

        assert statuses == [204, 400]
        assert answer.json()["error"] == "the store refused the report; it may already have one for this hour"
        assert list(stored.values()) == [[(moment, 3.0)]]
        assert accepted(api, "upstream_refused") == 1.0


def test_of_garbage_and_one_report_only_the_report_reaches_prometheus(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    moment = slot()
    with (
        Prometheus(tmp_path / "prometheus") as prometheus,
        ReleasesApi(tmp_path / "api", UPSTREAM_WRITE_URL=str(prometheus.write_address)) as api,
    ):
        bodies = [
            b"",
            b"\xff" * 100,
            pack(b"\x0a\x00" * 1000),
            pack(whole(moment=moment - 86_400)),
            pack(whole(OTHER_INSTANCE, moment=moment)),
            pack(whole(moment=moment)),
        ]
        statuses = [
            api.http.post("/api/v1/write", content=body, headers=HEADERS).status_code for body in bodies
        ]
        asked = httpx.get(f"{prometheus.url}/metrics", trust_env=False).text.splitlines()

        assert statuses == [400, 400, 400, 400, 403, 204]
        counted = [line for line in asked if line.startswith("prometheus_http_requests_total{")]
        written = [line for line in counted if 'handler="/api/v1/write"' in line and not line.endswith(" 0")]
        assert written == ['prometheus_http_requests_total{code="204",handler="/api/v1/write"} 1']
