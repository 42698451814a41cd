"""Links to elsewhere: catalogs name them, so only what is plainly https becomes one."""

from dataclasses import dataclass

from workflow_exporter.web_address import is_safe_link


@dataclass(frozen=True, slots=True)
class Link:
    """Rendered with `rel="noreferrer"`."""

    url: str
    text: str


def https_link(url: str | None, text: str) -> Link | None:
    """A link, or None where `url` is absent or not a safe one."""
    return Link(url, text) if url and is_safe_link(url) else None
