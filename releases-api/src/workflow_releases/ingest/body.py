"""Step 4: the body, capped and in time. Nothing beyond the cap is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from dataclasses import dataclass
from types import coroutine
from typing import Any

from workflow_releases.ingest.forward import RETRY_AFTER_SECONDS
from workflow_releases.ingest.headers import MAX_BODY_BYTES
from workflow_releases.ingest.refusals import Reason, ReportRefusedError

# Of all bodies that have begun and not ended. Beyond it only those go on of which little has come, as of
# honest reports; with the most that are read at a time, they are 4 MiB more.
MAX_HELD_BYTES = 8 * 1024 * 1024
_LITTLE_BYTES = 4 * 1024
DEADLINE_SECONDS = 10.0  # for the whole body; 64 KiB in this time is 52 kbit/s

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(slots=True)
class Held:
    """How much is held of the bodies that are being read, all together."""

    byte_count: int = 0
    most: int = MAX_HELD_BYTES


async def read_body(receive: Receive, held: Held, deadline_seconds: float = DEADLINE_SECONDS) -> bytes:
    """The whole body; refuses one that is longer, slower or cut short, and a long one beyond what is held."""
    # A report comes in one packet with its head, so nearly always there is nothing to wait for. A deadline
    # that is set all the same costs as much as all other steps before decoding.
    reading = _collected(receive, held)
    try:
        waits_for = reading.send(None)
    except StopIteration as ended:
        body: bytes = ended.value
        return body
    try:
        async with asyncio.timeout(deadline_seconds):
            return await _resumed(reading, waits_for)
    except TimeoutError as error:
        raise ReportRefusedError(Reason.TOO_SLOW) from error


async def _collected(receive: Receive, held: Held) -> bytes:
    body, counted = bytearray(), 0
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ReportRefusedError(Reason.CUT_SHORT)
            body += message.get("body", b"")
            if len(body) > MAX_BODY_BYTES:
                raise ReportRefusedError(Reason.TOO_LARGE)
            if not message.get("more_body", False):
                return bytes(body)
            held.byte_count += len(body) - counted
            counted = len(body)
            if held.byte_count > held.most and counted > _LITTLE_BYTES:
                raise ReportRefusedError(Reason.BUSY, retry_after_seconds=RETRY_AFTER_SECONDS)
    finally:
        held.byte_count -= counted


@coroutine
def _resumed(begun: Coroutine[Any, Any, bytes], waits_for: object) -> Generator[Any, Any, bytes]:
    """Awaits a coroutine that has run up to its first wait, as `await` would have."""
    try:
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is passed on, a cancellation above all
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(sent)
    except StopIteration as ended:
        body: bytes = ended.value
        return body
