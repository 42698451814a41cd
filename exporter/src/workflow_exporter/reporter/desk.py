"""Makes reports of snapshots, and keeps the current hour's as it was once it has been needed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from workflow_exporter.report import LabelText, Preview, Report, SeriesText, slot_of
from workflow_exporter.reporter.labels import LABELS
from workflow_exporter.reporter.series import make_report
from workflow_exporter.reporter.table import SERIES, Material
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Ready:
    """A report with what proves that it is this installation's."""

    report: Report
    instance_secret: str = field(repr=False)


class Desk:
    """Whoever asks within an hour gets the same report, so that what was looked at is what is sent.

    With `keep` False, as nothing is sent, it is made anew each time. Threads may share it.
    """

    def __init__(
        self,
        *,
        audience: str,
        exporter_version: str,
        words: Callable[[], Words],
        encode: Callable[[Report], bytes],
        keep: bool,
    ) -> None:
        self._audience = audience
        self._exporter_version = exporter_version
        self._words = words  # asked when the first report is made
        self._encode = encode
        self._keep = keep
        self._kept: Ready | None = None
        self._lock = threading.Lock()

    def ready(self, snapshot: Snapshot, now: datetime) -> Ready | None:
        """The report of the hour that `now` lies in; None where there is no id to send it by."""
        slot = slot_of(now)
        with self._lock:
            if self._kept is not None and self._kept.report.slot == slot:
                return self._kept
            made = self._make(snapshot, slot)
            self._kept = made if self._keep else None
            return made

    def preview(self, snapshot: Snapshot, now: datetime) -> Preview:
        """What would be sent now, with what is to be said of it."""
        ready = self.ready(snapshot, now)
        return Preview(ready.report if ready else None, series_texts(), label_texts())

    def encoded(self, snapshot: Snapshot, now: datetime) -> bytes | None:
        """The very bytes that would be sent now; None where there is no id to send them by."""
        ready = self.ready(snapshot, now)
        return self._encode(ready.report) if ready else None

    def _make(self, snapshot: Snapshot, slot: datetime) -> Ready | None:
        material = Material(snapshot, slot, self._audience, self._exporter_version)
        report = make_report(material, self._words())
        if report is None or snapshot.identity is None:
            return None
        return Ready(report, snapshot.identity.instance_secret)


def series_texts() -> tuple[SeriesText, ...]:
    return tuple(row.text for row in SERIES)


def label_texts() -> tuple[LabelText, ...]:
    return tuple(label.text for label in LABELS.values())
