"""A Prometheus as full as many instances make it: a day of reports, four days of remembered state.

Written by remote write: as text, 50,000 instances would be 40 GB. The state goes in pieces of four hours:
Prometheus keeps room for as many samples of a series as ever came in one request, and with all four days at
once that room was half of its memory, which no fleet would ever have taken. Values and labels are those of
the made-up fleet; only the state's words are the newest report's throughout.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import httpx
from cramjam import snappy

from e2e.reporting import wait_until
from ingest_factories import field, label, varint
from tools.fleet.past import FIRST_SEEN, LAST_SEEN, NEWEST_REPORT
from tools.fleet.plan import HOUR, Fleet, Instance
from tools.fleet.releases import DAY
from tools.fleet.reports import report_of
from tools.fleet.site import Prometheus

STATE_SECONDS = 4 * DAY  # what the state's rules read
STATE_STEP = 300  # how often they run
_PIECE = 4 * HOUR // STATE_STEP
REPORT_SECONDS = DAY
# All of it in one head, in order: otherwise what is older than an hour than the newest is refused.
FLAGS = ("--storage.tsdb.min-block-duration=20d", "--storage.tsdb.max-block-duration=20d")
_SECONDS_TO_STOP = 300  # a round that has begun is brought to its end
_BATCH = 100  # instances a request: 8 MB before compression
_HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
_INSTANCE_SEEN = "fleet_instance_seen_timestamp_seconds"

Pairs = Sequence[tuple[str, str]]


class Times:
    """Moments as protobuf writes them, so that a sample is put together by joining."""

    def __init__(self, moments: Sequence[int]) -> None:
        self._moments = moments
        self._encoded = [b"\x10" + varint(moment * 1000) for moment in moments]

    def __len__(self) -> int:
        return len(self._moments)

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
    for series in (writing.reports, *writing.states()):
        for start in range(0, len(fleet.instances), _BATCH):
            batch = fleet.instances[start : start + _BATCH]
            body = b"".join(part for one in batch for part in series(one))
            answer = prometheus.http.post(
                "/api/v1/write", content=bytes(snappy.compress_raw(body)), headers=_HEADERS
            )
            answer.raise_for_status()
    return writing.samples


def stop_rules(prometheus: Prometheus) -> None:
    """Returns when none runs any more: what is measured next has the machine to itself."""
    prometheus.reconfigure(None)
    wait_until(lambda: not _groups(prometheus), _SECONDS_TO_STOP, prometheus.program.log_tail)


def _groups(prometheus: Prometheus) -> list[object]:
    answer = prometheus.http.get("/api/v1/rules").raise_for_status().json()
    groups: list[object] = answer["data"]["groups"]
    return groups


class _Writing:
    def __init__(self, fleet: Fleet, now: int) -> None:
        self.samples = 0
        self._fleet = fleet
        self._moments = range(now - STATE_SECONDS, now, STATE_STEP)
        self._said: dict[int, Pairs] = {}  # by number: what its newest report says of itself

    def reports(self, instance: Instance) -> Iterator[bytes]:
        """A day of them."""
        end = self._fleet.end
        report = report_of(self._fleet, instance, min(instance.last, end))
        self._said[instance.number] = next(one.labels for one in report.series if one.name == _INSTANCE_SEEN)
        hours = [slot for slot in range(end - REPORT_SECONDS, end + 1, HOUR) if slot <= instance.last]
        if hours:
            times = Times(hours)
            seen = times.slots(instance.last)
            for series in report.series:
                told = series.name.endswith("_seen_timestamp_seconds")
                yield self._series(series.name, series.labels, seen if told else times.constant(series.value))
                self.samples += len(hours)

    def states(self) -> Iterator[Callable[[Instance], Iterator[bytes]]]:
        """What writes the state of an instance, piece by piece."""
        for start in range(0, len(self._moments), _PIECE):
            yield partial(self._state, Times(self._moments[start : start + _PIECE]), {})

    def _state(self, times: Times, slots: dict[int, bytes], instance: Instance) -> Iterator[bytes]:
        """`slots` keeps the samples of all that reported last in the same hour."""
        if instance.last not in slots:
            slots[instance.last] = times.slots(instance.last)
        seen = slots[instance.last]
        labels = self._said[instance.number]
        counted = [*dict(labels, audience=instance.counted_audience).items()]
        own = [pair for pair in labels if pair[0] == "instance_id"]
        yield self._series(LAST_SEEN, counted, seen)
        yield self._series(NEWEST_REPORT, labels, seen)
        yield self._series(FIRST_SEEN, own, times.constant(instance.first))
        self.samples += 3 * len(times)

    def _series(self, name: str, labels: Pairs, samples: bytes) -> bytes:
        pairs = sorted([("__name__", name), *labels])
        return field(1, b"".join(label(*pair) for pair in pairs) + samples)


def told_by(http: httpx.Client, expr: str, moment: float) -> tuple[float, int]:
    """Seconds that Prometheus took for an instant query, and samples that it read."""
    data = {"query": expr, "time": str(moment), "stats": "all"}
    answer = http.post("/api/v1/query", data=data).raise_for_status().json()["data"]["stats"]
    return float(answer["timings"]["evalTotalTime"]), int(answer["samples"]["totalQueryableSamples"])
