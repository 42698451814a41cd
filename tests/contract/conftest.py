"""The Kubernetes suite runs on the fake API server, or with `--api-server=real` on a real one."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api_server import ApiServer
from fakes.kubernetes import FakeApiServer
from kubeconfigs import write_kubeconfig

if TYPE_CHECKING:
    from e2e.control_plane import ControlPlane

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--api-server",
        choices=("fake", "real"),
        default="fake",
        help="what the Kubernetes suite reads: the fake, or etcd and kube-apiserver from tests/tools/bin",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fake_only(reason): not to be had from a real API server, for the reason given"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a real server the tests that need a fake are not part of the suite: no skips."""
    if config.getoption("--api-server") == "fake":
        return
    out = [item for item in items if item.get_closest_marker("fake_only")]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session")
def real_api_server() -> "Iterator[ControlPlane]":
    # Imported here: the fake needs nothing of the real parts.
    from e2e.control_plane import API_ONLY, ControlPlane  # noqa: PLC0415  see above

    with ControlPlane(API_ONLY) as running:
        yield running


@pytest.fixture
async def api_server(request: pytest.FixtureRequest) -> AsyncIterator[ApiServer]:
    """An API server that the test may disturb; it runs again afterwards."""
    if request.config.getoption("--api-server") == "fake":
        async with FakeApiServer().running() as fake:
            yield fake
        return
    real: ControlPlane = request.getfixturevalue("real_api_server")
    yield real
    await real.resume()  # ends a pause, and waits until a killed one that was started again is ready


@pytest.fixture
async def fake_api_server() -> AsyncIterator[FakeApiServer]:
    """For tests marked fake_only, with what only a fake can do."""
    async with FakeApiServer().running() as fake:
        yield fake


@pytest.fixture
async def namespace(api_server: ApiServer) -> str:
    """A namespace of the test's own."""
    name = f"reading-{next(_numbers)}"
    await api_server.create(
        "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    return name


@pytest.fixture
def kubeconfig(tmp_path: Path, api_server: ApiServer) -> Path:
    """The administrator's."""
    return write_kubeconfig(tmp_path, api_server, {"token": api_server.admin_token})
