"""`/report`: what would be sent, in words and as series. On the public listener with its ids hidden."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from workflow_exporter.report import LabelText, Preview, Report, Series, SeriesText, series_line
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.disclosure import HIDDEN
from workflow_exporter.web.wording import cores, counted, day, day_and_time, rfc3339, sentence, size

_IDS = frozenset({"instance_id", "cluster_id"})


@dataclass(frozen=True, slots=True)
class SampleLine:
    series: str  # as Prometheus writes it
    words: str  # the value, for people


@dataclass(frozen=True, slots=True)
class Section:
    """One series of the table, with what this installation would say of it."""

    text: SeriesText
    samples: tuple[SampleLine, ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """All that the template shows; no decision is left to it."""

    platform_title: str
    enabled: bool
    mode: str  # why, or to whom and what became of the last one
    hour: str | None  # of the report; None: there is none
    problem: str | None  # why there is none
    count: str  # "36 series"
    ids_hidden: bool
    sections: tuple[Section, ...]
    labels: tuple[LabelText, ...]


def report_view(snapshot: Snapshot, preview: Preview, *, ids_hidden: bool) -> ReportView:
    """`snapshot` as the listener may show it; where `ids_hidden`, `preview` must come from `hide_ids`."""
    report = preview.report
    return ReportView(
        platform_title=snapshot.inventory.platform_title,
        enabled=snapshot.reporting_enabled,
        mode=sentence(snapshot.modes.get("reporting", "").partition(": ")[2]),
        hour=day_and_time(report.slot) if report else None,
        problem=None if report else why_no_report(snapshot),
        count=counted(len(report.series), "series", "series") if report else "",
        ids_hidden=ids_hidden,
        sections=tuple(Section(text, _samples(text, report)) for text in preview.series),
        labels=preview.labels,
    )


def why_no_report(snapshot: Snapshot) -> str:
    return f"no id can be formed: {snapshot.identity_problem or 'no reason is known'}"


def hide_ids(preview: Preview) -> Preview:
    """The same without the two ids."""
    if preview.report is None:
        return preview
    series = tuple(replace(one, labels=_hidden(one.labels)) for one in preview.report.series)
    return replace(preview, report=replace(preview.report, series=series))


def document_of_report(snapshot: Snapshot, preview: Preview) -> Mapping[str, object]:
    """`/api/v1/report`, for the metrics listener only."""
    report = preview.report
    return {
        "taken_at": rfc3339(snapshot.taken_at),
        "reporting": {"enabled": snapshot.reporting_enabled, "mode": snapshot.modes.get("reporting")},
        "slot": rfc3339(report.slot) if report else None,
        "problem": None if report else why_no_report(snapshot),
        "series": [
            {"name": one.name, "labels": dict(one.labels), "value": one.value}
            for one in (report.series if report else ())
        ],
    }


def _hidden(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, HIDDEN if name in _IDS else value) for name, value in labels)


def _samples(text: SeriesText, report: Report | None) -> tuple[SampleLine, ...]:
    series = report.series if report else ()
    return tuple(SampleLine(series_line(one), _in_words(one)) for one in series if one.name == text.name)


def _in_words(series: Series) -> str:
    """By the unit that the name ends in, as the conventions have it."""
    if series.name.endswith("_seen_timestamp_seconds"):
        return day_and_time(datetime.fromtimestamp(series.value, UTC))
    if series.name.endswith("_timestamp_seconds"):
        return f"the week of {day(datetime.fromtimestamp(series.value, UTC))}"
    if series.name.endswith("_bytes"):
        return size(int(series.value))
    return cores(series.value)
