"""Moving from the first Workflow Manager, by the commands of docs/moving-from-workflow-manager.md."""

import asyncio
import os
import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

import clusters
from charts import ROOT
from e2e.agent import CATALOGS, run
from e2e.alerts import alerts_that_hold
from e2e.control_plane import ControlPlane
from e2e.helm_exporter import AgentAsRendered
from e2e.helm_releases import Helm, HelmError, content
from e2e.processes import tool
from e2e.releases_api import ReleasesApi
from e2e.reporting import wait_until
from e2e.test_helm_exporter import SECONDS, behind

PAGE = ROOT / "docs" / "moving-from-workflow-manager.md"
NAMESPACE, OLD = "deis", "deis-workflow-manager"


# As the first one's chart made it.
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": OLD, "namespace": NAMESPACE, "labels": {"heritage": "deis"}},
    "spec": {"selector": {"app": OLD}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
}


def commands() -> list[list[str]]:
    """The words of the page's first block, for any working directory."""
    (block, *_) = re.findall(r"```\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    lines = block.replace("\\\n", " ").replace(" helm/", f" {ROOT}/helm/").splitlines()
    return [shlex.split(line) for line in lines]


def delete(control_plane: ControlPlane, deletion: list[str], folder: Path) -> None:
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),  # where kubectl keeps what it has asked
        "KUBECONFIG": str(control_plane.kubeconfig),
    }
    subprocess.run([tool(deletion[0]), *deletion[1:]], env=environment, check=True, timeout=120)


def test_page_s_commands_put_the_agent_in_the_place_of_the_first_workflow_manager(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    helm = Helm(control_plane, tmp_path)
    first = [obj for obj in clusters.manifests("deis-v2.18.0") if obj["metadata"]["name"] in (NAMESPACE, OLD)]
    asyncio.run(control_plane.apply([*first, SERVICE]))
    deletion, (_helm, *installation) = commands()
    with pytest.raises(HelmError, match=f'Service "{OLD}" in namespace "{NAMESPACE}" exists'):
        helm(*installation, "--wait", namespace=NAMESPACE)

    delete(control_plane, deletion, tmp_path)
    helm(*installation, "--wait", namespace=NAMESPACE)

    wait_until(lambda: behind(control_plane, NAMESPACE, OLD) == [("http", 8080)], SECONDS)
    deployments = {thing for thing in content(control_plane, NAMESPACE) if thing.startswith("Deployment/")}
    assert deployments == {f"Deployment/{installation[1]}"}
    helm("uninstall", installation[1], "--wait", namespace=NAMESPACE)


@pytest.mark.parametrize("cluster", ["deis-v2.18.0", "hephy-v2.23.0"])
def test_page_s_commands_leave_a_whole_platform_without_an_alert_and_check_ends_with_0(
    cluster: str, control_plane: ControlPlane, tmp_path: Path
) -> None:
    helm = Helm(control_plane, tmp_path)
    asyncio.run(control_plane.apply([*all_current(cluster), SERVICE]))
    asyncio.run(control_plane.wait_until_running(NAMESPACE))
    deletion, (_helm, *installation) = commands()
    delete(control_plane, deletion, tmp_path)
    try:
        helm(*installation, "--wait", namespace=NAMESPACE)
        with ReleasesApi(tmp_path) as releases:
            exposition = scraped(control_plane, installation[1], releases.url, tmp_path)
        checked = run(
            tmp_path, *("check", "--kubeconfig", str(control_plane.kubeconfig), "--catalog", str(CATALOGS))
        )
    finally:
        helm("uninstall", installation[1], "--wait", namespace=NAMESPACE)
        asyncio.run(control_plane.rest().clear_namespace(NAMESPACE))

    assert alerts_that_hold(exposition, datetime.now(UTC), tmp_path) == []
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (row,) = [line for line in checked.stdout.splitlines() if line.startswith("workflow-manager ")]
    assert row.split()[:3] == ["workflow-manager", "-", "absent"]


def all_current(cluster: str) -> list[clusters.Manifest]:
    """With the one release of Hephy that came after its last bundle."""
    manifests = clusters.manifests(cluster)
    for one in manifests:
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "slugbuilder-config":
            one["data"]["image"] = one["data"]["image"].replace(
                "hephy/slugbuilder:v2.8.0", "hephy/slugbuilder:v2.8.1"
            )
    return manifests


def scraped(control_plane: ControlPlane, name: str, releases_url: str, folder: Path) -> str:
    """The metrics of the installed agent, once it has read everything; its releases API is the one given."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"
    pod = asyncio.run(control_plane.get(path))["spec"]["template"]["spec"]
    for variable in pod["containers"][0]["env"]:
        if variable["name"] == "VERSIONS_API_URL":
            variable["value"] = releases_url
    agent = AgentAsRendered(control_plane, NAMESPACE, pod, folder / "pod")
    program = agent.program("agent")
    program.start()
    try:
        wait_until(lambda: agent.probe("readinessProbe") == 200, SECONDS, program.log_tail)
        return agent.get("metrics", "/metrics").text
    finally:
        program.kill()
