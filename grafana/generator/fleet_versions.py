"""Which releases run: adoption over time, and who runs a version that somebody asks about."""

from generator.board import STAFF, Board
from generator.fleet import (
    FIRST_SEEN,
    FLEET_VARIABLES,
    LAST_SEEN,
    MOST_ROWS,
    OF_AUDIENCE,
    TO_COMPONENT,
    TO_COMPONENT_VERSION,
    TO_INSTANCE,
    TO_VERSION,
    ZERO,
    each,
    held,
    one_each,
)
from generator.panels import COUNT, MOMENT, SHARE, Query, bar_list, graph, row, stat
from generator.tables import Column, table
from generator.variables import Variable

_RELEASES = "audience_platform_version:fleet_instances:count"
_COMPONENTS = "audience_component_version:fleet_instances:count"
_NEWEST = "audience_platform_component:fleet_instances_newest:ratio"
_PLATFORM = 'platform=~"$platform"'
_VERSION = 'version=~"$version"'
_COMPONENT = 'component=~"$component"'
_COMPONENT_VERSION = 'version=~"$component_version"'

_VARIABLES = (
    *FLEET_VARIABLES,
    Variable(
        "platform",
        "Platform",
        "query",
        f"label_values({_RELEASES}{{{OF_AUDIENCE}}}, platform)",
        several=True,
    ),
    Variable(
        "version",
        "Platform release",
        "query",
        f"label_values({_RELEASES}{{{OF_AUDIENCE},{_PLATFORM}}}, version)",
        "Narrows the list of instances to those that run it.",
        several=True,
    ),
    Variable(
        "component",
        "Component",
        "query",
        f"label_values({_COMPONENTS}{{{OF_AUDIENCE}}}, component)",
        default="controller",
    ),
    Variable(
        "component_version",
        "Version of the component",
        "query",
        f"label_values({_COMPONENTS}{{{OF_AUDIENCE},{_COMPONENT}}}, version)",
        "Narrows the list of instances with the component to those that run it in this version.",
        several=True,
    ),
)

_releases = each(_RELEASES, "platform, version", _PLATFORM)
_others = each(_RELEASES, "platform, version", _PLATFORM, 'version="other"')
_of_component = each(_COMPONENTS, "version", _COMPONENT)
_SAID = "instance_id, platform, version, kubernetes_version, exporter_version"
_running = f"{held(LAST_SEEN, _SAID, OF_AUDIENCE, _PLATFORM, _VERSION)} > time() - 86400"
_latest = f"topk({MOST_ROWS}, {_running})"
# Who runs a component in a version is not recorded, since it would be as much as the reports: these are read.
# One that the rules have not read yet is newer than what they remember, hence ">=".
_component_seen = (
    f"last_over_time(fleet_component_seen_timestamp_seconds{{{_COMPONENT},{_COMPONENT_VERSION}}}[24h])"
)
_renamed = f'label_replace({_component_seen}, "component_version", "$1", "version", "(.*)")'
_release = "platform, version, kubernetes_version"
_with_component = (
    f"topk({MOST_ROWS}, max by (instance_id, component_version) ({_renamed})"
    f" >= on (instance_id) group_left ({_release}) ({one_each(_release)} > time() - 86400))"
)

_ANSWERS = (
    row(1, "Now"),
    stat(2, "Running", f"sum({_releases}) or {ZERO}", also="On the platforms that are chosen above."),
    stat(3, "Platform releases in use", f"count({_releases} > 0) or {ZERO}"),
    stat(
        4,
        "On the most used release",
        f"max({_releases}) / sum({_releases}) or {ZERO}",
        SHARE,
        also="As a share of the running; 0 where none runs.",
        decimals=1,
    ),
    stat(
        5,
        "On none that is known",
        f"sum({_others}) or {ZERO}",
        also="`other`: less than half of the components agree with any release.",
    ),
    stat(6, "With the component", f"sum({_of_component}) or {ZERO}", also="The component chosen above."),
    stat(7, "Versions of the component", f"count({_of_component} > 0) or {ZERO}"),
)

_ADOPTION = (
    row(20, "Adoption"),
    graph(
        21,
        "Running, by platform release",
        Query(_releases, "{{platform}} {{version}}"),
        width=12,
        height=10,
        stacked=True,
    ),
    graph(
        22,
        "The same as shares",
        Query(f"{_releases} / on () group_left () sum({_releases})", "{{platform}} {{version}}"),
        unit=SHARE,
        width=12,
        height=10,
        stacked=True,
        ceiling=1,
    ),
    graph(
        23,
        "$component, by version",
        Query(_of_component, "{{version}}"),
        width=12,
        height=10,
        stacked=True,
    ),
    bar_list(
        24,
        "On the newest release, by component",
        Query(
            f"sort({each(_NEWEST, 'platform, component', _PLATFORM)})",
            "{{platform}} {{component}}",
            at_once=True,
        ),
        unit=SHARE,
        also="Those that lag most come first.",
        width=12,
        height=10,
    ),
)

_LISTS = (
    row(30, "Who runs what"),
    table(
        31,
        "Platform releases",
        (_releases, f"{_releases} / on () group_left () sum({_releases})"),
        (
            Column("platform", "Platform"),
            Column("version", "Release", link=TO_VERSION, link_title="Its instances"),
            Column("A", "Running", COUNT),
            Column("B", "Share", SHARE),
        ),
        width=12,
        height=10,
        sort=("Running", True),
    ),
    table(
        32,
        "Components",
        (each(_COMPONENTS, "component, version"),),
        (
            Column("component", "Component", link=TO_COMPONENT, link_title="Its course"),
            Column("version", "Version", link=TO_COMPONENT_VERSION, link_title="Its instances"),
            Column("A", "Running", COUNT),
        ),
        also="Of all platforms together.",
        width=12,
        height=10,
        sort=("Running", True),
    ),
    table(
        33,
        "Running instances of the releases chosen above",
        (
            f"1000 * {_latest}",
            f"1000 * ({held(FIRST_SEEN, 'instance_id')}) and on (instance_id) {_latest}",
        ),
        (
            Column("instance_id", "Instance", link=TO_INSTANCE, link_title="Its board", width=320),
            Column("platform", "Platform"),
            Column("version", "Release"),
            Column("kubernetes_version", "Kubernetes"),
            Column("exporter_version", "Agent"),
            Column("B", "First report", MOMENT),
            Column("A", "Newest report", MOMENT),
        ),
        also=f"At most {MOST_ROWS}, those that reported last; choose a release above to see fewer.",
        height=14,
        sort=("First report", True),
    ),
    table(
        34,
        "Running instances with the component in the versions chosen above",
        (f"1000 * {_with_component}",),
        (
            Column("instance_id", "Instance", link=TO_INSTANCE, link_title="Its board", width=320),
            Column("component_version", "Version of the component"),
            Column("platform", "Platform"),
            Column("version", "Release"),
            Column("kubernetes_version", "Kubernetes"),
            Column("A", "Newest report", MOMENT),
        ),
        also=f"At most {MOST_ROWS}, those that reported last; choose a version above to see fewer.",
        height=14,
        sort=("Version of the component", True),
    ),
)

FLEET_VERSIONS = Board(
    "fleet-versions",
    "Fleet: versions",
    "Which releases of platforms and components run, how they spread, and which instances run them.",
    STAFF,
    _VARIABLES,
    (*_ANSWERS, *_ADOPTION, *_LISTS),
)
