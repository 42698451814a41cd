"""The renderings in `data/rendered` as manifests of a cluster: what the charts of a release install."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from clusters.objects import Manifest, Owner, Template, config_map, namespace, service, workload

_FOLDER = Path(__file__).parent / "data" / "rendered"
RENDERINGS = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))  # `hephy-v2.23.0-off-redis`


@cache
def rendering(name: str) -> dict[str, Any]:
    """The facts of one rendering: `platform`, `release`, `charts`, `workloads`, `config_maps`, `services`."""
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return document


def rendered_manifests(name: str, place: str) -> list[Manifest]:
    """The namespace `place` and everything that the rendering has in it; a new list each time."""
    facts, owner = rendering(name), Owner(place)
    return [
        namespace(place),
        *(_workload(owner, one) for one in facts["workloads"]),
        *(config_map(owner.metadata(one["name"]), one["image_keys"]) for one in facts["config_maps"]),
        *(
            service(owner.metadata(one["name"]), one.get("selector") or {}, {"http": 80})
            for one in facts["services"]
        ),
    ]


def _workload(owner: Owner, facts: dict[str, Any]) -> Manifest:
    labels = facts.get("pod_labels") or facts.get("selector") or {}
    images = [(container["name"], container["image"]) for container in facts["containers"]]
    replicas = facts.get("replicas")
    metadata = owner.metadata(facts["name"], facts.get("annotations"), facts.get("labels"))
    return workload(
        facts["kind"],
        metadata,
        Template(labels, images),
        replicas=1 if replicas is None else replicas,
        selector=facts.get("selector") or labels,
    )
