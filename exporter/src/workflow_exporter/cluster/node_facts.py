"""Nodes as facts: quantities parsed, and each node converted once for as long as it does not change."""

from collections.abc import Mapping
from operator import attrgetter

from workflow_exporter.cluster.objects import NodeObject
from workflow_exporter.cluster.quantity import parse_quantity, whole
from workflow_exporter.inventory import Node


class NodeFacts:
    """Remembers the conversion of each object by identity: an update replaces the object.

    With 5,000 nodes of which one changed this is a thousandth of converting all.
    """

    def __init__(self) -> None:
        self._converted: dict[str, tuple[object, Node | None]] = {}
        self._sorted: tuple[Node, ...] = ()
        self._malformed = 0

    def convert(self, objects: Mapping[str, object]) -> tuple[tuple[Node, ...], int]:
        """(nodes by name, how many have a capacity that is no quantity)."""
        held = self._converted
        converted: dict[str, tuple[object, Node | None]] = {}
        changed = len(objects) != len(held)
        for uid, obj in objects.items():
            known = held.get(uid)
            if known is not None and known[0] is obj:
                converted[uid] = known
            else:
                changed = True
                converted[uid] = (obj, _node(obj))
        if changed:
            self._converted = converted
            nodes = [node for _, node in converted.values() if node is not None]
            nodes.sort(key=attrgetter("name"))
            self._malformed = len(converted) - len(nodes)
            self._sorted = tuple(nodes)
        return self._sorted, self._malformed


def _node(obj: object) -> Node | None:
    """The node; None where its capacity is not written in Kubernetes quantities."""
    if not isinstance(obj, NodeObject):
        return None
    info, capacity = obj.status.node_info, obj.status.capacity or {}
    try:
        # A node that has just registered shows no capacity yet: zero until it does.
        cpu, memory, storage, pods = (
            parse_quantity(capacity.get(name, "0")) for name in ("cpu", "memory", "ephemeral-storage", "pods")
        )
    except ValueError:
        return None
    return Node(
        name=obj.metadata.name,
        os_image=info.os_image,
        kernel_version=info.kernel_version,
        kubelet_version=info.kubelet_version,
        container_runtime_version=info.container_runtime_version,
        architecture=info.architecture,
        operating_system=info.operating_system,
        cpu_cores=float(cpu),
        memory_bytes=whole(memory),
        ephemeral_storage_bytes=whole(storage),
        pods=whole(pods),
        ready=any(c.type == "Ready" and c.status == "True" for c in obj.status.conditions or ()),
        created=obj.metadata.creation_timestamp,
    )
