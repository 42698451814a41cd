"""Fills a control plane with thousands of nodes as large as real ones, and one platform's pods.

    PYTHONPATH=tests .venv/bin/python -m tools.big_cluster 5000

starts one, fills it, prints what it took, and holds it until Ctrl-C. Nodes are created with their whole
status, and pods get theirs from here: no kubelets, no controllers, so that nothing but the benchmark's
own updates reaches a watch.
"""

import argparse
import asyncio
import hashlib
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from clusters import as_running_objects, manifests
from e2e.control_plane import API_ONLY, ControlPlane
from e2e.nodes import KINDS, node
from e2e.rest import RefusedError

Manifest = dict[str, Any]

PLATFORM_PODS = 60
_PLATFORM = "deis-v2.18.0"
# A kubelet reports at most 50 images (its nodeStatusMaxImages), each by digest and by tag: that alone is
# 13.5 of the 16.5 KB; conditions are 0.8 KB, names, labels and annotations 0.6, managedFields, which the
# API server adds, 0.7.
_IMAGES = 50
_CONNECTIONS = 6  # more do not make the API server faster on two cores
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_TIME = "2026-01-05T10:00:00Z"


@dataclass(frozen=True, slots=True)
class Filling:
    """What it took."""

    nodes: int
    pods: int
    seconds: float
    node_bytes: float  # of one node in the API server's JSON, on average over the first page


def large_node(number: int) -> Manifest:
    """A node of 16.5 KB: the same for the same number, and no two share their images' digests."""
    address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
    name = f"ip-{address.replace('.', '-')}.eu-central-1.compute.internal"
    manifest = node(name, KINDS[number % len(KINDS)])
    zone = f"eu-central-1{'abc'[number % 3]}"
    manifest["metadata"]["labels"] |= {
        "node.kubernetes.io/instance-type": "m6i.2xlarge",
        "topology.kubernetes.io/region": "eu-central-1",
        "topology.kubernetes.io/zone": zone,
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "eks.amazonaws.com/nodegroup": f"workers-{zone}",
    }
    manifest["metadata"]["annotations"] = {
        "csi.volume.kubernetes.io/nodeid": f'{{"ebs.csi.aws.com":"i-{_hex(name)[:17]}"}}',
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    manifest["status"] |= {
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": name},
            {"type": "InternalDNS", "address": name},
        ],
        "conditions": [
            {
                "type": type_,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": _TIME,
                "lastTransitionTime": _TIME,
            }
            for type_, status, reason, message in _CONDITIONS
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": [_image(f"{name}/{index}", index) for index in range(_IMAGES)],
    }
    return manifest


def _image(seed: str, index: int) -> Manifest:
    repository = f"602401143452.dkr.ecr.eu-central-1.amazonaws.com/platform/application-{index:02}"
    return {
        "names": [f"{repository}@sha256:{_hex(seed)}", f"{repository}:v1.{index}.{index % 7}-build.{index}"],
        "sizeBytes": 40_000_000 + 1_234_567 * index,
    }


def _hex(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


def platform_pods() -> list[Manifest]:
    """60 running pods of Deis v2.18.0; routers fill up what the other components leave."""
    running = as_running_objects(m for m in manifests(_PLATFORM) if m["kind"] != "Node")
    pods = [obj for obj in running if obj["kind"] == "Pod"]
    router = next(pod for pod in pods if pod["metadata"]["labels"]["app"] == "deis-router")
    copies = [
        {**router, "metadata": {**router["metadata"], "name": f"deis-router-{number:05}"}}
        for number in range(PLATFORM_PODS - len(pods))
    ]
    return [*pods, *copies]


async def fill(control_plane: ControlPlane, nodes: int) -> Filling:
    """Creates the platform and the nodes; the control plane must be empty, and needs no parts."""
    started = time.monotonic()
    await control_plane.apply(m for m in manifests(_PLATFORM) if m["kind"] != "Node")
    pods = platform_pods()
    async with control_plane.rest().client(timeout_seconds=60) as client:
        for pod in pods:
            await _create_pod(client, pod)
        numbers = iter(range(nodes))  # shared: taking the next one is a single step of the interpreter
        await asyncio.gather(
            *(asyncio.to_thread(_create_nodes, control_plane, numbers) for _ in range(_CONNECTIONS))
        )
        page = await client.get("/api/v1/nodes?limit=100")
    size = len(page.content) / min(nodes, 100)
    return Filling(nodes, len(pods), time.monotonic() - started, size)


async def send_heartbeats(control_plane: ControlPlane, nodes: int, per_second: float, count: int) -> float:
    """`count` status updates at an even pace, one node after the other; returns the seconds they took.

    They change what every heartbeat changes, and nothing that is shown: the times of the conditions.
    """
    started = time.monotonic()
    async with control_plane.rest().client(timeout_seconds=60) as client:
        for number in range(count):
            manifest = large_node(number % nodes)
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            conditions = [{**c, "lastHeartbeatTime": moment} for c in manifest["status"]["conditions"]]
            path = f"/api/v1/nodes/{manifest['metadata']['name']}/status"
            await _send(client, "PATCH", path, {"status": {"conditions": conditions}})
            await asyncio.sleep(max(0.0, started + (number + 1) / per_second - time.monotonic()))
    return time.monotonic() - started


async def _create_pod(client: httpx.AsyncClient, pod: Manifest) -> None:
    name = pod["metadata"]["name"]
    collection = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
    metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "labels")}
    await _send(client, "POST", collection, {**pod, "metadata": metadata})
    await _send(client, "PATCH", f"{collection}/{name}/status", {"status": pod["status"]})


async def _send(client: httpx.AsyncClient, method: str, path: str, body: Manifest) -> None:
    content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    answer = await client.request(
        method, path, content=msgspec.json.encode(body), headers={"Content-Type": content_type}
    )
    if answer.is_error:
        raise RefusedError(method, path, answer)


def _create_nodes(control_plane: ControlPlane, numbers: Iterator[int]) -> None:
    """Over one connection, until the numbers run out.

    `http.client`, because it costs 1 ms of CPU a node and httpx 5, and the API server needs that core.
    """
    server = urlsplit(control_plane.url)
    connection = HTTPSConnection(server.netloc, context=control_plane.rest().tls, timeout=60)
    headers = {"Authorization": f"Bearer {control_plane.admin_token}", "Content-Type": "application/json"}
    with closing(connection):
        for number in numbers:
            connection.request("POST", "/api/v1/nodes", msgspec.json.encode(large_node(number)), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"node {number}: {answer.status} {text.decode()}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Starts an API server and fills it with large nodes.")
    parser.add_argument("nodes", type=int, nargs="?", default=5000)
    nodes = parser.parse_args().nodes
    ends = {signal.SIGINT, signal.SIGTERM}
    with ControlPlane(API_ONLY) as control_plane:
        filling = asyncio.run(fill(control_plane, nodes))
        sizes = ", ".join(f"{p.name} {p.rss_bytes() / 2**20:.0f} MiB" for p in control_plane.programs)
        sys.stdout.write(
            f"{filling.nodes} nodes of {filling.node_bytes:.0f} bytes and {filling.pods} pods "
            f"in {filling.seconds:.1f} s; {sizes}\nKUBECONFIG={control_plane.kubeconfig}\n"
        )
        sys.stdout.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
