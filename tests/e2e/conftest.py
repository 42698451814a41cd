"""One control plane for all end-to-end tests; a second one only for tests that kill it."""

import asyncio
from collections.abc import Generator, Iterator

import pytest

from e2e.control_plane import API_ONLY, ControlPlane
from e2e.nodes import KINDS, node


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """All parts, and a node of each kind. Tests share it: each works in a namespace of its own."""
    with ControlPlane() as running:
        for number, kind in enumerate(KINDS):
            asyncio.run(running.create("/api/v1/nodes", node(f"node-{number}", kind)))
        yield running


@pytest.fixture
def own_api_server() -> Iterator[ControlPlane]:
    """etcd and API server alone, for one test, which may do to them what it likes."""
    with ControlPlane(API_ONLY) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the end of each log of the control planes it used."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for name, value in item.funcargs.items():
            if isinstance(value, ControlPlane):
                report.sections += [(f"{name}: {p.name}", p.log_tail()) for p in value.programs]
    return report
