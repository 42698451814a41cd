"""A request to the gateway as its server hands it on: any headers, any pieces of a body, and how it ends.

For what no HTTP client would send. Nothing here decides anything.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from workflow_releases.listeners import AsgiApp

End = Literal["whole", "cut", "silent"]  # all is there; the sender went away; nothing comes any more

PEER = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    application: AsgiApp,
    headers: Iterable[tuple[bytes, bytes]],
    pieces: Iterable[bytes],
    end: End = "whole",
    peer: str = PEER,
) -> Answered:
    """Names of headers in lower case. Raises what the application raises."""
    waiting = _messages(pieces, end)
    sent: list[Any] = []

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        if end == "cut":
            return {"type": "http.disconnect"}  # as often as one asks
        return await asyncio.get_running_loop().create_future()  # as a server: until the sender goes away

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/write",
        "raw_path": b"/api/v1/write",
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": (peer, 1),
        "server": ("127.0.0.1", 80),
    }
    await application(scope, receive, send)
    start, *bodies = sent
    return Answered(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(one["body"] for one in bodies),
    )


def _messages(pieces: Iterable[bytes], end: End) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    if end == "whole":
        found.append({"type": "http.request", "body": b"", "more_body": False})
    elif end == "cut":
        found.append({"type": "http.disconnect"})
    return found
