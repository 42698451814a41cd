"""What is answered when nothing can be: 404, 405, 500, and 503 until the first snapshot is complete.

`/api/` and the legacy routes answer JSON `{"error": …}`; browsers get a page, all others a line of text.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from workflow_exporter.web.page import Pages
from workflow_exporter.web.responses import json_response

_TITLES = {
    404: ("Not found", "There is nothing at this address."),
    405: ("Method not allowed", "This address is only for reading."),
    500: ("Something went wrong", "The agent met an error of its own; its log says more."),
    503: ("Not ready", "The cluster is still being read for the first time. Try again in a few seconds."),
}


class Faults:
    """Exception handlers of one listener. `headers` go on 500s, which are answered outside the
    middleware; without `pages` nothing is answered as HTML."""

    def __init__(self, headers: Mapping[str, str], pages: Pages | None = None) -> None:
        self._headers = headers
        self._pages = pages

    def handlers(self) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
        return {HTTPException: self._refused, Exception: self._broken}

    async def _refused(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return self._response(request, error.status_code, error.headers)

    async def _broken(self, request: Request, _: Exception) -> Response:
        return self._response(request, 500, self._headers)

    def _response(self, request: Request, status: int, headers: Mapping[str, str] | None) -> Response:
        title, text = _TITLES.get(status, ("Refused", "This request cannot be answered."))
        path = request.url.path
        if path.startswith("/api/") or path == "/components":
            return json_response({"error": text}, status, headers)
        if self._pages and "text/html" in request.headers.get("accept", ""):
            home = "../" * (path.count("/") - 1) or "./"
            html = self._pages.error(status, title, text, home)
            return HTMLResponse(html, status_code=status, headers=headers)
        return PlainTextResponse(f"{title}: {text}\n", status_code=status, headers=headers)
