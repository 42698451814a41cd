"""The operators' board: what runs in their own cluster, in which version, and what to do about it.

Every query is reduced by the labels that it means, so the ones that scrapes add (pod, service, endpoint,
container) count nothing twice while an agent is replaced. `namespace` is whatever the scrape says; without
such a label all is one group.
"""

from generator.board import OPERATORS, Board
from generator.panels import (
    COUNT,
    MOMENT,
    ORANGE_FROM_ONE,
    PER_SECOND,
    RED_FROM_ONE,
    SECONDS,
    WORDS,
    Query,
    graph,
    mapping,
    row,
    stat,
    thresholds,
)
from generator.tables import Column, table
from generator.variables import DATASOURCE_VARIABLE, Variable

_HERE = 'namespace=~"$namespace",job=~"$job"'
_MOST_ROWS = 500
_DRIFTED = 'state="drifted"'
_YES = mapping({"0": ("no", "text"), "1": ("yes", "red")})
_ON = mapping({"0": ("no", "text"), "1": ("yes", "green")})
_ANSWERS_WORDS = mapping({"0": ("no", "red"), "1": ("yes", "green")})
_WORKLOAD = "namespace, component, kind, workload"
_NODE = "namespace, node, os_image, kernel_version, kubelet_version, container_runtime_version, architecture"
_NONE_KNOWN = "Of components whose version could be compared."


def _series(name: str, *matchers: str) -> str:
    return f"{name}{{{','.join((_HERE, *matchers))}}}"


def _each(name: str, labels: str, *matchers: str) -> str:
    """Once for each set of labels, however many scrapes show it."""
    return f"max by ({labels}) ({_series(name, *matchers)})"


def _components(name: str, *matchers: str) -> str:
    """How many components; 0 where there is none."""
    return f"sum({_each(name, 'namespace, component', *matchers)}) or vector(0)"


def _newest(update: str) -> str:
    """The newest release of a kind, under a label of its own, so that it joins the version that runs."""
    known = _series("workflow_component_latest_info", f'update="{update}"')
    renamed = f'label_replace({known}, "{update}", "$1", "version", "(.*)")'
    return f"max by (namespace, component, {update}) ({renamed})"


_ANSWERS = (
    row(1, "Now"),
    stat(
        2,
        "Platform release",
        _each("workflow_bundle_info", "namespace, version"),
        legend="{{version}}",
    ),
    stat(
        3,
        "Newest platform release",
        _each("workflow_bundle_info", "namespace, latest"),
        legend="{{latest}}",
    ),
    stat(
        4,
        "Outdated components",
        _components("workflow_component_outdated"),
        colours=ORANGE_FROM_ONE,
        also=_NONE_KNOWN,
    ),
    stat(
        5,
        "Security updates",
        _components("workflow_component_security_update"),
        colours=RED_FROM_ONE,
        also=_NONE_KNOWN,
    ),
    stat(
        6,
        "Missing components",
        _components("workflow_component_verdict", 'verdict="missing"'),
        colours=RED_FROM_ONE,
    ),
    stat(
        7,
        "Cannot tell",
        _components("workflow_component_verdict", 'verdict="unknown"'),
        colours=ORANGE_FROM_ONE,
        also="Components whose verdict is unknown.",
    ),
    stat(
        8,
        "Longest outdated for",
        f"max(time() - {_series('workflow_component_outdated_since_timestamp_seconds')}) or vector(0)",
        SECONDS,
        also="0 when nothing is outdated.",
        colours=thresholds((None, "green"), (30 * 86_400, "orange"), (180 * 86_400, "red")),
        decimals=0,
    ),
    stat(
        9,
        "Drifted from the platform release",
        f"sum({_each('workflow_bundle_components', 'namespace', _DRIFTED)}) or vector(0)",
        colours=ORANGE_FROM_ONE,
    ),
    stat(
        10,
        "Sources down",
        f"count({_each('workflow_exporter_source_up', 'namespace, source')} == 0) or vector(0)",
        colours=RED_FROM_ONE,
    ),
    stat(
        11,
        "Age of what is shown",
        f"time() - max({_series('workflow_exporter_snapshot_timestamp_seconds')})",
        SECONDS,
        colours=thresholds((None, "green"), (300, "red")),
        decimals=0,
    ),
    stat(
        12,
        "Nodes that are not ready",
        f"count({_each('workflow_node_ready', 'namespace, node')} == 0) or vector(0)",
        colours=RED_FROM_ONE,
    ),
    stat(
        13,
        "Notices",
        f"count({_each('workflow_notice_info', 'namespace, id')}) or vector(0)",
        colours=ORANGE_FROM_ONE,
    ),
)

_COURSE = (
    row(20, "Over time"),
    graph(
        21,
        "Components, by verdict",
        Query(
            f"sum by (verdict) ({_each('workflow_component_verdict', 'namespace, component, verdict')}) > 0",
            "{{verdict}}",
        ),
        stacked=True,
    ),
    graph(
        22,
        "Pods that are missing",
        Query(
            f"sum by (component) ({_each('workflow_workload_replicas_desired', _WORKLOAD)}"
            f" - {_each('workflow_workload_replicas_ready', _WORKLOAD)}) > 0"
            ' or on () label_replace(vector(0), "component", "none", "", "")',
            "{{component}}",
        ),
        also="Desired less ready, of the components that lack any.",
    ),
    graph(
        23,
        "Nodes",
        Query(f"count({_each('workflow_node_info', 'namespace, node')}) or vector(0)", "All"),
        Query(f"sum({_each('workflow_node_ready', 'namespace, node')}) or vector(0)", "Ready"),
        width=8,
    ),
    graph(
        24,
        "Reports sent",
        Query(
            f"sum by (outcome) (rate({_series('workflow_exporter_reports_total')}[$__rate_interval]))",
            "{{outcome}}",
        ),
        unit=PER_SECOND,
        width=8,
    ),
    graph(
        25,
        "Making a snapshot",
        Query(
            "histogram_quantile(0.95, sum by (le)"
            f" (rate({_series('workflow_exporter_snapshot_duration_seconds_bucket')}[$__rate_interval])))",
            "95 % take at most",
        ),
        unit=SECONDS,
        also="Nothing while none is made.",
        width=8,
    ),
)

_LISTS = (
    row(30, "In detail"),
    table(
        31,
        "Components",
        (
            _each("workflow_component_info", "namespace, component, version"),
            f"{_each('workflow_component_verdict', 'namespace, component, verdict')} == 1",
            _newest("patch"),
            _newest("minor"),
            _newest("major"),
            f"1000 * {_each('workflow_component_outdated_since_timestamp_seconds', 'namespace, component')}",
            _each("workflow_component_security_update", "namespace, component"),
        ),
        (
            Column("namespace", "Namespace"),
            Column("component", "Component"),
            Column("version", "Version"),
            Column("verdict", "Verdict", WORDS),
            Column("patch", "Newest of its minor"),
            Column("minor", "Newest of its major"),
            Column("major", "Newest"),
            Column("F", "Outdated since", MOMENT),
            Column("G", "Security update", mapping=_YES),
        ),
        also="A newer release is named only where it is newer than what runs.",
        height=12,
        sort=("Verdict", True),
    ),
    table(
        32,
        "Workloads",
        (
            _each("workflow_workload_replicas_desired", _WORKLOAD),
            _each("workflow_workload_replicas_ready", _WORKLOAD),
        ),
        (
            Column("component", "Component"),
            Column("kind", "Kind"),
            Column("workload", "Workload"),
            Column("A", "Desired", COUNT),
            Column("B", "Ready", COUNT),
        ),
        width=12,
        height=12,
        sort=("Component", False),
    ),
    table(
        33,
        "Images",
        (_each("workflow_workload_info", "namespace, component, workload_container, image, version"),),
        (
            Column("component", "Component"),
            Column("workload_container", "Container"),
            Column("image", "Image"),
            Column("version", "Version"),
        ),
        width=12,
        height=12,
        sort=("Component", False),
    ),
    table(
        34,
        "Nodes",
        (f"topk({_MOST_ROWS}, {_each('workflow_node_info', _NODE)})",),
        (
            Column("node", "Node"),
            Column("os_image", "Operating system"),
            Column("kernel_version", "Kernel"),
            Column("kubelet_version", "Kubelet"),
            Column("container_runtime_version", "Container runtime"),
            Column("architecture", "Architecture"),
        ),
        also=f"At most {_MOST_ROWS} of them.",
        height=10,
        sort=("Node", False),
    ),
    table(
        35,
        "Sources",
        (
            _each("workflow_exporter_source_up", "namespace, source"),
            f"1000 * {_each('workflow_exporter_source_last_success_timestamp_seconds', 'namespace, source')}",
        ),
        (
            Column("source", "Source"),
            Column("A", "Answers", mapping=_ANSWERS_WORDS),
            Column("B", "Last read in full", MOMENT),
        ),
        width=8,
        sort=("Answers", False),
    ),
    table(
        36,
        "Notices of the platform's makers",
        (_each("workflow_notice_info", "namespace, id, severity"),),
        (Column("id", "Notice"), Column("severity", "Severity", WORDS)),
        also="Their texts are on the agent's page.",
        width=8,
    ),
    table(
        37,
        "Agents",
        (
            _each("workflow_exporter_build_info", "namespace, version"),
            _each("workflow_exporter_update_checks_enabled", "namespace"),
            _each("workflow_exporter_reporting_enabled", "namespace"),
        ),
        (
            Column("namespace", "Namespace"),
            Column("version", "Agent"),
            Column("B", "Checks for updates", mapping=_ON),
            Column("C", "Reports usage", mapping=_ON),
        ),
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
    (*_ANSWERS, *_COURSE, *_LISTS),
    begins="now-7d",
    refresh="1m",
    nothing_yet="No agent is scraped, or it cannot tell",
)
