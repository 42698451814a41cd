"""What holds for every workflow, and what pull requests are checked with."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dockerfiles import ROOT
from makefile import TARGETS, called_targets
from workflows import FILES, FOLDER, read_workflow, scripts, shell

CHECKS: dict[str, Any] = read_workflow("checks.yml")["jobs"]["test"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
USES = [used for name in FILES for used in re.findall(r"uses: (.*)", (FOLDER / name).read_text("utf-8"))]


def test_there_are_three_workflows() -> None:
    assert FILES == ["checks.yml", "e2e.yml", "release.yml"]


@pytest.mark.parametrize("used", sorted(set(USES)))
def test_every_action_is_pinned_by_commit_and_says_its_version(used: str) -> None:
    assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used)


def test_the_same_action_has_the_same_pin_everywhere() -> None:
    pins = set(USES)

    assert len(pins) == len({used.partition("@")[0] for used in pins})


@pytest.mark.parametrize("name", FILES)
def test_no_command_contains_an_expression_in_which_an_attacker_could_write_shell(name: str) -> None:
    jobs = read_workflow(name)["jobs"]

    assert [job for job in jobs.values() if any("${{" in script for script in scripts(job))] == []


@pytest.mark.parametrize("name", FILES)
def test_targets_and_scripts_that_a_workflow_calls_exist(name: str) -> None:
    commands = "\n".join(script for job in read_workflow(name)["jobs"].values() for script in scripts(job))

    assert set(called_targets(commands)) <= TARGETS
    started = re.findall(r"^(\.\S+/\S+)", commands, re.MULTILINE)
    assert [path for path in started if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("name", ["checks.yml", "e2e.yml"])
def test_a_pull_request_gets_no_right_but_to_read(name: str) -> None:
    workflow = read_workflow(name)

    assert workflow["permissions"] == {}
    assert [job["permissions"] for job in workflow["jobs"].values()] == [{"contents": "read"}]
    assert "secrets." not in (FOLDER / name).read_text("utf-8")
    assert "pull_request_target" not in workflow[True]


def test_pull_requests_are_checked_with_every_python_that_is_supported() -> None:
    matrix = CHECKS["strategy"]["matrix"]

    assert "pull_request" in read_workflow("checks.yml")[True]
    assert (matrix["python"], matrix["system"]) == (PYTHONS, ["ubuntu-24.04"])
    assert [row["system"].partition("-")[0] for row in matrix["include"]] == ["macos"]
    for program in ("exporter", "releases-api"):
        project = tomllib.loads((ROOT / program / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["requires-python"] == f">={PYTHONS[0]}"


def test_pull_requests_are_checked_with_what_make_test_runs() -> None:
    (test,) = re.findall(r"^test: ([a-z ]+?) ##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert called_targets("\n".join(scripts(CHECKS))) == ["help", *test.split()]


@pytest.mark.parametrize(
    ("found", "status"), [("3.14.2/x64", 0), ("3.14.0/arm64", 0), ("3.1.4/x64", 1), ("3.13.1/x64", 1)]
)
def test_make_gets_the_python_of_the_matrix_or_the_job_ends(tmp_path: Path, found: str, status: int) -> None:
    (choose,) = [script for script in scripts(CHECKS) if "RUNNER_TOOL_CACHE" in script]
    python = tmp_path / "Python" / found / "bin" / "python3.14"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    environment = tmp_path / "environment"
    environment.touch()

    ended = shell(
        choose, tmp_path, WANTED="3.14", RUNNER_TOOL_CACHE=str(tmp_path), GITHUB_ENV=str(environment)
    )

    assert (ended, environment.read_text()) == (status, "" if status else f"PYTHON={python}\n")


def test_e2e_runs_on_demand_only() -> None:
    workflow = read_workflow("e2e.yml")

    assert workflow[True] == {
        "pull_request": {"types": ["labeled", "synchronize"]},
        "workflow_dispatch": None,
    }
    assert workflow["jobs"]["e2e"]["if"].split(" || ") == [
        "github.event_name == 'workflow_dispatch'",
        "github.event.label.name == 'e2e'",
        "(github.event.action == 'synchronize' && contains(github.event.pull_request.labels.*.name, 'e2e'))",
    ]
    assert scripts(workflow["jobs"]["e2e"]) == [".ci/run"]
