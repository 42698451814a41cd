"""Who is known at a moment, and how to count them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from fleet_model.reports import AUDIENCES, DAY, Fleet, Report

Labels = tuple[tuple[str, str], ...]  # sorted by name
Vector = dict[Labels, float]
Truth = dict[str, Vector]

FORGOTTEN = 100 * DAY


@dataclass(frozen=True, slots=True)
class Known:
    """An instance as it is known at a moment."""

    report: Report  # the newest
    audience: str  # the one that counts
    first_seen: int
    last_seen: int
    running: bool


def labels(**named: str) -> Labels:
    return tuple(sorted(named.items()))


def known_at(fleet: Fleet, now: int) -> list[Known]:
    """Everybody who was heard of within 100 days."""
    heard: dict[str, list[Report]] = defaultdict(list)
    for report in fleet.reports:
        if report.slot <= now:
            heard[report.instance_id].append(report)
    marks = {mark.instance_id: mark.audience for mark in fleet.marks if mark.holds(now)}
    known = []
    for instance_id, reports in heard.items():
        newest = max(reports, key=lambda report: report.slot)
        if now - newest.slot < FORGOTTEN:
            known.append(
                Known(
                    newest,
                    marks.get(instance_id, newest.about.audience),
                    _first_seen(sorted(report.slot for report in reports)),
                    newest.slot,
                    now - newest.slot < DAY,
                )
            )
    return known


def _first_seen(slots: list[int]) -> int:
    first = slots[0]
    for before, after in pairwise(slots):
        if after - before > FORGOTTEN:
            first = after
    return first


def count(instances: Iterable[Known], key: Callable[[Known], Labels]) -> Vector:
    return {found: float(number) for found, number in Counter(map(key, instances)).items()}


def by_audience(instances: Iterable[Known], **more: str) -> Vector:
    """All four audiences, with further labels in common."""
    counted = Counter(one.audience for one in instances)
    return {labels(audience=audience, **more): float(counted[audience]) for audience in AUDIENCES}
