"""Releases as their charts render them, on a real control plane: shown whole, and what is deleted is told."""

from functools import partial
from pathlib import Path

import pytest

from clusters import Manifest
from clusters.rendered import Rendering, rendering
from e2e.agent import CATALOGS, Agent, run
from e2e.control_plane import ControlPlane
from e2e.least_privilege import agent_rights

SECONDS = 60  # for a change to be shown, on a busy machine
GROUPS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "CronJob": "batch/v1"}
# Of each release: components to delete whole, and one (component, kind, name) to lose of a larger one.
RELEASES = {
    "hephy-v2.23.0": (("database", "nsqd"), ("monitor", "Deployment", "deis-monitor-grafana")),
    "drycc-v1.8.1": (("database", "registry-proxy"), ("controller", "Deployment", "drycc-controller")),
    "drycc-v1.8.3": (("database", "quickwit"), ("controller", "Deployment", "drycc-controller")),
    "classic-v2.9.0": (("database", "router"), ("monitor", "DaemonSet", "deis-monitor-telegraf")),
}


def path_of(namespace: str, kind: str, name: str) -> str:
    group = f"/apis/{GROUPS[kind]}" if kind in GROUPS else "/api/v1"
    return f"{group}/namespaces/{namespace}/{kind.lower()}s/{name}"


def one_of(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = [one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def whole(agent: Agent, cluster: Rendering) -> bool:
    components = agent.components()
    shown = {
        name: {(w["kind"], w["name"]) for w in one["workloads"]}
        for name, one in components.items()
        if one["workloads"]
    }
    return (
        shown == cluster.components
        and all(one["verdict"] != "missing" for one in components.values())
        and not any(one["missing_workloads"] for one in components.values())
        and not agent.samples("workflow_unknown_workloads")
    )


def shown_missing(agent: Agent, component: str) -> bool:
    labels = (("component", component), ("verdict", "missing"))
    return agent.samples("workflow_component_verdict").get(labels) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("name", RELEASES)
async def test_release_is_shown_whole_and_what_it_loses_is_told_until_it_is_back(
    control_plane: ControlPlane, tmp_path: Path, name: str
) -> None:
    cluster, (removed, (component, kind, workload)) = rendering(name), RELEASES[name]
    manifests = cluster.manifests()
    settings = {"WORKFLOW_NAMESPACE": cluster.namespace, "PLATFORM": cluster.platform}

    async with control_plane.installed(manifests, seconds=180):
        token = await control_plane.token_with_rights(f"live-{name}", agent_rights(cluster.namespace))
        kubeconfig = control_plane.write_kubeconfig(tmp_path / "kubeconfig", token)
        arguments = ("--kubeconfig", kubeconfig, "--catalog", CATALOGS)
        with Agent(tmp_path, *arguments, **settings) as agent:
            agent.wait_until(lambda: whole(agent, cluster), SECONDS)

            for gone in removed:
                for key in cluster.components[gone]:
                    await control_plane.delete(path_of(cluster.namespace, *key))
                agent.wait_until(partial(shown_missing, agent, gone), SECONDS)
                check = run(tmp_path, "check", *arguments, **settings)
                assert check.returncode == 1
                line = next(line for line in check.stdout.splitlines() if line.startswith(f"{gone} "))
                assert line.split()[2] == "missing"
                await control_plane.apply(one_of(manifests, *key) for key in cluster.components[gone])
                agent.wait_until(lambda: whole(agent, cluster), SECONDS)

            await control_plane.delete(path_of(cluster.namespace, kind, workload))
            lost = [{"kind": kind, "name": workload}]
            agent.wait_until(lambda: agent.components()[component]["missing_workloads"] == lost, SECONDS)
            counted = agent.samples("workflow_component_missing_workloads")
            assert counted[(("component", component),)] == 1
            assert f"has lost {kind} {workload}" in agent.page()
            assert run(tmp_path, "check", *arguments, **settings).returncode == 1
            await control_plane.apply([one_of(manifests, kind, workload)])
            agent.wait_until(lambda: whole(agent, cluster), SECONDS)
