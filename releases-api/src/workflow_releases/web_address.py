"""Addresses of other programs, taken apart once and checked."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where to connect, and what the request says of it."""

    host: str  # for the connection and the certificate; without brackets
    port: int
    is_tls: bool
    authority: str  # for the Host header
    path: str  # with the query


def parse_web_address(raw: str) -> WebAddress:
    """Raises ValueError with what is wrong, without repeating the address: it may hold a password."""
    form = "is not an address of the form http://host:port/path"
    if not raw.isascii() or not raw.isprintable() or " " in raw:
        raise ValueError(form)
    try:
        parts = urlsplit(raw)
        port = parts.port
    except ValueError:
        raise ValueError(form) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(form)
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a name or a password; a token has a file of its own")
    if parts.fragment:
        raise ValueError("has a part after #, which is never sent")
    is_tls = parts.scheme == "https"
    return WebAddress(
        host=parts.hostname,
        port=port or (443 if is_tls else 80),
        is_tls=is_tls,
        authority=parts.netloc,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
