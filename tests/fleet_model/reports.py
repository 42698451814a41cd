"""What instances said, hour by hour: the values that the model counts and that promtool is fed with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY

AUDIENCES = ("customer", "staff", "ci", "test")
VERDICTS = ("current", "outdated", "ahead", "unversioned", "unknown", "missing", "absent")
NODE_FACTS = ("os_image", "kubelet_version", "container_runtime", "architecture")


@dataclass(frozen=True, slots=True)
class About:
    """The labels of an instance's own series, in one report."""

    cluster_id: str
    platform: str
    version: str
    train: str
    audience: str
    exporter_version: str
    kubernetes_version: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report as it was stored; moments are seconds since 1970."""

    instance_id: str
    slot: int  # the start of its hour
    about: About
    components: Mapping[str, str]  # component -> version
    verdicts: Mapping[str, int]
    nodes: Mapping[tuple[str, str, str, str], int]  # facts in the order of NODE_FACTS -> how many
    instance_created: int
    cluster_created: int
    nodes_created: Mapping[str, int]  # bound -> moment
    cpu_cores: int
    memory_bytes: int
    storage_bytes: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Staff's mark of an instance, from one moment to another."""

    instance_id: str
    audience: str
    since: int
    until: int | None = None  # None: it still holds

    def holds(self, now: int) -> bool:
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Outage:
    """Half open: from `since` on, until `until` no more."""

    since: int
    until: int

    def covers(self, now: int) -> bool:
        return self.since <= now < self.until


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that happened. `reports` are those that were stored, in the order of their hours."""

    start: int
    end: int
    reports: tuple[Report, ...]
    marks: tuple[Mark, ...] = ()
    newest: Mapping[tuple[str, str, str], str] = field(default_factory=dict)  # platform, train, component
    prometheus_down: tuple[Outage, ...] = ()  # nothing is stored and no rule is evaluated
    api_not_scraped: tuple[Outage, ...] = ()  # marks stay as they were
