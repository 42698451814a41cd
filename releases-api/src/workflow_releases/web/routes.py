"""All routes of PORT in one table; each is counted under its own pattern."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workflow_releases.catalog.prepared import prepare
from workflow_releases.errors import DatabaseStateError, DatabaseUnavailableError, NotFoundError, RefusedError
from workflow_releases.ingest.gateway import WRITE_PATH
from workflow_releases.listeners import AsgiApp
from workflow_releases.self_metrics import RequestCounts
from workflow_releases.web import answers, legacy, publishing, reading
from workflow_releases.web.page import Page, style
from workflow_releases.web.reads import PreparedReads, choose
from workflow_releases.web.services import Services

Handler = Callable[[Services, Request], Awaitable[Response]]

_ROUTE_KEY = "workflow_releases.route"
_PLATFORM = "/v1/catalogs/{platform}"
_COMPONENT = _PLATFORM + "/components/{component}"


def routes() -> tuple[tuple[str, str, Handler], ...]:
    """Method, pattern, handler."""
    return (
        ("GET", "/", Page()),
        ("GET", "/style.css", _fixed(style())),
        ("GET", "/openapi.json", _fixed(_openapi())),
        ("GET", "/healthz", _alive),
        ("GET", "/readyz", _alive),
        ("GET", "/v1/catalogs", reading.not_prepared),
        ("GET", _PLATFORM, reading.not_prepared),
        ("GET", _COMPONENT, reading.component),
        ("GET", _COMPONENT + "/latest", reading.latest_release),
        ("PUT", _COMPONENT + "/releases/{version}", publishing.put_release),
        ("PUT", _PLATFORM + "/bundles/{version}", publishing.put_bundle),
        ("PUT", _PLATFORM + "/notices/{notice}", publishing.put_notice),
        ("DELETE", _PLATFORM + "/notices/{notice}", publishing.delete_notice),
        ("POST", _PLATFORM + "/import", publishing.import_catalog),
        ("PUT", "/v1/instances/{instance}/audience", publishing.put_audience),
        ("DELETE", "/v1/instances/{instance}/audience", publishing.delete_audience),
        ("GET", "/versions/{thing}", legacy.versions),
        ("GET", "/v3/versions/{train}/{component}", legacy.releases),
        ("GET", "/v3/versions/{train}/{component}/{release}", legacy.release),
        ("POST", "/v2/versions/latest", legacy.latest_versions),
        ("POST", "/v3/versions/latest", legacy.latest_versions),
        ("POST", "/v2/clusters/{id}", legacy.check_in),
        ("POST", "/v3/clusters", legacy.check_in),
        ("POST", "/v3/doctor/{uuid}", legacy.check_in),
        ("GET", "/ping", legacy.ping),
        ("POST", WRITE_PATH, _no_ingest),
    )


def public_app(services: Services, ingest: AsgiApp | None = None) -> AsgiApp:
    """The application of PORT; `ingest` takes reports, and without one there are none."""
    methods: dict[str, dict[str, Handler]] = {}
    for method, path, handler in routes():
        methods.setdefault(path, {})[method] = handler
    routed = Starlette(
        routes=[_route(services, path, handlers) for path, handlers in methods.items()],
        exception_handlers={
            RefusedError: answers.refused,
            DatabaseUnavailableError: answers.database_away,
            DatabaseStateError: answers.database_away,
            HTTPException: answers.http_error,
            Exception: answers.crashed,
        },
    )
    routed.router.redirect_slashes = False
    reads = PreparedReads(services.editions, services.counts, _Counted(routed, services.counts))
    return _Reports(ingest, reads) if ingest else reads


def _route(services: Services, path: str, handlers: dict[str, Handler]) -> Route:
    async def endpoint(request: Request) -> Response:
        request.scope[_ROUTE_KEY] = path
        handler = handlers["GET" if request.method == "HEAD" else request.method]
        return await handler(services, request)

    return Route(path, endpoint, methods=list(handlers))


class _Counted:
    """Counts each answer by its route's pattern; what no route knows is `other`, so labels stay few."""

    def __init__(self, application: AsgiApp, counts: RequestCounts) -> None:
        self._application = application
        self._counts = counts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def counting_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._counts.add(scope.get(_ROUTE_KEY, "other"), message["status"])
            await send(message)

        await self._application(scope, receive, counting_send)


class _Reports:
    """Hands reports to the gateway, which answers and counts all of them itself; the rest goes on."""

    def __init__(self, ingest: AsgiApp, otherwise: AsgiApp) -> None:
        self._ingest = ingest
        self._otherwise = otherwise

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == WRITE_PATH and scope["method"] == "POST":
            await self._ingest(scope, receive, send)
        else:
            await self._otherwise(scope, receive, send)


async def _no_ingest(_services: Services, _request: Request) -> Response:
    """Only where no gateway stands in front of the router."""
    raise NotFoundError("reports are not taken here: UPSTREAM_WRITE_URL is not set")


async def _alive(_services: Services, _request: Request) -> Response:
    """Alive and ready are one: the program listens only once its catalogs are in memory."""
    return answers.json_answer({"status": "ok"})


def _fixed(prepared: Any) -> Handler:
    """A prepared body behind the router: for what is rarely asked."""

    async def answer(_services: Services, request: Request) -> Response:
        variant, unchanged = choose(prepared, request.headers.raw)
        response = Response(b"" if unchanged else variant.body, 304 if unchanged else 200)
        response.raw_headers = list(variant.unchanged if unchanged else variant.head)
        return response

    return answer


def _openapi() -> Any:
    document = (Path(__file__).parent / "openapi.json").read_bytes()
    return prepare(document, cache_control="public, max-age=3600")
