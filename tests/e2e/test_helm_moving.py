"""Moving from the first Workflow Manager, by the commands of docs/moving-from-workflow-manager.md."""

import asyncio
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import clusters
from charts import ROOT
from e2e.control_plane import ControlPlane
from e2e.helm_releases import Helm, HelmError, content
from e2e.processes import tool
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


def test_page_s_commands_put_the_agent_in_the_place_of_the_first_workflow_manager(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    helm = Helm(control_plane, tmp_path)
    first = [obj for obj in clusters.manifests("deis-v2.18.0") if obj["metadata"]["name"] in (NAMESPACE, OLD)]
    asyncio.run(control_plane.apply([*first, SERVICE]))
    deletion, (_helm, *installation) = commands()
    with pytest.raises(HelmError, match=f'Service "{OLD}" in namespace "{NAMESPACE}" exists'):
        helm(*installation, "--wait", namespace=NAMESPACE)

    environment = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),  # where kubectl keeps what it has asked
        "KUBECONFIG": str(control_plane.kubeconfig),
    }
    subprocess.run([tool(deletion[0]), *deletion[1:]], env=environment, check=True, timeout=120)
    helm(*installation, "--wait", namespace=NAMESPACE)

    wait_until(lambda: behind(control_plane, NAMESPACE, OLD) == [("http", 8080)], SECONDS)
    deployments = {thing for thing in content(control_plane, NAMESPACE) if thing.startswith("Deployment/")}
    assert deployments == {f"Deployment/{installation[1]}"}
    helm("uninstall", installation[1], "--wait", namespace=NAMESPACE)
