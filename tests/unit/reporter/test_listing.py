from datetime import UTC, datetime

import factories as make
from workflow_exporter.report import series_line
from workflow_exporter.reporter.desk import Desk
from workflow_exporter.reporter.listing import listing
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.words import Words


def test_the_listing_has_every_series_once_with_what_it_is_for() -> None:
    desk = Desk(audience="ci", exporter_version="0.1.0", words=Words, encode=encode, keep=False)
    snapshot = make.snapshot(identity=make.identity(), inventory=make.inventory(nodes=[]))
    preview = desk.preview(snapshot, datetime(2026, 11, 23, 12, 20, tzinfo=UTC))
    assert preview.report is not None

    lines = listing(preview, preview.report).splitlines()

    count = len(preview.report.series)
    assert lines[0] == f"# The report of 2026-11-23 12:00 UTC: {count} series, and nothing else."
    assert [line for line in lines if line.startswith("fleet_")] == list(
        map(series_line, preview.report.series)
    )
    assert sum(line.startswith("# Why: ") for line in lines) == len(preview.series)
    assert lines.count("# (left out: not known here)") == 5  # nothing is said of nodes where there are none
    assert max(map(len, (line for line in lines if line.startswith("#")))) <= 100
