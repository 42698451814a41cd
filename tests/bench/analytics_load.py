"""A Prometheus as full as many instances make it: a day of reports, four days of remembered state.

Written by remote write, a series with all its samples at once: as text, 50,000 instances would be 40 GB.
Values and labels are those of the made-up fleet; only the state's words are the newest report's throughout.
"""

import os
import signal
import struct
from collections.abc import Iterator, Sequence

import httpx
from cramjam import snappy

from ingest_factories import field, label, varint
from tools.fleet.past import FIRST_SEEN, LAST_SEEN, NEWEST_REPORT
from tools.fleet.plan import HOUR, Fleet, Instance
from tools.fleet.releases import DAY
from tools.fleet.reports import report_of
from tools.fleet.site import Prometheus

STATE_SECONDS = 4 * DAY  # what the state's rules read
STATE_STEP = 300  # how often they run
REPORT_SECONDS = DAY
# All of it in one head, in order: otherwise what is older than an hour than the newest is refused.
FLAGS = ("--storage.tsdb.min-block-duration=20d", "--storage.tsdb.max-block-duration=20d")
_BATCH = 100  # instances a request: 8 MB before compression
_HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
_INSTANCE_SEEN = "fleet_instance_seen_timestamp_seconds"

Pairs = Sequence[tuple[str, str]]


class Times:
    """Moments as protobuf writes them, so that a sample is put together by joining."""

    def __init__(self, moments: Sequence[int]) -> None:
        self._moments = moments
        self._encoded = [b"\x10" + varint(moment * 1000) for moment in moments]

    def constant(self, value: float) -> bytes:
        return self._joined([value] * len(self._moments))

    def slots(self, last: int) -> bytes:
        """The hour of each moment, until the last that there is."""
        return self._joined([min(moment // HOUR * HOUR, last) for moment in self._moments])

    def _joined(self, values: Sequence[float]) -> bytes:
        packed = (b"\x09" + struct.pack("<d", value) for value in values)
        return b"".join(field(2, value + time) for value, time in zip(packed, self._encoded, strict=True))


def fill(prometheus: Prometheus, fleet: Fleet, now: int) -> int:
    """Returns how many samples were written."""
    writing = _Writing(fleet, now)
    instances = fleet.instances
    for start in range(0, len(instances), _BATCH):
        body = b"".join(part for one in instances[start : start + _BATCH] for part in writing.of(one))
        answer = prometheus.http.post(
            "/api/v1/write", content=bytes(snappy.compress_raw(body)), headers=_HEADERS
        )
        answer.raise_for_status()
    return writing.samples


def run_rules(prometheus: Prometheus, interval: str) -> None:
    """From now on Prometheus runs the shipped rules."""
    prometheus.configure(interval)
    os.killpg(prometheus.program.pid, signal.SIGHUP)


class _Writing:
    def __init__(self, fleet: Fleet, now: int) -> None:
        self.samples = 0
        self._fleet = fleet
        self._state = list(range(now - STATE_SECONDS, now, STATE_STEP))
        self._state_times = Times(self._state)
        self._slots: dict[int, bytes] = {}  # of all that saw the same last hour

    def of(self, instance: Instance) -> Iterator[bytes]:
        end = self._fleet.end
        report = report_of(self._fleet, instance, min(instance.last, end))
        for series in report.series:
            if series.name == _INSTANCE_SEEN:
                yield from self._state_of(instance, series.labels)
        hours = [slot for slot in range(end - REPORT_SECONDS, end + 1, HOUR) if slot <= instance.last]
        if hours:
            times = Times(hours)
            seen = times.slots(instance.last)
            for series in report.series:
                told = series.name.endswith("_seen_timestamp_seconds")
                yield self._series(series.name, series.labels, seen if told else times.constant(series.value))
                self.samples += len(hours)

    def _state_of(self, instance: Instance, labels: Pairs) -> Iterator[bytes]:
        if instance.last not in self._slots:
            self._slots[instance.last] = self._state_times.slots(instance.last)
        seen = self._slots[instance.last]
        counted = [*dict(labels, audience=instance.counted_audience).items()]
        own = [pair for pair in labels if pair[0] == "instance_id"]
        yield self._series(LAST_SEEN, counted, seen)
        yield self._series(NEWEST_REPORT, labels, seen)
        yield self._series(FIRST_SEEN, own, self._state_times.constant(instance.first))
        self.samples += 3 * len(self._state)

    def _series(self, name: str, labels: Pairs, samples: bytes) -> bytes:
        pairs = sorted([("__name__", name), *labels])
        return field(1, b"".join(label(*pair) for pair in pairs) + samples)


def told_by(http: httpx.Client, expr: str, moment: float) -> tuple[float, int]:
    """Seconds that Prometheus took for an instant query, and samples that it read."""
    data = {"query": expr, "time": str(moment), "stats": "all"}
    answer = http.post("/api/v1/query", data=data).raise_for_status().json()["data"]["stats"]
    return float(answer["timings"]["evalTotalTime"]), int(answer["samples"]["totalQueryableSamples"])
