"""The snapshot: the one immutable value from which everything shown or sent is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workflow_exporter.bundle import BundleAssessment
from workflow_exporter.catalog import EndOfLife, Notice, Successor
from workflow_exporter.freshness import Assessment
from workflow_exporter.inventory import Inventory


@dataclass(frozen=True, slots=True)
class SourceState:
    """One thing the agent reads: a Kubernetes resource, or `catalog`."""

    source: str  # plural resource name (`pods`), `namespace`, `kube-system`, `version`, `catalog`
    up: bool | None  # None: has not answered yet
    reason: str | None = None  # why it is down, in one line
    last_success: datetime | None = None


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """What is shown of the catalog beside the verdicts; all None or empty without one."""

    title: str | None = None
    generated: datetime | None = None
    expires: datetime | None = None
    expired: bool = False
    end_of_life: EndOfLife | None = None
    successor: Successor | None = None
    notices: tuple[Notice, ...] = ()  # those that concern this cluster and have not expired
    problem: str | None = None  # why verdicts cannot be told; None: they can


@dataclass(frozen=True, slots=True)
class Identity:
    """Ids by design section 7; none of them is ever shown on the public listener but `local_id`."""

    cluster_id: str
    instance_id: str
    local_id: str  # for the legacy `/id`; cannot be linked to reports
    instance_secret: str = field(repr=False)  # bearer token of reports


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Swapped whole. Two snapshots that compare equal but for `taken_at` show the same."""

    taken_at: datetime
    inventory: Inventory
    components: tuple[Assessment, ...]  # by component
    unobserved: tuple[str, ...]  # components the profile knows and does not read: no verdict, no count
    bundle: BundleAssessment
    catalog: CatalogFacts
    sources: tuple[SourceState, ...]
    identity: Identity | None
    identity_problem: str | None  # why there is no identity
    checks_enabled: bool  # effective: somebody to ask, and allowed to
    reporting_enabled: bool  # effective: on, with an address, and an identity
    modes: Mapping[str, str] = field(default_factory=dict)  # in words, by `checks` and `reporting`

    @property
    def complete(self) -> bool:
        """Every Kubernetes source has answered once, with data or with why it is down."""
        return all(state.up is not None for state in self.sources if state.source != "catalog")
