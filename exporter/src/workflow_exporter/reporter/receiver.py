"""One POST of a report: bounded in time, and nothing of the answer is repeated but its status."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from workflow_exporter import __version__
from workflow_exporter.errors import ReportError
from workflow_exporter.outgoing import Way, failure_in_words

# What the specification asks for, https://prometheus.io/docs/specs/prw/remote_write_spec/#protocol
_HEADERS = (
    ("Content-Encoding", "snappy"),
    ("Content-Type", "application/x-protobuf"),
    ("User-Agent", f"workflow-exporter/{__version__}"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
)
_CONNECT_SECONDS = 10.0
_DEADLINE_SECONDS = 30.0  # from the name's look-up to the answer; a report is 1.4 KB
_MOST_ANSWER_BYTES = 1024  # of what a receiver says about a refusal
_TEXT_SECONDS = 2.0  # for that text; the status alone decides
_WHO = "the receiver"


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the beginning of what the receiver said: searched for known words, never shown or logged.

    Empty where the report was taken.
    """

    status: int
    retry_after: str = ""  # the header as it came, empty for none
    text: bytes = b""


class Receiver:
    """The one address that reports go to. `post` raises ReportError where no answer came."""

    def __init__(self, way: Way, *, deadline_seconds: float = _DEADLINE_SECONDS) -> None:
        self._way = way
        self._deadline_seconds = deadline_seconds

    async def post(self, body: bytes, bearer: str) -> Answer:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._post(body, bearer)
        except TimeoutError as error:
            raise ReportError(f"{_WHO} did not answer within {self._deadline_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # ssl.SSLError is an OSError
            raise ReportError(failure_in_words(error, _WHO)) from error

    async def _post(self, body: bytes, bearer: str) -> Answer:
        request = httpx.Request(
            "POST",
            str(self._way.address),
            headers=[
                *_HEADERS,
                ("Accept-Encoding", "identity"),
                ("Authorization", f"Bearer {bearer}"),
                ("Connection", "close"),  # the next report is an hour away
            ],
            content=body,
            extensions={"timeout": httpx.Timeout(None, connect=_CONNECT_SECONDS).as_dict()},
        )
        transport = await asyncio.to_thread(self._way.transport)
        async with _answer(transport, request) as response:
            retry_after = response.headers.get("retry-after", "")
            # The specification has senders ignore the body, but for what it says of an error.
            text = b"" if response.is_success else await _beginning(response)
            return Answer(response.status_code, retry_after, text)


@contextlib.asynccontextmanager
async def _answer(
    transport: httpx.AsyncHTTPTransport, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    async with transport:
        response = await transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()


async def _beginning(response: httpx.Response) -> bytes:
    """Its first bytes. Whatever goes wrong after the status does not change what the status said."""
    text = b""
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_TEXT_SECONDS):
            async for chunk in response.aiter_raw():
                text += chunk
                if len(text) >= _MOST_ANSWER_BYTES:
                    break
    return text[:_MOST_ANSWER_BYTES]
