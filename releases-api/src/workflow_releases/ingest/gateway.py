"""`POST /api/v1/write`: the steps in their order, and the answer. An ASGI application of one path."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from workflow_releases.catalog.model import Catalog
from workflow_releases.ingest.body import DEADLINE_SECONDS, Held, read_body
from workflow_releases.ingest.compression import compress, decompress
from workflow_releases.ingest.counts import ACCEPTED, FAULT, IngestCounts
from workflow_releases.ingest.forward import RETRY_AFTER_SECONDS, Forwarder
from workflow_releases.ingest.headers import Head, check_head, read_head, read_secret
from workflow_releases.ingest.label_sets import LabelSets
from workflow_releases.ingest.layouts import Layouts
from workflow_releases.ingest.patience import Patience
from workflow_releases.ingest.proof import instance_id_of
from workflow_releases.ingest.rates import Rates, Seen
from workflow_releases.ingest.rebuild import rebuild
from workflow_releases.ingest.refusal_log import RefusalLog
from workflow_releases.ingest.refusals import Reason, ReportRefusedError
from workflow_releases.ingest.source import source_of
from workflow_releases.ingest.validate import check_ages, check_labels, samples_of
from workflow_releases.ingest.values import Values
from workflow_releases.ingest.vocabulary import Unlisted, Vocabulary, vocabulary_of

WRITE_PATH = "/api/v1/write"
MAX_UNDER_WAY = 1024  # reports that are read or forwarded: 64 MiB at most, if each is as large as may be

Catalogs = Mapping[str, Catalog]

_JSON = [(b"content-type", b"application/json"), (b"x-content-type-options", b"nosniff")]
_CLOSE = (b"connection", b"close")
# Refusals before the body is read. One of unknown length would go on for ever, so the connection ends.
_UNREAD = frozenset({Reason.UNSUPPORTED, Reason.SOURCE_RATE, Reason.NO_SECRET, Reason.BUSY})
_CLOSING = frozenset({Reason.TOO_LARGE, Reason.TOO_SLOW})


@dataclass(frozen=True, slots=True)
class Limits:
    """Who may send how much."""

    sources: Rates
    instances: Rates
    new_instances: Rates  # of a source; new is one whose labels, apart from their values, were not seen so
    trusted_proxies: int
    max_under_way: int = MAX_UNDER_WAY
    body_deadline_seconds: float = DEADLINE_SECONDS


class Known:
    """Vocabulary and memory of label sets; both begin anew with other catalogs, and each day."""

    def __init__(self, catalogs: Callable[[], Catalogs], counts: IngestCounts) -> None:
        """`counts` is told how many unlisted versions count."""
        self._catalogs = catalogs
        self._counts = counts
        self._made_of: Catalogs | None = None
        self._day = -1
        self._unlisted = Unlisted(counts)
        self._vocabulary: Vocabulary = vocabulary_of((), self._unlisted.of_sender(b"", ""))
        self.label_sets = LabelSets()
        self.values = Values()
        self.layouts = Layouts(self.values)

    def refresh(self, now: float) -> None:
        """`now` in seconds since 1970."""
        self.values.refresh(now)
        catalogs, day = self._catalogs(), int(now // 86400)
        if catalogs is self._made_of and day == self._day:
            return
        if day != self._day:
            self._unlisted = Unlisted(self._counts)
        self._made_of, self._day = catalogs, day
        self._vocabulary = vocabulary_of(catalogs.values(), self._unlisted.of_sender(b"", ""))
        self.label_sets = LabelSets()
        self.layouts = Layouts(self.values)

    def vocabulary(self, source: bytes, instance_id: str) -> Vocabulary:
        """For a report of this instance, from this source."""
        known = self._vocabulary
        admits = self._unlisted.of_sender(source, instance_id)
        # Not by `replace`, which takes four times as long.
        return Vocabulary(known.platforms, known.trains, known.components, known.versions, admits)


class IngestGateway:
    """Stateless but for rates and memory, which may be lost at any time; any number of replicas."""

    def __init__(
        self,
        known: Known,
        limits: Limits,
        forwarder: Forwarder,
        counts: IngestCounts,
        clock: Callable[[], float] = time.time,
        patience: Patience | None = None,
        requests: Counter[tuple[str, int]] | None = None,
    ) -> None:
        """`clock` gives seconds since 1970; without `patience` it is the usual one.

        `requests` counts answers by route and status.
        """
        self._known = known
        self._limits = limits
        self._forwarder = forwarder
        self._counts = counts
        self._clock = clock
        self._patience = patience or Patience(time.monotonic)
        self._requests = Counter() if requests is None else requests
        self._refusals = RefusalLog()
        self._held = Held()
        self._seen = Seen()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        head = read_head(scope["headers"])
        try:
            await self._take(head, scope.get("client"), receive)
        except ReportRefusedError as error:
            self._counts.by_reason[error.reason.label] += 1
            self._refusals.add(error.reason, self._clock())
            # Nothing of the error is kept: its traceback holds all that was read and decompressed.
            status, body = error.reason.status, _refusal_body(error)
            headers = _refusal_headers(error, head, len(body))
        except Exception:
            self._counts.by_reason[FAULT] += 1
            raise
        else:
            self._counts.by_reason[ACCEPTED] += 1
            self._refusals.tell(self._clock())
            self._requests[WRITE_PATH, 204] += 1
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if status < 500 and _CLOSE not in headers:
            await self._patience.wait(receive)
        self._requests[WRITE_PATH, status] += 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, head: Head, client: tuple[str, int] | None, receive: Any) -> None:
        check_head(head)
        limits = self._limits
        source = source_of(client[0] if client else None, head.raw_forwarded_for, limits.trusted_proxies)
        if wait_seconds := limits.sources.take(source):
            raise ReportRefusedError(Reason.SOURCE_RATE, retry_after_seconds=wait_seconds)
        secret = read_secret(head)
        if self._counts.under_way >= limits.max_under_way:
            raise ReportRefusedError(Reason.BUSY, retry_after_seconds=RETRY_AFTER_SECONDS)
        self._counts.under_way += 1
        try:
            body = await read_body(receive, self._held, limits.body_deadline_seconds)
            series, report = self._checked(body, source, instance_id_of(secret))
            await self._forwarder.forward(report)
        finally:
            self._counts.under_way -= 1
        self._counts.series_forwarded += series

    def _checked(self, body: bytes, source: bytes, instance_id: str) -> tuple[int, bytes]:
        """How many series are forwarded, and the compressed request that holds them."""
        now = self._clock()
        known = self._known
        known.refresh(now)
        payload = decompress(body)
        recognised = known.layouts.recognise(payload, instance_id)
        if recognised is None:
            return self._read_by_series(payload, source, instance_id, now)
        self._take_share(source, instance_id, hash((instance_id, recognised.cluster_id)))
        check_ages((recognised.timestamp_ms,), now)
        if recognised.new_amounts:
            known.values.check(recognised.new_amounts, now)
        return recognised.series, compress(recognised.payload)

    def _read_by_series(
        self, payload: bytes, source: bytes, instance_id: str, now: float
    ) -> tuple[int, bytes]:
        """Of an instance's first report, and of one that is not as its last."""
        known = self._known
        decoded = known.label_sets.decode(payload)
        vocabulary = known.vocabulary(source, instance_id)
        proven = check_labels(decoded, instance_id, vocabulary)
        labels = frozenset([one[0].template for one in decoded.passed] + [one.raw_template for one in proven])
        cluster = hash((instance_id, decoded.ids.cluster_id))
        self._take_share(source, instance_id, cluster, hash((instance_id, labels)))
        moments, amounts = samples_of(decoded, proven)
        check_ages(moments, now)
        known.values.check(amounts, now)
        told, rebuilt = rebuild(decoded, proven, vocabulary, known.label_sets)
        if rebuilt == payload:
            known.layouts.remember(instance_id, told)
        return len(told), compress(rebuilt)

    def _take_share(self, source: bytes, instance_id: str, *told: int) -> None:
        """`told` are hashes of what would be new series in the store, if they were not seen before."""
        limits = self._limits
        is_new = not all(one in self._seen for one in told)
        if is_new and (wait_seconds := limits.new_instances.take(source)):
            raise ReportRefusedError(Reason.NEW_INSTANCES, retry_after_seconds=wait_seconds)
        for one in told:
            self._seen.add(one)
        if wait_seconds := limits.instances.take(instance_id.encode("ascii")):
            raise ReportRefusedError(Reason.INSTANCE_RATE, retry_after_seconds=wait_seconds)


def _refusal_headers(error: ReportRefusedError, head: Head, length: int) -> list[tuple[bytes, bytes]]:
    headers = [*_JSON, (b"content-length", b"%d" % length)]
    reason = error.reason
    if error.retry_after_seconds is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_seconds))
    if reason is Reason.NO_SECRET:
        headers.append((b"www-authenticate", b'Bearer realm="workflow-releases"'))
    if reason in _CLOSING or (reason in _UNREAD and head.content_length is None):
        headers.append(_CLOSE)
    return headers


def _refusal_body(error: ReportRefusedError) -> bytes:
    return msgspec.json.encode({"error": str(error), "faults": []})
