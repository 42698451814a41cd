"""`workflow-exporter report`: shows what would be sent, or sends it to see it arrive."""

import asyncio
from datetime import UTC, datetime

from workflow_exporter.app import read_once
from workflow_exporter.errors import ReportError, SettingsError
from workflow_exporter.plan import Plan, Source, make_plan
from workflow_exporter.reporter.assembly import encode, make_desk
from workflow_exporter.reporter.bearer import bearer_token
from workflow_exporter.reporter.listing import listing
from workflow_exporter.reporter.once import send_once
from workflow_exporter.reporter.receiver import Receiver
from workflow_exporter.settings import Settings
from workflow_exporter.snapshot import Snapshot


def show(settings: Settings, source: Source) -> str:
    """The report in words, with its ids. Raises WorkflowExporterError, also where there is none."""
    snapshot, plan = _read(settings, source)
    preview = make_desk(plan.reporting).preview(snapshot, _now())
    if preview.report is None:
        raise ReportError(_why_none(snapshot))
    return listing(preview, preview.report)


def wire_form(settings: Settings, source: Source) -> bytes:
    """The body of the request that would be sent. Raises WorkflowExporterError, also where there is none."""
    snapshot, plan = _read(settings, source)
    body = make_desk(plan.reporting).encoded(snapshot, _now())
    if body is None:
        raise ReportError(_why_none(snapshot))
    return body


def send(settings: Settings, source: Source) -> str:
    """Sends this hour's report now, once; what to tell. Raises WorkflowExporterError unless it was taken."""
    plan = make_plan(settings, source, now=_now)
    reporting = plan.reporting
    if reporting.way is None:
        raise SettingsError(f"report --send sends only where reporting is on; it is {reporting.words}")
    snapshot = read_once(plan)
    ready = make_desk(reporting).ready(snapshot, _now())
    if ready is None:
        raise ReportError(_why_none(snapshot))
    bearer = bearer_token(reporting.bearer_file, ready.instance_secret)
    return asyncio.run(send_once(Receiver(reporting.way), ready, encode(ready.report), bearer, _now()))


def _read(settings: Settings, source: Source) -> tuple[Snapshot, Plan]:
    plan = make_plan(settings, source, now=_now)
    return read_once(plan), plan


def _why_none(snapshot: Snapshot) -> str:
    return f"there is no report: no id can be formed: {snapshot.identity_problem}"


def _now() -> datetime:
    return datetime.now(UTC)
