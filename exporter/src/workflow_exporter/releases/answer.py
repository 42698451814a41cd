"""What an answer of the releases API means, by its status and headers alone. Pure.

Nothing that a server sends is repeated but numbers, media types and host names: reasons are shown on a
public page.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.outgoing import retry_after_seconds

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,253}")

_STATUSES: Mapping[int, str] = {
    401: "wants to know who asks (401), and an update check names nobody",
    403: "refuses to answer (403)",
    407: "was not asked: the proxy wants a login (407)",
    429: "is asked too often (429)",
    502: "is down, says what stands before it (502)",
    503: "is down (503)",
    504: "is down, says what stands before it (504)",
}


def check_answer(status: int, headers: Mapping[str, str], platform: str, now: datetime) -> None:
    """Raises CatalogUnavailableError unless the answer carries a document of JSON.

    `headers` are looked up in lower case.
    """
    if status != 200:
        raise CatalogUnavailableError(
            f"the releases API {_status_in_words(status, headers, platform)}",
            retry_after_seconds=retry_after_seconds(headers.get("retry-after", ""), now),
        )
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"}:
        raise CatalogUnavailableError(
            f"a web page ({kind}) came instead of a catalog: a wrong VERSIONS_API_URL, or a proxy's page"
        )
    if kind != "application/json" and not kind.endswith("+json"):
        what = kind if _MEDIA_TYPE.fullmatch(kind) else "no type"
        raise CatalogUnavailableError(f"the releases API answered with {what} and not with JSON")


def _status_in_words(status: int, headers: Mapping[str, str], platform: str) -> str:
    if 300 <= status < 400 and status != 304:
        return f"sends elsewhere ({status}){_elsewhere(headers.get('location', ''))}, which is not followed"
    if status in {404, 410}:
        return f"has no catalog of {platform} ({status})"
    return _STATUSES.get(status, f"answered {status} and no catalog")


def _elsewhere(location: str) -> str:
    """`, to example.org`: only the host, as the rest may hold what a portal made up for this asker."""
    try:
        host = urlsplit(location).netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f", to {host}" if _HOST.fullmatch(host) else ""
