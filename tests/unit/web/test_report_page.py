"""`/report` on both listeners and `/api/v1/report`: what is shown, what hidden, which bytes are given."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette

import factories as make
from fakes.receiver import request_in
from web_client import ask, metrics, public
from workflow_exporter.reporter.desk import Desk, label_texts, series_texts
from workflow_exporter.reporter.labels import LABELS
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.report_page import hide_ids
from workflow_exporter.web.routes import metrics_app

pytestmark = pytest.mark.anyio

PROTOBUF = {"accept": "application/x-protobuf"}
INSTANCE, CLUSTER, SECRET = "1" * 32, "c" * 32, "5" * 64
OFF = make.snapshot(
    identity=make.identity(), modes={"reporting": "off: nothing is sent unless REPORTING_ENABLED is true"}
)
ON = make.snapshot(
    identity=make.identity(),
    reporting_enabled=True,
    modes={"reporting": "on: once an hour to reports.example.org; the report of 12:00 was taken"},
)
NOBODY = make.snapshot(
    identity_problem="the namespace behind kube-system cannot be read by node-1: forbidden",
    inventory=make.inventory(nodes=[make.node("node-1")]),
)


async def text_of(app: Starlette, path: str = "/report") -> str:
    answer = await ask(app, path)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("snapshot", [OFF, ON, NOBODY])
async def test_every_series_and_every_label_is_explained_whether_or_not_anything_is_sent(
    snapshot: Snapshot,
) -> None:
    html = await text_of(public(snapshot))

    assert [one.name for one in series_texts() if f"<code>{one.name}</code>" not in html] == []
    assert [one.name for one in label_texts() if f"<code>{one.name}</code>" not in html] == []


async def test_the_public_page_hides_the_ids_and_nothing_else() -> None:
    shown, inside = await text_of(public(ON)), await text_of(metrics(ON))

    assert [one for one in (INSTANCE, CLUSTER, SECRET) if one in shown] == []
    assert "instance_id=&#34;(hidden)&#34;" in shown
    assert INSTANCE in inside
    assert CLUSTER in inside
    assert SECRET not in inside
    unmasked = shown.replace("instance_id=&#34;(hidden)", f"instance_id=&#34;{INSTANCE}")
    unmasked = unmasked.replace("cluster_id=&#34;(hidden)", f"cluster_id=&#34;{CLUSTER}")
    assert re.findall(r"<code>fleet_\w+\{.*?</code>", unmasked) == re.findall(
        r"<code>fleet_\w+\{.*?</code>", inside
    )


async def test_state_and_last_outcome_are_told() -> None:
    off, on = await text_of(public(OFF)), await text_of(public(ON))

    assert "Usage reports are off" in off
    assert "Nothing is sent unless REPORTING_ENABLED is true." in off
    assert "Usage reports are on" in on
    assert "Once an hour to reports.example.org; the report of 12:00 was taken." in on


async def test_without_an_id_the_reason_is_told_and_masked_in_public() -> None:
    shown, inside = await text_of(public(NOBODY)), await text_of(metrics(NOBODY))

    assert "cannot be read by (hidden): forbidden" in shown
    assert "cannot be read by node-1: forbidden" in inside


async def test_the_report_as_json_is_the_reports_series() -> None:
    document = (await ask(metrics(ON), "/api/v1/report")).json()

    assert document["reporting"] == {"enabled": True, "mode": ON.modes["reporting"]}
    assert document["problem"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", document["slot"])
    assert {
        "name": "fleet_capacity_cpu_cores",
        "labels": {"instance_id": INSTANCE},
        "value": 4.0,
    } in document["series"]
    assert SECRET not in str(document)


async def test_the_bytes_that_would_be_sent_are_given_to_who_asks_for_protobuf() -> None:
    moment = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
    desk = Desk(audience="ci", exporter_version="0.1.0", words=Words, encode=encode, keep=True)
    app = metrics_app(lambda: ON, metrics(ON), now=lambda: moment, exporter_version="0.1.0", reports=desk)

    answer = await ask(app, "/api/v1/report", PROTOBUF)

    ready = desk.ready(ON, moment)
    assert ready is not None
    assert answer.content == encode(ready.report)
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert answer.headers["vary"] == "Accept"
    assert len(request_in(answer.content).timeseries) == len(ready.report.series)


async def test_without_an_id_there_are_no_bytes_and_the_document_says_why() -> None:
    answer = await ask(metrics(NOBODY), "/api/v1/report", PROTOBUF)
    document = (await ask(metrics(NOBODY), "/api/v1/report")).json()

    assert answer.status_code == 503
    assert answer.json() == {"error": document["problem"]}
    assert (document["slot"], document["series"]) == (None, [])
    assert document["problem"].startswith("no id can be formed: the namespace behind kube-system")


async def test_the_page_is_rendered_anew_for_another_hour_and_another_snapshot() -> None:
    times = [datetime(2026, 11, 23, 12, 20, tzinfo=UTC)]
    shown = [ON]
    app = public(lambda: shown[0], now=lambda: times[0])

    first = await text_of(app)
    times[0] += timedelta(minutes=10)
    again = await text_of(app)
    times[0] += timedelta(minutes=30)
    next_hour = await text_of(app)
    shown[0] = OFF
    other = await text_of(app)

    assert first == again
    assert ("12:00:00 UTC" in first, "13:00:00 UTC" in next_hour) == (True, True)
    assert "Usage reports are off" in other


@pytest.mark.parametrize("path", ["/report", "/api/v1/report"])
async def test_nothing_is_shown_before_the_cluster_is_read(path: str) -> None:
    unread = replace(ON, sources=(make.source_state("pods", up=None),))

    assert (await ask(metrics(unread), path)).status_code == 503


async def test_the_public_listener_has_no_unmasked_report() -> None:
    assert (await ask(public(ON), "/api/v1/report")).status_code == 404
    assert (await ask(public(ON), "/report", PROTOBUF)).headers["content-type"].startswith("text/html")


async def test_hiding_changes_the_ids_alone() -> None:
    desk = Desk(audience="ci", exporter_version="0.1.0", words=Words, encode=encode, keep=False)
    preview = desk.preview(ON, datetime(2026, 11, 23, 12, 20, tzinfo=UTC))

    hidden = hide_ids(preview)

    assert preview.report is not None
    assert hidden.report is not None
    pairs = {
        (name, before, after)
        for one, other in zip(preview.report.series, hidden.report.series, strict=True)
        for (name, before), (_, after) in zip(one.labels, other.labels, strict=True)
        if before != after
    }
    assert pairs == {("instance_id", INSTANCE, "(hidden)"), ("cluster_id", CLUSTER, "(hidden)")}
    assert set(LABELS) >= {name for name, _, _ in pairs}
