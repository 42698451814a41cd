"""The commands' side of the HTTP API: one request, and what its answer means."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from workflow_releases import __version__
from workflow_releases.errors import (
    ConflictError,
    Fault,
    ForbiddenError,
    InvalidError,
    MissingPreconditionError,
    NotFoundError,
    RefusedError,
    ServerError,
    SettingsError,
    UnauthorizedError,
)
from workflow_releases.text_encoding import utf8

_TIMEOUT_SECONDS = 30.0
_RUN = 8  # characters of a token that no text of a server may hold
_UNSHOWN = "the server's words are not shown, since they hold a part of the token"
_SEPARATORS = re.compile(r"[\W_]+")
_MOST_TOKEN_BYTES = 16384  # a token of ours has 60 characters, of two bytes each in UTF-16
_REFUSALS: Mapping[int, type[RefusedError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: MissingPreconditionError,
    422: InvalidError,
}


class ReleasesClient:
    """Speaks to one releases API. Redirects are not followed: a token goes where it was meant to go."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        allow_http: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises SettingsError for an address that is none, or that would show the token on the way."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(f"--url {url!r} is not an address such as https://releases.example.org")
        if parts.scheme == "http" and token and not allow_http and not _is_loopback(parts.hostname):
            raise SettingsError(
                f"--url {url} would send the token unencrypted; use https, "
                "or --allow-http inside a trusted network"
            )
        self._token = token or ""
        headers = {"user-agent": f"workflow-releases/{__version__}"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # SSL_CERT_FILE names the CA bundle of a private CA, as for httpx everywhere.
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/", headers=headers, timeout=_TIMEOUT_SECONDS, transport=transport
        )

    def __enter__(self) -> "ReleasesClient":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        *path: str,
        document: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer if it is a good one; raises the refusal, or ServerError for what may pass."""
        address = "/".join(quote(part, safe="") for part in path)
        body = msgspec.json.encode(document) if document is not None else content
        sent = dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        try:
            response = self._client.request(method, address, content=body, headers=sent)
        except httpx.HTTPError as error:
            reason = self.shown(str(error) or type(error).__name__)
            raise ServerError(f"{self._client.base_url} did not answer: {reason}") from error
        self._raise_for(response)
        return response

    def shown(self, text: str) -> str:
        """What a server says, or one sentence in its place if it repeats the token, cut or spaced."""
        return _UNSHOWN if _holds_a_part(text, self._token) else text

    def _raise_for(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.status_code >= 500 or response.status_code == 429:
            text = self.shown(_error_text(response))
            raise ServerError(f"{response.url} answered {response.status_code}: {text}")
        if response.is_redirect:
            target = response.headers.get("location", "")
            if _holds_a_part(target, self._token):
                raise SettingsError(f"{response.url} redirects to another address: {_UNSHOWN}")
            raise SettingsError(f"{response.url} redirects to {target}: give that as --url")
        text, faults = _error_text(response), _faults(response)
        whole = "\n".join([text, *(f"{fault.path}\n{fault.reason}" for fault in faults)])
        if _holds_a_part(whole, self._token):
            text, faults = _UNSHOWN, []
        refusal = _REFUSALS.get(response.status_code, RefusedError)
        raise refusal(f"refused ({response.status_code}): {text}", faults)


def token_from(file: str | None, environment: Mapping[str, str]) -> str | None:
    """The token of a file (`-`: standard input), else of RELEASES_TOKEN. No argument: `ps` shows those."""
    if file is None:
        return environment.get("RELEASES_TOKEN", "").strip() or None
    try:
        with os.fdopen(0, "rb", closefd=False) if file == "-" else Path(file).open("rb") as opened:
            text = utf8(opened.read(_MOST_TOKEN_BYTES)).decode().strip()
    except OSError as error:
        raise SettingsError(f"--token-file {file} cannot be read: {error}") from error
    except ValueError as error:
        raise SettingsError(f"--token-file {file} {error}") from error
    if not text or not text.isascii():
        raise SettingsError(f"--token-file {file} holds no token")
    return text


def _holds_a_part(text: str, token: str) -> bool:
    """Whether `text` has any 8 characters of the token in a row; case and separators do not count."""
    searched = _bare(text)
    runs = {_bare(token[at : at + _RUN]) for at in range(max(len(token) - _RUN, 0) + 1)} - {""}
    return any(run in searched for run in runs)


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", text).casefold()


def _error_text(response: httpx.Response) -> str:
    document = _document(response)
    return str(document.get("error", "")) or response.reason_phrase.lower()


def _faults(response: httpx.Response) -> list[Fault]:
    listed = _document(response).get("faults", [])
    return [
        Fault(str(item.get("path", "")), str(item.get("reason", "")))
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict)
    ]


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
