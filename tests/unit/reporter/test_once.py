import re
from datetime import UTC, datetime

import pytest

import factories as make
from fakes.receiver import ScriptedReceiver
from workflow_exporter.errors import ReportError
from workflow_exporter.report import Report
from workflow_exporter.reporter.answer import known_words
from workflow_exporter.reporter.desk import Ready
from workflow_exporter.reporter.once import send_once
from workflow_exporter.reporter.receiver import Answer

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
READY = Ready(Report(NOW.replace(minute=0), ()), make.identity().instance_secret)


async def send(answer: Answer | ReportError) -> str:
    return await send_once(ScriptedReceiver(answer), READY, b"body", "token", NOW)


async def test_what_was_taken_is_told() -> None:
    assert await send(Answer(204)) == "the report of 2026-11-23 12:00 UTC was taken (204)"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer(400, text=b"duplicate sample for timestamp"),
            (
                "was not taken, perhaps because one of this hour had been taken before: "
                "the receiver finds it wrong (400); it says 'duplicate sample for timestamp'"
            ),
        ),
        (Answer(401), "was not taken: the receiver does not know who sends (401)"),
        (Answer(407), "was not taken: the proxy before the receiver does not know who asks (407)"),
        (Answer(503, "60"), "was not taken: the receiver is down (503)"),
        (Answer(301), "was not taken: the receiver sends elsewhere (301), and a report does not follow"),
        (ReportError("nobody there"), "could not be sent: nobody there"),
    ],
)
async def test_what_was_not_taken_is_an_error_and_is_not_tried_again(
    answer: Answer | ReportError, words: str
) -> None:
    receiver = ScriptedReceiver(answer)

    with pytest.raises(ReportError) as caught:
        await send_once(receiver, READY, b"body", "token", NOW)

    assert str(caught.value) == f"the report of 2026-11-23 12:00 UTC {words}"
    assert (receiver.bodies, receiver.bearers) == ([b"body"], ["token"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"out of bounds\n", "out of bounds"),
        (b'{"error":"Out Of Order Sample for 5555"}', "out of order sample"),
        (b"two\nlines\x1b[31m", ""),
        (b"Bearer token", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
async def test_of_a_receivers_text_only_known_words_are_told(text: bytes, words: str) -> None:
    assert known_words(text) == words


@pytest.mark.parametrize("status", [400, 401, 413, 503])
async def test_secret_that_a_receiver_echoes_in_any_form_is_not_told(status: int) -> None:
    secret = "".join(f"{number:02x}" for number in range(32))

    for echo in (secret, secret.upper(), secret[::-1], " ".join(secret), secret[:40], f"bad {secret}"):
        receiver = ScriptedReceiver(Answer(status, text=echo.encode()))
        with pytest.raises(ReportError) as caught:
            await send_once(receiver, READY, b"body", secret, NOW)

        told = re.sub("[^0-9a-f]", "", str(caught.value).partition("UTC")[2].lower())
        assert secret[:6] not in told
        assert secret[::-1][:6] not in told
