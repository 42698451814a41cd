"""A usage report as values: what the reporter makes, the wire carries, and page, JSON and terminal show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from workflow_exporter.snapshot import Snapshot

SLOT = timedelta(hours=1)  # how far apart two reports of an installation are


@dataclass(frozen=True, slots=True)
class Series:
    """One series with its one sample, whose time is the report's slot."""

    name: str
    labels: tuple[tuple[str, str], ...]  # sorted by name, without `__name__`; no value is empty
    value: float  # finite, never negative


@dataclass(frozen=True, slots=True)
class Report:
    """All that leaves a cluster in an hour."""

    slot: datetime  # the start of a UTC hour
    series: tuple[Series, ...]  # in the order of the table, then by labels; each set of labels once


@dataclass(frozen=True, slots=True)
class LabelText:
    """What people are told of a label."""

    name: str
    meaning: str
    why: str
    example: str
    never: str  # what it can never contain


@dataclass(frozen=True, slots=True)
class SeriesText:
    """What people are told of a series."""

    name: str
    labels: tuple[str, ...]  # beside `instance_id`, which every series has
    meaning: str  # of the value, with its unit
    why: str
    example: str  # a value
    never: str  # what it can never contain


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, for those who want to see it; `report` None where no id can be formed."""

    report: Report | None
    series: tuple[SeriesText, ...]
    labels: tuple[LabelText, ...]


class Reports(Protocol):
    """The reports of this installation, whether or not any is sent."""

    def preview(self, snapshot: Snapshot, now: datetime) -> Preview: ...

    def encoded(self, snapshot: Snapshot, now: datetime) -> bytes | None:
        """The very bytes that would be sent; None where no id can be formed."""
        ...


def slot_of(moment: datetime) -> datetime:
    """The start of the UTC hour that `moment` lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def series_line(series: Series) -> str:
    """As Prometheus writes series: `name{label="value",…} 5`."""
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in series.labels)
    return f"{series.name}{{{labels}}} {series.value:.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
