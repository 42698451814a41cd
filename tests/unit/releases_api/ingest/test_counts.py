"""The operator's view: every reason from the start on, and no value of any request."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gateways import Site
from ingest_factories import pack, small
from workflow_releases.ingest.counts import REASONS, IngestCounts


def exposed(counts: IngestCounts) -> dict[str, str]:
    registry = CollectorRegistry()
    registry.register(counts)
    lines = generate_latest(registry).decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_every_reason_is_there_before_it_happens() -> None:
    found = exposed(IngestCounts())

    assert found == {
        **{f'releases_ingest_requests_total{{reason="{reason}"}}': "0.0" for reason in REASONS},
        "releases_ingest_series_forwarded_total": "0.0",
        "releases_ingest_reports_under_way": "0.0",
        **{
            f'releases_ingest_unlisted_versions{{subject="{subject}"}}': "0.0"
            for subject in ("platform", "agent")
        },
        **{
            "releases_ingest_versions_not_admitted_total"
            f'{{allowance="{allowance}",subject="{subject}"}}': "0.0"
            for subject in ("platform", "agent")
            for allowance in ("day", "source", "instance")
        },
    }


@pytest.mark.anyio
async def test_each_request_is_counted_once() -> None:
    site = Site()
    await site.post(pack(small()))
    await site.post(b"")

    found = {name: value for name, value in exposed(site.counts).items() if value != "0.0"}

    assert found == {
        'releases_ingest_requests_total{reason="accepted"}': "1.0",
        'releases_ingest_requests_total{reason="compression"}': "1.0",
        "releases_ingest_series_forwarded_total": "3.0",
        'releases_ingest_unlisted_versions{subject="agent"}': "1.0",  # no catalog lists the agent
    }


@pytest.mark.anyio
async def test_each_answer_is_counted_by_route_and_status() -> None:
    site = Site()
    for body, headers in ((pack(small()), {}), (pack(small()), {}), (b"", {}), (b"", {"authorization": "x"})):
        await site.post(body, **headers)

    route = "/api/v1/write"
    assert site.requests == {(route, 204): 2, (route, 400): 1, (route, 401): 1}
