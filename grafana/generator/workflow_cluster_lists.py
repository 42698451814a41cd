"""The operators' tables: components, workloads, images, nodes, sources, notices, agents."""

from generator.panels import COUNT, MOMENT, WORDS, mapping, row
from generator.tables import Column, table
from generator.workflow import CATALOG, each, series, zero

_MOST_ROWS = 500
_YES = mapping({"0": ("no", "text"), "1": ("yes", "red")})
_ON = mapping({"0": ("no", "text"), "1": ("yes", "green")})
_ANSWERS = mapping({"0": ("no", "red"), "1": ("yes", "green")})
_NO_NOTICE = f'label_replace({zero(CATALOG)}, "id", "none", "", "")'
_WORKLOAD = "namespace, component, kind, workload"
_NODE = "namespace, node, os_image, kernel_version, kubelet_version, container_runtime_version, architecture"


def _newest(update: str) -> str:
    """The newest release of a kind, under a label of its own, so that it joins the version that runs."""
    known = series("workflow_component_latest_info", f'update="{update}"')
    renamed = f'label_replace({known}, "{update}", "$1", "version", "(.*)")'
    return f"max by (namespace, component, {update}) ({renamed})"


LISTS = (
    row(30, "In detail"),
    table(
        31,
        "Components",
        (
            each("workflow_component_info", "namespace, component, version"),
            f"{each('workflow_component_verdict', 'namespace, component, verdict')} == 1",
            _newest("patch"),
            _newest("minor"),
            _newest("major"),
            f"1000 * {each('workflow_component_outdated_since_timestamp_seconds', 'namespace, component')}",
            each("workflow_component_security_update", "namespace, component"),
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
            each("workflow_workload_replicas_desired", _WORKLOAD),
            each("workflow_workload_replicas_ready", _WORKLOAD),
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
        (each("workflow_workload_info", "namespace, component, workload_container, image, version"),),
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
        (f"topk({_MOST_ROWS}, {each('workflow_node_info', _NODE)})",),
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
            each("workflow_exporter_source_up", "namespace, source"),
            f"1000 * {each('workflow_exporter_source_last_success_timestamp_seconds', 'namespace, source')}",
        ),
        (
            Column("source", "Source"),
            Column("A", "Answers", mapping=_ANSWERS),
            Column("B", "Last read in full", MOMENT),
        ),
        width=8,
        sort=("Answers", False),
    ),
    table(
        36,
        "Notices of the platform's makers",
        (f"{each('workflow_notice_info', 'namespace, id, severity')} or on () {_NO_NOTICE}",),
        (Column("id", "Notice"), Column("severity", "Severity", WORDS)),
        also="Their texts are on the agent's page. `none`: the catalog has none for this cluster.",
        width=8,
    ),
    table(
        37,
        "Agents",
        (
            each("workflow_exporter_build_info", "namespace, version"),
            each("workflow_exporter_update_checks_enabled", "namespace"),
            each("workflow_exporter_reporting_enabled", "namespace"),
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
