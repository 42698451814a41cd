"""What runs inside the running: ages, sizes, components, verdicts, nodes, as they should be counted. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from fleet_model.known import Known, Labels, Truth, Vector, by_audience, labels
from fleet_model.reports import AUDIENCES, DAY, NODE_FACTS, VERDICTS, Report

AGES = (7, 30, 91, 182, 365, 730, 1460)  # days


def contents(running: list[Known], newest: Mapping[tuple[str, str, str], str], now: int) -> Truth:
    """`newest` has the newest release by platform, train and component; what is not in it cannot be told."""
    return {
        **_ages(running, now),
        **_sizes(running),
        **_components(running, newest),
        **_verdicts(running),
        **_nodes(running),
    }


def _average(values: Mapping[str, Iterable[float]]) -> Vector:
    found: Vector = {}
    for audience in AUDIENCES:
        numbers = list(values.get(audience, ()))
        found[labels(audience=audience)] = sum(numbers) / len(numbers) if numbers else 0.0
    return found


def _by_cluster(running: list[Known]) -> dict[tuple[str, str], list[Report]]:
    """(audience, cluster) -> newest reports of what runs in it."""
    clusters: dict[tuple[str, str], list[Report]] = defaultdict(list)
    for one in running:
        clusters[one.audience, one.report.about.cluster_id].append(one.report)
    return clusters


def _ages(running: list[Known], now: int) -> Truth:
    ages: dict[str, list[float]] = defaultdict(list)
    for one in running:
        ages[one.audience].append(now - one.report.instance_created)
    clusters: dict[str, list[float]] = defaultdict(list)
    nodes: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (audience, _), reports in _by_cluster(running).items():
        clusters[audience].append(now - min(report.cluster_created for report in reports))
        for bound in ("oldest", "newest"):
            nodes[audience, bound].append(now - max(report.nodes_created[bound] for report in reports))
    buckets: Vector = {}
    for days in AGES:
        young = [one for one in running if now - one.report.instance_created <= days * DAY]
        buckets |= by_audience(young, le=str(days * DAY))
    return {
        "audience:fleet_instance_age_seconds:avg": _average(ages),
        "audience:fleet_cluster_age_seconds:avg": _average(clusters),
        "audience_bound:fleet_node_age_seconds:avg": {
            labels(audience=audience, bound=bound): sum(found) / len(found)
            for (audience, bound), found in nodes.items()
        },
        "audience_le:fleet_instance_age_seconds:bucket": buckets | by_audience(running, le="+Inf"),
    }


def _sizes(running: list[Known]) -> Truth:
    found: Truth = {}
    for size in ("cpu_cores", "memory_bytes", "storage_bytes"):
        total: Counter[str] = Counter()
        for (audience, _), reports in _by_cluster(running).items():
            total[audience] += max(getattr(report, size) for report in reports)
        found[f"audience:fleet_capacity_{size}:sum"] = {
            labels(audience=audience): float(total[audience]) for audience in AUDIENCES
        }
    return found


def _components(running: list[Known], newest: Mapping[tuple[str, str, str], str]) -> Truth:
    cells: Counter[Labels] = Counter()
    versions: Counter[Labels] = Counter()
    having: Counter[Labels] = Counter()
    comparable: Counter[Labels] = Counter()
    current: Counter[Labels] = Counter()
    for one in running:
        about, audience = one.report.about, one.audience
        for component, version in one.report.components.items():
            cells[
                labels(
                    audience=audience,
                    platform=about.platform,
                    train=about.train,
                    component=component,
                    version=version,
                )
            ] += 1
            versions[labels(audience=audience, component=component, version=version)] += 1
            key = labels(audience=audience, platform=about.platform, component=component)
            having[key] += 1
            if (latest := newest.get((about.platform, about.train, component))) is not None:
                comparable[key] += 1
                current[key] += latest == version
    return {
        "audience_platform_train_component_version:fleet_instances:count": _floats(cells),
        "audience_component_version:fleet_instances:count": _floats(versions),
        "audience_platform_component:fleet_instances:count": _floats(having),
        "audience_platform_component:fleet_instances_newest:ratio": {
            key: current[key] / of for key, of in comparable.items()
        },
    }


def _floats(counted: Mapping[Labels, int]) -> Vector:
    return {key: float(number) for key, number in counted.items()}


def _verdicts(running: list[Known]) -> Truth:
    total: Counter[Labels] = Counter()
    for verdict in VERDICTS:
        for audience in AUDIENCES:
            total[labels(audience=audience, verdict=verdict)] += sum(
                one.report.verdicts[verdict] for one in running if one.audience == audience
            )
    outdated = [one for one in running if one.report.verdicts["outdated"]]
    return {
        "audience_verdict:fleet_components:sum": _floats(total),
        "audience:fleet_instances_outdated:count": by_audience(outdated),
    }


def _nodes(running: list[Known]) -> Truth:
    cells: Counter[Labels] = Counter()
    marginals: dict[str, Counter[Labels]] = {fact: Counter() for fact in NODE_FACTS}
    for (audience, _), reports in _by_cluster(running).items():
        in_cluster: dict[tuple[str, str, str, str], int] = {}
        for report in reports:  # of two instances in one cluster, both counted the same nodes
            for facts, number in report.nodes.items():
                in_cluster[facts] = max(number, in_cluster.get(facts, 0))
        for facts, number in in_cluster.items():
            cells[labels(audience=audience, **dict(zip(NODE_FACTS, facts, strict=True)))] += number
            for fact, value in zip(NODE_FACTS, facts, strict=True):
                marginals[fact][labels(audience=audience, **{fact: value})] += number
    return {
        "audience_os_image_kubelet_version_container_runtime_architecture:fleet_nodes:sum": _floats(cells),
        **{f"audience_{fact}:fleet_nodes:sum": _floats(counted) for fact, counted in marginals.items()},
    }
