"""The page on moving from the first Workflow Manager names only what there is, and all that there was."""

import re
from pathlib import Path
from typing import Any

import yaml

from workflow_exporter.setting_rows import SETTINGS as AGENT_SETTINGS
from workflow_releases.settings import SETTINGS as RELEASES_SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "moving-from-workflow-manager.md").read_text("utf-8")
# What deis/workflow-manager's chart set on its container, and deis/workflow-manager-api read.
OLD_SETTINGS = {
    *("POD_NAMESPACE", "PORT", "VERSIONS_API_URL", "DOCTOR_API_URL", "POLL_INTERVAL_SEC", "CHECK_VERSIONS"),
    *("API_VERSION", "DEIS_NAMESPACE", "WORKFLOW_MANAGER_CHECKVERSIONS"),
    *("DBUSER", "DBPASS", "DBINSTANCE", "RDS_REGION", "DOCTOR_AUTH_USER", "DOCTOR_AUTH_PASS"),
}
OLD_VALUES = {"org", "docker_tag", "pull_policy", "versions_api_url", "doctor_api_url"}


def in_code() -> set[str]:
    without_blocks = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`]+)`", without_blocks))


def test_every_old_setting_and_value_has_its_row() -> None:
    assert {*OLD_SETTINGS, *OLD_VALUES} - in_code() == set()


def test_every_setting_that_is_named_is_an_old_one_or_can_be_set() -> None:
    named = {word for word in in_code() if re.fullmatch(r"[A-Z][A-Z_]{3,}", word)}
    agent = {name for row in AGENT_SETTINGS for name in (row.name, *row.aliases)}

    assert named - OLD_SETTINGS - agent - {row.name for row in RELEASES_SETTINGS} == set()


def test_every_chart_value_that_is_named_exists() -> None:
    text = (ROOT / "helm" / "workflow-exporter" / "values.yaml").read_text("utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    given = re.findall(r"--set (\S+?)=", PAGE)
    named = {word for word in in_code() if re.fullmatch(r"[A-Za-z]+(\.[A-Za-z]+)+(=\w+)?", word)}
    named = {word for word in named if word.split(".")[0] in values}

    assert set(given) >= {"legacyService.enabled", "checks.url"}
    for path in (*given, *named):
        place: Any = values
        for key in path.partition("=")[0].split("."):
            place = place[key]


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", PAGE)

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    assert "docs/moving-from-workflow-manager.md" in (ROOT / "README.md").read_text("utf-8")
