"""Reading a request's body: capped, in time, and only what is announced as JSON."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from workflow_releases.errors import MalformedError, TooLargeError, TooSlowError, UnsupportedBodyError

SMALL_BODY_BYTES = 64 * 1024  # a release, a bundle, a notice; 64 KiB is ten times the largest real one
_DEADLINE_SECONDS = 20.0  # for the whole body; 4 MiB in this time is 1.7 Mbit/s


async def read_body(request: Request, max_bytes: int, deadline_seconds: float = _DEADLINE_SECONDS) -> bytes:
    """The body; raises the refusals that fit. Nothing beyond the cap is kept."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedBodyError("the body is not announced as application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBodyError("compressed bodies are not taken")
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise TooLargeError(f"the body is larger than {max_bytes} bytes")
    try:
        async with asyncio.timeout(deadline_seconds):
            return await _collect(request, max_bytes)
    except TimeoutError as error:
        raise TooSlowError(f"the body did not arrive within {deadline_seconds:g} s") from error
    except ClientDisconnect as error:
        raise MalformedError("the body ended early") from error


async def _collect(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLargeError(f"the body is larger than {max_bytes} bytes")
    return bytes(body)
