"""Step 4: the body, capped and in time. Nothing beyond the cap is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from types import coroutine
from typing import Any

from workflow_releases.ingest.headers import MAX_BODY_BYTES
from workflow_releases.ingest.refusals import Reason, ReportRefusedError

DEADLINE_SECONDS = 10.0  # for the whole body; 64 KiB in this time is 52 kbit/s

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_body(receive: Receive, deadline_seconds: float = DEADLINE_SECONDS) -> bytes:
    """The whole body; refuses one that is longer, slower or cut short."""
    # A report comes in one packet with its head, so nearly always there is nothing to wait for. A deadline
    # that is set all the same costs as much as all other steps before decoding.
    reading = _collected(receive)
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


async def _collected(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ReportRefusedError(Reason.CUT_SHORT)
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise ReportRefusedError(Reason.TOO_LARGE)
        if not message.get("more_body", False):
            return bytes(body)


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
