from dataclasses import replace
from datetime import UTC, datetime, timedelta

import factories as make
from workflow_exporter.reporter.desk import Desk
from workflow_exporter.reporter.labels import LABELS
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.table import SERIES
from workflow_exporter.reporter.words import Words

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
BEFORE = make.snapshot(identity=make.identity())
AFTER = replace(BEFORE, bundle=make.bundle_assessment("v2.17.0"))


def desk(*, keep: bool) -> Desk:
    return Desk(audience="ci", exporter_version="0.1.0", words=Words, encode=encode, keep=keep)


def test_whoever_asks_within_an_hour_gets_the_same_report() -> None:
    one = desk(keep=True)

    looked_at = one.preview(BEFORE, NOW).report
    sent = one.ready(AFTER, NOW + timedelta(minutes=39))

    assert sent is not None
    assert sent.report is looked_at


def test_the_next_hour_has_a_report_of_its_own() -> None:
    one = desk(keep=True)

    first = one.ready(BEFORE, NOW)
    second = one.ready(AFTER, NOW + timedelta(minutes=40))

    assert first is not None
    assert second is not None
    assert second.report.slot - first.report.slot == timedelta(hours=1)
    assert second == desk(keep=True).ready(AFTER, NOW + timedelta(minutes=40))


def test_where_nothing_is_sent_the_preview_follows_the_cluster() -> None:
    one = desk(keep=False)

    first, second = one.preview(BEFORE, NOW).report, one.preview(AFTER, NOW).report

    assert first is not None
    assert second is not None
    assert first.slot == second.slot
    assert first != second


def test_without_an_id_there_is_nothing_to_keep() -> None:
    one = desk(keep=True)
    nobody = make.snapshot(identity=None)

    assert one.preview(nobody, NOW).report is None
    assert one.encoded(nobody, NOW) is None
    assert one.preview(BEFORE, NOW).report is not None


def test_the_bytes_are_those_of_the_report_that_was_looked_at() -> None:
    one = desk(keep=True)

    looked_at = one.preview(BEFORE, NOW).report

    assert looked_at is not None
    assert one.encoded(AFTER, NOW) == encode(looked_at)


def test_a_preview_explains_every_series_and_every_label() -> None:
    preview = desk(keep=False).preview(BEFORE, NOW)

    assert [text.name for text in preview.series] == [row.name for row in SERIES]
    assert [text.name for text in preview.labels] == list(LABELS)
    assert all(text.why and text.example and text.never for text in preview.series)
    assert all(text.why and text.example and text.never for text in preview.labels)


def test_the_secret_is_in_no_representation() -> None:
    ready = desk(keep=True).ready(BEFORE, NOW)

    assert "5" * 64 not in repr(ready)
