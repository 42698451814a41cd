"""Legacy routes, the page, the API's description and the metrics."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from releases_factories import INSTANCE, add_catalog, client_of, document, make_services
from workflow_releases.database.engine import Database
from workflow_releases.self_metrics import self_registry
from workflow_releases.web.metrics import metrics_app
from workflow_releases.web.routes import public_app
from workflow_releases.web.services import Services

RELEASED = "2017-01-01T00:00:00Z"
ROUTER = {
    "component": {"name": "deis-router"},
    "version": {"train": "stable", "version": "v2.1.0", "released": RELEASED, "data": {}},
}


@pytest.fixture
def services(store: Database) -> Services:
    return make_services(store)


@pytest.mark.anyio
@pytest.mark.parametrize("generation", ["v2", "v3"])
async def test_original_agents_question_is_answered_as_it_was(services: Services, generation: str) -> None:
    question = {
        "data": [
            {"component": {"name": "deis-router"}, "version": {"train": "stable"}},
            {"component": {"name": "deis-nothing"}, "version": {"train": "stable"}},
        ]
    }
    async with client_of(public_app(services)) as client:
        answer = await client.post(f"/{generation}/versions/latest", json=question)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"data": [ROUTER]}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v3/versions/stable/deis-router/latest", 200, ROUTER),
        ("/v3/versions/stable/deis-router/v2.1.0", 200, ROUTER),
        ("/v3/versions/stable/deis-router/v9.9.9", 404, {"code": 404, "message": "404 release not found"}),
        ("/v3/versions/stable/deis-nothing", 404, {"code": 404, "message": "404 component not found"}),
        ("/v3/clusters/count", 404, {"code": 404, "message": "not found"}),
        ("/versions/router", 200, {"versions": {"router": ["v2.0.0", "v2.1.0"]}}),
        ("/versions/deis-router", 200, {"versions": {"deis-router": ["v2.0.0", "v2.1.0"]}}),
    ],
)
async def test_legacy_reads(services: Services, path: str, status: int, body: Any) -> None:
    async with client_of(public_app(services)) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (status, body)


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data":[{}]}'])
async def test_legacy_question_that_is_none_is_refused_in_the_first_apis_shape(
    services: Services, body: bytes
) -> None:
    async with client_of(public_app(services)) as client:
        answer = await client.post("/v3/versions/latest", content=body)

    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == answer.status_code
    assert answer.json()["message"]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v2/clusters/some-id", "/v3/clusters", "/v3/doctor/some-uuid"])
async def test_check_in_is_answered_unread(
    services: Services, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        raise AssertionError("the body was read")

    async with client_of(public_app(services)) as client:
        answer = await client.post(path, content=body())

    assert (answer.status_code, answer.content) == (204, b"")
    assert [record for record in caplog.records if record.name.startswith("workflow_releases")] == []


@pytest.mark.anyio
async def test_ping_answers(services: Services) -> None:
    async with client_of(public_app(services)) as client:
        assert (await client.get("/ping")).status_code == 200


@pytest.mark.anyio
async def test_page_shows_catalogs_releases_notices_and_the_end_of_a_line(store: Database) -> None:
    notices = [
        {"id": "a", "severity": "critical", "title": "Update the router", "url": "https://example.org/cve"},
        {"id": "b", "severity": "info", "title": "Long gone", "published": "2017-01-01T00:00:00Z",
         "expires": "2017-02-01T00:00:00Z"},
    ]  # fmt: skip
    add_catalog(
        store,
        document(
            notices=notices,
            end_of_life={"date": "2018-03-01T00:00:00Z", "text": "It ended."},
            successor={"platform": "hephy", "title": "Hephy Workflow", "url": "https://example.org/hephy"},
        ),
    )
    async with client_of(public_app(make_services(store))) as client:
        page = await client.get("/")
        style = await client.get("/style.css")

    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    for text in (
        "Deis Workflow",
        "v2.1.0",
        "Critical: Update the router",
        "End of life 2018-03-01",
        "Hephy Workflow",
    ):
        assert text in page.text
    assert "Long gone" not in page.text
    assert "http://" not in page.text
    assert "<script" not in page.text
    assert style.headers["content-type"].startswith("text/css")


@pytest.mark.anyio
async def test_page_without_any_platform_says_how_to_add_one(empty_store: Database) -> None:
    async with client_of(public_app(make_services(empty_store))) as client:
        assert "workflow-releases import" in (await client.get("/")).text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
    ],
)
async def test_metrics_tell_the_newest_releases_marks_and_requests(
    services: Services, accept: str, kind: str
) -> None:
    services.marker.mark("ann", INSTANCE, "staff")
    services.editions.refresh()
    services.counts.add("/v1/catalogs/{platform}", 304)
    registry = self_registry(services.counts, lambda: services.editions.database_up, "1.2.3")
    async with client_of(metrics_app(lambda: services.editions.current, registry)) as client:
        answer = await client.get("/metrics", headers={"accept": accept})

    assert answer.headers["content-type"].startswith(kind)
    parse = parse_openmetrics if accept else parse_text
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }
    assert samples["releases_latest_info", "deis", "router", "stable", "v2.1.0"] == 1
    assert samples["releases_latest_bundle_info", "deis", "stable", "v2.0.0"] == 1
    assert samples["releases_instance_audience_info", INSTANCE, "staff"] == 1
    assert samples["releases_requests_total", "/v1/catalogs/{platform}", "304"] == 1
    assert samples["releases_database_up",] == 1
    assert samples["releases_catalog_generated_timestamp_seconds", "deis"] == 1504742400
    assert ("releases_latest_info", "beta", "deis", "router") not in {key[:4] for key in samples}
