"""What may be kept of an object: decoded to the fields in use if some profile knows it, else a UID.

The builders start pods named after customers' applications in the platform's own namespace. So an
object whose name (workloads, services, config maps) or label values (pods) no candidate profile knows
is reduced to its UID on arrival, before it is stored.
"""

from dataclasses import dataclass

import msgspec

from workflow_exporter.cluster.objects import Resource
from workflow_exporter.platforms.profile import Profile


@dataclass(frozen=True, slots=True)
class Accepted:
    """One object on arrival. `value` None: no profile knows it, it is only counted."""

    uid: str
    resource_version: str
    value: object | None


class Intake:
    """Decides for all resources; the candidates are one profile, or all shipped ones for `auto`."""

    def __init__(self, candidates: tuple[Profile, ...]) -> None:
        self._candidates = candidates

    def accept(self, resource: Resource, raw: bytes | msgspec.Raw) -> Accepted:
        """Decodes one object; raises msgspec.DecodeError (or its ValidationError) where it is malformed."""
        raise NotImplementedError
