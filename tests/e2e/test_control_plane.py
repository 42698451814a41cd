"""The control plane keeps what `api_server.ApiServer` promises, and what the other tests take for granted."""

from typing import Any

import httpx
import pytest

from api_server import ApiServer
from clusters import CLUSTERS, manifests, platform_namespace
from e2e.control_plane import ControlPlane
from e2e.nodes import KINDS, node
from e2e.processes import alive
from e2e.rest import RefusedError, until

pytestmark = pytest.mark.anyio


def deployment(namespace: str, image: str, replicas: int = 2) -> dict[str, Any]:
    labels = {"app": "builder"}
    containers = [{"name": "builder", "image": image}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "builder", "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"image": "a:v1"}}


async def test_it_is_an_api_server_of_the_suite(control_plane: ControlPlane) -> None:
    server: ApiServer = control_plane

    async with httpx.AsyncClient(verify=control_plane.rest().tls, trust_env=False) as client:
        answer = await client.get(f"{server.url}/version")

    assert answer.json()["gitVersion"] == "v1.37.2"


async def test_nodes_become_ready_with_the_facts_they_were_given(control_plane: ControlPlane) -> None:
    async def facts() -> list[tuple[str, str, str, str]]:
        items = (await control_plane.get("/api/v1/nodes"))["items"]
        return [
            (
                item["status"]["nodeInfo"]["osImage"],
                item["status"]["nodeInfo"]["kubeletVersion"],
                item["status"]["capacity"]["memory"],
                {c["type"]: c["status"] for c in item["status"].get("conditions", [])}.get("Ready", "?"),
            )
            for item in items
            if item["metadata"]["name"].startswith("node-")
        ]

    expected = [(kind.os_image, kind.kubelet_version, kind.memory, "True") for kind in KINDS]

    async def differ() -> str | None:
        found = await facts()
        return None if found == expected else str(found)

    await until(differ, seconds=60)


async def test_an_image_always_has_the_same_digest_and_another_tag_another_one(
    control_plane: ControlPlane,
) -> None:
    async def digests() -> set[str]:
        pods = (await control_plane.get("/api/v1/namespaces/digests/pods"))["items"]
        return {pod["status"]["containerStatuses"][0]["imageID"] for pod in pods}

    image = "registry.example:5000/deis/builder"
    await control_plane.apply([namespace("digests"), deployment("digests", f"{image}:v2.13.0")])
    await control_plane.wait_until_running("digests")
    first = await digests()
    await control_plane.apply([deployment("digests", f"{image}:v2.13.1")])
    await control_plane.wait_until_running("digests")
    second = await digests()

    # printf '%s' registry.example:5000/deis/builder:v2.13.0 | sha256sum
    assert first == {f"{image}@sha256:ecd74e2b8b6d530f8509d0201f0828dd423ec2c12f0bcbea60090ff76f8cbe24"}
    assert second == {f"{image}@sha256:0e944413d601499839dcfc5207e6962c8e6ee22bff63bee33cd632e566b30ca2"}


async def test_the_pod_of_a_job_completes(control_plane: ControlPlane) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "once", "image": "deis/once:v1"}]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "jobs"},
        "spec": {"template": {"spec": pod}},
    }

    await control_plane.apply([namespace("jobs"), job])

    async def unfinished() -> str | None:
        status = (await control_plane.get("/apis/batch/v1/namespaces/jobs/jobs/once"))["status"]
        return None if status.get("succeeded") == 1 else str(status)

    await until(unfinished, seconds=60)


@pytest.mark.parametrize("cluster", sorted(CLUSTERS))
async def test_every_platform_runs_the_images_of_its_templates(
    control_plane: ControlPlane, cluster: str
) -> None:
    wanted = manifests(cluster)

    async with control_plane.installed(wanted):
        path = f"/api/v1/namespaces/{platform_namespace(cluster)}/pods"
        pods = (await control_plane.get(path))["items"]

    assert {
        status["image"]
        for pod in pods
        if pod["metadata"]["ownerReferences"][0]["kind"] != "Job"  # a CronJob's turn may have come
        for status in pod["status"]["containerStatuses"]
        if status["ready"]
    } == {
        container["image"]
        for manifest in wanted
        if "template" in manifest.get("spec", {}) and manifest["spec"].get("replicas") != 0
        for container in manifest["spec"]["template"]["spec"]["containers"]
    }


async def test_an_applied_node_keeps_its_facts(control_plane: ControlPlane) -> None:
    (wanted,) = [m for m in manifests("hephy-v2.23.0") if m["metadata"]["name"] == "hephy-node-1"]

    async with control_plane.installed([wanted]):
        found = await control_plane.get("/api/v1/nodes/hephy-node-1")

    # The server writes other capacities in its own canonical form: 16384Mi becomes 16Gi.
    assert found["status"]["capacity"]["cpu"] == wanted["status"]["capacity"]["cpu"]
    assert wanted["status"]["nodeInfo"].items() <= found["status"]["nodeInfo"].items()


async def test_a_namespace_that_is_deleted_goes_with_all_its_pods(control_plane: ControlPlane) -> None:
    await control_plane.apply([namespace("gone"), deployment("gone", "deis/builder:v2.13.0")])
    await control_plane.wait_until_running("gone")

    await control_plane.delete_namespace("gone")

    assert (await control_plane.get("/api/v1/namespaces/gone/pods"))["items"] == []
    with pytest.raises(RefusedError, match="404"):
        await control_plane.get("/api/v1/namespaces/gone")


async def test_what_never_becomes_ready_is_named(control_plane: ControlPlane) -> None:
    unschedulable = deployment("stuck", "deis/builder:v2.13.0", replicas=1)
    unschedulable["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
    await control_plane.apply([namespace("stuck"), unschedulable])

    async def no_pod() -> str | None:
        pods = (await control_plane.get("/api/v1/namespaces/stuck/pods"))["items"]
        return None if pods else "no pod yet"

    await until(no_pod, seconds=30)

    with pytest.raises(TimeoutError, match=r"Deployment builder: 0 of 1 ready; Pod builder-.*: Pending"):
        await control_plane.wait_until_running("stuck", seconds=1)


async def test_a_token_has_its_rights_and_no_others(control_plane: ControlPlane) -> None:
    await control_plane.apply([namespace("rights")])
    rule = {"namespace": "rights", "apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}

    rest = control_plane.rest(await control_plane.token_with_rights("reader", [rule]))

    assert (await rest.get("/api/v1/namespaces/rights/pods"))["items"] == []
    for path in ("/api/v1/namespaces/default/pods", "/api/v1/namespaces/rights/services", "/api/v1/nodes"):
        with pytest.raises(RefusedError) as refused:
            await rest.get(path)
        assert refused.value.status == 403


async def test_objects_survive_a_kill_at_the_same_address(own_api_server: ControlPlane) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    created = await own_api_server.create(path, config_map("kept"))
    async with own_api_server.rest().client() as client, client.stream("GET", f"{path}?watch=1") as watch:
        await own_api_server.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            await watch.aread()
    with pytest.raises(httpx.ConnectError):
        await own_api_server.get(path)

    await own_api_server.restart()

    assert await own_api_server.get(f"{path}/kept") == created


async def test_a_paused_server_accepts_and_says_nothing(own_api_server: ControlPlane) -> None:
    await own_api_server.pause()
    async with own_api_server.rest().client(timeout_seconds=0.5) as client:
        with pytest.raises(httpx.TimeoutException):  # the TCP connection stands, the TLS handshake hangs
            await client.get("/version")

    await own_api_server.resume()

    assert (await own_api_server.get("/api/v1/namespaces/default"))["status"]["phase"] == "Active"


async def test_forgotten_history_is_gone_for_watches_lists_and_continuations(
    own_api_server: ControlPlane,
) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    for name in ("one", "two", "three"):
        last = await own_api_server.create(path, config_map(name))
    page = await own_api_server.get(f"{path}?limit=1")
    token, version = page["metadata"]["continue"], page["metadata"]["resourceVersion"]

    await own_api_server.forget_history()

    async with own_api_server.rest().client() as client:
        for old in (version, last["metadata"]["resourceVersion"]):
            watch = await client.get(f"{path}?watch=1&resourceVersion={old}&timeoutSeconds=5")
            event = watch.json()
            assert (watch.status_code, event["type"], event["object"]["code"]) == (200, "ERROR", 410)
            exact = await client.get(f"{path}?resourceVersion={old}&resourceVersionMatch=Exact")
            assert (exact.status_code, exact.json()["reason"]) == (410, "Expired")
        rest = await client.get(path, params={"limit": 1, "continue": token})
        assert (rest.status_code, rest.json()["reason"]) == (410, "Expired")
    names = [item["metadata"]["name"] for item in (await own_api_server.get(path))["items"]]
    assert names == ["one", "three", "two"]


async def test_an_object_is_patched_and_its_status_too(control_plane: ControlPlane) -> None:
    path = "/api/v1/nodes/patched"
    await control_plane.create("/api/v1/nodes", node("patched"))

    await control_plane.patch(path, {"metadata": {"labels": {"zone": "a"}}})
    await control_plane.patch_status(path, {"status": {"capacity": {"pods": "7"}}})

    found = await control_plane.get(path)
    assert (found["metadata"]["labels"]["zone"], found["status"]["capacity"]["pods"]) == ("a", "7")
    await control_plane.delete(path)


def test_stopping_leaves_no_process_and_no_file() -> None:
    with ControlPlane() as running:
        folder, pids = running.folder, [program.pid for program in running.programs]
        assert len(pids) == 5

    assert not folder.exists()
    assert [pid for pid in pids if alive(pid)] == []
