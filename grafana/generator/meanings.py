"""What each series means, read from the one table that defines it; a board adds no words of its own to it.

Recorded numbers: prometheus/README.md. The agent's: docs/metrics.md. Reports': PRIVACY.md. The releases API's
stand here, as its `/metrics` says them (a contract test compares), since no page lists them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]

_RELEASES = {
    "releases_latest_bundle_info": "The newest release of each platform, by train.",
    "releases_instance_audience_info": "Instances whose audience staff have marked; the mark outranks what "
    "reports say.",
    "releases_catalog_generated_timestamp_seconds": "When the catalog last changed.",
    "releases_catalog_size_bytes": "Size of the catalog as served.",
    "releases_requests_total": "Requests answered, by route and status.",
    "releases_database_up": "Whether the database answered last time; reads go on without it.",
    "releases_build_info": "This program.",
    "releases_ingest_requests_total": "Reports that were accepted or refused, by the reason.",
    "releases_ingest_series_forwarded_total": "Series that the store has taken.",
    "releases_ingest_reports_under_way": "Reports that are being read, checked or forwarded.",
}
# Of the client library and of Prometheus itself.
_STANDARD = {
    "up": "Whether the last scrape succeeded.",
    "process_resident_memory_bytes": "Resident memory size in bytes.",
    "process_cpu_seconds_total": "Total user and system CPU time spent in seconds.",
}
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*")
_QUOTED = re.compile(r'"[^"]*"')


def of(expr: str) -> Iterator[str]:
    """The meaning of each series that a query reads, with its name, in their order."""
    table = meanings()
    for name in dict.fromkeys(_NAME.findall(_QUOTED.sub("", expr))):
        if name in table:
            yield f"{table[name]} `{name}`"


@cache
def meanings() -> Mapping[str, str]:
    """By the series' name."""
    return {**_RELEASES, **_STANDARD, **dict(_agents()), **dict(_reported()), **dict(_recorded())}


def _rows(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each row of each table of a page: the names in its first cell, and all its cells."""
    for line in (_ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
            yield re.findall(r"`([\w:]+)`", cells[0]), cells


def _recorded() -> Iterator[tuple[str, str]]:
    for names, cells in _rows("prometheus/README.md"):
        if len(cells) == 4:  # series, labels, question, edge
            question, edge = cells[2], cells[3]
            for name in names:
                yield name, f"{question[0].upper()}{question[1:]}" + (f" ({edge})" if edge else "")


def _agents() -> Iterator[tuple[str, str]]:
    for names, cells in _rows("docs/metrics.md"):
        for name in names:
            yield name, cells[3]
    yield (
        "workflow_exporter_snapshot_duration_seconds_bucket",
        "How long it took to make a snapshot from what the sources had delivered",
    )


def _reported() -> Iterator[tuple[str, str]]:
    for names, cells in _rows("PRIVACY.md"):
        if names[0].startswith("fleet_"):
            yield names[0], f"As reported: {cells[2]}"
