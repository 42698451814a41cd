"""Forwarding: the token's file, and one log line for each change of the upstream's state."""

import logging
import os
from pathlib import Path

import pytest

from fakes.store import FakeStore
from workflow_releases.errors import SettingsError
from workflow_releases.ingest.forward import Forwarder, Token
from workflow_releases.ingest.refusals import ReportRefusedError
from workflow_releases.ingest.upstream import Answer, UpstreamDownError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.anyio
async def test_token_goes_with_each_request_and_a_new_one_from_the_next_minute_on(tmp_path: Path) -> None:
    file, clock, store = tmp_path / "token", Clock(), FakeStore()
    file.write_text("first\n")
    forwarder = Forwarder(store, Token(file, clock))

    await forwarder.forward(b"x")
    file.write_text("second\n")
    await forwarder.forward(b"x")
    clock.now = 61.0
    await forwarder.forward(b"x")
    file.unlink()
    clock.now = 122.0
    await forwarder.forward(b"x")

    assert [head.decode().strip().removeprefix("authorization: Bearer ") for head in store.heads] == [
        "first",
        "first",
        "second",
        "second",
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"line\nline", b"\xff", b"x" * 9000])
def test_file_that_holds_no_token_stops_the_start_without_showing_it(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match="does not hold one token") as refused:
        Token(file, Clock())

    assert "two words" not in str(refused.value)


def test_missing_token_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        Token(tmp_path / "token", Clock())


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_token_file_that_is_no_regular_file_stops_the_start(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()

    with pytest.raises(SettingsError, match=f"^UPSTREAM_BEARER_TOKEN_FILE='{path}' is not a regular file$"):
        Token(path, Clock())


@pytest.mark.anyio
async def test_token_file_that_becomes_a_pipe_leaves_the_last_good_token(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "token"
    file.write_text("first")
    token = Token(file, clock)

    file.unlink()
    os.mkfifo(file)
    clock.now += 61

    assert token.header() == b"authorization: Bearer first\r\n"


@pytest.mark.anyio
async def test_outage_is_one_line_and_its_end_another(caplog: pytest.LogCaptureFixture) -> None:
    said = iter([Answer(204), Answer(503), None, Answer(401), Answer(400), Answer(204)])

    def answer() -> Answer:
        one = next(said)
        if one is None:
            raise UpstreamDownError("no connection: refused")
        return one

    forwarder, failed = Forwarder(FakeStore(answer), None), 0
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            try:
                await forwarder.forward(b"x")
            except ReportRefusedError:
                failed += 1

    assert failed == 4
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "the upstream takes no reports, senders are asked to come again: it answers 503"),
        ("INFO", "the upstream takes reports again"),
    ]


@pytest.mark.parametrize(
    ("token", "is_one"), [("!~", True), ("x" * 8192, True), ("x" * 8193, False), ("x\x7f", False)]
)
def test_token_is_printable_and_no_longer_than_a_header_may_be(
    token: str, is_one: bool, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{token}\n" if len(token) < 8192 else token)

    if is_one:
        assert Token(file, Clock()).header() == f"authorization: Bearer {token}\r\n".encode()
    else:
        with pytest.raises(SettingsError, match="does not hold one token"):
            Token(file, Clock())
