"""How many run, who came and went, how old they are: the answers that staff come for."""

from generator.board import STAFF, Board
from generator.fleet import (
    FIRST_SEEN,
    FLEET_VARIABLES,
    LAST_SEEN,
    MOST_ROWS,
    OF_AUDIENCE,
    TO_INSTANCE,
    TO_PLATFORM,
    TO_VERSION,
    ZERO,
    each,
    held,
    one,
    one_each,
)
from generator.panels import (
    COUNT,
    JSON,
    MOMENT,
    SECONDS,
    SHARE,
    VERDICT_COLOURS,
    WORDS,
    Panel,
    Query,
    bar_list,
    graph,
    row,
    stat,
)
from generator.tables import Column, table

_APPEARED = "audience_window:fleet_instances_appeared:count"
_DISAPPEARED = "audience_window:fleet_instances_disappeared:count"
_BUCKET = "audience_le:fleet_instance_age_seconds:bucket"
_MARKS = "A mark that changes moves an instance from then on; what was recorded before is not rewritten."
_CLUSTERS = (
    "Instances of one cluster share its id only if they are given the same key; otherwise each counts as a "
    "cluster of its own."
)
# The buckets' edges in seconds, as recorded, and what lies between each and the one before.
_AGES = (
    ("604800", "up to 7 days"),
    ("2592000", "up to 30 days"),
    ("7862400", "up to 91 days"),
    ("15724800", "up to half a year"),
    ("31536000", "up to a year"),
    ("63072000", "up to 2 years"),
    ("126144000", "up to 4 years"),
    ("+Inf", "older"),
)
# Of older months the number is not recorded any more, and does not change any more: what it was last is read.
_CAME_NOW = each("audience_cohort:fleet_instances_appeared:count", "cohort")
_CAME = f"{_CAME_NOW} or last_over_time({_CAME_NOW}[400d:1d])"
_STAYED = each("audience_cohort:fleet_instances_running:count", "cohort")
# True at the midnights (UTC) at which a calendar period has just ended. Steps of a day lie on midnights; a
# step of a week would lie on Thursdays, since 1970 began on one.
_ENDED = {
    "week": "day_of_week() == 1",
    "month": "day_of_month() == 1",
    "quarter": "day_of_month() == 1 and month() % 3 == 1",
}


def _period(number: int, period: str, title: str) -> Panel:
    """Bars at the end of each period, who came upwards, who went downwards."""

    def bars(name: str) -> str:
        # A second before midnight, so that a value recorded at midnight itself counts for the new period.
        last = f'last_over_time({name}{{audience="$audience",period="{period}"}}[1d] offset 1s)'
        return f"max({last}) and on () ({_ENDED[period]})"

    return graph(
        number,
        title,
        Query(bars("audience_period:fleet_instances_appeared:count"), "Appeared"),
        Query(bars("audience_period:fleet_instances_disappeared:count"), "Disappeared"),
        also=f"A bar stands at the end of its calendar {period} (UTC); the current one has none yet.",
        width=8,
        bars=True,
        least_step="1d",
        points=1000,  # steps stay at a day for ranges up to 1,000 days
        overrides=(_downwards("Disappeared"),),
    )


def _downwards(name: str) -> JSON:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": "custom.transform", "value": "negative-Y"},
            {"id": "color", "value": {"mode": "fixed", "fixedColor": "orange"}},
        ],
    }


def _ages() -> tuple[Query, ...]:
    queries = []
    before = ""
    for edge, words in _AGES:
        upto = one(_BUCKET, f'le="{edge}"')
        queries.append(Query(f"{upto} - {before}" if before else upto, words, at_once=True))
        before = upto
    return tuple(queries)


_ANSWERS = (
    row(1, "Now"),
    stat(2, "Running", one("audience:fleet_instances_running:count24h"), also=_MARKS),
    stat(3, "Confirmed", one("audience:fleet_instances_confirmed:count24h")),
    stat(4, "Clusters", one("audience:fleet_clusters_running:count24h"), also=_CLUSTERS),
    stat(5, "Average age", one("audience:fleet_instance_age_seconds:avg"), SECONDS, decimals=1),
    stat(6, "Average age of clusters", one("audience:fleet_cluster_age_seconds:avg"), SECONDS, decimals=1),
    stat(
        7,
        "With something outdated",
        f"{one('audience:fleet_instances_outdated:count')}"
        f" / ({one('audience:fleet_instances_running:count24h')} > 0) or {ZERO}",
        SHARE,
        also="As a share of the running; 0 where none runs.",
        decimals=1,
    ),
    stat(10, "Appeared, 7 days", one(_APPEARED, 'window="week"'), also="W is 7 days."),
    stat(11, "Appeared, 30 days", one(_APPEARED, 'window="month"'), also="W is 30 days."),
    stat(12, "Appeared, 91 days", one(_APPEARED, 'window="quarter"'), also="W is 91 days."),
    stat(13, "Disappeared, 7 days", one(_DISAPPEARED, 'window="week"'), also="W is 7 days."),
    stat(14, "Disappeared, 30 days", one(_DISAPPEARED, 'window="month"'), also="W is 30 days."),
    stat(15, "Disappeared, 91 days", one(_DISAPPEARED, 'window="quarter"'), also="W is 91 days."),
)

_COURSE = (
    row(20, "Over time"),
    graph(
        21,
        "Running",
        Query(one("audience:fleet_instances_running:count24h"), "Running"),
        Query(one("audience:fleet_instances_confirmed:count24h"), "Confirmed"),
        also=_MARKS,
    ),
    graph(
        22,
        "Running, by platform",
        Query(each("audience_platform:fleet_instances:count", "platform"), "{{platform}}"),
        stacked=True,
    ),
    _period(23, "week", "Per week"),
    _period(24, "month", "Per month"),
    _period(25, "quarter", "Per quarter"),
    graph(
        26,
        "All audiences",
        Query("max by (audience) (audience:fleet_instances_running:count24h)", "{{audience}}"),
        also="Of every audience, whatever is chosen above.",
        width=8,
    ),
    graph(
        27,
        "Average age",
        Query(f"{one('audience:fleet_instance_age_seconds:avg')} > 0", "Instances"),
        Query(f"{one('audience:fleet_cluster_age_seconds:avg')} > 0", "Clusters"),
        unit=SECONDS,
        also="A gap where none runs: a line at 0 would be an age.",
        width=8,
    ),
    graph(
        28,
        "Components, by verdict",
        Query(each("audience_verdict:fleet_components:sum", "verdict"), "{{verdict}}"),
        colours=VERDICT_COLOURS,
        width=8,
        stacked=True,
    ),
)

_RELEASE = "platform, version"
_NOBODY = "Nobody, or nothing is recorded yet"
_came = (
    f"topk({MOST_ROWS}, ({held(FIRST_SEEN, 'instance_id')} > time() - 91 * 86400)"
    f" * on (instance_id) group_left ({_RELEASE}) ({one_each(_RELEASE)} > bool 0))"
)
_went = (
    f"topk({MOST_ROWS}, {held(LAST_SEEN, f'instance_id, {_RELEASE}', OF_AUDIENCE)}"
    " <= time() - 86400 > time() - 92 * 86400)"
)


def _instances(number: int, title: str, exprs: tuple[str, ...], *moments: Column, also: str) -> Panel:
    """Those behind a number, each with a link to its board."""
    return table(
        number,
        title,
        exprs,
        (
            Column("instance_id", "Instance", link=TO_INSTANCE, link_title="Its board", width=320),
            Column("platform", "Platform"),
            Column("version", "Release", link=TO_VERSION, link_title="Who runs it"),
            *moments,
        ),
        also=f"{also} At most {MOST_ROWS}, the latest ones.",
        width=12,
        height=12,
        sort=(moments[0].title, True),
        nothing=_NOBODY,
    )


_DETAIL = (
    row(30, "In detail"),
    bar_list(
        31,
        "Ages",
        *_ages(),
        also="Each bar holds those older than the bar above it allows.",
        width=8,
        height=10,
    ),
    table(
        32,
        "Platforms",
        (each("audience_platform:fleet_instances:count", "platform"),),
        (
            Column("platform", "Platform", link=TO_PLATFORM, link_title="Its versions"),
            Column("A", "Running", COUNT),
        ),
        width=6,
        height=10,
        sort=("Running", True),
    ),
    table(
        33,
        "Who stays: by the month in which they came",
        (_CAME, _STAYED, f"{_STAYED} / ({_CAME})"),
        (
            Column("cohort", "Month", WORDS),
            Column("A", "Came", COUNT),
            Column("B", "Still run", COUNT),
            Column("C", "Share", SHARE),
        ),
        width=10,
        height=10,
        sort=("Month", True),
    ),
    table(
        34,
        "This calendar week, month and quarter so far",
        (
            each("audience_period:fleet_instances_appeared:count", "period"),
            each("audience_period:fleet_instances_disappeared:count", "period"),
            "1000 * max by (period) (period:fleet_period_start_timestamp_seconds:last)",
        ),
        (
            Column("period", "Period"),
            Column("C", "Since", MOMENT),
            Column("A", "Appeared", COUNT),
            Column("B", "Disappeared", COUNT),
        ),
        height=5,
        sort=("Since", True),
    ),
    _instances(
        35,
        "Appeared within 91 days",
        (f"1000 * {_came}",),
        Column("A", "First report", MOMENT),
        also="Running or not.",
    ),
    _instances(
        36,
        "Disappeared within 91 days",
        (f"1000 * {_went}",),
        Column("A", "Newest report", MOMENT),
        also="A day after its newest report an instance counts as gone.",
    ),
)

FLEET_OVERVIEW = Board(
    "fleet-overview",
    "Fleet: overview",
    "How many instances of the platforms run, who appeared and disappeared, and how old they are.",
    STAFF,
    FLEET_VARIABLES,
    (*_ANSWERS, *_COURSE, *_DETAIL),
)
