"""What must be counted of a made-up fleet at a moment, in Python, from the plan alone. Pure.

Nothing here is read from a rule. Labels are as the recorded series have them; a count that is 0 is told for
each audience only where all four are always there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tools.fleet.plan import AUDIENCES, Cluster, Fleet, Instance
from tools.fleet.releases import DAY
from tools.fleet.reports import components_of, missing_of

WINDOWS = {"week": 7, "month": 30, "quarter": 91}  # days
AGES = (7, 30, 91, 182, 365, 730, 1460)  # days

Labels = frozenset[tuple[str, str]]
Numbers = dict[tuple[str, Labels], float]  # by recorded name and labels

_SYSTEMS = {
    "Ubuntu 22.04.5 LTS": "Ubuntu 22.04",
    "Ubuntu 24.04.1 LTS": "Ubuntu 24.04",
    "Ubuntu 18.04.6 LTS": "Ubuntu 18.04",
    "Debian GNU/Linux 12 (bookworm)": "Debian 12",
    "Flatcar Container Linux by Kinvolk 3975.2.2 (Oklo)": "Flatcar",
    "Rocky Linux 9.4 (Blue Onyx)": "Rocky Linux 9",
}
_RUNTIMES = {
    "containerd://1.7.22": "containerd 1.7",
    "containerd://1.7.21": "containerd 1.7",
    "containerd://1.6.36": "containerd 1.6",
    "cri-o://1.30.6": "cri-o 1.30",
    "docker://19.3.15": "docker 19.3",
}


@dataclass(frozen=True, slots=True)
class Known:
    """An instance that is remembered at the moment, with when it was seen first and last."""

    instance: Instance
    first: int
    last: int

    @property
    def audience(self) -> str:
        return self.instance.counted_audience


@dataclass(frozen=True, slots=True)
class Moment:
    """A fleet as it is known at `now`, in seconds since 1970."""

    fleet: Fleet
    now: float
    known: tuple[Known, ...]

    @property
    def running(self) -> list[Known]:
        return [one for one in self.known if one.last > self.now - DAY]


def at(fleet: Fleet, now: float) -> Moment:
    """From the reports that arrived by then."""
    known = []
    for instance in fleet.instances:
        slots = [slot for slot in fleet.slots_of(instance) if slot <= now]
        if slots and slots[-1] > now - 100 * DAY:
            known.append(Known(instance, slots[0], slots[-1]))
    return Moment(fleet, now, tuple(known))


def numbers(moment: Moment) -> Numbers:
    """All that can be told without the catalog; ages too, which grow by a second a second."""
    return {
        **_instances(moment),
        **_windows(moment),
        **_periods(moment),
        **_cohorts(moment),
        **_ages(moment),
        **_components(moment),
        **_sizes(moment),
        **_nodes(moment),
    }


def newest_shares(moment: Moment, newest: Mapping[tuple[str, str], str]) -> Numbers:
    """Which share runs each component's newest release, by (platform, component) of a catalog."""
    have: Counter[Labels] = Counter()
    runs: Counter[Labels] = Counter()
    for one in moment.running:
        for component, (version, _) in _components_of(moment, one).items():
            if wanted := newest.get((one.instance.platform, component)):
                key = _labels(audience=one.audience, platform=one.instance.platform, component=component)
                have[key] += 1
                runs[key] += version == wanted
    return {
        ("audience_platform_component:fleet_instances_newest:ratio", key): runs[key] / have[key]
        for key in have
    }


def _instances(moment: Moment) -> Numbers:
    fleet, running = moment.fleet, moment.running
    confirmed = [one for one in running if one.last - one.first >= DAY]
    return {
        **_by_audience("audience:fleet_instances_running:count24h", running),
        **_by_audience("audience:fleet_instances_confirmed:count24h", confirmed),
        **_by_audience("audience:fleet_clusters_running:count24h", _one_a_cluster(running)),
        **_counted(
            "audience_platform:fleet_instances:count",
            running,
            lambda one: {"platform": one.instance.platform},
        ),
        **_counted(
            "audience_platform_train:fleet_instances:count",
            running,
            lambda one: {"platform": one.instance.platform, "train": "stable"},
        ),
        **_counted(
            "audience_platform_version:fleet_instances:count",
            running,
            lambda one: {"platform": one.instance.platform, "version": one.instance.version_at(one.last)},
        ),
        **_counted(
            "audience_kubernetes_version:fleet_instances:count",
            running,
            lambda one: {"kubernetes_version": one.instance.cluster.nodes.kubelet[1:].rpartition(".")[0]},
        ),
        **_counted(
            "audience_exporter_version:fleet_instances:count",
            running,
            lambda one: {"exporter_version": one.instance.agent_at(one.last)},
        ),
        **_by_audience(
            "audience:fleet_instances_outdated:count",
            [
                one
                for one in running
                if any(
                    verdict == "outdated"
                    for _, verdict in components_of(fleet, one.instance, one.last).values()
                )
            ],
        ),
    }


def _windows(moment: Moment) -> Numbers:
    found: Numbers = {}
    for window, days in WINDOWS.items():
        since = moment.now - days * DAY
        came = [one for one in moment.known if one.first > since]
        went = [one for one in moment.known if since < one.last + DAY <= moment.now]
        found |= _by_audience("audience_window:fleet_instances_appeared:count", came, window=window)
        found |= _by_audience("audience_window:fleet_instances_disappeared:count", went, window=window)
    return found


def _periods(moment: Moment) -> Numbers:
    found: Numbers = {}
    for period, start in _period_starts(moment.now).items():
        came = [one for one in moment.known if one.first >= start]
        went = [one for one in moment.known if start <= one.last + DAY <= moment.now]
        found |= _by_audience("audience_period:fleet_instances_appeared:count", came, period=period)
        found |= _by_audience("audience_period:fleet_instances_disappeared:count", went, period=period)
        found["period:fleet_period_start_timestamp_seconds:last", _labels(period=period)] = start
    return found


def _period_starts(now: float) -> dict[str, float]:
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    week = today - timedelta(days=today.isocalendar().weekday - 1)
    return {"week": week.timestamp(), "month": month.timestamp(), "quarter": quarter.timestamp()}


def _cohorts(moment: Moment) -> Numbers:
    def month(one: Known) -> dict[str, str]:
        return {"cohort": f"{datetime.fromtimestamp(one.first, UTC):%Y%m}"}

    def begins(one: Known) -> float:
        return datetime.fromtimestamp(one.first, UTC).replace(day=1, hour=0).timestamp()

    remembered = [one for one in moment.known if begins(one) > moment.now - 100 * DAY]
    return {
        **_counted("audience_cohort:fleet_instances_running:count", moment.running, month),
        **_counted("audience_cohort:fleet_instances_appeared:count", remembered, month),
    }


def _ages(moment: Moment) -> Numbers:
    def age(one: Known) -> float:
        return moment.now - _monday(one.instance.created)

    def cluster_age(one: Known) -> float:
        return moment.now - _monday(one.instance.cluster.created)

    running, name = moment.running, "audience_le:fleet_instance_age_seconds:bucket"
    found = _by_audience(name, running, le="+Inf")
    for days in AGES:
        young = [one for one in running if age(one) <= days * DAY]
        found |= _by_audience(name, young, le=str(days * DAY))
    return {
        **found,
        **_averaged("audience:fleet_instance_age_seconds:avg", running, age),
        **_averaged("audience:fleet_cluster_age_seconds:avg", _one_a_cluster(running), cluster_age),
    }


def _components(moment: Moment) -> Numbers:
    versions: Counter[Labels] = Counter()
    have: Counter[Labels] = Counter()
    verdicts = Counter(
        {
            _labels(audience=audience, verdict=verdict): 0
            for audience in AUDIENCES
            for verdict in ("current", "outdated", "ahead", "unversioned", "unknown", "missing", "absent")
        }
    )
    for one in moment.running:
        for component, (version, verdict) in _components_of(moment, one).items():
            versions[_labels(audience=one.audience, component=component, version=version)] += 1
            have[_labels(audience=one.audience, platform=one.instance.platform, component=component)] += 1
            verdicts[_labels(audience=one.audience, verdict=verdict)] += 1
        verdicts[_labels(audience=one.audience, verdict="missing")] += bool(
            missing_of(one.instance, one.last)
        )
    return {
        **_named("audience_component_version:fleet_instances:count", versions),
        **_named("audience_platform_component:fleet_instances:count", have),
        **_named("audience_verdict:fleet_components:sum", verdicts),
    }


def _components_of(moment: Moment, one: Known) -> dict[str, tuple[str, str]]:
    told = components_of(moment.fleet, one.instance, one.last)
    return {name: (version, verdict.value) for name, (version, verdict) in told.items()}


def _sizes(moment: Moment) -> Numbers:
    clusters = _one_a_cluster(moment.running)

    def cores(cluster: Cluster) -> float:
        return _power_of_two(cluster.nodes.count * cluster.nodes.cpu_cores)

    def gibibytes(cluster: Cluster) -> float:
        return _power_of_two(cluster.nodes.count * cluster.nodes.memory_gib) * 1024**3

    found: Numbers = {}
    for name, size in (("cpu_cores", cores), ("memory_bytes", gibibytes)):
        for audience in AUDIENCES:
            total = sum(size(one.instance.cluster) for one in clusters if one.audience == audience)
            found[f"audience:fleet_capacity_{name}:sum", _labels(audience=audience)] = total
    return found


def _nodes(moment: Moment) -> Numbers:
    facts: dict[str, Counter[Labels]] = {
        name: Counter() for name in ("os_image", "kubelet_version", "container_runtime", "architecture")
    }
    for one in _one_a_cluster(moment.running):
        nodes = one.instance.cluster.nodes
        for kubelet, count in ((nodes.kubelet, nodes.count - nodes.old), (nodes.old_kubelet, nodes.old)):
            told = {
                "os_image": _SYSTEMS[nodes.os_image],
                "kubelet_version": kubelet[1:],
                "container_runtime": _RUNTIMES[nodes.runtime],
                "architecture": nodes.architecture,
            }
            for name, text in told.items():
                if count:
                    facts[name][frozenset({("audience", one.audience), (name, text)})] += _two_digits(count)
    return {
        key: value
        for name, counted in facts.items()
        for key, value in _named(f"audience_{name}:fleet_nodes:sum", counted).items()
    }


def _one_a_cluster(running: Iterable[Known]) -> list[Known]:
    """A cluster with instances of two audiences counts in each."""
    return list({(one.audience, one.instance.cluster.number): one for one in running}.values())


def _by_audience(name: str, instances: Iterable[Known], **more: str) -> Numbers:
    counted = Counter(one.audience for one in instances)
    return {(name, _labels(audience=audience, **more)): counted[audience] for audience in AUDIENCES}


def _averaged(name: str, instances: Iterable[Known], value: Callable[[Known], float]) -> Numbers:
    """0 where nobody is."""
    values: dict[str, list[float]] = {audience: [] for audience in AUDIENCES}
    for one in instances:
        values[one.audience].append(value(one))
    return {
        (name, _labels(audience=audience)): sum(found) / len(found) if found else 0.0
        for audience, found in values.items()
    }


def _counted(name: str, instances: Iterable[Known], labels: Callable[[Known], dict[str, str]]) -> Numbers:
    return _named(name, Counter(_labels(audience=one.audience, **labels(one)) for one in instances))


def _named(name: str, counted: Mapping[Labels, int]) -> Numbers:
    return {(name, labels): float(count) for labels, count in counted.items()}


def _labels(**labels: str) -> Labels:
    return frozenset(labels.items())


def _monday(moment: int) -> float:
    """1970-01-05 was one."""
    return moment - (moment - 4 * DAY) % (7 * DAY)


def _power_of_two(number: float) -> float:
    power = 1
    while power < number:
        power *= 2
    return float(power)


def _two_digits(count: int) -> int:
    """Of a made-up cluster, which has fewer than 1,000 nodes: half up."""
    return count if count < 100 else (count + 5) // 10 * 10
