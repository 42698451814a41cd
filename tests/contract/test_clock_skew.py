"""The agent's clock and the cluster's differ: verdicts stay, every output answers, no age is negative."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import clusters
from representative import representative_self_metrics
from web_client import PUBLIC_PATHS, ask, public
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.refresh import Composer
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot
from workflow_exporter.web.metrics import MetricsEndpoint

CATALOG = Path(__file__).parents[2] / "releases-api" / "catalogs" / "deis.json"
PROFILES = shipped_profiles()
NOW = datetime(2026, 2, 1, tzinfo=UTC)  # everything in the cluster was made some weeks before
SKEWS = [timedelta(days=-3650), timedelta(days=-60), timedelta(hours=-1), timedelta(days=3650)]


def composed(folder: Path, now: datetime) -> Snapshot:
    file = folder / "cluster.json"
    items = clusters.as_running_objects(clusters.manifests("deis-v2.18.0"))
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    recording = RecordedCluster(file, PROFILES, namespace="deis", read_at=now)
    composer = Composer(recording, PROFILES, "deis", choices=Choices(), identity_key=b"k" * 32)
    return composer.compose(now, CatalogReading(parse_catalog(CATALOG.read_bytes())), None)


@pytest.mark.anyio
@pytest.mark.parametrize("skew", SKEWS, ids=str)
async def test_verdicts_stay_and_every_output_answers(tmp_path: Path, skew: timedelta) -> None:
    moment = NOW + skew
    snapshot = composed(tmp_path, moment)

    answers = {path: await ask(public(snapshot, lambda: moment), path) for path in PUBLIC_PATHS}
    endpoint = MetricsEndpoint(lambda: snapshot, representative_self_metrics().registry)
    answers["/metrics"] = await ask(endpoint, "/metrics")  # type: ignore[arg-type] # an ASGI app of another type

    assert snapshot.components == composed(tmp_path, NOW).components
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    assert re.findall(r"-\d+ (?:minute|hour|day|month|year)s?", answers["/"].text) == []


@pytest.mark.anyio
async def test_clock_that_was_set_back_leaves_the_snapshot_just_read(tmp_path: Path) -> None:
    snapshot = composed(tmp_path, NOW)

    page = await ask(public(snapshot, lambda: NOW - timedelta(hours=3)), "/")

    assert page.status_code == 200
    assert re.search(r"Read <time[^>]*>less than a minute ago</time>", page.text)
