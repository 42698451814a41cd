"""What the API's description and the README say of the gateway is what it answers."""

import json
import math
import re
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from e2e.agent import command
from e2e.processes import environment
from gateways import Site
from ingest_factories import pack, small
from workflow_releases.ingest.body import DEADLINE_SECONDS
from workflow_releases.ingest.compression import MAX_DECOMPRESSED_BYTES
from workflow_releases.ingest.gateway import MAX_UNDER_WAY, WRITE_PATH
from workflow_releases.ingest.headers import MAX_BODY_BYTES
from workflow_releases.ingest.refusals import Reason
from workflow_releases.ingest.remote_write import MAX_LABEL_BYTES, MAX_LABELS, MAX_SERIES
from workflow_releases.settings import SETTINGS

DESCRIPTION: dict[str, Any] = json.loads(
    resources.files("workflow_releases.web").joinpath("openapi.json").read_text("utf-8")
)
ROOT = Path(__file__).parents[2]
README = (ROOT / "releases-api" / "README.md").read_text()


def test_every_status_is_described_and_no_other() -> None:
    answered = {204, 404, *(reason.status for reason in Reason)}  # 404 without an upstream

    assert {int(status) for status in DESCRIPTION["paths"][WRITE_PATH]["post"]["responses"]} == answered


def test_sentences_state_the_bounds_that_hold() -> None:
    assert str(MAX_BODY_BYTES) in Reason.TOO_LARGE.sentence
    assert str(MAX_DECOMPRESSED_BYTES) in Reason.TOO_LARGE_DECOMPRESSED.sentence
    assert f" {MAX_SERIES} " in Reason.TOO_MANY_SERIES.sentence
    assert f" {MAX_LABELS} " in Reason.TOO_MANY_LABELS.sentence
    assert f" {MAX_LABEL_BYTES} " in Reason.TOO_LONG.sentence
    assert DEADLINE_SECONDS == 10.0


def test_readme_names_the_statuses_in_the_order_of_the_checks() -> None:
    section = README.partition("## Taking reports")[2].partition("\n## ")[0]

    told = [int(status) for status in re.findall(r"\((\d{3})\)", section)]
    assert told == [415, 413, 429, 401, 408, 413, 413, 400, 400, 400, 403, 429, 400, 400]


@pytest.mark.anyio
async def test_refusal_is_an_error_as_described() -> None:
    answer = await Site().post(pack(small())[:-1])

    schema = {**DESCRIPTION["components"]["schemas"]["Error"], "components": DESCRIPTION["components"]}
    Draft202012Validator(schema).validate(answer.json())
    assert answer.headers["content-type"] == "application/json"


def test_faults_that_are_excluded_name_the_tests_that_hold_them_out() -> None:
    section = (ROOT / "SECURITY.md").read_text().partition("## Three faults")[2]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]

    named = [re.findall(r"`((?:unit|contract|e2e)/[a-z_/]+[.]py)`", row) for row in rows]
    assert [len(files) >= 3 for files in named] == [True] * 3
    assert [file for files in named for file in files if not (ROOT / "tests" / file).is_file()] == []


SIZED = (
    "PRIVACY.md",
    "exporter/src/workflow_exporter/reporter/receiver.py",
    "releases-api/src/workflow_releases/ingest/headers.py",
)


def test_size_of_a_report_is_the_same_everywhere_and_that_of_the_shipped_sample(tmp_path: Path) -> None:
    """Ids are random, and compress a few bytes more or less."""
    read = ["--from", str(ROOT / "exporter" / "sample"), "--catalog", str(ROOT / "releases-api" / "catalogs")]
    ended = subprocess.run(
        command("report", "--bytes", *read),
        env=environment(tmp_path, {}),
        capture_output=True,
        check=True,
        timeout=90,
    )

    assert round(len(ended.stdout) / 1000, 1) == 1.4
    assert [file for file in SIZED if "1.4 KB" not in (ROOT / file).read_text()] == []


def test_what_slow_senders_can_do_follows_from_the_bounds_that_ship() -> None:
    section = (ROOT / "SECURITY.md").read_text().partition("## Slow senders")[2].partition("\n## ")[0]
    told = " ".join(section.split())

    (at_once,) = (int(row.default) for row in SETTINGS if row.name == "INGEST_SOURCE_RATE_PER_MINUTE")
    meanwhile = round(at_once * DEADLINE_SECONDS / 60)
    assert f"has {DEADLINE_SECONDS:g} s in all" in told
    assert f"{at_once} at once, then {meanwhile} in {DEADLINE_SECONDS:g} s" in told
    assert f"{MAX_UNDER_WAY:,} reports may be under way" in told
    assert (math.ceil(MAX_UNDER_WAY / at_once), round(MAX_UNDER_WAY / meanwhile)) == (9, 51)
    assert "nine addresses" in told
    assert "about fifty" in told
    assert f"up to {MAX_BODY_BYTES // 1024} KiB each" in told
