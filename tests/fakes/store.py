"""A gateway's upstream in this process: it keeps what it was sent, and answers as told."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cramjam import snappy

from workflow_exporter.reporter.remote_write_pb2 import WriteRequest
from workflow_releases.ingest.upstream import Answer

Sample = tuple[dict[str, str], float, int]  # labels, value, timestamp in ms


@dataclass(slots=True)
class FakeStore:
    """`answer` is called for each request; it may raise UpstreamDownError."""

    answer: Callable[[], Answer] = lambda: Answer(204)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def post(self, body: bytes, head: bytes, _deadline_seconds: float) -> Answer:
        self.heads.append(head)
        self.bodies.append(body)
        return self.answer()

    @property
    def payloads(self) -> list[bytes]:
        return [bytes(snappy.decompress_raw(body)) for body in self.bodies]

    @property
    def samples(self) -> list[Sample]:
        """Of all requests, as protobuf's own library reads them."""
        return [one for payload in self.payloads for one in read(payload)]


def read(payload: bytes) -> list[Sample]:
    """A write request as protobuf's own library reads it; series by series, labels in their order."""
    request = WriteRequest.FromString(payload)
    return [
        ({label.name: label.value for label in series.labels}, sample.value, sample.timestamp)
        for series in request.timeseries
        for sample in series.samples
    ]
