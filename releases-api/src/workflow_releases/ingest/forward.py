"""Step 14: the rebuilt report to the store; acknowledged only once the store has."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workflow_releases.errors import SettingsError
from workflow_releases.ingest.refusals import Reason, ReportRefusedError
from workflow_releases.ingest.upstream import Answer, UpstreamDownError
from workflow_releases.text_encoding import utf8

DEADLINE_SECONDS = 10.0  # for the whole exchange; senders wait for 30
RETRY_AFTER_SECONDS = 60
_MAX_RETRY_AFTER_SECONDS = 3600  # the next slot replaces this one after an hour
_TOKEN_SECONDS = 60.0  # a token in a mounted Secret may be another one after this time

# Statuses by which a store refuses this report; every other one but 2xx says that the way to it is broken
# (401, 404, 3xx: our settings), and a report must not be lost for that. Thanos says 409 where others say 400.
_REFUSED = frozenset({400, 409, 413, 422})

_MAX_TOKEN_BYTES = 8192  # servers take no longer header

_log = logging.getLogger(__name__)


class Posts(Protocol):
    """What `Upstream` does; tests hand in a small one of their own."""

    async def post(self, body: bytes, head: bytes, deadline_seconds: float) -> Answer: ...


class Token:
    """The upstream's token, read again once a minute; the last good one stays while the file is not."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Raises SettingsError if there is none to begin with."""
        self._path = path
        self._clock = clock
        self._header = self._read()
        self._read_at = clock()

    def header(self) -> bytes:
        """The Authorization line, ended."""
        if self._clock() - self._read_at > _TOKEN_SECONDS:
            self._read_at = self._clock()
            try:
                self._header = self._read()
            except SettingsError as error:
                _log.error("%s; the last good token stays", error)
        return self._header

    def _read(self) -> bytes:
        named = f"UPSTREAM_BEARER_TOKEN_FILE={str(self._path)!r}"
        try:
            if self._path.exists() and not self._path.is_file():  # a pipe would wait for ever
                raise SettingsError(f"{named} is not a regular file")
            with self._path.open("rb") as file:
                token = utf8(file.read(_MAX_TOKEN_BYTES + 1)).strip()
        except OSError as error:
            raise SettingsError(f"{named} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SettingsError(f"{named} does not hold one token: it {error}") from error
        if not token or len(token) > _MAX_TOKEN_BYTES or any(not 0x21 <= byte <= 0x7E for byte in token):
            raise SettingsError(f"{named} does not hold one token")
        return b"authorization: Bearer %s\r\n" % token


@dataclass(slots=True)
class Forwarder:
    """Sends reports on; logs one line when the upstream goes away, and one when it is back."""

    upstream: Posts
    token: Token | None
    is_up: bool = True
    deadline_seconds: float = DEADLINE_SECONDS

    async def forward(self, body: bytes) -> None:
        """`body` is compressed; returns once the store has taken it, else refuses."""
        head = self.token.header() if self.token else b""
        try:
            answer = await self.upstream.post(body, head, self.deadline_seconds)
        except UpstreamDownError as error:
            self._down(str(error))
            raise ReportRefusedError(Reason.UPSTREAM_DOWN, retry_after_seconds=RETRY_AFTER_SECONDS) from error
        if 200 <= answer.status < 300:
            self._up()
        elif answer.status in _REFUSED:
            self._up()
            raise ReportRefusedError(Reason.UPSTREAM_REFUSED)
        else:
            self._down(f"it answers {answer.status}")
            wait = min(answer.retry_after_seconds or RETRY_AFTER_SECONDS, _MAX_RETRY_AFTER_SECONDS)
            raise ReportRefusedError(Reason.UPSTREAM_DOWN, retry_after_seconds=wait)

    def _up(self) -> None:
        if not self.is_up:
            _log.info("the upstream takes reports again")
        self.is_up = True

    def _down(self, why: str) -> None:
        if self.is_up:
            _log.error("the upstream takes no reports, senders are asked to come again: %s", why)
        self.is_up = False
