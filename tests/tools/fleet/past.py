"""The past of a made-up fleet as OpenMetrics text: the reports that arrived, and what is remembered of them.

Remembered means the state that rules carry from one evaluation to the next. A rule cannot be run over the
past if it reads what it said before, so the state is told here, from the plan; the rest is left to the rules.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import TextIO

from tools.fleet.plan import HOUR, Fleet, Instance
from tools.fleet.releases import DAY, PLATFORMS, newest
from tools.fleet.reports import identity_of, report_of
from workflow_exporter.report import Report

FORGOTTEN = 100 * DAY  # an instance unseen for so long leaves
LAST_SEEN = "instance_id:fleet_last_seen_timestamp_seconds:max"
FIRST_SEEN = "instance_id:fleet_first_seen_timestamp_seconds:min"
NEWEST_REPORT = "instance_id:fleet_newest_report_timestamp_seconds:max"
MARK = "instance_id_audience:releases_instance_audience_info:last"
_SEEN = "_seen_timestamp_seconds"
_INSTANCE_SEEN = "fleet_instance_seen_timestamp_seconds"


def write_past(fleet: Fleet, file: TextIO) -> None:
    """All before the newest slot, whose reports are for the agent to make and for the gateway to take."""
    for instance in fleet.instances:
        before = tuple(slot for slot in fleet.slots_of(instance) if slot < fleet.end)
        file.writelines(_reports(fleet, instance, before))
        file.writelines(_state(fleet, instance, before))
    file.writelines(_newest_releases(fleet))
    file.write("# EOF\n")


def series_text(name: str, labels: Mapping[str, str]) -> str:
    """As OpenMetrics writes it; the values of a made-up fleet need no escaping."""
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}}"


def _reports(fleet: Fleet, instance: Instance, slots: tuple[int, ...]) -> Iterator[str]:
    for report, since in _changes(fleet, instance, slots):
        for series in report.series:
            text = series_text(series.name, dict(series.labels))
            if series.name.endswith(_SEEN):
                yield "".join(f"{text} {slot} {slot}\n" for slot in since)
            else:
                yield "".join(f"{text} {series.value:.15g} {slot}\n" for slot in since)


def _changes(
    fleet: Fleet, instance: Instance, slots: tuple[int, ...]
) -> Iterator[tuple[Report, tuple[int, ...]]]:
    """Reports that differ in more than their time, each with the slots for which that was said."""
    groups: dict[object, list[int]] = {}
    for slot in slots:
        known = newest(instance.platform, slot, fleet.end).version
        oldest_of_node = slot >= instance.cluster.nodes.newest + 7 * DAY  # its Monday is told
        key = (instance.version_at(slot), instance.agent_at(slot), known, oldest_of_node)
        groups.setdefault(key, []).append(slot)
    for since in groups.values():
        yield report_of(fleet, instance, since[0]), tuple(since)


def _state(fleet: Fleet, instance: Instance, slots: tuple[int, ...]) -> Iterator[str]:
    if not slots:
        return
    identity = identity_of(instance)
    first = series_text(FIRST_SEEN, {"instance_id": identity.instance_id})
    texts: dict[tuple[str, str], str] = {}
    for moment in range(slots[0], fleet.end + 1, HOUR):
        last = slots[bisect_right(slots, moment) - 1]
        if last <= moment - FORGOTTEN:
            return
        key = (instance.version_at(last), instance.agent_at(last))
        if key not in texts:
            texts[key] = _words(fleet, instance, last, instance.counted_audience)
        yield f"{LAST_SEEN}{texts[key]} {last} {moment}\n{first} {slots[0]} {moment}\n"
    own = _words(fleet, instance, slots[-1], instance.audience)
    yield f"{NEWEST_REPORT}{own} {slots[-1]} {fleet.end}\n"
    if instance.mark:
        marked = {"instance_id": identity.instance_id, "audience": instance.mark}
        yield f"{series_text(MARK, marked)} 1 {fleet.end}\n"


def _words(fleet: Fleet, instance: Instance, slot: int, audience: str) -> str:
    """What an instance said of itself, as labels."""
    report = report_of(fleet, instance, slot)
    labels = next(dict(one.labels) for one in report.series if one.name == _INSTANCE_SEEN)
    return series_text("", labels | {"audience": audience})


def _newest_releases(fleet: Fleet) -> Iterator[str]:
    """What the releases API said was newest, of the components that this fleet's releases have."""
    for platform in PLATFORMS:
        for moment in range(fleet.start, fleet.end, HOUR):
            for component, version in newest(platform, moment, fleet.end).components.items():
                labels = {
                    "platform": platform,
                    "train": "stable",
                    "component": component,
                    "version": version,
                }
                yield f"{series_text('releases_latest_info', labels)} 1 {moment}\n"
