"""Step 4: the body, capped and in time. Nothing beyond the cap is kept."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from workflow_releases.ingest.headers import MAX_BODY_BYTES
from workflow_releases.ingest.refusals import Reason, ReportRefusedError

DEADLINE_SECONDS = 10.0  # for the whole body; 64 KiB in this time is 52 kbit/s

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_body(receive: Receive, deadline_seconds: float = DEADLINE_SECONDS) -> bytes:
    """The whole body; refuses one that is longer, slower or cut short."""
    try:
        async with asyncio.timeout(deadline_seconds):
            return await _collected(receive)
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
