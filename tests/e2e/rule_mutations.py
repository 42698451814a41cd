"""One wrong rule each: where it is, what is changed, and the test of promtool that must notice. Data."""

from collections.abc import Iterator
from typing import NamedTuple


class Mutation(NamedTuple):
    record: str
    old: str
    new: str
    test: str  # a file of prometheus/tests
    labels: tuple[tuple[str, str], ...] = ()  # those that the rule adds


_LAST = "instance_id:fleet_last_seen_timestamp_seconds:max"
_FIRST = "instance_id:fleet_first_seen_timestamp_seconds:min"
_NEWEST = "instance_id:fleet_newest_report_timestamp_seconds:max"
_MARK = "instance_id_audience:releases_instance_audience_info:last"
_COMPONENTS = "audience_platform_train_component_version:fleet_instances:count"
_CLUSTERS = "audience:fleet_clusters_running:count24h"
_APPEARED_COHORT = "audience_cohort:fleet_instances_appeared:count"
_BUCKET = "audience_le:fleet_instance_age_seconds:bucket"
_VERSIONS = "audience_component_version:fleet_instances:count"
_HAVING = "audience_platform_component:fleet_instances:count"
_NODES = "audience_os_image_kubelet_version_container_runtime_architecture:fleet_nodes:sum"

_STATE = (
    Mutation(_MARK, "absent(releases_database_up == 1)", "vector(1)", "fleet_state"),  # never taken back
    Mutation(_MARK, "and on () absent(releases_database_up == 1)", "unless vector(1)", "fleet_state"),
    Mutation(_MARK, "0 * (max", "(max", "fleet_state"),
    Mutation(_NEWEST, "topk by (instance_id) (1", "topk by (instance_id) (2", "fleet_state"),
    Mutation(_NEWEST, "topk by (instance_id) (1", "bottomk by (instance_id) (1", "fleet_state"),
    Mutation(_NEWEST, "[4d]", "[4m]", "fleet_state"),  # not carried
    Mutation(_NEWEST, "105 * 86400", "100 * 86400", "fleet_forgotten"),
    Mutation(_FIRST, "min_over_time", "max_over_time", "fleet_state"),
    Mutation(_FIRST, "[4d]", "[4m]", "fleet_state"),
    Mutation(_FIRST, "100 * 86400", "99 * 86400", "fleet_forgotten"),
    Mutation(_FIRST, "<= time()", "< time() - 86400", "fleet_forgotten"),
    Mutation(_LAST, "group_left (audience)", "group_left ()", "fleet_state"),
    Mutation(_LAST, "or on (instance_id)", "or", "fleet_state"),
    Mutation(_LAST, "100 * 86400", "101 * 86400", "fleet_forgotten"),
    Mutation(_LAST, "or\n0 * (", "unless\n0 * (", "fleet_state"),  # what was is not said to be over
)

_COUNTS = (
    Mutation("audience:fleet_zero:constant", '"test"', '"tests"', "fleet_counts"),
    *(
        Mutation(record, "> time() - 86400", change, "fleet_counts")
        for change in (">= time() - 86400", "> time() - 82800")
        for record in (
            "audience:fleet_instances_running:count24h",
            _CLUSTERS,
            "audience_platform_version:fleet_instances:count",
            "audience_platform:fleet_instances:count",
            "audience_platform_train:fleet_instances:count",
            "audience_kubernetes_version:fleet_instances:count",
            "audience_exporter_version:fleet_instances:count",
        )
        if (record, change) != (_CLUSTERS, "> time() - 82800")
    ),
    Mutation(
        _CLUSTERS,
        "audience, cluster_id",
        "audience, instance_id",
        "fleet_counts",
    ),
    Mutation("audience:fleet_instances_confirmed:count24h", ">= 86400", "> 86400", "fleet_counts"),
    Mutation("audience:fleet_instances_confirmed:count24h", ">= 86400", ">= 82800", "fleet_counts"),
)


def _windows() -> Iterator[Mutation]:
    for window, days in (("week", 7), ("month", 30), ("quarter", 91)):
        labels = (("window", window),)
        came, went = (f"audience_window:fleet_instances_{what}:count" for what in ("appeared", "disappeared"))
        for more in (days - 1, days + 1):
            yield Mutation(came, f"- {days} * 86400", f"- {more} * 86400", "fleet_counts", labels)
            yield Mutation(went, f"- {days + 1} * 86400", f"- {more + 1} * 86400", "fleet_counts", labels)
        yield Mutation(came, f"> time() - {days}", f">= time() - {days}", "fleet_counts", labels)
        yield Mutation(went, "<= time()", "< time()", "fleet_counts", labels)
        yield Mutation(went, "> time()", ">= time()", "fleet_counts", labels)


def _periods() -> Iterator[Mutation]:
    start = "period:fleet_period_start_timestamp_seconds:last"
    yield Mutation(start, "4 * 86400", "3 * 86400", "fleet_periods", (("period", "week"),))
    yield Mutation(start, "day_of_month() - 1", "day_of_month()", "fleet_periods", (("period", "month"),))
    for old, new in (("year() % 4", "year() % 5"), ("* 91", "* 92"), ("* 92", "* 91"), ("2100", "2000")):
        yield Mutation(start, old, new, "fleet_periods", (("period", "quarter"),))
    for period in ("week", "month", "quarter"):
        labels = (("period", period),)
        for what in ("appeared", "disappeared"):
            record = f"audience_period:fleet_instances_{what}:count"
            yield Mutation(record, ">= scalar", "> scalar", "fleet_periods", labels)
            yield Mutation(record, "by (audience) (\n", "by (instance_id) (\n", "fleet_periods", labels)
        yield Mutation(
            "audience_period:fleet_instances_disappeared:count",
            "<= time()",
            "< time()",
            "fleet_periods",
            labels,
        )
    yield Mutation("audience_cohort:fleet_instances_running:count", "* 100", "* 10", "fleet_periods")
    yield Mutation("audience_cohort:fleet_instances_running:count", "86400", "90000", "fleet_periods")
    yield Mutation(_APPEARED_COHORT, "100 * 86400", "130 * 86400", "fleet_periods")
    yield Mutation(_APPEARED_COHORT, "100 * 86400", "80 * 86400", "fleet_periods")


def _contents() -> Iterator[Mutation]:
    def change(record: str, old: str, new: str, **labels: str) -> Mutation:
        return Mutation(record, old, new, "fleet_contents", tuple(labels.items()))

    yield change("instance_id:fleet_instance_created_timestamp_seconds:max", "[24h]", "[20h]")
    yield change("audience:fleet_instance_age_seconds:avg", "avg by", "max by")
    for name in ("audience:fleet_cluster_age_seconds:avg", "audience_bound:fleet_node_age_seconds:avg"):
        yield change(name, "[24h]", "[23h]")
        yield change(name, "cluster_id) (\n", "cluster_id, instance_id) (\n")
    for days in (7, 30, 91, 182, 365, 730, 1460):
        yield change(_BUCKET, "<= ", "< ", le=str(days * 86400))
        yield change(_BUCKET, f"<= {days}", f"<= {days + 1}", le=str(days * 86400))
    yield change(_BUCKET, "count by (audience)", "count by (le)", le="+Inf")
    for size in ("cpu_cores", "memory_bytes", "storage_bytes"):
        yield change(f"audience:fleet_capacity_{size}:sum", "[24h]", "[23h]")
        yield change(
            f"audience:fleet_capacity_{size}:sum",
            "max by (audience, cluster_id)",
            "sum by (audience, cluster_id)",
        )
    for verdict in ("current", "outdated", "ahead", "unversioned", "unknown", "missing", "absent"):
        yield change("audience_verdict:fleet_zero:constant", f'"{verdict}"', '"other"')
    yield change("audience_verdict:fleet_components:sum", "[24h]", "[23h]")
    yield change("audience_verdict:fleet_components:sum", "(last_over_time(fleet", "(max_over_time(fleet")
    yield change("audience_verdict:fleet_components:sum", "or max by", "unless max by")
    yield change("audience:fleet_instances_outdated:count", "\n  > 0", "\n  >= 0")
    yield change("audience:fleet_instances_outdated:count", "[24h]", "[23h]")
    yield change("audience:fleet_instances_outdated:count", "(last_over_time(fleet", "(max_over_time(fleet")
    yield change(_COMPONENTS, "== on", "<= on")
    yield change(_COMPONENTS, "seconds[24h]", "seconds[23h]")
    yield change(_COMPONENTS, "or 0 *", "unless 0 *")
    yield change(_NODES, "== on", "<= on")
    yield change(_NODES, "[24h:1h]", "[23h:1h]")
    yield change(_NODES, "max by (audience, cluster_id,", "sum by (audience, cluster_id,")
    yield change(
        _VERSIONS,
        "audience, component, version) (max",
        "audience, component) (max",
    )
    yield change(_VERSIONS, "> 0", ">= 0")
    yield change(
        _HAVING,
        "audience, platform, component",
        "audience, component",
    )
    newest = "audience_platform_component:fleet_instances_newest:ratio"
    yield change(newest, "on (platform, train, component, version)", "on (platform, component, version)")
    yield change(newest, "on (platform, train, component, version)", "on (platform, train, component)")
    for fact in ("os_image", "kubelet_version", "container_runtime", "architecture"):
        yield change(f"audience_{fact}:fleet_nodes:sum", f"audience, {fact})", f"{fact})")


MUTATIONS = (*_STATE, *_COUNTS, *_windows(), *_periods(), *_contents())
