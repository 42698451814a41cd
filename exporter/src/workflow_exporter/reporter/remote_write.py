"""Report -> the bytes of a Remote Write 1.0 request.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec/. Imported only where a report is encoded:
protobuf and snappy cost memory that an agent which does not report need not have.
"""

import cramjam

from workflow_exporter.report import Report
from workflow_exporter.reporter.remote_write_pb2 import Label, Sample, TimeSeries, WriteRequest


def encode(report: Report) -> bytes:
    """The request's body: the same report gives the same bytes, whenever it is encoded.

    Series come in the order of their encoded labels, in which the gateway forwards them: it recognises
    a report that it need not rearrange.
    """
    moment_ms = int(report.slot.timestamp()) * 1000
    timeseries = [
        TimeSeries(
            labels=[Label(name=name, value=text) for name, text in _sorted(series.name, series.labels)],
            samples=[Sample(value=series.value, timestamp=moment_ms)],
        )
        for series in report.series
    ]
    timeseries.sort(key=TimeSeries.SerializeToString)  # labels are encoded first, and no two are the same
    request = WriteRequest(timeseries=timeseries)
    # The block format: the specification forbids the framed one.
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString(deterministic=True)))


def _sorted(name: str, labels: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The whole set, in the order of label names that the specification asks for."""
    return sorted([("__name__", name), *labels])
