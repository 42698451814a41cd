"""Manifests of single objects, complete enough for a real API server (apps/v1, batch/v1, v1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]

# Every free text that must never leave a pod template carries this, so that a test can look for it.
ENVIRONMENT_MARKER = "environment-must-not-be-kept"


@dataclass(frozen=True, slots=True)
class Template:
    """A workload's pod template: labels, and (name, image) of its containers and init containers."""

    labels: Mapping[str, str]
    containers: Sequence[tuple[str, str]]
    init_containers: Sequence[tuple[str, str]] = ()

    def manifest(self, *, restart_policy: str = "Always") -> Manifest:
        spec: Manifest = {
            "restartPolicy": restart_policy,
            "containers": [_container(*container) for container in self.containers],
        }
        if self.init_containers:
            spec["initContainers"] = [_container(*container) for container in self.init_containers]
        return {"metadata": {"labels": dict(self.labels)}, "spec": spec}


@dataclass(frozen=True, slots=True)
class Owner:
    """What all objects of one installation share."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def metadata(
        self, name: str, annotations: Mapping[str, str] | None = None, labels: Mapping[str, str] | None = None
    ) -> Manifest:
        metadata: Manifest = {"name": name, "namespace": self.namespace}
        if every_label := {**self.labels, **(labels or {})}:
            metadata["labels"] = every_label
        if annotations:
            metadata["annotations"] = dict(annotations)
        return metadata


def workload(
    kind: str, metadata: Manifest, template: Template, *, replicas: int = 1, selector: Mapping[str, str]
) -> Manifest:
    """A workload of any of the five kinds; `replicas` counts where the kind has them."""
    if kind == "CronJob":
        return _cron_job(metadata, template)
    spec: Manifest = {"selector": {"matchLabels": dict(selector)}, "template": template.manifest()}
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = metadata["name"]
    if kind == "ReplicationController":
        spec["selector"] = dict(selector)  # a plain map, unlike all later kinds
    api_version = "v1" if kind == "ReplicationController" else "apps/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def config_map(metadata: Manifest, data: Mapping[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def service(
    metadata: Manifest, selector: Mapping[str, str], ports: Mapping[str, int], type_: str = "ClusterIP"
) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": type_,
            "selector": dict(selector),
            "ports": [{"name": name, "port": port, "protocol": "TCP"} for name, port in ports.items()],
        },
    }


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def node(name: str, *, kubelet: str = "v1.31.4", os_image: str = "Ubuntu 24.04.1 LTS") -> Manifest:
    """A node as a kubelet registers it: 4 cores, 16 GiB, 100 GiB of ephemeral storage, 110 pods."""
    capacity = {"cpu": "4", "memory": "16384Mi", "ephemeral-storage": "104857600Ki", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {
            "capacity": capacity,
            "allocatable": dict(capacity),
            "conditions": [
                {
                    "type": type_,
                    "status": status,
                    "reason": "KubeletIsFine",
                    "lastHeartbeatTime": "2026-01-05T10:00:00Z",
                    "lastTransitionTime": "2026-01-01T10:00:00Z",
                }
                for type_, status in (("MemoryPressure", "False"), ("Ready", "True"))
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "1f0f6ad2-87c3-4a7c-a5d4-b07c3a4d8f2c",
                "containerRuntimeVersion": "containerd://1.7.24",
                "kernelVersion": "6.8.0-51-generic",
                "kubeProxyVersion": "",
                "kubeletVersion": kubelet,
                "machineID": "0123456789abcdef0123456789abcdef",
                "operatingSystem": "linux",
                "osImage": os_image,
                "systemUUID": "01234567-89ab-cdef-0123-456789abcdef",
            },
        },
    }


def pod(metadata: Manifest, containers: Sequence[tuple[str, str]]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "restartPolicy": "Never",
            "containers": [_container(*container) for container in containers],
        },
    }


def _container(name: str, image: str) -> Manifest:
    return {"name": name, "image": image, "env": [{"name": "SETTING", "value": ENVIRONMENT_MARKER}]}


def _cron_job(metadata: Manifest, template: Template) -> Manifest:
    job = {"spec": {"template": template.manifest(restart_policy="OnFailure")}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {"schedule": "0 3 * * *", "jobTemplate": job},
    }
