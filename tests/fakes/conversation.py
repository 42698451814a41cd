"""An HTTP server that holds a kept conversation: each request must be the next one, and gets its answer."""

import json
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send


class Conversation:
    """An ASGI app. `file` holds [{"request": {method, path, query, body}, "answer": {status, body}}]."""

    def __init__(self, file: Path, root: str = "") -> None:
        """`root` is the path that the server lives under."""
        self.left: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        self.methods: list[str] = []
        self.tokens: set[str] = set()
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        asked = {
            "method": request.method,
            "path": request.url.path.removeprefix(self._root),
            "query": request.url.query,
            "body": json.loads(body) if body else None,
        }
        expected: dict[str, Any] = self.left.pop(0) if self.left else {"request": "nothing more"}
        if asked != expected["request"]:
            raise AssertionError(f"asked {asked}, expected {expected['request']}")
        self.methods.append(request.method)
        self.tokens.add(request.headers["authorization"])
        answer = expected["answer"]
        await JSONResponse(answer["body"], answer["status"])(scope, receive, send)
