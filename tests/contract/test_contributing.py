"""What CONTRIBUTING.md and RELEASE.md tell people to type exists, and `make` lists what there is."""

import configparser
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockerfiles import ROOT
from makefile import HELP, TARGETS, TEXT, called_targets
from workflow_exporter import __version__
from workflow_exporter.freshness import Verdict
from workflows import read_workflow

DOCUMENTS = ("CONTRIBUTING.md", "RELEASE.md")
OTHER_PROGRAMS = {"make", "git", "pipx", "pre-commit", "cosign"}  # those that a reader has or installs
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PRE_COMMIT: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def commands(document: str) -> list[list[str]]:
    """The words of each command in a document's blocks, without variables in front and without comments."""
    found = []
    for block in re.findall(r"^ *```\n(.*?)^ *```$", read(document), re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.strip().removeprefix("$ "), comments=True)
            if words and re.fullmatch(r"[a-z./][\w./-]*", words[0]):
                found.append(words)
    return found


def make(*arguments: str) -> str:
    argv = ["make", "--no-print-directory", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_every_target_has_a_line_of_help() -> None:
    phony = set(re.findall(r"^\.PHONY: (.+)$", TEXT, re.MULTILINE)[0].split())

    assert phony == TARGETS
    assert sorted(TARGETS - set(HELP)) == []


def test_make_alone_lists_every_target_with_its_line() -> None:
    listed = dict(line.split(maxsplit=1) for line in make().splitlines())

    assert listed == HELP
    assert make("help") == make()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_targets_that_a_document_names_exist(document: str) -> None:
    named = called_targets("\n".join(re.findall(r"`(make [^`]+)`", read(document))))
    named += [target for words in commands(document) for target in called_targets(shlex.join(words))]

    assert named
    assert set(named) <= TARGETS


def _missing(words: list[str]) -> Iterator[str]:
    """What a command names that is not there: its program, or a test with its file."""
    program = words[0]
    if program.startswith(".venv/bin/"):
        if not Path(sys.executable).with_name(Path(program).name).exists():
            yield program
    elif program not in OTHER_PROGRAMS:
        yield program
    for word in words[1:]:
        file, _, test = word.partition("::")
        if file.startswith("tests/") and not (ROOT / file).exists():
            yield file
        elif test and f"def {test}(" not in read(file):
            yield test


@pytest.mark.parametrize("document", DOCUMENTS)
def test_programs_files_and_tests_of_a_documents_commands_exist(document: str) -> None:
    named = commands(document)

    assert named
    assert [missing for words in named for missing in _missing(words)] == []


def test_commands_that_are_not_there_are_noticed() -> None:
    lines = [
        ".venv/bin/no-linter .",
        "npm test",
        ".venv/bin/python -m pytest tests/unit/test_none.py",
        ".venv/bin/python tests/shell.py::no",
    ]

    assert [list(_missing(shlex.split(line))) for line in lines] == [
        [".venv/bin/no-linter"],
        ["npm"],
        ["tests/unit/test_none.py"],
        ["no"],
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_a_document_names_exist(document: str) -> None:
    named = re.findall(r"`((?:[\w-]+/|\.(?:ci|github)/)[\w./-]+|[A-Z]+\.md|\.editorconfig)`", read(document))

    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_pythons_of_contributing_are_those_of_the_checks() -> None:
    pythons = read_workflow("checks.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]

    assert (
        re.findall(r"Python (3\.11, .*?) and\s(3\.14)", read("CONTRIBUTING.md"))
        == [(", ".join(pythons[:-1]), pythons[-1])] * 2
    )
    assert (PROJECT["tool"]["mypy"]["python_version"], PROJECT["tool"]["ruff"]["target-version"]) == (
        pythons[0],
        f"py{pythons[0].replace('.', '')}",
    )


@pytest.mark.parametrize("system", ["Linux", "macOS", "WSL"])
def test_contributing_says_what_works_on_each_system(system: str) -> None:
    rows = [line for line in read("CONTRIBUTING.md").splitlines() if line.startswith("| ")]

    assert [line for line in rows if system in line] != []


def test_hooks_before_a_commit_call_targets_and_download_nothing() -> None:
    (repository,) = PRE_COMMIT["repos"]
    hooks = repository["hooks"]

    assert repository["repo"] == "local"
    assert [(hook["language"], hook["pass_filenames"]) for hook in hooks] == [("system", False)] * len(hooks)
    assert [called_targets(hook["entry"]) for hook in hooks] == [["lint"], ["types"], ["layers"], ["unit"]]
    assert [hook["id"] for hook in hooks if hook.get("stages") == ["pre-push"]] == ["unit"]


def test_editors_get_the_line_length_of_ruff_and_tabs_for_make() -> None:
    editor = configparser.ConfigParser()
    editor.read_string("[top]\n" + read(".editorconfig"))

    python, recipes = editor["{*.py,prometheus/delete-instance}"], editor["{Makefile,go.mod}"]
    assert editor["top"]["root"] == "true"
    assert int(python["max_line_length"]) == PROJECT["tool"]["ruff"]["line-length"]
    assert recipes["indent_style"] == "tab"


def test_every_file_that_the_release_page_lists_has_the_version_and_no_other_does() -> None:
    listed = re.findall(r"^   - `([^`]+)`", read("RELEASE.md"), re.MULTILINE)
    pattern = r"^(?:version = \"|__version__ = \"|ARG VERSION=|version: |appVersion: )([0-9.]+)"
    found = {name: set(re.findall(pattern, read(name), re.MULTILINE)) for name in listed}

    assert found == {name: {__version__} for name in listed}
    holders = [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/Dockerfile"), *ROOT.glob("helm/*/Chart.yaml")]
    holders += [
        p for p in ROOT.glob("*/src/*/__init__.py") if re.search(pattern, p.read_text(), re.MULTILINE)
    ]
    assert sorted(listed) == sorted(str(path.relative_to(ROOT)) for path in holders)


def test_there_is_a_form_for_a_bug_a_false_verdict_and_a_new_release() -> None:
    assert [form.stem for form in FORMS] == ["bug", "config", "false-verdict", "platform-release"]


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form.stem != "config"], ids=lambda form: form.stem
)
def test_form_is_one_that_github_shows(form: Path) -> None:
    """docs.github.com, "Syntax for GitHub's form schema"."""
    content = yaml.safe_load(form.read_text("utf-8"))
    fields = [field for field in content["body"] if field["type"] != "markdown"]

    assert set(content) == {"name", "description", "labels", "body"}
    assert {field["type"] for field in fields} <= {"dropdown", "input", "textarea", "checkboxes"}
    assert len({field["id"] for field in fields}) == len(fields)
    assert [field["id"] for field in fields if not field["attributes"]["label"]] == []
    for field in fields:
        options = field["attributes"].get("options", [])
        assert (field["type"] == "dropdown") is bool(options)
        assert all(isinstance(option, str) for option in options)
        assert len(set(options)) == len(options)


def test_the_form_for_a_false_verdict_offers_every_verdict() -> None:
    content = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/false-verdict.yml").read_text("utf-8"))
    offered = {
        f["id"]: f["attributes"]["options"] for f in content["body"] if f.get("id") in {"shown", "right"}
    }

    assert [options[:-1] for options in offered.values()] == [[verdict.value for verdict in Verdict]] * 2
