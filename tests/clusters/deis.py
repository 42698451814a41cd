"""Clusters of Deis Workflow and of its fork Hephy: one namespace, one annotation, the same names.

Deis changed the kind of its workloads on the way, see `legacy` in the facts: ReplicationControllers
up to v2.2.0, Deployments for some from v2.3.0 and for all from v2.6.0, with the controllers of before
left behind at zero replicas by Helm Classic up to v2.9.0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clusters import facts
from clusters.objects import Manifest, Owner, Template, config_map, namespace, node, service, workload

# Became Deployments in v2.3.0; their leftover controllers select `<name>-deprecated`.
_FIRST_DEPLOYMENTS = ("builder", "controller", "registry", "router", "workflow-manager")
_OTHERS_FROM = (2, 6, 0)
_HELM_CLASSIC_UNTIL = (2, 9, 0)
_ANNOTATED_FROM = (2, 4, 0)
_SERVICES = {
    "deis-builder": ({"ssh": 2222}, "ClusterIP"),
    "deis-controller": ({"http": 80}, "ClusterIP"),
    "deis-database": ({"postgres": 5432}, "ClusterIP"),
    "deis-registry": ({"http": 80}, "ClusterIP"),
    "deis-router": ({"http": 80, "https": 443, "builder": 2222, "healthz": 9090}, "LoadBalancer"),
}


def deis(release: str) -> list[Manifest]:
    """Deis Workflow in its default on-cluster configuration; up to v2.9.0 as Helm Classic installs it."""
    versions = facts.bundle_versions("deis", release)
    number = _number(release)
    if number >= (2, 15, 0):  # no list of these releases establishes the proxy's version
        versions["registry-proxy"] = facts.last_version("deis", "registry-proxy")
    owner = Owner("deis", {"heritage": "deis"})
    manifests: list[Manifest] = []
    for row in facts.platform("deis")["components"]:
        if row["component"] not in versions or (not row["required"] and number > _HELM_CLASSIC_UNTIL):
            continue  # not in this release, or only with a registry outside the cluster
        manifests += _deis_workloads(owner, row, versions[row["component"]], number)
    if number == (2, 0, 0):
        manifests.append(_only_in_the_first_release(owner, versions))
    # Config maps came with the charts for Kubernetes Helm.
    established = facts.platform("deis")["config_maps"] if number > _HELM_CLASSIC_UNTIL else []
    return _whole("deis", owner, _config_maps(owner, established, versions), manifests)


def hephy(release: str) -> list[Manifest]:
    """Hephy Workflow in its default on-cluster configuration."""
    versions = facts.bundle_versions("hephy", release)
    owner = Owner("deis", {"heritage": "deis"})
    manifests = []
    for row in facts.platform("hephy")["components"]:
        if row["required"]:
            version = versions[row["component"]]
            manifests.append(_workload(owner, row, version, row["kind"], _annotations("hephy", version)))
    maps = _config_maps(owner, facts.platform("hephy")["config_maps"], versions)
    return _whole("hephy", owner, maps, manifests)


def _deis_workloads(
    owner: Owner, row: Mapping[str, Any], version: str, number: tuple[int, ...]
) -> list[Manifest]:
    annotations = _annotations("deis", version) if number >= _ANNOTATED_FROM else {}
    kind = _deis_kind(row, number)
    if kind != "Deployment" or number > _HELM_CLASSIC_UNTIL or not row["required"]:
        return [_workload(owner, row, version, kind, annotations)]
    kept = _workload(owner, row, version, kind, {**annotations, "helm-keep": "true"})
    return [kept, _leftover(owner, row, version, annotations)]


def _deis_kind(row: Mapping[str, Any], number: tuple[int, ...]) -> str:
    if row["kind"] == "DaemonSet" or not row["required"]:
        return str(row["kind"])
    first = (2, 3, 0) if row["component"] in _FIRST_DEPLOYMENTS else _OTHERS_FROM
    return "Deployment" if number >= first else "ReplicationController"


def _leftover(owner: Owner, row: Mapping[str, Any], version: str, annotations: Mapping[str, str]) -> Manifest:
    labels = dict(row["pod_labels"])
    if row["component"] in _FIRST_DEPLOYMENTS:
        labels["app"] += "-deprecated"
    template = Template(labels, [(row["container"], f"{row['image']}:{version}")])
    metadata = owner.metadata(row["name"], annotations)
    return workload("ReplicationController", metadata, template, replicas=0, selector=labels)


def _workload(
    owner: Owner, row: Mapping[str, Any], version: str, kind: str, annotations: Mapping[str, str]
) -> Manifest:
    labels = row["pod_labels"]
    template = Template(labels, [(row["container"], f"{row['image']}:{version}")])
    metadata = owner.metadata(row["name"], annotations, row["workload_labels"])
    replicas = 2 if row["component"] == "router" else 1
    return workload(kind, metadata, template, replicas=replicas, selector={"app": labels["app"]})


def _only_in_the_first_release(owner: Owner, versions: Mapping[str, str]) -> Manifest:
    (row,) = facts.platform("deis")["legacy"]["only_in_v2.0.0"]
    template = Template({"app": row["name"]}, [(row["name"], f"{row['image']}:{versions[row['component']]}")])
    return workload(row["kind"], owner.metadata(row["name"]), template, selector={"app": row["name"]})


def _config_maps(
    owner: Owner, rows: Sequence[Mapping[str, Any]], versions: Mapping[str, str]
) -> list[Manifest]:
    return [
        config_map(owner.metadata(row["name"]), {row["key"]: f"{row['image']}:{versions[row['component']]}"})
        for row in rows
    ]


def _whole(
    platform: str, owner: Owner, config_maps: list[Manifest], workloads: list[Manifest]
) -> list[Manifest]:
    services = [
        service(owner.metadata(name), {"app": name}, ports, type_)
        for name, (ports, type_) in _SERVICES.items()
    ]
    nodes = [node(f"{platform}-node-{number}") for number in (1, 2, 3)]
    return [namespace(owner.namespace), *config_maps, *services, *workloads, *nodes]


def _annotations(platform: str, version: str) -> dict[str, str]:
    return {facts.platform(platform)["version_annotation"]: version}


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.removeprefix("v").split("."))
