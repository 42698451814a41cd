"""A cluster of which the objects are given, in place of one that is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from factories import source_states
from workflow_exporter.cluster.objects import ClusterObjects, ClusterView


@dataclass(slots=True)
class HeldCluster:
    """Implements `ClusterReader`, but for running; a test may replace the objects."""

    objects: ClusterObjects = field(default_factory=ClusterObjects)

    def view(self) -> ClusterView:
        return ClusterView(self.objects, source_states())

    async def run(self, on_change: Callable[[], None]) -> None:
        raise NotImplementedError

    def counts(self) -> Mapping[tuple[str, str], int]:
        raise NotImplementedError
