"""The way of nearly all requests: a prepared body, found by its path, sent in two messages.

It stands before the router because agents ask for nothing else; everything it does not know goes on.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from workflow_releases.catalog.prepared import PreparedBody, Variant
from workflow_releases.edition import CATALOGS_PATH
from workflow_releases.listeners import AsgiApp
from workflow_releases.refresh import Editions
from workflow_releases.self_metrics import RequestCounts

_ROUTE = f"{CATALOGS_PATH}/{{platform}}"


class PreparedReads:
    """Answers GET and HEAD of prepared paths; passes everything else to `otherwise`."""

    def __init__(self, editions: Editions, counts: RequestCounts, otherwise: AsgiApp) -> None:
        self._editions = editions
        self._counts = counts.by_route_and_status
        self._otherwise = otherwise

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        prepared = self._editions.current.bodies.get(scope["path"]) if scope["type"] == "http" else None
        method = scope["method"] if prepared is not None else ""
        if prepared is None or (method != "GET" and method != "HEAD"):  # noqa: PLR1714 - twice as fast as a set
            await self._otherwise(scope, receive, send)
            return
        variant, unchanged = choose(prepared, scope["headers"])
        status = 304 if unchanged else 200
        self._counts[_ROUTE if scope["path"] != CATALOGS_PATH else CATALOGS_PATH, status] += 1
        headers = variant.unchanged if unchanged else variant.head
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if unchanged or method == "HEAD" else variant.body
        await send({"type": "http.response.body", "body": body})


def choose(prepared: PreparedBody, headers: list[tuple[bytes, bytes]]) -> tuple[Variant, bool]:
    """The variant to answer with, and whether the asker has it already (RFC 9110, 12.5.3 and 13.1.2).

    Both encodings are the same content, so either's ETag counts as having it.
    """
    variant = prepared.identity
    asked_for = b""
    for name, value in headers:
        if name == b"accept-encoding":
            if _takes_gzip(value):
                variant = prepared.gzip
        elif name == b"if-none-match":
            asked_for = asked_for + b"," + value if asked_for else value
    if not asked_for:
        return variant, False
    known = (variant.etag, prepared.identity.etag, prepared.gzip.etag)
    return variant, asked_for in known or _matches(asked_for, known)


def _matches(if_none_match: bytes, etags: tuple[bytes, ...]) -> bool:
    """Weak comparison, as If-None-Match asks for; proxies that compress make ETags weak."""
    listed = [part.strip().removeprefix(b"W/") for part in if_none_match.split(b",")]
    return b"*" in listed or any(etag in listed for etag in etags)


@lru_cache(maxsize=256)  # clients of one kind send the same text
def _takes_gzip(accept_encoding: bytes) -> bool:
    weights: Mapping[str, float] = dict(_weights(accept_encoding.decode("latin-1").lower()))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0.0


def _weights(accept_encoding: str) -> list[tuple[str, float]]:
    found = []
    for part in accept_encoding.split(","):
        coding, _, parameter = part.partition(";")
        name, _, raw_weight = parameter.strip().partition("=")
        try:
            weight = float(raw_weight) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        found.append((coding.strip(), weight))
    return found
