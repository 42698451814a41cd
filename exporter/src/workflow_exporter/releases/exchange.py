"""One request to the releases API: bounded in time and in bytes, and alike from every cluster.

A bare transport, made for each request: it has no cookie jar, follows no redirect, reads no variable of
the environment and keeps nothing, so that no server can recognise an agent by what it left there.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from workflow_exporter import __version__
from workflow_exporter.errors import CatalogUnavailableError, SettingsError
from workflow_exporter.releases.content import Content
from workflow_exporter.releases.failures import unreachable
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
        self._ca_bundle = ca_bundle
        self._most_bytes = most_bytes
        self._deadline_seconds = deadline_seconds
        self._resolve = resolve
        self._check_settings()

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """`path` begins with a slash; `headers` come beside those that every request has."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                with _explained():
                    return await self._get(path, headers)
        except TimeoutError as error:
            raise CatalogUnavailableError(
                f"the releases API did not answer in full within {self._deadline_seconds:g} s"
            ) from error

    async def _get(self, path: str, headers: Mapping[str, str]) -> Answer:
        await self._check_name()
        # In a thread: the system's certificates take 35 ms to read.
        tls = await asyncio.to_thread(_tls, self._ca_bundle) if self._needs_tls() else _no_tls()
        async with _answer(self._transport(tls), self._request(path, headers)) as response:
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
            await check_name(self._address.host, "the releases API", self._resolve)
        else:
            await check_name(httpx.URL(self._proxy).host, "the proxy", self._resolve)

    def _request(self, path: str, headers: Mapping[str, str]) -> httpx.Request:
        pairs = [*_HEADERS, *headers.items()]
        if self._address.userinfo is not None:
            userinfo = unquote(self._address.userinfo).encode()
            pairs.append(("Authorization", f"Basic {base64.b64encode(userinfo).decode()}"))
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS).as_dict()  # the deadline bounds the rest
        return httpx.Request("GET", f"{self._address}{path}", headers=pairs, extensions={"timeout": timeout})

    def _transport(self, tls: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
        proxy = None
        if self._proxy is not None:
            # The library takes a context for an encrypted way to the proxy, and refuses one for a plain way.
            encrypted = self._proxy.lower().startswith("https:")
            proxy = httpx.Proxy(self._proxy, ssl_context=tls if encrypted else None)
        return httpx.AsyncHTTPTransport(verify=tls, proxy=proxy, trust_env=False)

    def _needs_tls(self) -> bool:
        return self._address.encrypted or (self._proxy or "").lower().startswith("https:")

    def _check_settings(self) -> None:
        """What is wrong with them should stop the start, and not show hours later."""
        if self._ca_bundle is not None:
            try:
                _tls(self._ca_bundle)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                raise SettingsError(
                    f"CA_BUNDLE_FILE='{self._ca_bundle}' holds no certificate in PEM form that can be read"
                ) from error
        try:
            self._transport(_no_tls())
        except (ValueError, httpx.InvalidURL) as error:  # not quoted: it may hold a password
            raise SettingsError(
                "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names is not an address such as "
                "http://proxy.example.org:3128"
            ) from error
        except ImportError as error:
            raise SettingsError("a SOCKS proxy needs the Python package socksio: install it") from error


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
        raise unreachable(error) from error


def _tls(ca_bundle: Path | None) -> ssl.SSLContext:
    # Not create_default_context: from Python 3.13 on it demands certificate extensions that the CAs of
    # many organisations lack and curl does not ask for.
    tls = _no_tls()
    tls.load_default_certs()
    if ca_bundle is not None:
        tls.load_verify_locations(cafile=ca_bundle)
    return tls


def _no_tls() -> ssl.SSLContext:
    """Trusts nobody; for requests in the clear, where none is used."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
