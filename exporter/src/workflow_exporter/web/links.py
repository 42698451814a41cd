"""Links to elsewhere: catalogs name them, so only what is plainly https becomes one."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Link:
    """Rendered with `rel="noreferrer"`."""

    url: str
    text: str


def https_link(url: str | None, text: str) -> Link | None:
    """A link, or None where `url` is absent or anything but an absolute https: address."""
    if not url or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname)
    except ValueError:  # `https://[`
        return None
    return Link(url, text) if parts.scheme == "https" and named else None
