"""Clusters of Drycc Workflow: the newest release, and the newest commit (testing channel, `canary`)."""

from collections.abc import Mapping
from typing import Any

from clusters import facts
from clusters.objects import Manifest, Owner, Template, config_map, namespace, node, service, workload

CANARY_COMMIT = "13c79382"  # what the standard version label holds in a testing build
_SERVICES = {
    "drycc-builder": {"ssh": 2222},
    "drycc-controller-api": {"http": 80},
    "drycc-database": {"postgres": 5432},
    "drycc-registry": {"http": 80},
    "drycc-storage": {"http": 9000},
}


def drycc_stable() -> list[Manifest]:
    """Every row of the charts at their newest tags; images and annotations without `v`."""
    rows = [row for row in facts.platform("drycc")["components"] if row["in_newest_release"]]
    return _whole([_at_release(row) for row in rows], _last_imagebuilder())


def drycc_testing() -> list[Manifest]:
    """Every row of the unreleased charts; images are `canary`, the standard label names a commit."""
    rows = [row for row in facts.platform("drycc")["components"] if row["in_newest_commit"]]
    return _whole([_workload(row, "canary", CANARY_COMMIT) for row in rows], "canary")


def drycc_retired() -> list[Manifest]:
    """A platform of before v1.8.2: the newest release with logger and prometheus, not victoriametrics."""
    kept = [row for row in facts.platform("drycc")["components"] if row["component"] != "victoriametrics"]
    rows = [row for row in (*kept, *facts.platform("drycc")["retired"]) if row["in_newest_release"]]
    return _whole([_at_release(row) for row in rows], _last_imagebuilder())


def _at_release(row: Mapping[str, Any]) -> Manifest:
    then = {**row, **row.get("at_newest_release", {})}
    return _workload(then, row["in_newest_release"].removeprefix("v"), None)


def _last_imagebuilder() -> str:
    return facts.last_version("drycc", "imagebuilder").removeprefix("v")


def _workload(row: Mapping[str, Any], version: str, version_label: str | None) -> Manifest:
    owner = Owner("drycc", row["workload_labels"])
    annotation = {facts.platform("drycc")["version_annotation"]: version} if row["annotated"] else None
    labels = {**row["pod_labels"], **_standard_labels(row, version_label)}
    template = Template(
        labels,
        [(name, f"{row['image']}:{version}") for name in _containers(row)],
        [(init["name"], f"{init['image']}:latest") for init in row.get("init_containers", ())],
    )
    metadata = owner.metadata(row["name"], annotation)
    replicas = 3 if row["name"] == "drycc-valkey" else 1
    return workload(row["kind"], metadata, template, replicas=replicas, selector=row["pod_labels"])


def _containers(row: Mapping[str, Any]) -> list[str]:
    main = row["container"].replace("<queue>", "high")
    others = [name for name in row.get("containers", ()) if name != row["container"]]
    return [*others[:1], main, *others[1:]]  # not the first: the order of containers promises nothing


def _standard_labels(row: Mapping[str, Any], version: str | None) -> dict[str, str]:
    if not row.get("pod_labels_standard"):
        return {}
    labels = {"app.kubernetes.io/name": row["component"], "app.kubernetes.io/instance": "drycc"}
    return {**labels, "app.kubernetes.io/version": version} if version else labels


def _whole(workloads: list[Manifest], imagebuilder_tag: str) -> list[Manifest]:
    owner = Owner("drycc", {"heritage": "drycc"})
    image = f"registry.drycc.cc/drycc/imagebuilder:{imagebuilder_tag}"
    credentials = '{"auths":{"registry.example":{"auth":"credentials-must-not-be-read"}}}'
    imagebuilder = config_map(
        owner.metadata("imagebuilder-config"),
        {
            "images.json": f'[{{"name":"container","image":"{image}"}}]',
            "auths.json": credentials,
        },
    )
    services = [service(owner.metadata(name), {"app": name}, ports) for name, ports in _SERVICES.items()]
    nodes = [node(f"drycc-node-{number}") for number in (1, 2, 3)]
    return [namespace("drycc"), imagebuilder, *services, *workloads, *nodes]
