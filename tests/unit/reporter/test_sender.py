"""Hours of reporting on a simulated clock: what is sent when, what is counted, and what is said."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from fakes.hours import SECRET, START, Hours, always_ready
from fakes.receiver import ScriptedReceiver, moment_in
from workflow_exporter.errors import ReportError
from workflow_exporter.reporter.desk import Ready
from workflow_exporter.reporter.receiver import Answer

pytestmark = pytest.mark.anyio

TAKEN = Answer(204)


def moments(receiver: ScriptedReceiver) -> list[str]:
    return [f"{moment_in(body):%H:%M}" for body in receiver.bodies]


async def test_one_report_an_hour_at_a_moment_drawn_anew_each_time() -> None:
    hours = Hours(timedelta(hours=4), drawn=(0.75, 0.1, 0.9, 0.5))
    receiver = ScriptedReceiver(TAKEN)

    await hours.of(receiver)

    assert moments(receiver) == ["12:00", "13:00", "14:00", "15:00"]
    # The first lies in what is left of the hour: 12:20 and three quarters of forty minutes.
    assert hours.outcomes == [("sent", "12:50"), ("sent", "13:06"), ("sent", "14:54"), ("sent", "15:30")]
    assert set(receiver.bearers) == {SECRET}


@pytest.mark.parametrize("status", [200, 202, 204, 299])
async def test_every_2xx_means_taken(status: int) -> None:
    hours = Hours(timedelta(minutes=30))

    sender = await hours.of(ScriptedReceiver(Answer(status)))

    assert hours.outcomes == [("sent", "12:40")]
    assert sender.words == "the report of 2026-11-23 12:00 UTC was taken"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(301), "the receiver sends elsewhere (301), and a report does not follow"),
        (Answer(307), "the receiver sends elsewhere (307), and a report does not follow"),
        (Answer(401), "the receiver does not know who sends (401)"),
        (Answer(403), "the receiver does not let this sender write (403)"),
        (Answer(404), "there is no receiver at this address (404)"),
        (Answer(413), "the receiver finds it too large (413)"),
        (Answer(415), "the receiver does not take this kind of request (415)"),
        (Answer(415, retry_after="1"), "the receiver does not take this kind of request (415)"),
        (Answer(422), "the receiver refuses it (422)"),
        (Answer(799), "the receiver refuses it (799)"),
    ],
)
async def test_what_will_never_succeed_is_dropped_with_the_reason(
    answer: Answer, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    hours = Hours(timedelta(minutes=39))

    sender = await hours.of(ScriptedReceiver(answer))

    assert hours.outcomes == [("rejected", "12:40")]
    assert sender.words == f"the report of 2026-11-23 12:00 UTC was refused: {words}"
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [("WARNING", f"{sender.words}.")]


@pytest.mark.parametrize(
    "failure", [Answer(429), Answer(500), Answer(503), Answer(599), ReportError("nobody there")]
)
async def test_what_may_pass_is_tried_again_with_growing_pauses_and_the_same_bytes(
    failure: Answer | ReportError,
) -> None:
    hours = Hours(timedelta(hours=1))
    receiver = ScriptedReceiver(failure, failure, failure, failure, TAKEN)

    await hours.of(receiver)

    assert hours.outcomes == [
        ("retried", "12:40"),
        ("retried", "12:41"),
        ("retried", "12:43"),
        ("retried", "12:47"),
        ("sent", "12:55"),
    ]
    assert len(set(receiver.bodies)) == 1


async def test_pauses_are_jittered() -> None:
    failures = (Answer(503), Answer(503), TAKEN)
    hours = Hours(timedelta(hours=1), drawn=(0.5, 0.5, 0.0, 0.0, 0.99, 0.0))

    await hours.of(ScriptedReceiver(*failures))

    # Half a minute, and one and a half times two minutes.
    assert hours.outcomes == [("retried", "12:40"), ("retried", "12:40"), ("sent", "12:43")]


@pytest.mark.parametrize(
    ("retry_after", "again"),
    [
        ("600", "12:50"),
        ("Mon, 23 Nov 2026 12:52:00 GMT", "12:52"),
        ("1", "12:41"),
        ("soon", "12:41"),
        ("Mon, 01 Jan 2027 00:00:00 +99999999999999999", "12:41"),
        ("99999999999999999999999 Jan 2027 00:00:00", "12:41"),
        ("-5", "12:41"),
        ("", "12:41"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_a_floor(status: int, retry_after: str, again: str) -> None:
    hours = Hours(timedelta(minutes=60), drawn=(0.5, 0.5, 0.5, 0.0))

    await hours.of(ScriptedReceiver(Answer(status, retry_after), TAKEN))

    assert hours.outcomes == [("retried", "12:40"), ("sent", again)]


async def test_a_receiver_that_asks_for_more_than_the_hour_gets_the_next_report() -> None:
    hours = Hours(timedelta(minutes=100))
    receiver = ScriptedReceiver(Answer(429, "99999999"), TAKEN)

    await hours.of(receiver)

    assert hours.outcomes == [("dropped", "12:40"), ("sent", "13:30")]
    assert moments(receiver) == ["12:00", "13:00"]


async def test_no_attempt_is_made_when_a_gateway_would_find_the_samples_too_old() -> None:
    """The next report is due at 13:59, and a gateway takes samples of two hours."""
    hours = Hours(timedelta(minutes=90), drawn=(0.5, 0.99))
    receiver = ScriptedReceiver(Answer(503, "1"))

    await hours.of(receiver)

    assert hours.outcomes[-1] == ("dropped", "13:40")


async def test_after_an_outage_of_hours_the_newest_report_arrives_and_once() -> None:
    hours = Hours(timedelta(hours=6))
    receiver = ScriptedReceiver(TAKEN)
    back = START + timedelta(hours=4)

    class Outage(ScriptedReceiver):
        async def post(self, body: bytes, bearer: str) -> Answer:
            if hours.time < back:
                raise ReportError("nobody there")
            return await receiver.post(body, bearer)

    await hours.of(Outage())

    assert moments(receiver) == ["16:00", "17:00"]
    ended = [entry for entry in hours.outcomes if entry[0] != "retried"]
    assert ended[-3:] == [("dropped", "16:15"), ("sent", "16:30"), ("sent", "17:30")]


async def test_a_400_may_be_because_of_a_restart_but_not_twice_in_a_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    hours = Hours(timedelta(hours=4))
    wrong = Answer(400, text=b"duplicate sample for timestamp\n")

    await hours.of(ScriptedReceiver(wrong, wrong, TAKEN, wrong))

    assert hours.outcomes == [
        ("repeated", "12:40"), ("rejected", "13:30"), ("sent", "14:30"), ("repeated", "15:30"),
    ]  # fmt: skip
    first, second, *_ = caplog.records
    assert (first.levelname, second.levelname) == ("INFO", "WARNING")
    assert "perhaps because a report of this hour had been taken before" in first.getMessage()


@pytest.mark.parametrize(
    "echo", [SECRET, SECRET.upper(), " ".join(SECRET), SECRET[:20], f"\x1b[31m\nBearer {SECRET[1:]}"]
)
@pytest.mark.parametrize("status", [400, 413, 503])
async def test_text_of_a_receiver_that_repeats_the_secret_in_any_form_is_not_logged(
    echo: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hours = Hours(timedelta(hours=2))

    sender = await hours.of(ScriptedReceiver(Answer(status, text=echo.encode())))

    assert caplog.records
    said = "\n".join([*(record.getMessage() for record in caplog.records), sender.words])
    assert "It says" not in said
    assert echo not in said


async def test_known_words_of_a_receiver_are_logged_and_shown_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = b"remote write receiver needs to be enabled: " + SECRET.encode()
    hours = Hours(timedelta(minutes=30))

    sender = await hours.of(ScriptedReceiver(Answer(404, text=text)))

    (record,) = caplog.records
    assert record.getMessage().endswith("It says 'remote write receiver needs to be enabled'.")
    assert "enabled" not in sender.words


async def test_until_there_is_a_report_it_is_asked_for_every_few_seconds() -> None:
    hours = Hours(timedelta(hours=2))
    asked: list[datetime] = []

    def ready(now: datetime) -> Ready | None:
        asked.append(now)
        return always_ready(now) if now >= START + timedelta(minutes=30) else None

    receiver = ScriptedReceiver(TAKEN)

    await hours.of(receiver, ready)

    assert len(asked) == 10 * 60 / 5 + 1 + 1  # from 12:40 to 12:50, and in the next hour
    assert hours.outcomes == [("sent", "12:50"), ("sent", "13:30")]


async def test_a_report_that_was_late_is_not_sent_again_in_its_own_hour() -> None:
    """Ready only at 13:10, while the moment of that hour was drawn to be 13:30."""
    hours = Hours(timedelta(hours=3))
    receiver = ScriptedReceiver(TAKEN)

    await hours.of(receiver, lambda now: always_ready(now) if now >= START + timedelta(minutes=50) else None)

    assert moments(receiver) == ["13:00", "14:00"]


async def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    hours = Hours(timedelta(hours=5))
    receiver = ScriptedReceiver(TAKEN)

    class SetBack(ScriptedReceiver):
        async def post(self, body: bytes, bearer: str) -> Answer:
            if len(receiver.bodies) == 1:
                hours.time -= timedelta(hours=2)
                hours.end -= timedelta(hours=2)
            return await receiver.post(body, bearer)

    await hours.of(SetBack())

    assert moments(receiver) == sorted(set(moments(receiver)))


async def test_a_clock_that_is_set_forward_costs_a_minute_at_most() -> None:
    hours = Hours(timedelta(hours=30))
    receiver = ScriptedReceiver(TAKEN)
    real_sleep = hours.sleep
    jumped = False

    async def sleep(seconds: float) -> None:
        nonlocal jumped
        await real_sleep(seconds)
        if receiver.bodies and not jumped:
            jumped = True
            hours.time += timedelta(hours=24)

    hours.sleep = sleep  # type: ignore[method-assign]  # the clock's own hand

    await hours.of(receiver)

    days = [f"{moment_in(body):%d %H}" for body in receiver.bodies[:2]]
    assert days == ["23 12", "24 12"]
    assert hours.outcomes[1] == ("sent", "12:41")


async def test_a_token_that_cannot_be_read_is_tried_again_and_nothing_is_sent_meanwhile() -> None:
    hours = Hours(timedelta(minutes=30))
    receiver = ScriptedReceiver(TAKEN)
    answers: list[Any] = [ReportError("REPORT_BEARER_TOKEN_FILE cannot be read: gone"), "token"]

    def bearer(_: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, ReportError):
            raise answer
        return str(answer)

    await hours.of(receiver, bearer=bearer)

    assert hours.outcomes == [("retried", "12:40"), ("sent", "12:41")]
    assert receiver.bearers == ["token"]


async def test_a_fault_of_our_own_is_counted_and_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hours = Hours(timedelta(hours=2))
    calls: list[datetime] = []

    def ready(now: datetime) -> Ready | None:
        calls.append(now)
        if len(calls) == 1:
            raise ValueError("could not convert 'acme-shop'")
        return always_ready(now)

    sender = await hours.of(ScriptedReceiver(TAKEN), ready)

    assert hours.outcomes == [("dropped", "12:40"), ("sent", "13:30")]
    assert "acme" not in caplog.text
    assert "ValueError in ready, line" in caplog.text
    assert sender.words.endswith("was taken")


async def test_hours_without_change_are_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    hours = Hours(timedelta(minutes=40))

    await hours.of(ScriptedReceiver(Answer(503)))

    assert len(hours.outcomes) > 2
    assert [record.getMessage() for record in caplog.records] == [
        "the report of 2026-11-23 12:00 UTC is not sent yet: the receiver is down (503)."
    ]
