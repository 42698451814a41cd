"""What can be wrong with a report: each refusal with faults that bring it about, in the checks' order.

Faults can be put together in one request, to see which is found first. The order is that of the design,
written here a second time and not read from the program.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway_requests import PEER, Answered, End, ask
from gateways import Site
from ingest_factories import (
    HEADERS,
    INSTANCE,
    OTHER_INSTANCE,
    OTHER_SECRET,
    SECRET,
    SLOT,
    component,
    fleet,
    identity,
    label,
    pack,
    sample,
    seen,
    small,
    varint,
    whole,
)
from ingest_factories import field as proto_field
from workflow_releases.ingest.refusals import Reason
from workflow_releases.ingest.upstream import Answer, UpstreamDownError

_MORE_THAN_A_RATE = 20  # requests
_SECRETS = ((SECRET, INSTANCE), (OTHER_SECRET, OTHER_INSTANCE))

(
    HEAD,
    ANNOUNCED_LENGTH,
    SOURCE_RATE,
    BEARER,
    UNDER_WAY,
    BODY,
    DECLARED_LENGTH,
    DECOMPRESSION,
    DECODING,
    NAMES,
    SERIES_OF_A_METRIC,
    WORDS,
    PROOF,
    REPETITION,
    INSTANCE_RATE,
    AGE,
    VALUE,
    STORE,
) = range(18)


@dataclass(slots=True)
class Told:
    """One series of a draft."""

    labels: dict[str, str]
    value: float = 1.0
    timestamp_ms: int = SLOT * 1000
    more_labels: list[tuple[str, str]] = field(default_factory=list)
    samples: int = 1
    times: int = 1

    def encoded(self) -> bytes:
        pairs = [*self.labels.items(), *self.more_labels]
        samples = sample(self.value, self.timestamp_ms) * self.samples
        return proto_field(1, b"".join(label(*pair) for pair in pairs) + samples) * self.times


@dataclass(slots=True)
class Draft:
    """A good request to a gateway with nothing against it, until a fault changes one thing."""

    series: list[Told]
    headers: dict[str, str] = field(default_factory=HEADERS.copy)
    last_bytes: bytes = b""  # behind the last series
    declared_length: int | None = None  # in place of the true one
    bytes_after: bytes = b""  # behind the compressed body
    end: End = "whole"
    source_is_used_up: bool = False
    instance_is_used_up: bool = False
    new_instances_are_used_up: bool = False
    is_busy: bool = False
    store_answers: Callable[[], Answer] = lambda: Answer(204)

    def body(self) -> bytes:
        payload = b"".join(told.encoded() for told in self.series) + self.last_bytes
        packed = pack(payload)
        if self.declared_length is not None:
            packed = varint(self.declared_length) + packed[len(varint(len(payload))) :]
        return packed + self.bytes_after


def good_draft() -> Draft:
    """Four series; the first two are of one metric, for faults that are to be in two places."""
    return Draft(
        [
            Told(fleet("components", verdict="current")),
            Told(fleet("components", verdict="outdated")),
            Told(seen(), SLOT),
            Told(component(), SLOT),
        ]
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """`apply` gets the request and the series that is to be wrong, where it is a series."""

    name: str
    step: int
    reason: Reason
    status: int
    apply: Callable[[Draft, Told], object]
    composes: bool = True  # with other faults in one request


def _header(name: str, value: str) -> Callable[[Draft, Told], object]:
    return lambda draft, _: draft.headers.update({name: value})


def _set(**values: object) -> Callable[[Draft, Told], object]:
    def apply(draft: Draft, _: Told) -> None:
        for name, value in values.items():
            setattr(draft, name, value)

    return apply


def _told(**values: object) -> Callable[[Draft, Told], object]:
    def apply(_: Draft, told: Told) -> None:
        for name, value in values.items():
            setattr(told, name, value)

    return apply


def _labels(**labels: str) -> Callable[[Draft, Told], object]:
    return lambda _, told: told.labels.update(labels)


def _repeated_label(_: Draft, told: Told) -> None:
    told.more_labels.append(("verdict", "ahead"))


def _long_body(draft: Draft, _: Told) -> None:
    draft.bytes_after += bytes(65_537)


def _byte_after(draft: Draft, _: Told) -> None:
    draft.bytes_after += b"x"


def _twice(_: Draft, told: Told) -> None:
    told.times *= 2


def _unknown_fields(draft: Draft, _: Told) -> None:
    draft.last_bytes += b"\x18\x01" * 1_537


def _no_series(draft: Draft, _: Told) -> None:
    draft.series.clear()


def _second_cluster(draft: Draft, _: Told) -> None:
    draft.series.append(Told(seen(cluster_id="c2" * 16), SLOT))


def _an_hour_ahead(draft: Draft, _: Told) -> None:
    for told in draft.series:  # with one moment still, as agents send them
        told.timestamp_ms += 3_600_000


def _other_secret(draft: Draft, _: Told) -> None:
    if draft.headers["authorization"] == HEADERS["authorization"]:
        draft.headers["authorization"] = f"Bearer {OTHER_SECRET}"


def _new_instance(draft: Draft, _: Told) -> None:
    secret, instance = identity(0)
    draft.new_instances_are_used_up = True
    draft.headers["authorization"] = f"Bearer {secret}"
    for told in draft.series:
        told.labels["instance_id"] = instance


def _down() -> Answer:
    raise UpstreamDownError("refused")


_TOO_MANY_LABELS = {f"l{number}": "x" for number in range(17)}

FAULTS: tuple[Fault, ...] = (
    Fault("gzip", HEAD, Reason.UNSUPPORTED, 415, _header("content-encoding", "gzip")),
    Fault("version 2", HEAD, Reason.UNSUPPORTED, 415, _header("x-prometheus-remote-write-version", "2.0.0")),
    Fault("announced too long", ANNOUNCED_LENGTH, Reason.TOO_LARGE, 413, _header("content-length", "65537")),
    Fault("source rate", SOURCE_RATE, Reason.SOURCE_RATE, 429, _set(source_is_used_up=True)),
    Fault("no secret", BEARER, Reason.NO_SECRET, 401, _header("authorization", "Bearer token")),
    Fault("busy", UNDER_WAY, Reason.BUSY, 503, _set(is_busy=True)),
    Fault("too long", BODY, Reason.TOO_LARGE, 413, _long_body),
    Fault("too slow", BODY, Reason.TOO_SLOW, 408, _set(end="silent")),
    Fault("cut short", BODY, Reason.CUT_SHORT, 400, _set(end="cut")),
    Fault("bomb", DECLARED_LENGTH, Reason.TOO_LARGE_DECOMPRESSED, 413, _set(declared_length=262_145)),
    Fault("no snappy", DECOMPRESSION, Reason.COMPRESSION, 400, _byte_after),
    Fault("half a field", DECODING, Reason.MALFORMED, 400, _set(last_bytes=b"\x0a")),
    Fault("1537 fields", DECODING, Reason.TOO_MANY_FIELDS, 400, _unknown_fields),
    Fault("257 series", DECODING, Reason.TOO_MANY_SERIES, 400, _told(times=257)),
    Fault("no series", DECODING, Reason.NO_SERIES, 400, _no_series, composes=False),
    Fault("17 labels", DECODING, Reason.TOO_MANY_LABELS, 400, _labels(**_TOO_MANY_LABELS)),
    Fault("65 bytes", DECODING, Reason.TOO_LONG, 400, _labels(x="y" * 65)),
    Fault("empty value", DECODING, Reason.EMPTY_LABEL, 400, _labels(x="")),
    Fault("label twice", DECODING, Reason.REPEATED_LABEL, 400, _repeated_label),
    Fault("two samples", DECODING, Reason.SAMPLE_COUNT, 400, _told(samples=2)),
    Fault("metric", NAMES, Reason.METRIC, 400, _labels(__name__="fleet_secrets")),
    Fault("label", NAMES, Reason.LABEL_NAMES, 400, _labels(node="host-1")),
    Fault("two clusters", SERIES_OF_A_METRIC, Reason.TOO_MANY_OF_METRIC, 400, _second_cluster),
    Fault("line break", WORDS, Reason.WORD, 400, _labels(verdict="fi\nne")),
    Fault("verdict", WORDS, Reason.FIXED_WORD, 400, _labels(verdict="fine")),
    Fault("other instance", PROOF, Reason.SECRET, 403, _labels(instance_id=OTHER_INSTANCE)),
    Fault("other secret", PROOF, Reason.SECRET, 403, _other_secret),
    Fault("series twice", REPETITION, Reason.REPEATED_SERIES, 400, _twice),
    Fault("new instance", INSTANCE_RATE, Reason.NEW_INSTANCES, 429, _new_instance, composes=False),
    Fault("instance rate", INSTANCE_RATE, Reason.INSTANCE_RATE, 429, _set(instance_is_used_up=True)),
    Fault("age", AGE, Reason.SAMPLE_AGE, 400, _told(timestamp_ms=(SLOT - 3 * 3600) * 1000)),
    Fault("all of an hour ahead", AGE, Reason.SAMPLE_AGE, 400, _an_hour_ahead),
    Fault("NaN", VALUE, Reason.VALUE, 400, _told(value=float("nan"))),
    Fault("half", VALUE, Reason.VALUE, 400, _told(value=0.5)),
    Fault("refused", STORE, Reason.UPSTREAM_REFUSED, 400, _set(store_answers=lambda: Answer(400))),
    Fault("down", STORE, Reason.UPSTREAM_DOWN, 503, _set(store_answers=_down)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    answered: Answered
    counted: dict[str, int]  # by reason, of this request alone
    forwarded: int  # bodies that reached the store


async def outcome_of(draft: Draft, *, practised: bool) -> Outcome:
    """At a gateway of its own. `practised`: it has seen all that is good in the request before."""
    site = Site(
        source_rate_per_minute=_MORE_THAN_A_RATE - 1,
        instance_rate_per_hour=3,
        new_instance_rate_per_hour=3,
        max_under_way=1,
        body_deadline_seconds=0.001 if draft.end == "silent" else 10.0,
    )
    if practised:
        for secret, instance in _SECRETS:
            assert await _status(site, pack(whole(instance)), secret, "192.0.2.2") == 204
    site.store.answer = draft.store_answers
    if draft.instance_is_used_up:
        await _use_up(site, pack(small()), SECRET, "192.0.2.3")
        await _use_up(site, pack(small(OTHER_INSTANCE)), OTHER_SECRET, "192.0.2.4")
    if draft.new_instances_are_used_up:
        for secret, instance in map(identity, range(1, 4)):
            assert await _status(site, pack(small(instance)), secret, PEER) == 204
    if draft.source_is_used_up:
        await _use_up(site, b"", "", PEER)
    async with _one_under_way(site) if draft.is_busy else _nothing():
        return await _asked(site, draft)


async def _status(site: Site, body: bytes, secret: str, peer: str) -> int:
    headers = {**HEADERS, "authorization": f"Bearer {secret}"}
    return (await ask(site.gateway, _raw(headers), [body], peer=peer)).status


async def _use_up(site: Site, body: bytes, secret: str, peer: str) -> None:
    for _ in range(_MORE_THAN_A_RATE):
        await _status(site, body, secret, peer)
    assert await _status(site, body, secret, peer) == 429


async def _asked(site: Site, draft: Draft) -> Outcome:
    counted, forwarded = site.counts.by_reason.copy(), len(site.store.bodies)
    answered = await ask(site.gateway, _raw(draft.headers), _halves(draft.body()), draft.end)
    return Outcome(answered, dict(site.counts.by_reason - counted), len(site.store.bodies) - forwarded)


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _halves(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    yield body[len(body) // 2 :]


@asynccontextmanager
async def _one_under_way(site: Site) -> AsyncIterator[None]:
    """Another report, that is being read and does not end."""
    started = asyncio.Event()

    async def silence() -> AsyncIterator[bytes]:
        started.set()
        await asyncio.Event().wait()
        yield b""

    reading = asyncio.create_task(site.post(silence(), "192.0.2.5"))
    try:
        async with asyncio.timeout(10):
            await started.wait()
        yield
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield
