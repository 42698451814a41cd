"""The two listeners: which path answers what, and with which status.

`public_app` may be routed in public without a login; `metrics_app` is for inside the cluster only.
Endpoints that make something of a snapshot are plain functions: Starlette runs those on a thread, so
that the event loop, which scrapes wait for, is not held up by a page.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from workflow_exporter.report import Reports, slot_of
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web import api
from workflow_exporter.web.accept import PROTOBUF, wants_protobuf
from workflow_exporter.web.disclosure import PublicView, disclose
from workflow_exporter.web.faults import Faults
from workflow_exporter.web.headers import HeadersMiddleware, security_headers
from workflow_exporter.web.legacy import legacy_components
from workflow_exporter.web.node_facts import count_node_facts
from workflow_exporter.web.openapi import openapi_document
from workflow_exporter.web.page import DEFAULT_REFRESH, REFRESH_CHOICES, Pages, page_view
from workflow_exporter.web.per_snapshot import PerSnapshot
from workflow_exporter.web.report_page import document_of_report, hide_ids, report_view, why_no_report
from workflow_exporter.web.responses import RETRY_AFTER_SECONDS, json_response

Current = Callable[[], Snapshot | None]
Clock = Callable[[], datetime]
# A page is rendered at most this often for one snapshot: its ages are in minutes, and whoever asks
# a thousand times a second gets the same page.
_PAGE_LIVES_SECONDS = 5
_VARY = {"Vary": "Accept"}


def public_app(
    current: Current,
    *,
    now: Clock,
    exporter_version: str,
    descriptions: Mapping[str, str],
    reports: Reports,
) -> Starlette:
    """The listener of PORT. `current` is the newest snapshot, None until there is one; `descriptions`
    is component -> sentence, for the legacy `/components`."""
    pages = Pages(exporter_version)
    headers = security_headers(pages.style_source)
    ready = Readiness(current)
    public = PerSnapshot(disclose)
    page = _Page(current, now, public, pages)

    def legacy(_: Request) -> Response:
        view = public(ready.snapshot())
        return json_response(legacy_components(view.snapshot, view.local_id, descriptions))

    def local_id(_: Request) -> Response:
        view = public(ready.snapshot())
        if view.local_id is None:
            why = view.snapshot.identity_problem or "no reason is known"
            return PlainTextResponse(f"No id can be formed: {why}\n", status_code=503)
        return PlainTextResponse(view.local_id)

    def report(snapshot: Snapshot, moment: datetime) -> str:
        preview = hide_ids(reports.preview(snapshot, moment))
        return pages.report(report_view(public(snapshot).snapshot, preview, ids_hidden=True))

    def openapi(_: Request) -> Response:
        return Response(openapi_document(), media_type="application/json")

    def of_public(document: Callable[[PublicView], api.Document]) -> Callable[[Snapshot], api.Document]:
        return lambda snapshot: document(public(snapshot))

    return _app(
        [
            Route("/", page.answer),
            _json(
                "/api/v1/components", ready, of_public(lambda view: api.document_of_components(view.snapshot))
            ),
            _json(
                "/api/v1/workloads", ready, of_public(lambda view: api.document_of_workloads(view.snapshot))
            ),
            _json(
                "/api/v1/status",
                ready,
                of_public(lambda view: api.document_of_status(view.snapshot, view.nodes, exporter_version)),
            ),
            Route("/report", _ReportPage(ready, now, report).answer),
            Route("/components", legacy),
            Route("/id", local_id),
            Route("/openapi.json", openapi),
            *ready.routes(),
        ],
        headers,
        Faults(headers, pages),
    )


def metrics_app(
    current: Current, metrics_endpoint: ASGIApp, *, now: Clock, exporter_version: str, reports: Reports
) -> Starlette:
    """The listener of METRICS_PORT: everything by its name. `metrics_endpoint` answers `/metrics`."""
    pages = Pages(exporter_version)
    headers = security_headers(pages.style_source)
    ready = Readiness(current)

    def status(snapshot: Snapshot) -> api.Document:
        nodes = count_node_facts(snapshot.inventory.nodes)
        return api.document_of_status(snapshot, nodes, exporter_version)

    def report(snapshot: Snapshot, moment: datetime) -> str:
        return pages.report(report_view(snapshot, reports.preview(snapshot, moment), ids_hidden=False))

    def report_document(request: Request) -> Response:
        snapshot = ready.snapshot()
        if not wants_protobuf(request.headers.get("accept", "")):
            return json_response(
                document_of_report(snapshot, reports.preview(snapshot, now())), headers=_VARY
            )
        body = reports.encoded(snapshot, now())
        if body is None:
            return json_response({"error": why_no_report(snapshot)}, 503, _VARY)
        return Response(body, media_type=PROTOBUF, headers=_VARY)

    return _app(
        [
            Route("/metrics", _Endpoint(metrics_endpoint)),
            _json("/api/v1/components", ready, api.document_of_components),
            _json("/api/v1/workloads", ready, api.document_of_workloads),
            _json("/api/v1/status", ready, status),
            _json("/api/v1/nodes", ready, api.document_of_nodes),
            Route("/api/v1/report", report_document),
            Route("/report", _ReportPage(ready, now, report).answer),
            *ready.routes(),
        ],
        headers,
        Faults(headers),
    )


class Readiness:
    """Hands out complete snapshots only."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def snapshot(self) -> Snapshot:
        """The newest snapshot; until one is complete the request is answered 503."""
        snapshot = self._current()
        if snapshot is None or not snapshot.complete:
            raise HTTPException(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        return snapshot

    def routes(self) -> list[Route]:
        return [Route("/healthz", self._alive), Route("/readyz", self._ready)]

    async def _alive(self, _: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def _ready(self, _: Request) -> Response:
        self.snapshot()
        return PlainTextResponse("ready\n")


class _Page:
    """`GET /`: the page, or the one that says that the cluster is being read."""

    def __init__(self, current: Current, now: Clock, public: PerSnapshot[PublicView], pages: Pages) -> None:
        self._current = current
        self._now = now
        self._public = public
        self._pages = pages
        self._rendered: dict[str, tuple[PublicView, datetime, bytes]] = {}  # by refresh choice

    def answer(self, request: Request) -> Response:
        now, snapshot = self._now(), self._current()
        if snapshot is None or not snapshot.complete:
            return self._waiting(snapshot, now)
        view = self._public(snapshot)
        asked = request.query_params.get("refresh", DEFAULT_REFRESH)
        refresh = asked if asked in REFRESH_CHOICES else DEFAULT_REFRESH
        # The header and not <meta http-equiv>: a page saved or printed must not reload.
        headers = {} if refresh == "off" else {"Refresh": refresh}
        return HTMLResponse(self._html(view, refresh, now), headers=headers)

    def _html(self, view: PublicView, refresh: str, now: datetime) -> bytes:
        last = self._rendered.get(refresh)
        if last and last[0] is view and 0 <= (now - last[1]).total_seconds() < _PAGE_LIVES_SECONDS:
            return last[2]
        html = self._pages.page(page_view(view, now), refresh).encode()
        self._rendered[refresh] = (view, now, html)
        return html

    def _waiting(self, snapshot: Snapshot | None, now: datetime) -> Response:
        sources = self._public(snapshot).snapshot.sources if snapshot else ()
        seconds = str(RETRY_AFTER_SECONDS)
        headers = {"Retry-After": seconds, "Refresh": seconds}
        return HTMLResponse(self._pages.waiting(sources, now), status_code=503, headers=headers)


class _ReportPage:
    """`GET /report`: rendered once for each snapshot and hour, however often it is asked for."""

    def __init__(self, ready: Readiness, now: Clock, render: Callable[[Snapshot, datetime], str]) -> None:
        self._ready = ready
        self._now = now
        self._render = render
        self._last: tuple[Snapshot, datetime, str] | None = None

    def answer(self, _: Request) -> Response:
        snapshot, moment = self._ready.snapshot(), self._now()
        hour, last = slot_of(moment), self._last
        if last is None or last[0] is not snapshot or last[1] != hour:
            last = self._last = (snapshot, hour, self._render(snapshot, moment))
        return HTMLResponse(last[2])


class _Endpoint:
    """An ASGI application at one path; a Route would take a bare function for something else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _json(path: str, ready: Readiness, document: Callable[[Snapshot], api.Document]) -> Route:
    def answer(_: Request) -> Response:
        return json_response(document(ready.snapshot()))

    return Route(path, answer)


def _app(routes: list[Route], headers: Mapping[str, str], faults: Faults) -> Starlette:
    app = Starlette(
        routes=routes,
        middleware=[Middleware(HeadersMiddleware, headers=headers)],
        exception_handlers=faults.handlers(),
    )
    # A redirect would name the address as we see it, which behind a path prefix is the wrong one.
    app.router.redirect_slashes = False
    return app
