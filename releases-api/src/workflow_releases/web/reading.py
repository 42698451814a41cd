"""Small answers for people and scripts: one component, its newest release."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from workflow_releases.catalog.model import Catalog, Component
from workflow_releases.catalog.newest import newest_release
from workflow_releases.errors import NotFoundError
from workflow_releases.web.answers import json_answer
from workflow_releases.web.services import Services


async def not_prepared(_services: Services, request: Request) -> Response:
    """Catalogs and their list are answered before the router; only what does not exist comes here."""
    raise NotFoundError(f"there is no platform {request.path_params.get('platform')!r}; see /v1/catalogs")


async def component(services: Services, request: Request) -> Response:
    """The component with all its releases, and the newest of each train."""
    catalog, found = _component(services, request)
    latest = {train: newest_release(found.releases, train) for train in catalog.trains}
    name = request.path_params["component"]
    document: dict[str, Any] = {"component": name, **msgspec.structs.asdict(found), "latest": latest}
    return json_answer(document, headers={"cache-control": "public, max-age=60"})


async def latest_release(services: Services, request: Request) -> Response:
    """The newest release, of `?train=` or stable; with `Accept: text/plain` its version alone."""
    _catalog, found = _component(services, request)
    train = request.query_params.get("train", "stable")
    release = newest_release(found.releases, train)
    if release is None:
        raise NotFoundError(f"{request.path_params['component']} has no release on that train")
    headers = {"cache-control": "public, max-age=60", "vary": "Accept"}
    if request.headers.get("accept", "").startswith("text/plain"):
        return Response(f"{release.version}\n", media_type="text/plain", headers=headers)
    return json_answer(release, headers=headers)


def _component(services: Services, request: Request) -> tuple[Catalog, Component]:
    path = request.path_params
    catalog = services.catalog(path["platform"])
    if catalog is None:
        raise NotFoundError(f"there is no platform {path['platform']!r}; see /v1/catalogs")
    found = catalog.components.get(path["component"])
    if found is None:
        raise NotFoundError(f"{catalog.platform} has no component {path['component']!r}")
    return catalog, found
