"""One request on a real socket: what is sent, and what becomes of every kind of answer."""

import ssl
from pathlib import Path

import pytest

from fakes.receiver import SocketReceiver
from fakes.releases_api import (
    Behaviour,
    answer_head,
    answers,
    drips,
    never_ends,
    resets_after,
    says_nothing,
    sends,
)
from workflow_exporter import __version__
from workflow_exporter.errors import ReportError
from workflow_exporter.outgoing import Way
from workflow_exporter.reporter.receiver import Answer, Receiver

pytestmark = pytest.mark.anyio


async def post(receiver: SocketReceiver, *, deadline_seconds: float = 10, body: bytes = b"bytes") -> Answer:
    way = Way(receiver.address, proxy=None, ca_bundle=None)
    return await Receiver(way, deadline_seconds=deadline_seconds).post(body, "token")


async def test_the_whole_request() -> None:
    async with SocketReceiver(answers(204)).running() as receiver:
        await post(receiver, body=b"\x00\xff")

    (request,) = receiver.received
    assert request.line == "POST /api/v1/write HTTP/1.1"
    assert request.headers == (
        ("host", receiver.address.authority),
        ("content-encoding", "snappy"),
        ("content-type", "application/x-protobuf"),
        ("user-agent", f"workflow-exporter/{__version__}"),
        ("x-prometheus-remote-write-version", "0.1.0"),
        ("accept-encoding", "identity"),
        ("authorization", "Bearer token"),
        ("connection", "close"),
        ("content-length", "2"),
    )
    assert request.body == b"\x00\xff"


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        (answers(204), Answer(204)),
        (answers(200, body=b"ignored, as the specification asks"), Answer(200)),
        (answers(400, body=b"out of order"), Answer(400, text=b"out of order")),
        (answers(429, {"Retry-After": "17"}), Answer(429, "17")),
        (answers(301, {"Location": "http://127.0.0.1:1/"}), Answer(301)),
        (answers(503, {"Retry-After": "5"}, b"x" * 5000), Answer(503, "5", b"x" * 1024)),
        (sends(answer_head(413, {"Content-Length": "100"}) + b"cut"), Answer(413, text=b"cut")),
        (never_ends({"Content-Type": "text/plain"}, [b"a" * 600, b"b" * 600]), Answer(200)),
    ],
)
async def test_an_answer_is_its_status_and_the_beginning_of_its_text(
    behaviour: Behaviour, answer: Answer
) -> None:
    async with SocketReceiver(behaviour).running() as receiver:
        assert await post(receiver) == answer
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (sends(b""), "the receiver closed the connection without an answer"),
        (sends(b"\x16\x03\x01 what is this\r\n\r\n"), "the answer of the receiver is not HTTP"),
        (resets_after(b""), "the connection to the receiver broke off"),
        (says_nothing(), "the receiver did not answer within 0.2 s"),
        (drips(answer_head(204, {"X": "y" * 500}), 0.05), "the receiver did not answer within 0.2 s"),
    ],
)
async def test_no_answer_is_an_error_in_plain_words(behaviour: Behaviour, words: str) -> None:
    async with SocketReceiver(behaviour).running() as receiver:
        with pytest.raises(ReportError) as caught:
            await post(receiver, deadline_seconds=0.2)

    assert str(caught.value) == words


async def test_nobody_there_is_an_error_in_plain_words() -> None:
    async with SocketReceiver(answers(204)).running() as receiver:
        pass

    with pytest.raises(ReportError, match="cannot be reached: connection refused"):
        await post(receiver)


async def test_a_text_that_never_comes_does_not_change_what_the_status_said() -> None:
    async def hangs(head: bytes, writer: object) -> None:
        await sends(answer_head(400, {"Content-Length": "100"}))(head, writer)  # type: ignore[arg-type]  # as given
        await says_nothing()(head, writer)  # type: ignore[arg-type]  # as given

    async with SocketReceiver(hangs).running() as receiver:
        assert await post(receiver) == Answer(400)


async def test_no_cookie_is_kept() -> None:
    async with SocketReceiver(answers(204, {"Set-Cookie": "who=you"})).running() as receiver:
        way = Way(receiver.address, proxy=None, ca_bundle=None)
        one = Receiver(way)
        await one.post(b"", "token")
        await one.post(b"", "token")

    assert [name for request in receiver.received for name, _ in request.headers if name == "cookie"] == []


@pytest.mark.parametrize(("trusted", "said"), [(True, Answer(204)), (False, None)])
async def test_over_tls_the_receiver_must_be_vouched_for(trusted: bool, said: Answer | None) -> None:
    folder = Path(__file__).parents[2] / "data" / "tls"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "loopback.crt", folder / "loopback.key")
    async with SocketReceiver(answers(204)).running(tls) as receiver:
        way = Way(receiver.address, proxy=None, ca_bundle=folder / "ca.crt" if trusted else None)
        if said is None:
            with pytest.raises(ReportError, match="is signed by a CA that is not trusted here"):
                await Receiver(way).post(b"", "token")
            assert receiver.received == []
        else:
            assert await Receiver(way).post(b"", "token") == said
