"""The page: what is published, and how to point an agent here. No script, nothing from elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from workflow_releases.catalog.model import Bundle, Catalog, Notice, Release
from workflow_releases.catalog.newest import newest_bundle
from workflow_releases.catalog.prepared import PreparedBody, prepare
from workflow_releases.edition import Edition
from workflow_releases.web.services import Services

_RECENT = 10  # releases listed of each platform
_FOLDER = Path(__file__).parent / "templates"
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class RecentRelease:
    """A line of the list of recent releases."""

    component: str
    release: Release


@dataclass(frozen=True, slots=True)
class CatalogView:
    """One platform as the page shows it."""

    catalog: Catalog
    newest: Bundle | None
    recent: tuple[RecentRelease, ...]
    notices: tuple[Notice, ...]
    release_count: int


def view(catalog: Catalog, now: datetime) -> CatalogView:
    """What the page says of a platform at this moment; notices that expired are gone."""
    dated = [
        RecentRelease(name, release)
        for name, component in catalog.components.items()
        for release in component.releases
        if release.released is not None
    ]
    dated.sort(key=lambda item: (item.release.released or now, item.component), reverse=True)
    loudness = {"critical": 0, "warning": 1, "info": 2}
    notices = [notice for notice in catalog.notices if notice.expires is None or notice.expires > now]
    return CatalogView(
        catalog=catalog,
        newest=newest_bundle(catalog.bundles, catalog.trains[0]) if catalog.trains else None,
        recent=tuple(dated[:_RECENT]),
        notices=tuple(sorted(notices, key=lambda notice: loudness[notice.severity])),
        release_count=sum(len(component.releases) for component in catalog.components.values()),
    )


class Page:
    """Renders the page, anew when the edition is another or a minute has passed."""

    def __init__(self) -> None:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["day"] = lambda moment: f"{moment:%Y-%m-%d}" if moment else "day not known"
        self._template = environment.get_template("page.html")
        self._edition: Edition | None = None  # held, so that no later one can take its place in memory
        self._minute: datetime | None = None
        self._rendered = b""

    async def __call__(self, services: Services, _request: Request) -> Response:
        now = services.clock()
        edition = services.editions.current
        minute = now.replace(second=0, microsecond=0)
        if edition is not self._edition or minute != self._minute:
            views = [view(catalog, now) for catalog in edition.catalogs.values()]
            rendered = self._template.render(
                views=views, public_keys=services.public_keys, legacy_platform=services.legacy_platform
            )
            self._rendered, self._edition, self._minute = rendered.encode(), edition, minute
        return Response(self._rendered, headers=_HEADERS, media_type="text/html")


def style() -> PreparedBody:
    """The page's style sheet."""
    sheet = (_FOLDER / "page.css").read_bytes()
    return prepare(sheet, cache_control="public, max-age=3600", content_type="text/css; charset=utf-8")
