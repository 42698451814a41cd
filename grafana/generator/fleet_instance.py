"""One instance by its id: what it said last, and what it said before. Read from its own series alone."""

from generator.board import STAFF, Board
from generator.fleet import FIRST_SEEN, LAST_SEEN, TO_COMPONENT_VERSION_OF_CUSTOMERS
from generator.panels import BYTES, COUNT, MOMENT, SECONDS, VERDICT_COLOURS, Query, graph, row, stat, text
from generator.tables import Column, table
from generator.variables import DATASOURCE_VARIABLE, Variable

_IT = 'instance_id="$instance_id"'
_SEEN = "fleet_instance_seen_timestamp_seconds"
_COMPONENT_SEEN = "fleet_component_seen_timestamp_seconds"
_FACTS = "os_image, kubelet_version, container_runtime, architecture"
_IDENTITY = "audience, cluster_id, platform, version, train, exporter_version, kubernetes_version"
_LAST_DAY = "Of its newest report, if that is of the last 24 hours."
_HOURS = "1h"  # samples lie on full hours, and so do the steps


def _max(labels: str, inner: str) -> str:
    return f"max by ({labels}) ({inner})" if labels else f"max({inner})"


def _recorded(name: str, labels: str = "") -> str:
    """What is recorded of it and still holds."""
    return f"{_max(labels, f'last_over_time({name}{{{_IT}}}[1h])')} > 0"


def _said(name: str, labels: str = "", window: str = "24h", *matchers: str) -> str:
    """What its reports of the window say, the newest of each series."""
    return _max(labels, f"last_over_time({name}{{{','.join((_IT, *matchers))}}}[{window}])")


_newest_report = _said(_SEEN)
_components = f"{_said(_COMPONENT_SEEN, 'component, version')} == on () group_left () {_newest_report}"
# The value is a number of nodes; when it was said is the sample's own time, which lies on a full hour.
_nodes = (
    f"{_said('fleet_nodes', _FACTS)}"
    f" and {_max(_FACTS, f'max_over_time(timestamp(fleet_nodes{{{_IT}}})[24h:1h])')}"
    f" == on () group_left () {_newest_report}"
)


_ANSWERS = (
    row(1, "Now"),
    stat(2, "Newest report", f"1000 * ({_recorded(LAST_SEEN)})", MOMENT, width=6),
    stat(3, "First report", f"1000 * ({_recorded(FIRST_SEEN)})", MOMENT, width=6),
    stat(4, "Release", _recorded(LAST_SEEN, "platform, version"), legend="{{platform}} {{version}}", width=6),
    stat(5, "Counts as", _recorded(LAST_SEEN, "audience"), legend="{{audience}}", width=6),
    stat(
        6,
        "Age",
        f"time() - {_said('fleet_instance_created_timestamp_seconds')}",
        SECONDS,
        also=_LAST_DAY,
        decimals=1,
    ),
    stat(
        7, "Outdated components", _said("fleet_components", "", "24h", 'verdict="outdated"'), also=_LAST_DAY
    ),
    stat(8, "Nodes", f"sum({_nodes})", also=_LAST_DAY),
    stat(9, "Processor cores", _said("fleet_capacity_cpu_cores"), also=_LAST_DAY),
    stat(10, "Memory", _said("fleet_capacity_memory_bytes"), BYTES, also=_LAST_DAY),
    stat(11, "Local storage", _said("fleet_capacity_storage_bytes"), BYTES, also=_LAST_DAY),
)

_COURSE = (
    row(20, "Over time"),
    graph(
        21,
        "Reports, by release",
        Query(f"{_said(_SEEN, 'platform, version', _HOURS)} > bool 0", "{{platform}} {{version}}"),
        also="1 at each hour of which a report arrived; a gap is an hour without one.",
        width=8,
        least_step=_HOURS,
        ceiling=1,
    ),
    graph(
        22,
        "Components, by verdict",
        Query(_said("fleet_components", "verdict", _HOURS), "{{verdict}}"),
        colours=VERDICT_COLOURS,
        width=8,
        stacked=True,
        least_step=_HOURS,
    ),
    graph(
        23,
        "Nodes, by kubelet",
        Query(
            f"sum by (kubelet_version) ({_said('fleet_nodes', _FACTS, _HOURS)})",
            "{{kubelet_version}}",
        ),
        width=8,
        stacked=True,
        least_step=_HOURS,
    ),
)

_LISTS = (
    row(30, "In detail"),
    table(
        31,
        "What it said last",
        (f"1000 * ({_recorded(LAST_SEEN, _IDENTITY)})",),
        (
            Column("cluster_id", "Cluster", width=320),
            Column("platform", "Platform"),
            Column(
                "version",
                "Release",
                link="/d/fleet-versions/fleet-versions?var-version=${__data.fields.version}"
                "&var-platform=${__data.fields.platform}&var-audience=${__data.fields.audience}"
                "&${datasource:queryparam}&${__url_time_range}",
                link_title="Who else runs it",
            ),
            Column("audience", "Counts as"),
            Column("train", "Train"),
            Column("kubernetes_version", "Kubernetes"),
            Column("exporter_version", "Agent"),
            Column("A", "Newest report", MOMENT),
        ),
        height=4,
    ),
    table(
        32,
        "Components that run",
        (f"1000 * ({_components})",),
        (
            Column("component", "Component"),
            Column(
                "version",
                "Version",
                link=TO_COMPONENT_VERSION_OF_CUSTOMERS,
                link_title="Which customers run it",
            ),
            Column("A", "As of", MOMENT),
        ),
        also=_LAST_DAY,
        width=8,
        height=12,
        sort=("Component", False),
    ),
    table(
        33,
        "Versions that it has run",
        (
            f"1000 * {_max('component, version', f'min_over_time({_COMPONENT_SEEN}{{{_IT}}}[$__range])')}",
            f"1000 * {_max('component, version', f'max_over_time({_COMPONENT_SEEN}{{{_IT}}}[$__range])')}",
        ),
        (
            Column("component", "Component"),
            Column(
                "version",
                "Version",
                link=TO_COMPONENT_VERSION_OF_CUSTOMERS,
                link_title="Which customers run it",
            ),
            Column("A", "From", MOMENT),
            Column("B", "Until", MOMENT),
        ),
        also="In the time range that is chosen.",
        width=16,
        height=12,
        sort=("Until", True),
    ),
    table(
        34,
        "Nodes",
        (_nodes,),
        (
            Column("os_image", "Operating system"),
            Column("kubelet_version", "Kubelet"),
            Column("container_runtime", "Container runtime"),
            Column("architecture", "Architecture"),
            Column("A", "Nodes", COUNT),
        ),
        also=_LAST_DAY,
        sort=("Nodes", True),
    ),
)

FLEET_INSTANCE = Board(
    "fleet-instance",
    "Fleet: one instance",
    "All that one instance reported. Its id says nothing about who runs it, and nothing here does.",
    STAFF,
    (
        DATASOURCE_VARIABLE,
        Variable("instance_id", "Instance", "textbox", "", "32 hex digits; lists of instances lead here."),
    ),
    (
        text(
            40,
            "Which instance",
            "Enter an id above, or come here from the lists on [Fleet: versions](/d/fleet-versions) and"
            " [Fleet: overview](/d/fleet-overview).",
            height=2,
        ),
        *_ANSWERS,
        *_COURSE,
        *_LISTS,
    ),
    nothing_yet="No report of such an instance",
)
