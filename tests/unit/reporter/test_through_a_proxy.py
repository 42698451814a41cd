"""A report through a proxy: the proxy carries it and learns nothing, and what it refuses is tried again."""

import base64
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fakes.connect_proxy import ConnectProxy
from fakes.hours import SECRET, Hours
from fakes.receiver import SocketReceiver, request_in
from fakes.releases_api import answers
from update_checks import TLS, server_tls
from workflow_exporter.outgoing import Way
from workflow_exporter.reporter.receiver import Answer, Receiver
from workflow_exporter.web_address import parse_web_address

pytestmark = pytest.mark.anyio

ADDRESS = parse_web_address("https://kubernetes.test/api/v1/write")
HOST = "kubernetes.test:443"
PASSWORD = "the-proxys-own"
CREDENTIALS = base64.b64encode(f"agent:{PASSWORD}".encode()).decode()
HEAD = f"CONNECT {HOST} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n"


@pytest.fixture
async def receiver() -> AsyncIterator[SocketReceiver]:
    async with SocketReceiver(answers(204)).running(server_tls("named")) as running:
        yield running


def through(proxy_url: str) -> Receiver:
    return Receiver(Way(ADDRESS, proxy=proxy_url, ca_bundle=TLS / "ca.crt"))


async def test_a_proxy_sees_the_receivers_name_and_neither_token_nor_body(receiver: SocketReceiver) -> None:
    body = b"every word of a report " * 100
    async with ConnectProxy(receiver.port).running() as proxy:
        said = await through(proxy.url).post(body, "the-token")

    (request,) = receiver.received
    assert (said, request.header("authorization"), request.body) == (Answer(204), "Bearer the-token", body)
    head, tunnelled = (HEAD + "\r\n").encode(), bytes(proxy.seen)
    assert tunnelled.startswith(head + b"\x16\x03")  # after the CONNECT comes TLS: a handshake, RFC 8446
    assert len(tunnelled) > len(head) + len(body)  # the report did pass here
    for secret in (b"the-token", b"Bearer", b"authorization", b"every word", b"workflow-exporter"):
        assert secret not in tunnelled


async def test_a_proxy_that_wants_a_password_is_asked_again_later_and_nothing_secret_is_logged(
    receiver: SocketReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # that of the libraries too, which the program itself never logs
    hours = Hours(timedelta(minutes=30))
    async with ConnectProxy(receiver.port, refusals=2).running() as proxy:
        with_password = proxy.url.replace("://", f"://agent:{PASSWORD}@")
        sender = await hours.of(through(with_password))

    assert hours.outcomes == [("retried", "12:40"), ("retried", "12:41"), ("sent", "12:43")]
    own_lines = [record.getMessage() for record in caplog.records if record.name.startswith("workflow_")]
    assert own_lines == [
        (
            "the report of 2026-11-23 12:00 UTC is not sent yet: "
            "the proxy before the receiver does not know who asks (407)."
        ),
        "the report of 2026-11-23 12:00 UTC was taken.",
    ]
    assert sender.words == "the report of 2026-11-23 12:00 UTC was taken"
    head = f"{HEAD}Proxy-Authorization: Basic {CREDENTIALS}\r\n\r\n".encode()
    assert bytes(proxy.seen).startswith(head * 3)
    (request,) = receiver.received
    assert request.header("authorization") == f"Bearer {SECRET}"
    ids = {label.value for series in request_in(request.body).timeseries for label in series.labels}
    for secret in (PASSWORD, CREDENTIALS, SECRET, *(text for text in ids if len(text) == 32)):
        assert secret not in caplog.text


async def test_a_proxy_that_never_lets_through_costs_the_hours_report_and_says_why(
    receiver: SocketReceiver,
) -> None:
    hours = Hours(timedelta(minutes=69))
    async with ConnectProxy(receiver.port, refusals=1000).running() as proxy:
        sender = await hours.of(through(proxy.url))

    retried = [("retried", moment) for moment in ("12:40", "12:41", "12:43", "12:47", "12:55", "13:10")]
    assert hours.outcomes == [*retried, ("dropped", "13:25")]
    assert sender.words == (
        "the report of 2026-11-23 12:00 UTC was given up: "
        "the proxy before the receiver does not know who asks (407)"
    )
    assert (receiver.connections, bytes(proxy.seen)) == (0, (HEAD + "\r\n").encode() * 7)
