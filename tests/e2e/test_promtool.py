"""`promtool check metrics` has nothing to say about what the agent exposes."""

import subprocess
from pathlib import Path

import httpx
import pytest

from e2e.processes import tool
from representative import representative_snapshot
from workflow_exporter.self_metrics import SelfMetrics
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.metrics import MetricsEndpoint

_TESTS = Path(__file__).parents[1]


def _complaints(exposition: bytes) -> tuple[int, str]:
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=exposition, capture_output=True, check=False, timeout=60
    )
    return checked.returncode, (checked.stdout + checked.stderr).decode()


def test_the_golden_is_flawless() -> None:
    assert _complaints((_TESTS / "data/metrics.golden.txt").read_bytes()) == (0, "")


@pytest.mark.anyio
@pytest.mark.parametrize("current", [None, representative_snapshot()], ids=["at the start", "in service"])
async def test_a_scrape_is_flawless(current: Snapshot | None) -> None:
    own = SelfMetrics(version="1", revision="r", python_version="3", sources=["pods"])
    endpoint = MetricsEndpoint(lambda: current, own.registry)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://agent") as client:
        response = await client.get("/metrics", headers={"Accept-Encoding": "gzip"})

    assert _complaints(response.content) == (0, "")


def test_promtool_would_complain_of_a_flaw() -> None:
    status, complaints = _complaints(b"# TYPE workflow_x_total gauge\nworkflow_x_total 1\n")

    assert status != 0
    assert "workflow_x_total" in complaints
