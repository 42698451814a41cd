"""Asking the agent's two listeners without a socket."""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from true_clusters import NOW
from workflow_exporter.report import Reports
from workflow_exporter.reporter.assembly import make_desk
from workflow_exporter.reporter.choice import choose
from workflow_exporter.settings import settings_from_environment
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.routes import metrics_app, public_app

VERSION = "0.1.0"
DESCRIPTIONS = {"builder": "Builds applications from source."}
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PUBLIC_PATHS = (
    "/",
    "/api/v1/components",
    "/api/v1/workloads",
    "/api/v1/status",
    "/report",
    "/components",
    "/id",
    "/openapi.json",
    "/healthz",
    "/readyz",
)


def public(
    snapshot: Snapshot | Callable[[], Snapshot | None] | None, now: Callable[[], datetime] = lambda: NOW
) -> Starlette:
    current = snapshot if callable(snapshot) else lambda: snapshot
    return public_app(
        current, now=now, exporter_version=VERSION, descriptions=DESCRIPTIONS, reports=reports()
    )


def metrics(snapshot: Snapshot | None) -> Starlette:
    return metrics_app(
        lambda: snapshot, _a_metric, now=lambda: NOW, exporter_version=VERSION, reports=reports()
    )


def reports() -> Reports:
    """Those of an agent that does not report."""
    return make_desk(choose(settings_from_environment({}), recorded=False, proxy=lambda _: None))


async def ask(
    app: Starlette, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> httpx.Response:
    """One answer; an exception in the application becomes its 500."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent.test") as client:
        return await client.request(method, path, headers=headers)


async def _a_metric(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("a_metric 1\n")(scope, receive, send)
