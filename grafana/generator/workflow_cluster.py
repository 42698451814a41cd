"""The operators' board: what runs in their own cluster, in which version, and what to do about it."""

from generator.board import OPERATORS, Board
from generator.panels import (
    BYTES,
    MOMENT,
    ORANGE_FROM_ONE,
    RED_FROM_ONE,
    SECONDS,
    VERDICT_COLOURS,
    Query,
    graph,
    row,
    stat,
    thresholds,
)
from generator.variables import DATASOURCE_VARIABLE, Variable
from generator.workflow import CATALOG, each, series, zero
from generator.workflow_cluster_lists import LISTS

_CANNOT_TELL = "Cannot tell"
_NONE_KNOWN = "None that is known"  # there is none, or no agent says so
_COMPARED = "Of components whose version could be compared with a catalog."
_DRIFTED = 'state="drifted"'
_NO_COMPONENT = f'label_replace({zero("workflow_workload_replicas_desired")}, "component", "none", "", "")'
_WORKLOAD = "namespace, component, kind, workload"


def _components(name: str, *matchers: str) -> str:
    """How many components have it."""
    return f"sum({each(name, 'namespace, component', *matchers)})"


def _count(what: str, nothing: str) -> str:
    """How many there are; 0 where an agent shows `nothing`, the metric that would have told of one."""
    return f"count({what}) or {zero(nothing)}"


_VERSIONS = (
    row(1, "Now"),
    stat(
        2,
        "Platform release",
        each("workflow_bundle_info", "namespace, version", 'version!=""'),
        legend="{{version}}",
        nothing=_NONE_KNOWN,
    ),
    stat(
        3,
        "Newest platform release",
        each("workflow_bundle_info", "namespace, latest", 'latest!=""'),
        legend="{{latest}}",
        nothing=_CANNOT_TELL,
    ),
    stat(
        4,
        "Outdated components",
        _components("workflow_component_outdated"),
        colours=ORANGE_FROM_ONE,
        also=_COMPARED,
        nothing=_CANNOT_TELL,
    ),
    stat(
        5,
        "Security updates",
        _components("workflow_component_security_update"),
        colours=RED_FROM_ONE,
        also=_COMPARED,
        nothing=_CANNOT_TELL,
    ),
    stat(
        6,
        "Missing components",
        _components("workflow_component_verdict", 'verdict="missing"'),
        colours=RED_FROM_ONE,
    ),
    stat(
        7,
        "Cannot be judged",
        _components("workflow_component_verdict", 'verdict="unknown"'),
        colours=ORANGE_FROM_ONE,
        also="Components whose verdict is unknown.",
    ),
    stat(
        8,
        "Longest outdated for",
        f"max(time() - {series('workflow_component_outdated_since_timestamp_seconds')})"
        f" or {zero('workflow_component_outdated')}",
        SECONDS,
        also="0 when nothing is outdated.",
        colours=thresholds((None, "green"), (30 * 86_400, "orange"), (180 * 86_400, "red")),
        decimals=0,
        nothing=_CANNOT_TELL,
    ),
    stat(
        9,
        "Drifted components",
        f"sum({each('workflow_bundle_components', 'namespace', _DRIFTED)})",
        colours=ORANGE_FROM_ONE,
        nothing=_CANNOT_TELL,
    ),
    stat(
        14,
        "End of the line",
        f"1000 * max({series('workflow_end_of_life_timestamp_seconds')})",
        MOMENT,
        colours=thresholds((None, "orange")),
        nothing=_NONE_KNOWN,
    ),
    stat(
        13,
        "Notices",
        _count(each("workflow_notice_info", "namespace, id"), CATALOG),
        colours=ORANGE_FROM_ONE,
        nothing=_CANNOT_TELL,
    ),
)

_HEALTH = (
    stat(
        10,
        "Sources down",
        _count(
            f"{each('workflow_exporter_source_up', 'namespace, source')} == 0", "workflow_exporter_source_up"
        ),
        colours=RED_FROM_ONE,
    ),
    stat(
        11,
        "Age of what is shown",
        f"max(time() - {each('workflow_exporter_snapshot_timestamp_seconds', 'namespace')})",
        SECONDS,
        colours=thresholds((None, "green"), (300, "red")),
        decimals=0,
        also="A new one is made at least every minute.",
    ),
    stat(
        12,
        "Nodes that are not ready",
        _count(f"{each('workflow_node_ready', 'namespace, node')} == 0", "workflow_node_ready"),
        colours=RED_FROM_ONE,
    ),
    stat(15, "Processor cores", f"sum({each('workflow_node_capacity_cpu_cores', 'node')})"),
    stat(16, "Memory", f"sum({each('workflow_node_capacity_memory_bytes', 'node')})", BYTES),
    stat(
        17,
        "Catalog is believed for",
        f"min({series('workflow_exporter_catalog_expires_timestamp_seconds')}) - time()",
        SECONDS,
        colours=thresholds((None, "red"), (3 * 86_400, "orange"), (7 * 86_400, "green")),
        decimals=0,
        nothing=_NONE_KNOWN,
    ),
    stat(
        18,
        "Since the last report",
        f"time() - max({series('workflow_exporter_report_last_success_timestamp_seconds')})",
        SECONDS,
        decimals=0,
        nothing=_NONE_KNOWN,
    ),
    stat(
        19,
        "Unknown objects",
        f"sum({each('workflow_unknown_workloads', 'namespace, kind')})"
        f" or {zero('workflow_exporter_snapshot_timestamp_seconds')}",
    ),
)

_COURSE = (
    row(20, "Over time"),
    graph(
        21,
        "Components, by verdict",
        Query(
            f"sum by (verdict) ({each('workflow_component_verdict', 'namespace, component, verdict')}) > 0",
            "{{verdict}}",
        ),
        colours=VERDICT_COLOURS,
        stacked=True,
    ),
    graph(
        22,
        "Pods that are missing",
        Query(
            f"sum by (component) ({each('workflow_workload_replicas_desired', _WORKLOAD)}"
            f" - {each('workflow_workload_replicas_ready', _WORKLOAD)}) > 0 or on () {_NO_COMPONENT}",
            "{{component}}",
        ),
        also="Desired less ready, of the components that lack any.",
    ),
    graph(
        23,
        "Nodes",
        Query(f"count({each('workflow_node_info', 'namespace, node')})", "All"),
        Query(f"sum({each('workflow_node_ready', 'namespace, node')})", "Ready"),
        width=8,
    ),
    graph(
        24,
        "Reports within an hour",
        Query(
            f"sum by (outcome) (increase({series('workflow_exporter_reports_total')}[1h]))",
            "{{outcome}}",
        ),
        also="One is due each hour.",
        width=8,
    ),
    graph(
        25,
        "Making a snapshot",
        Query(
            "histogram_quantile(0.95, sum by (le)"
            f" (rate({series('workflow_exporter_snapshot_duration_seconds_bucket')}[$__rate_interval])))",
            "95 % take at most",
        ),
        unit=SECONDS,
        also="Nothing while none is made.",
        width=8,
    ),
)

WORKFLOW_CLUSTER = Board(
    "workflow-cluster",
    "Workflow in this cluster",
    "The platform's components: which run, in which version, what is missing, outdated or insecure.",
    OPERATORS,
    (
        DATASOURCE_VARIABLE,
        Variable(
            "namespace",
            "Namespace",
            "query",
            "label_values(workflow_cluster_info, namespace)",
            "As the scrape calls it.",
            several=True,
        ),
        Variable(
            "job",
            "Job",
            "query",
            'label_values(workflow_cluster_info{namespace=~"$namespace"}, job)',
            several=True,
        ),
    ),
    (*_VERSIONS, *_HEALTH, *_COURSE, *LISTS),
    begins="now-7d",
    refresh="1m",
    nothing_yet="No agent is scraped, or it cannot tell",
)
