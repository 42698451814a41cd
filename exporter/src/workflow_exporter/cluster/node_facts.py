"""Nodes as facts: quantities parsed, and each node converted once for as long as it does not change."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

from workflow_exporter.cluster.objects import NodeObject
from workflow_exporter.cluster.quantity import parse_quantity, whole
from workflow_exporter.inventory import Node

_NAMES = ("cpu", "memory", "ephemeral-storage", "pods")  # capacities that are shown


class NodeFacts:
    """Remembers the conversion of each object by identity: an update replaces the object.

    With 5,000 nodes of which one changed this is a thousandth of converting all.
    """

    def __init__(self) -> None:
        self._converted: dict[str, tuple[object, Node | None]] = {}
        self._sorted: tuple[Node, ...] = ()
        self._malformed = 0

    def convert(self, objects: Mapping[str, object]) -> tuple[tuple[Node, ...], int]:
        """(nodes by name, how many have a capacity that is no amount)."""
        held = self._converted
        changed = [uid for uid, obj in objects.items() if (one := held.get(uid)) is None or one[0] is not obj]
        held.update((uid, (objects[uid], _node(objects[uid]))) for uid in changed)
        gone = len(held) > len(objects)
        if gone:
            self._converted = held = {uid: held[uid] for uid in objects}
        if changed or gone:
            nodes = [node for _, node in held.values() if node is not None]
            nodes.sort(key=attrgetter("name"))
            self._malformed = len(held) - len(nodes)
            self._sorted = tuple(nodes)
        return self._sorted, self._malformed


def _node(obj: object) -> Node | None:
    """The node; None where its capacity is not written in Kubernetes quantities."""
    if not isinstance(obj, NodeObject):
        return None
    info, capacity = obj.status.node_info, obj.status.capacity or {}
    try:
        cpu_cores, memory_bytes, storage_bytes, pods = _amounts(*map(capacity.get, _NAMES))
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
        cpu_cores=cpu_cores,
        memory_bytes=memory_bytes,
        ephemeral_storage_bytes=storage_bytes,
        pods=pods,
        ready=any(c.type == "Ready" and c.status == "True" for c in obj.status.conditions or ()),
        created=obj.metadata.creation_timestamp,
    )


@lru_cache(maxsize=1024)  # nodes are alike, and equal ones then share their numbers
def _amounts(
    cpu: str | None, memory: str | None, storage: str | None, pods: str | None
) -> tuple[float | None, int | None, int | None, int | None]:
    """(cores, bytes, bytes, pods), None where a text is; raises ValueError for what is no amount."""
    cores = None if cpu is None else float(_amount(cpu))
    memory_bytes, storage_bytes, room = (
        None if text is None else whole(_amount(text)) for text in (memory, storage, pods)
    )
    return cores, memory_bytes, storage_bytes, room


def _amount(text: str) -> Decimal:
    quantity = parse_quantity(text)
    if quantity < 0:
        raise ValueError("a capacity below zero")
    return quantity
