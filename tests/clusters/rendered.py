"""Clusters as the charts of real releases render them: `tests/data/rendered`, one file a rendering.

The files are facts (names, labels, selectors, containers, images), so what is built of them is what an
operator of that release has, but for what no chart says.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from clusters.objects import Manifest, Owner, Template, config_map, namespace, node, service, workload

_FOLDER = Path(__file__).parents[1] / "data" / "rendered"
RENDERINGS = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


@dataclass(frozen=True, slots=True)
class Rendering:
    """One release of a platform, as its charts make it with the values of one variant."""

    name: str
    platform: str
    release: str
    variant: str | None
    raw: dict[str, Any]

    @property
    def namespace(self) -> str:
        return "drycc" if self.platform == "drycc" else "deis"

    @property
    def workloads(self) -> list[dict[str, Any]]:
        """Those that run: a ReplicationController at zero replicas is a leftover of Helm Classic."""
        return [w for w in self.raw["workloads"] if not _is_leftover(w)]

    @property
    def components(self) -> dict[str, set[tuple[str, str]]]:
        """Component -> (kind, name) of what carries it."""
        found: dict[str, set[tuple[str, str]]] = {}
        for one in self.workloads:
            found.setdefault(one["component"], set()).add((one["kind"], one["name"]))
        for one in self.raw["config_maps"]:
            found.setdefault(one["component"], set()).add(("ConfigMap", one["name"]))
        return found

    def manifests(self, place: str | None = None) -> list[Manifest]:
        """Everything to apply: the namespace first, three nodes last. `place`: another namespace."""
        place = place or self.namespace
        owner = Owner(place)
        return [
            namespace(place),
            *(_workload(one, owner) for one in self.raw["workloads"]),
            *(config_map(owner.metadata(one["name"]), one["image_keys"]) for one in self.raw["config_maps"]),
            *(
                service(owner.metadata(one["name"]), one["selector"] or {}, {"port": 80})
                for one in self.raw["services"]
            ),
            *(node(f"{self.platform}-node-{number}") for number in (1, 2, 3)),
        ]


@cache
def rendering(name: str) -> Rendering:
    """The rendering of `tests/data/rendered/{name}.json`."""
    raw = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return Rendering(name, raw["platform"], raw["release"], raw["variant"], raw)


def _is_leftover(one: dict[str, Any]) -> bool:
    return bool(one["kind"] == "ReplicationController" and one["replicas"] == 0)


def _workload(one: dict[str, Any], owner: Owner) -> Manifest:
    metadata = owner.metadata(one["name"], one.get("annotations"), one.get("labels"))
    labels = one.get("pod_labels") or {}
    containers = [(container["name"], container["image"]) for container in one["containers"]]
    # A chart of an old API group may leave the selector to the API server: then it is the template's labels.
    selector = one.get("selector") or labels
    return workload(
        one["kind"],
        metadata,
        Template(labels, containers),
        replicas=1 if one.get("replicas") is None else one["replicas"],
        selector=selector,
    )
