"""Nodes as their kubelets would report them: four kinds that operators really mix."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NodeKind:
    """Facts of one kind of machine; capacities in Kubernetes' quantities."""

    os_image: str
    kernel_version: str
    kubelet_version: str
    container_runtime_version: str
    architecture: str
    cpu: str
    memory: str
    ephemeral_storage: str
    pods: str = "110"


UBUNTU = NodeKind(
    os_image="Ubuntu 24.04.3 LTS",
    kernel_version="6.8.0-79-generic",
    kubelet_version="v1.37.2",
    container_runtime_version="containerd://2.1.4",
    architecture="amd64",
    cpu="8",
    memory="32863348Ki",
    ephemeral_storage="101430960Ki",
)
DEBIAN = NodeKind(
    os_image="Debian GNU/Linux 12 (bookworm)",
    kernel_version="6.1.0-39-amd64",
    kubelet_version="v1.37.2",
    container_runtime_version="cri-o://1.34.0",
    architecture="amd64",
    cpu="4",
    memory="16391084Ki",
    ephemeral_storage="51290592Ki",
)
FLATCAR = NodeKind(
    os_image="Flatcar Container Linux by Kinvolk 4230.2.2 (Oklo)",
    kernel_version="6.6.100-flatcar",
    kubelet_version="v1.36.1",
    container_runtime_version="containerd://1.7.23",
    architecture="amd64",
    cpu="16",
    memory="65851336Ki",
    ephemeral_storage="203056560Ki",
)
AMAZON_LINUX_ARM = NodeKind(
    os_image="Amazon Linux 2023.8.20250818",
    kernel_version="6.1.147-172.266.amzn2023.aarch64",
    kubelet_version="v1.36.1",
    container_runtime_version="containerd://2.0.5",
    architecture="arm64",
    cpu="3920m",
    memory="15896988Ki",
    ephemeral_storage="83873772Ki",
    pods="58",
)
KINDS = (UBUNTU, DEBIAN, FLATCAR, AMAZON_LINUX_ARM)


def node(name: str, kind: NodeKind = UBUNTU) -> dict[str, Any]:
    """A Node as its kubelet registers it: facts and capacity, no condition yet."""
    capacity = {
        "cpu": kind.cpu,
        "memory": kind.memory,
        "ephemeral-storage": kind.ephemeral_storage,
        "pods": kind.pods,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": kind.architecture,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            },
        },
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "nodeInfo": {
                "architecture": kind.architecture,
                "bootID": "",
                "containerRuntimeVersion": kind.container_runtime_version,
                "kernelVersion": kind.kernel_version,
                "kubeProxyVersion": "",
                "kubeletVersion": kind.kubelet_version,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": kind.os_image,
                "systemUUID": "",
            },
        },
    }
