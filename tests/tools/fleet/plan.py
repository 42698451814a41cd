"""Draws a fleet from a seed: who runs what, since when, until when, and with which gaps. Pure.

Instance number n of a seed is the same in a fleet of any size, so that a larger fleet holds the smaller one.
All moments are slots: starts of UTC hours, in seconds since 1970.
"""

import random
from dataclasses import dataclass, field

from tools.fleet.releases import DAY, PLATFORMS, bundles

HOUR = 3600
AUDIENCES = ("customer", "staff", "ci", "test")

# A report an hour, as agents send; further back one in six hours, which no count can tell from it.
_HOURLY = 48 * HOUR
_SPARSE = 6 * HOUR

_NODE_SYSTEMS = (
    ("Ubuntu 22.04.5 LTS", "containerd://1.7.22"),
    ("Ubuntu 24.04.1 LTS", "containerd://1.7.22"),
    ("Debian GNU/Linux 12 (bookworm)", "containerd://1.6.36"),
    ("Flatcar Container Linux by Kinvolk 3975.2.2 (Oklo)", "containerd://1.7.21"),
    ("Rocky Linux 9.4 (Blue Onyx)", "cri-o://1.30.6"),
    ("Ubuntu 18.04.6 LTS", "docker://19.3.15"),
)
_KUBERNETES = ("v1.27.16", "v1.28.15", "v1.29.10", "v1.30.6", "v1.31.2", "v1.32.1")


@dataclass(frozen=True, slots=True)
class Nodes:
    """All nodes of a cluster: `old` of them still have an older kubelet."""

    count: int
    old: int
    os_image: str
    runtime: str
    architecture: str
    kubelet: str
    old_kubelet: str
    cpu_cores: float
    memory_gib: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where an instance runs; a few are shared by two instances."""

    number: int
    created: int
    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Instance:
    """One installation from its first report to its last."""

    number: int
    cluster: Cluster
    platform: str
    audience: str  # its own word
    mark: str | None  # staff's, which counts instead
    created: int
    first: int
    last: int  # the end of the history: it still runs
    gaps: tuple[tuple[int, int], ...]  # [from, to): nothing arrived
    versions: tuple[tuple[int, str], ...]  # since when it ran which platform release, oldest first
    agents: tuple[tuple[int, str], ...]  # the same of the agent's version
    missing: bool = False  # of its components the last by name

    @property
    def counted_audience(self) -> str:
        return self.mark or self.audience

    def reports_at(self, slot: int, end: int) -> bool:
        """Whether a report of this slot arrived."""
        if not self.first <= slot <= self.last or any(start <= slot < stop for start, stop in self.gaps):
            return False
        return slot > end - _HOURLY or slot % _SPARSE == 0

    def version_at(self, slot: int) -> str:
        return [version for since, version in self.versions if since <= slot][-1]

    def agent_at(self, slot: int) -> str:
        return [version for since, version in self.agents if since <= slot][-1]


@dataclass(frozen=True, slots=True)
class Fleet:
    """A history of `days` that ends at `end`, the slot of the newest reports."""

    end: int
    days: int
    instances: tuple[Instance, ...]
    _slots: dict[int, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def start(self) -> int:
        return self.end - self.days * DAY

    def slots_of(self, instance: Instance) -> tuple[int, ...]:
        """When it reported, oldest first."""
        if instance.number not in self._slots:
            hours = range(self.start, self.end + 1, HOUR)
            self._slots[instance.number] = tuple(t for t in hours if instance.reports_at(t, self.end))
        return self._slots[instance.number]


def draw_fleet(count: int, days: int, end: int, seed: str = "fleet") -> Fleet:
    """The first `count` instances of this seed; those that never reported within the history are left out."""
    start = end - days * DAY
    outage = end - int(days * 0.43) * DAY  # the gateway was down for 30 hours: nobody's fault, in every graph
    instances: list[Instance] = []
    for number in range(count):
        drawn = _Drawing(random.Random(f"{seed}/{number}"), start, end, outage)  # noqa: S311  no secret
        neighbour = instances[-1].cluster if number % 9 == 8 and instances else None
        instances.append(drawn.instance(number, neighbour))
    fleet = Fleet(end, days, tuple(instances))
    return Fleet(end, days, tuple(one for one in instances if fleet.slots_of(one)))


@dataclass(frozen=True, slots=True)
class _Drawing:
    dice: random.Random
    start: int
    end: int
    outage: int

    def instance(self, number: int, neighbour: Cluster | None) -> Instance:
        platform = self.dice.choices(PLATFORMS, (35, 50, 15))[0]
        audience = self.dice.choices(AUDIENCES, (86, 4, 7, 3))[0]
        first, last = self._life(audience)
        created = first - self._back(18 if first > self.start else 1500)
        cluster = neighbour or self._cluster(number, created)
        return Instance(
            number=number,
            cluster=cluster,
            platform=platform,
            audience=audience,
            mark=self.dice.choices((None, "staff", "test"), (95, 4, 1))[0]
            if audience == "customer"
            else None,
            created=max(created, cluster.created),
            first=first,
            last=last,
            gaps=self._gaps(),
            versions=self._versions(platform, first),
            agents=self._agents(first),
            missing=self.dice.random() < 0.06,
        )

    def _life(self, audience: str) -> tuple[int, int]:
        """More come than leave; what CI makes lives for hours; some only try."""
        span = self.end - self.start
        veteran = self.dice.random() < 0.5 and audience != "ci"
        first = self.start if veteran else self._slot(self.start + span * self.dice.random() ** 0.75)
        if audience == "ci":
            last = first + self.dice.randrange(6, 96) * HOUR
        elif self.dice.random() < (0.17 if veteran else 0.25):
            last = first + int(self.dice.expovariate(1 / (span * 0.3)))
        else:
            last = self.end
        return first, min(self._slot(last), self.end)

    def _gaps(self) -> tuple[tuple[int, int], ...]:
        """The gateway's outage, which all share, and for some one of their own."""
        gaps = [(self.outage, self.outage + 30 * HOUR)]
        if self.dice.random() < 0.15:
            begin = self._slot(self.start + (self.end - self.start) * self.dice.random())
            gaps.append((begin, begin + self.dice.randrange(20, 140) * HOUR))
        return tuple(sorted(gaps))

    def _versions(self, platform: str, first: int) -> tuple[tuple[int, str], ...]:
        """Waves: most upgrade within weeks after a release, some much later, some never."""
        patience = self.dice.choices((4 * DAY, 18 * DAY, 4000 * DAY), (45, 40, 15))[0]
        known = bundles(platform)
        versions = [(0, known[0].version)]
        for bundle in known[1:]:
            came = self.end - int(bundle.days_ago * DAY)
            # Who installs takes the newest, whatever their patience is.
            since = max(versions[-1][0], came + int(self.dice.expovariate(1 / patience)))
            versions.append(
                (0 if came <= first and first > self.start else self._slot(since), bundle.version)
            )
        if known[-1].days_ago > 1000 and self.dice.random() < 0.3:
            return ((0, known[0].version),)  # a platform that has ended: those that stayed behind stay there
        return tuple(versions)

    def _agents(self, first: int) -> tuple[tuple[int, str], ...]:
        upgraded = self._slot(self.end - 40 * DAY + self.dice.expovariate(1 / (9 * DAY)))
        return ((0, "v0.1.0"), (0 if first > self.end - 40 * DAY else upgraded, "v0.2.0"))

    def _cluster(self, number: int, created: int) -> Cluster:
        age = self._back(400)
        count = 1 + int(self.dice.expovariate(1 / 5))
        system, runtime = self.dice.choices(_NODE_SYSTEMS, (35, 20, 15, 12, 10, 8))[0]
        kubelet = self.dice.choices(range(len(_KUBERNETES)), (8, 10, 16, 26, 28, 12))[0]
        newest = created + int((self.end - created) * self.dice.random())
        nodes = Nodes(
            count=count,
            old=self.dice.randrange(count) if self.dice.random() < 0.3 and kubelet else 0,
            os_image=system,
            runtime=runtime,
            architecture=self.dice.choices(("amd64", "arm64"), (85, 15))[0],
            kubelet=_KUBERNETES[kubelet],
            old_kubelet=_KUBERNETES[max(0, kubelet - 1)],
            cpu_cores=float(self.dice.choice((2, 4, 8, 16))),
            memory_gib=self.dice.choice((8, 16, 32, 64)),
            oldest=created - age,
            newest=newest,
        )
        return Cluster(number, created - age, nodes)

    def _back(self, days: float) -> int:
        return int(self.dice.expovariate(1 / (days * DAY))) % (9 * 365 * DAY)  # no older than Kubernetes

    def _slot(self, moment: float) -> int:
        return int(moment) // HOUR * HOUR
