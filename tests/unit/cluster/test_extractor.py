"""An Extractor in a row of moments shows what a new one would, and converts what changed alone."""

from dataclasses import replace
from typing import Any

import pytest

from clusters import Manifest, as_running_objects, held, manifests
from clusters.objects import node
from workflow_exporter.cluster.extract import Extractor, extract
from workflow_exporter.cluster.objects import ClusterObjects, Resource
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = {profile.name: profile for profile in shipped_profiles()}
DEIS = PROFILES["deis"]


def cluster(*more: Manifest) -> ClusterObjects:
    return held(as_running_objects([*manifests("deis-v2.18.0"), *more]), tuple(PROFILES.values()))


def with_resource(objects: ClusterObjects, resource: Resource, known: dict[str, object]) -> ClusterObjects:
    """As a reader shows a change: that resource's mapping is another one, all others are the same."""
    return replace(objects, known={**objects.known, resource: known})


def without_one(objects: ClusterObjects, resource: Resource) -> ClusterObjects:
    return with_resource(objects, resource, dict(list(objects.known[resource].items())[1:]))


_FIRST = cluster(node("a"), node("b"))
_CHANGED: dict[str, ClusterObjects] = {
    "a node less": without_one(_FIRST, Resource.NODES),
    "a pod less": without_one(_FIRST, Resource.PODS),
    "a deployment less": without_one(_FIRST, Resource.DEPLOYMENTS),
    "a service less": without_one(_FIRST, Resource.SERVICES),
    "a pod of nobody": replace(_FIRST, unknown={Resource.PODS: 1}),
    "a malformed deployment": replace(_FIRST, malformed={Resource.DEPLOYMENTS: 1}),
    "a malformed node": replace(_FIRST, malformed={Resource.NODES: 1}),
    "no nodes read": replace(
        _FIRST, known={r: m for r, m in _FIRST.known.items() if r is not Resource.NODES}
    ),
    "no pods read": replace(_FIRST, known={r: m for r, m in _FIRST.known.items() if r is not Resource.PODS}),
}


@pytest.mark.parametrize("change", _CHANGED)
def test_each_change_is_shown_as_if_seen_for_the_first_time(change: str) -> None:
    extractor = Extractor(DEIS, "deis")

    shown = [extractor.extract(objects) for objects in (_FIRST, _CHANGED[change], _FIRST)]

    new: list[Any] = [extract(objects, DEIS, "deis") for objects in (_FIRST, _CHANGED[change], _FIRST)]
    assert shown == new
    assert shown[1] != shown[0]


def test_change_of_a_node_leaves_the_very_objects_of_everything_else() -> None:
    extractor = Extractor(DEIS, "deis")
    before = extractor.extract(_FIRST)

    after = extractor.extract(without_one(_FIRST, Resource.NODES))

    assert len(after.nodes) == len(before.nodes) - 1
    assert after.workloads is before.workloads
    assert after.services is before.services
