"""The receiver's part of Prometheus Remote Write 1.0, one by one, in the order of the specification.

https://prometheus.io/docs/specs/prw/remote_write_spec/ (April 2023). The gateway is a receiver for one kind
of report; what it departs in is declared in ARCHITECTURE.md and held to that at the end of this file.
"""

import struct
from pathlib import Path

import pytest
from cramjam import snappy

from fakes.store import FakeStore, Sample, read
from gateway_faults import BODY, FAULTS, PROOF, STORE, Fault, good_draft, outcome_of
from gateways import Site
from ingest_factories import (
    SLOT,
    component,
    field,
    fleet,
    label,
    node,
    pack,
    sample,
    seen,
    series,
    small,
    whole,
    write_request,
)
from workflow_exporter.reporter.remote_write_pb2 import WriteRequest
from workflow_releases.ingest.upstream import Answer, UpstreamDownError

ARCHITECTURE = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text()
VERDICT = fleet("components", verdict="current")
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]


def in_order(samples: list[Sample]) -> list[Sample]:
    return sorted(samples, key=str)


def down() -> Answer:
    raise UpstreamDownError("refused")


# --- Protocol ------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_must_take_the_message_as_any_protobuf_library_writes_it() -> None:
    request = WriteRequest.FromString(whole())
    site = Site()

    answer = await site.post(pack(request.SerializeToString()))

    assert answer.status_code == 204
    assert in_order(site.store.samples) == in_order(read(whole()))


@pytest.mark.anyio
async def test_must_count_timestamps_in_milliseconds() -> None:
    site = Site()

    in_ms = await site.post(pack(series(VERDICT, 1, SLOT * 1000)))
    in_seconds = await site.post(pack(series(VERDICT, 1, SLOT)))

    assert (in_ms.status_code, in_seconds.status_code) == (204, 400)
    assert [timestamp_ms for _, _, timestamp_ms in site.store.samples] == [SLOT * 1000]


@pytest.mark.anyio
async def test_framed_format_must_not_be_used() -> None:
    framed = await Site().post(bytes(snappy.compress(small())))

    assert framed.status_code == 400


@pytest.mark.anyio
async def test_response_body_should_be_empty() -> None:
    answer = await Site().post(pack(small()))

    assert (answer.status_code, answer.content, dict(answer.headers)) == (204, b"", {})


# --- Backward and forward compatibility ------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("version", ["0.1.0", "0.1.1", ""])
async def test_must_read_any_sender_of_version_1(version: str) -> None:
    """The header's 0.1.0 is the 1.0 of the specification."""
    answer = await Site().post(pack(small()), x_prometheus_remote_write_version=version)

    assert answer.status_code == 204


@pytest.mark.anyio
async def test_must_read_a_minor_version_that_added_fields() -> None:
    """Fields 2 and 3 are reserved; what senders put there is passed over, and goes no further."""
    extended = b"".join(
        field(1, b"".join(label(*pair) for pair in labels.items()) + sample(value) + field(9, b"new"))
        for labels, value in ((seen(), SLOT), (VERDICT, 1))
    )
    site = Site()

    answer = await site.post(pack(extended + field(2, b"\x08\x01") + field(3, b"metadata")))

    assert answer.status_code == 204
    assert in_order(site.store.samples) == in_order(read(write_request((seen(), SLOT), (VERDICT, 1))))
    assert b"metadata" not in site.store.payloads[0]


@pytest.mark.anyio
async def test_version_2_is_refused_so_that_its_senders_fall_back() -> None:
    """With 415, as the 2.0 specification asks of a receiver that knows only 1.0."""
    answer = await Site().post(
        pack(small()), content_type="application/x-protobuf;proto=io.prometheus.write.v2.Request"
    )

    assert answer.status_code == 415


@pytest.mark.anyio
async def test_may_return_a_version_and_without_one_senders_must_assume_1() -> None:
    answers = [await Site().post(pack(body)) for body in (small(), b"")]

    assert [("x-prometheus-remote-write-version" in one.headers) for one in answers] == [False, False]


# --- Labels ----------------------------------------------------------------------------------------------

INVALID = {
    "a repeated label": pack(series([*VERDICT.items(), ("verdict", "ahead")], 1)),
    "an empty name": pack(series({**VERDICT, "": "x"}, 1)),
    "an empty value": pack(series({**VERDICT, "verdict": ""}, 1)),
    "a metric's name that is none": pack(series({**VERDICT, "__name__": "fleet-components"}, 1)),
    "a label's name that is none": pack(series({**VERDICT, "a-b": "x"}, 1)),
    "a reserved label": pack(series({**VERDICT, "__tenant__": "x"}, 1)),
    "text that is not UTF-8": pack(field(1, label("verdict", b"\xff") + sample(1))),
}


@pytest.mark.anyio
@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
async def test_must_answer_400_to_labels_that_are_invalid(body: bytes) -> None:
    site = Site()

    answer = await site.post(body)

    assert (answer.status_code, site.store.bodies) == (400, [])


@pytest.mark.anyio
async def test_what_is_forwarded_has_the_labels_that_a_sender_must_send() -> None:
    """Sorted, each once, none empty, with a name: also of a sender that did not sort them."""
    site = Site()

    answer = await site.post(pack(b"".join(series(list(one.items())[::-1], 1) for one in (VERDICT, node()))))

    assert answer.status_code == 204
    for labels, _, _ in site.store.samples:
        assert list(labels) == sorted(labels)
        assert "__name__" in labels
        assert all(labels.values())


@pytest.mark.anyio
@pytest.mark.parametrize("bad", [component("rou\nter"), {**VERDICT, "verdict": "fine"}, fleet("secrets")])
async def test_must_answer_400_when_any_sample_is_invalid_and_ingests_none(bad: dict[str, str]) -> None:
    """It may ingest the valid ones; a report counts as a whole or not at all."""
    for payload in (small() + series(bad, SLOT), series(bad, SLOT) + small()):
        site = Site()
        answer = await site.post(pack(payload))
        assert (answer.status_code, site.store.bodies) == (400, [])


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
async def test_should_say_why_in_words_for_people(fault: Fault) -> None:
    draft = good_draft()
    fault.apply(draft, draft.series[0])

    outcome = await outcome_of(draft, practised=False)

    assert fault.reason.sentence.encode() in outcome.answered.body
    assert len(fault.reason.sentence.split()) >= 4


# --- Retries & Backoff -----------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 202, 204])
async def test_must_answer_2xx_when_the_write_is_successful_and_not_before(status: int) -> None:
    site, asked = Site(), 0

    def answer() -> Answer:
        nonlocal asked
        asked += 1
        assert site.counts.by_reason["accepted"] == 0
        assert site.counts.under_way == 1
        return Answer(status)

    site.store.answer = answer
    answered = await site.post(pack(small()))

    assert (answered.status_code, asked) == (204, 1)
    assert site.counts.by_reason["accepted"] == 1


FAILING = [*range(500, 505), 429, 401, 403, 404, 405, 407, 408, 415, 301, 302, 308, 599]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [*FAILING, None])
async def test_must_answer_5xx_when_the_write_fails_and_should_be_retried(status: int | None) -> None:
    """What the store refuses for our sake (its token, its path) is no fault of a report. None: it is down."""
    store = FakeStore(down if status is None else lambda: Answer(status))

    answered = await Site(store=store).post(pack(small()))

    assert (answered.status_code, answered.headers["retry-after"]) == (503, "60")
    assert len(store.bodies) == 1  # the sender has the report and repeats it; the gateway keeps nothing


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_must_answer_4xx_when_the_store_will_never_take_the_report(status: int) -> None:
    answered = await Site(store=FakeStore(lambda: Answer(status))).post(pack(small()))

    assert (answered.status_code, "retry-after" in answered.headers) == (400, False)


OURS = {"busy", "down"}  # faults that are not the request's


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
async def test_must_answer_4xx_when_the_request_is_invalid_and_never_5xx(fault: Fault) -> None:
    draft = good_draft()
    fault.apply(draft, draft.series[0])

    outcome = await outcome_of(draft, practised=False)

    assert outcome.answered.status // 100 == (5 if fault.name in OURS else 4)
    assert (outcome.forwarded == 0) == (fault.step != STORE)


# --- Departures ------------------------------------------------------------------------------------------


def declared() -> str:
    """The decision of ARCHITECTURE.md, in one line."""
    _, found, after = ARCHITECTURE.partition("**The gateway takes one kind of write request**")
    assert found
    return " ".join(after.partition("\n\n")[0].split())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (series({"__name__": "up", "job": "x"}, 1), "series of the allow-list"),
        (field(1, b"".join(label(*one) for one in VERDICT.items()) + sample(1) * 2), "one sample a series"),
        (series(component("routeur-é"), SLOT), "printable ASCII"),
        (series(VERDICT, STALE), "no NaN, so no stale marker"),
        (b"", "no empty request"),
    ],
)
async def test_departure_valid_requests_that_are_no_reports_are_refused(payload: bytes, words: str) -> None:
    answer = await Site().post(pack(payload))

    assert answer.status_code == 400
    assert words in declared()


def test_departure_other_statuses_than_400_for_what_is_refused() -> None:
    """Of faults in the samples, 403 alone; the others are about the request."""
    of_samples = {fault.status for fault in FAULTS if BODY < fault.step < STORE}
    others = {fault.status for fault in FAULTS} - {400, 503}

    assert of_samples == {400, 403, 413, 429}
    assert {fault.status for fault in FAULTS if fault.step == PROOF} == {403}
    assert [status for status in sorted(others) if str(status) not in declared()] == []


def test_departure_what_the_store_refuses_for_our_sake_is_503() -> None:
    assert "401, 403 and 404" in declared()
    assert "only 400, 409, 413 and 422" in declared()


def test_departure_the_gateway_repeats_nothing_itself() -> None:
    """Towards the store it is a sender, which must retry: its own sender does (see 503 above)."""
    assert "repeats nothing itself" in declared()
