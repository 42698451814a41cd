"""Answers as JSON, and every refusal's status code. Bad input is 4xx, ours is 5xx, always."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workflow_releases import errors

_log = logging.getLogger(__name__)

_STATUS: Mapping[type[Exception], int] = {
    errors.MalformedError: 400,
    errors.UnauthorizedError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.TooSlowError: 408,
    errors.ConflictError: 409,
    errors.MissingPreconditionError: 412,
    errors.TooLargeError: 413,
    errors.UnsupportedBodyError: 415,
    errors.InvalidError: 422,
}
_RETRY_AFTER_SECONDS = "5"


def json_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Compact JSON; times in RFC 3339, UTC."""
    return Response(
        msgspec.json.encode(document),
        status,
        {"x-content-type-options": "nosniff", "cache-control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def error_answer(
    request: Request,
    status: int,
    text: str,
    faults: tuple[errors.Fault, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`{"error", "faults"}`; the first API's routes answer as it did: `{"code", "message"}`."""
    if request.url.path.startswith(("/v2/", "/v3/")):
        message = "; ".join([text, *map(str, faults)])
        return json_answer({"code": status, "message": message}, status, headers)
    listed = [{"path": fault.path, "reason": fault.reason} for fault in faults]
    return json_answer({"error": text, "faults": listed}, status, headers)


async def refused(request: Request, error: Exception) -> Response:
    """For RefusedError and all below it."""
    if not isinstance(error, errors.RefusedError):
        raise error
    status = _STATUS[type(error)]
    headers = {"www-authenticate": 'Bearer realm="workflow-releases"'} if status == 401 else {}
    if status in {408, 413}:
        headers["connection"] = "close"  # the rest of the body is not wanted
    return error_answer(request, status, str(error), error.faults, headers)


async def database_away(request: Request, error: Exception) -> Response:
    """Whether anything was changed is not known; trying again is safe. The driver's words are only logged."""
    _log.error("%s", error)
    text = "the database cannot be used at the moment; the change is not confirmed, try again"
    return error_answer(request, 503, text, headers={"retry-after": _RETRY_AFTER_SECONDS})


async def http_error(request: Request, error: Exception) -> Response:
    """Starlette's own: no such route, or no such method."""
    if not isinstance(error, HTTPException):
        raise error
    return error_answer(request, error.status_code, error.detail.lower(), headers=error.headers)


async def crashed(request: Request, _error: Exception) -> Response:
    """A fault of this program; the server logs it with its traceback."""
    return error_answer(request, 500, "a fault of this program; it was logged")
