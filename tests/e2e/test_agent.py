"""The agent, as a process, follows a real control plane."""

import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from resource import RLIMIT_NOFILE, prlimit
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

import clusters
from e2e.agent import CATALOGS, Agent, run
from e2e.control_plane import ControlPlane
from e2e.least_privilege import RBAC_FILE, agent_rights
from e2e.page_reading import component_rows, stale_banner
from e2e.processes import tool

# Async fixtures serve tests that are not async too: the plugin asks for this fixture to know the loop.
pytestmark = pytest.mark.usefixtures("anyio_backend")

NAMESPACE = "deis"
CONTROLLER = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/deis-controller"
SECONDS_TO_SHOW = 2  # the contract: a change shows everywhere within two seconds
SECONDS_TO_END = 1  # the contract: SIGTERM ends it within a second
# A busy machine only adds time, so the quickest of some attempts tells what the agent itself takes.
MOST_ATTEMPTS = 6
PATIENCE_SECONDS = 30  # for what is no contract about time


@pytest.fixture(scope="module")
async def installed(control_plane: ControlPlane) -> AsyncIterator[None]:
    """One installation for all tests here; whoever changes it restores it."""
    async with control_plane.installed(clusters.manifests("hephy-v2.22.3")):
        yield


@pytest.fixture(scope="module")
async def token(control_plane: ControlPlane, installed: None) -> str:
    return await control_plane.token_with_rights("agent", agent_rights(NAMESPACE))


@pytest.fixture
def agent(control_plane: ControlPlane, token: str, tmp_path: Path) -> Iterator[Agent]:
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "kubeconfig", token)
    with Agent(tmp_path, "--kubeconfig", kubeconfig, "--catalog", CATALOGS) as running:
        yield running


def image_change(image: str) -> dict[str, Any]:
    annotation = {"component.deis.io/version": image.rpartition(":")[2]}
    containers = [{"name": "deis-controller", "image": image}]
    return {
        "metadata": {"annotations": annotation},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def page_row(agent: Agent) -> tuple[str, str]:
    """What the page says of the controller: the version that runs, and the verdict."""
    row = component_rows(agent.page())["Controller"]
    return row["Runs"], row["Verdict"].split()[0]


async def seconds_until_everywhere(
    control_plane: ControlPlane, agent: Agent, version: str, verdict: str
) -> float:
    """Changes the controller's image; how long page, metrics and JSON took from when its pods ran."""
    await control_plane.patch(CONTROLLER, image_change(f"hephy/controller:{version}"))
    await control_plane.wait_until_running(NAMESPACE)
    began = time.monotonic()

    def everywhere() -> bool:
        component = agent.components()["controller"]
        metric = (("component", "controller"), ("version", version))
        return (
            (component["version"], component["verdict"]) == (version, verdict)
            and metric in agent.samples("workflow_component_info")
            and page_row(agent) == (version, verdict)
        )

    agent.wait_until(everywhere, PATIENCE_SECONDS)
    return time.monotonic() - began


@pytest.mark.anyio
async def test_page_metrics_json_and_check_follow_a_changed_image(
    control_plane: ControlPlane, agent: Agent
) -> None:
    assert page_row(agent) == ("v2.21.3", "outdated")
    seconds: list[float] = []

    while len(seconds) < MOST_ATTEMPTS and min(seconds, default=PATIENCE_SECONDS) > SECONDS_TO_SHOW:
        seconds.append(await seconds_until_everywhere(control_plane, agent, "v2.22.0", "current"))
        check = run(agent.program.log_file.parent, "check", *agent.arguments, "--output", "json")
        checked = {one["component"]: one for one in json.loads(check.stdout)["components"]}
        assert checked == agent.components()
        seconds.append(await seconds_until_everywhere(control_plane, agent, "v2.21.3", "outdated"))

    assert min(seconds) <= SECONDS_TO_SHOW


def test_with_exactly_the_documented_rights_every_source_is_up(agent: Agent) -> None:
    assert all(agent.sources_up().values()), agent.status()["sources"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "resource",
    [
        "pods", "services", "replicationcontrollers", "deployments", "daemonsets", "statefulsets", "cronjobs",
        "configmaps", "nodes", "kube-system", "namespace",
    ],
)  # fmt: skip
async def test_a_forbidden_resource_is_one_source_down_and_the_rest_works(
    control_plane: ControlPlane, installed: None, tmp_path: Path, resource: str
) -> None:
    token = await control_plane.token_with_rights("lacking", without(resource))
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "kubeconfig", token)

    arguments = ("--kubeconfig", kubeconfig, "--catalog", CATALOGS)
    with Agent(tmp_path, *arguments, WORKFLOW_NAMESPACE=NAMESPACE) as agent:
        down = {source for source, up in agent.sources_up().items() if not up}
        verdicts = {component["verdict"] for component in agent.components().values()}
        page = agent.page()

    assert down == {resource}
    assert "missing" not in verdicts
    assert "forbidden" in page.lower()


def without(resource: str) -> list[dict[str, Any]]:
    """The agent's rights less one resource; both namespaces are resources of their own here."""
    rights = []
    for right in agent_rights(NAMESPACE):
        kept = dict(right)
        if "namespaces" in right["resources"]:
            gone = {"kube-system": "kube-system", "namespace": NAMESPACE}.get(resource)
            kept["resourceNames"] = [name for name in right["resourceNames"] if name != gone]
        else:
            kept["resources"] = [name for name in right["resources"] if name != resource]
        if kept["resources"] and kept.get("resourceNames") != []:
            rights.append(kept)
    assert rights != agent_rights(NAMESPACE), f"{RBAC_FILE.name} has no right on {resource} to take away"
    return rights


@pytest.mark.anyio
async def test_names_of_customers_are_on_no_output(
    control_plane: ControlPlane, installed: None, token: str, tmp_path: Path
) -> None:
    await control_plane.apply([*clusters.builder_pods(NAMESPACE), *clusters.unknown_workloads(NAMESPACE)])
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "kubeconfig", token)
    arguments = ("--kubeconfig", kubeconfig, "--catalog", CATALOGS)

    with Agent(tmp_path, *arguments, LOG_LEVEL="debug") as agent:
        assert sum(agent.samples("workflow_unknown_workloads").values()) > 0
        outputs = {
            path: agent.http.get(url + path).text
            for url, paths in {
                agent.page_url: (
                    "/",
                    "/components",
                    "/id",
                    "/api/v1/components",
                    "/api/v1/workloads",
                    "/api/v1/status",
                ),
                agent.metrics_url: ("/metrics", "/api/v1/nodes", "/api/v1/workloads"),
            }.items()
            for path in paths
        }
        outputs["check"] = run(tmp_path, "check", "--all", *arguments).stdout
        outputs["log"] = agent.program.log_file.read_text()

    assert [name for name, text in outputs.items() if clusters.TELLING_WORD in text] == []


@pytest.mark.anyio
async def test_the_api_server_dies_and_returns_and_nothing_is_lost(
    own_api_server: ControlPlane, tmp_path: Path
) -> None:
    await own_api_server.apply(clusters.manifests("hephy-v2.22.3"))
    kubeconfig = own_api_server.write_kubeconfig(tmp_path / "kubeconfig")
    with Agent(tmp_path, "--kubeconfig", kubeconfig, "--catalog", CATALOGS) as agent:
        before = agent.components()

        await own_api_server.kill()
        agent.wait_until(lambda: not agent.sources_up()["deployments"], PATIENCE_SECONDS)
        during, page = agent.components(), agent.page()
        await own_api_server.restart()
        await own_api_server.patch(CONTROLLER, image_change("hephy/controller:v2.22.0"))
        agent.wait_until(lambda: all(agent.sources_up().values()), 60)
        agent.wait_until(lambda: agent.components()["controller"]["version"] == "v2.22.0", PATIENCE_SECONDS)
        after = agent.components()

    assert before["controller"]["version"] == "v2.21.3"
    assert {name: one["version"] for name, one in during.items()} == {
        n: one["version"] for n, one in before.items()
    }
    assert "deployments" in (banner := stale_banner(page))
    assert banner.startswith("Some of this is ")
    assert "API server" in banner
    assert component_rows(page)["Controller"]["Runs"] == "v2.21.3"
    assert {n: o["version"] for n, o in after.items() if n != "controller"} == {
        n: o["version"] for n, o in before.items() if n != "controller"
    }


def test_promtool_has_nothing_to_say_of_a_real_scrape(agent: Agent) -> None:
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=agent.metrics_text(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_sigterm_ends_it_within_a_second_with_connections_open(agent: Agent) -> None:
    seconds: list[float] = []

    while len(seconds) < MOST_ATTEMPTS and min(seconds, default=PATIENCE_SECONDS) > SECONDS_TO_END:
        if not agent.program.running:
            agent.start()
        agent.page()  # keeps its connection open
        agent.metrics_text()
        with ExitStack() as held:
            for sent in (b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"):
                half_open(agent, sent, 100, held)
            began = time.monotonic()
            assert agent.program.stop(PATIENCE_SECONDS) == 0
            seconds.append(time.monotonic() - began)

    assert min(seconds) <= SECONDS_TO_END


def test_hundreds_of_half_open_connections_hide_neither_health_nor_metrics(agent: Agent) -> None:
    prlimit(agent.program.pid, RLIMIT_NOFILE, (1024, 1024))  # the usual limit
    with ExitStack() as held:
        half_open(agent, b"GET / HT", 800, held)

        statuses = [
            httpx.get(f"{url}/healthz", trust_env=False, timeout=PATIENCE_SECONDS).status_code
            for url in (agent.page_url, agent.metrics_url)
        ]
        assert (statuses, "workflow_component_info" in agent.metrics_text()) == ([200, 200], True)


def half_open(agent: Agent, sent: bytes, count: int, held: ExitStack) -> None:
    """Connections to the page's port that never send a whole request."""
    where = urlsplit(agent.page_url)
    address = (where.hostname or "", where.port or 0)
    for _ in range(count):
        connection = held.enter_context(socket.create_connection(address, PATIENCE_SECONDS))
        with suppress(ConnectionError):  # the agent may have closed it already
            connection.sendall(sent)


def test_a_namespace_that_is_not_there_is_said_so(control_plane: ControlPlane, tmp_path: Path) -> None:
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "kubeconfig")
    arguments = ("--kubeconfig", kubeconfig, "--catalog", CATALOGS)

    with Agent(tmp_path, *arguments, WORKFLOW_NAMESPACE="nowhere") as agent:
        page = agent.page()

    assert "nowhere" in page
    assert "does not exist" in page


@pytest.mark.anyio
async def test_an_empty_namespace_is_no_crash_and_every_required_component_is_missing(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    await control_plane.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "empty"}}])
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "kubeconfig")
    arguments = ("--kubeconfig", kubeconfig, "--catalog", CATALOGS)

    with Agent(tmp_path, *arguments, WORKFLOW_NAMESPACE="empty", PLATFORM="hephy") as agent:
        verdicts = {name: component["verdict"] for name, component in agent.components().items()}

    assert verdicts["controller"] == "missing"
    assert set(verdicts.values()) == {"missing", "absent"}
