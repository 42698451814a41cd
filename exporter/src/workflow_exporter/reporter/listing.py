"""A report as text for a terminal: every series with what it is for. Pure."""

import textwrap
from collections.abc import Iterator

from workflow_exporter.report import Preview, Report, SeriesText, series_line

_WIDTH = 100  # characters


def listing(preview: Preview, report: Report) -> str:
    """`report` is the preview's own."""
    head = f"# The report of {report.slot:%Y-%m-%d %H:%M} UTC: {len(report.series)} series, and nothing else."
    return "\n".join([head, *(line for text in preview.series for line in _section(text, report))]) + "\n"


def _section(text: SeriesText, report: Report) -> Iterator[str]:
    yield ""
    for words in (f"{text.name}: {text.meaning}.", f"Why: {text.why}.", f"Never: {text.never}."):
        yield from textwrap.wrap(words, _WIDTH, initial_indent="# ", subsequent_indent="#   ")
    lines = [series_line(series) for series in report.series if series.name == text.name]
    yield from lines or ["# (left out: not known here)"]
