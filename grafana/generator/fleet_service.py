"""Health of what the hosting team runs: releases API and ingest gateway. Counts by reason, never by value."""

from generator.board import STAFF, Board
from generator.panels import (
    BYTES,
    COUNT,
    MOMENT,
    PER_SECOND,
    RED_BELOW_ONE,
    RED_FROM_ONE,
    SECONDS,
    SHARE,
    Query,
    graph,
    mapping,
    row,
    stat,
)
from generator.tables import Column, table
from generator.variables import DATASOURCE_VARIABLE, Variable

_JOB = 'job=~"$job"'
_RATE = "[$__rate_interval]"
_UP = {"0": ("down", "red"), "1": ("up", "green")}
_INGEST = f"releases_ingest_requests_total{{{_JOB}}}"
_ACCEPTED = f'releases_ingest_requests_total{{{_JOB},reason="accepted"}}'
_REFUSED = f'releases_ingest_requests_total{{{_JOB},reason!="accepted"}}'


def _none(label: str) -> str:
    """A line at 0 where there is nothing to count, but who would have counted it is there."""
    return f'label_replace(max(0 * releases_database_up{{{_JOB}}}), "{label}", "none", "", "")'


_ANSWERS = (
    row(1, "Now"),
    stat(2, "Replicas up", f"sum(up{{{_JOB}}}) or vector(0)", colours=RED_BELOW_ONE),
    stat(
        3,
        "Database",
        f"min(releases_database_up{{{_JOB}}})",
        mappings=(mapping(_UP),),
        colours=RED_BELOW_ONE,
        also="The worst of all replicas.",
    ),
    stat(4, "Reports accepted, 1 hour", f"sum(increase({_ACCEPTED}[1h]))", decimals=0),
    stat(5, "Reports refused, 1 hour", f"sum(increase({_REFUSED}[1h]))", decimals=0),
    stat(
        6,
        "Own faults, 1 hour",
        f'sum(increase(releases_ingest_requests_total{{{_JOB},reason="fault"}}[1h]))',
        colours=RED_FROM_ONE,
        decimals=0,
        also="Each is a fault of the program, with its traceback in the log.",
    ),
    stat(
        7,
        "Since a catalog last changed",
        f"time() - max(releases_catalog_generated_timestamp_seconds{{{_JOB}}})",
        SECONDS,
        decimals=1,
    ),
)

_INGEST_PANELS = (
    row(20, "Ingest"),
    graph(
        21,
        "Reports accepted",
        Query(f"sum(rate({_ACCEPTED}{_RATE}))", "Accepted"),
        unit=PER_SECOND,
    ),
    graph(
        22,
        "Reports refused, by reason",
        Query(f"sum by (reason) (rate({_REFUSED}{_RATE})) > 0 or on () {_none('reason')}", "{{reason}}"),
        unit=PER_SECOND,
        also="Only reasons that occurred. What a refused report said is neither counted nor kept.",
        stacked=True,
    ),
    graph(
        23,
        "Share of reports that is refused",
        Query(
            f"sum(rate({_REFUSED}{_RATE})) / (sum(rate({_INGEST}{_RATE})) > 0)"
            f" or 0 * sum(rate({_INGEST}{_RATE}))",
            "Refused",
        ),
        unit=SHARE,
        also="0 while none arrives.",
        width=8,
        ceiling=1,
    ),
    graph(
        24,
        "Series forwarded",
        Query(f"sum(rate(releases_ingest_series_forwarded_total{{{_JOB}}}{_RATE}))", "Forwarded"),
        unit=PER_SECOND,
        width=8,
    ),
    graph(
        25,
        "Reports under way",
        Query(f"max(releases_ingest_reports_under_way{{{_JOB}}})", "Most of any replica"),
        width=8,
    ),
)

_API = (
    row(30, "Releases API"),
    graph(
        31,
        "Requests, by route",
        Query(
            f"sum by (route) (rate(releases_requests_total{{{_JOB}}}{_RATE})) > 0 or on () {_none('route')}",
            "{{route}}",
        ),
        unit=PER_SECOND,
        stacked=True,
    ),
    graph(
        32,
        "Answers that are no success, by status",
        Query(
            f'sum by (status) (rate(releases_requests_total{{{_JOB},status=~"[45].."}}{_RATE})) > 0'
            f" or on () {_none('status')}",
            "{{status}}",
        ),
        unit=PER_SECOND,
        stacked=True,
    ),
    graph(
        33,
        "Memory",
        Query(f"max by (instance) (process_resident_memory_bytes{{{_JOB}}})", "{{instance}}"),
        unit=BYTES,
        width=8,
    ),
    graph(
        34,
        "Processor time",
        Query(f"sum by (instance) (rate(process_cpu_seconds_total{{{_JOB}}}{_RATE}))", "{{instance}}"),
        unit=SHARE,
        also="As a share of one core.",
        width=8,
    ),
    graph(
        35,
        "Instances marked, by audience",
        Query(
            "count by (audience) "
            f"(max by (instance_id, audience) (releases_instance_audience_info{{{_JOB}}}))"
            f" or on () {_none('audience')}",
            "{{audience}}",
        ),
        width=8,
    ),
)

_LISTS = (
    row(40, "In detail"),
    table(
        41,
        "Catalogs",
        (
            f"1000 * max by (platform) (releases_catalog_generated_timestamp_seconds{{{_JOB}}})",
            f'max by (platform) (releases_catalog_size_bytes{{{_JOB},encoding="gzip"}})',
        ),
        (
            Column("platform", "Platform"),
            Column("A", "Last changed", MOMENT),
            Column("B", "Size, compressed", BYTES),
        ),
        width=12,
        sort=("Platform", False),
    ),
    table(
        42,
        "Newest platform releases",
        (f"max by (platform, train, version) (releases_latest_bundle_info{{{_JOB}}})",),
        (Column("platform", "Platform"), Column("train", "Train"), Column("version", "Release")),
        width=6,
        sort=("Platform", False),
    ),
    table(
        43,
        "Programs",
        (f"count by (version, python_version) (releases_build_info{{{_JOB}}})",),
        (
            Column("version", "Version"),
            Column("python_version", "Python"),
            Column("A", "Replicas", COUNT),
        ),
        width=6,
    ),
)

FLEET_SERVICE = Board(
    "fleet-service",
    "Fleet: service",
    "Health of the releases API and the ingest gateway: what arrives, what is refused and why.",
    STAFF,
    (
        DATASOURCE_VARIABLE,
        Variable(
            "job",
            "Job",
            "query",
            "label_values(releases_build_info, job)",
            "How Prometheus calls the scrape of the releases API.",
            several=True,
            all_value="",  # `up` is there for every job
        ),
    ),
    (*_ANSWERS, *_INGEST_PANELS, *_API, *_LISTS),
    begins="now-7d",
    refresh="1m",
    nothing_yet="The releases API is not scraped",
)
