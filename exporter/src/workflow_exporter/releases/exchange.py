"""One request to the releases API: bounded in time and in bytes, and alike from every cluster."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from workflow_exporter import __version__
from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.outgoing import Way, failure_in_words
from workflow_exporter.releases.content import Content
from workflow_exporter.releases.lookup import Resolve, check_name, resolve
from workflow_exporter.web_address import WebAddress

# What every agent of a version sends; the order is the wire's.
_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip"),
    ("User-Agent", f"workflow-exporter/{__version__}"),
    ("Connection", "close"),  # the next request is hours away
)
_CONNECT_SECONDS = 10.0
_WHO = "the releases API"


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by lower-case name; `body` is decompressed, and empty unless the status is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """Asks one server. Raises CatalogUnavailableError, or CatalogError for a body out of bounds."""

    def __init__(
        self,
        address: WebAddress,
        *,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
        most_bytes: int,
        deadline_seconds: float = 60,
        resolve: Resolve = resolve,
    ) -> None:
        """`proxy`: its URL. `deadline_seconds`: from the name's look-up to the last byte, however they drip;
        4 MiB take 34 s at 1 Mbit/s. Raises SettingsError where proxy or certificates are unusable."""
        self._address = address
        self._proxy = proxy
        self._way = Way(address, proxy=proxy, ca_bundle=ca_bundle)
        self._most_bytes = most_bytes
        self._deadline_seconds = deadline_seconds
        self._resolve = resolve

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """`path` begins with a slash; `headers` come beside those that every request has."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                with _explained():
                    return await self._get(path, headers)
        except TimeoutError as error:
            raise CatalogUnavailableError(
                f"{_WHO} did not answer in full within {self._deadline_seconds:g} s"
            ) from error

    async def _get(self, path: str, headers: Mapping[str, str]) -> Answer:
        await self._check_name()
        transport = await asyncio.to_thread(self._way.transport)
        async with _answer(transport, self._request(path, headers)) as response:
            lowered = {name.lower(): value for name, value in response.headers.items()}
            body = await self._body(response) if response.status_code == 200 else b""
            return Answer(response.status_code, lowered, body)

    async def _body(self, response: httpx.Response) -> bytes:
        content = Content(response.headers.get("content-encoding", ""), self._most_bytes)
        async for chunk in response.aiter_raw():
            content.feed(chunk)
        return content.whole()

    async def _check_name(self) -> None:
        if self._proxy is None:
            await check_name(self._address.host, _WHO, self._resolve)
        else:
            await check_name(httpx.URL(self._proxy).host, "the proxy", self._resolve)

    def _request(self, path: str, headers: Mapping[str, str]) -> httpx.Request:
        pairs = [*_HEADERS, *headers.items()]
        if self._address.userinfo is not None:
            userinfo = unquote(self._address.userinfo).encode()
            pairs.append(("Authorization", f"Basic {base64.b64encode(userinfo).decode()}"))
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS).as_dict()  # the deadline bounds the rest
        return httpx.Request("GET", f"{self._address}{path}", headers=pairs, extensions={"timeout": timeout})


@asynccontextmanager
async def _answer(
    transport: httpx.AsyncHTTPTransport, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    async with transport:
        response = await transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # ssl.SSLError is an OSError
        if isinstance(error, TimeoutError):
            raise  # the deadline's own
        raise CatalogUnavailableError(failure_in_words(error, _WHO)) from error
