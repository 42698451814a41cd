"""What both images promise: small, without root, compiler or installer, and nothing in them by accident."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dockerfiles import ROOT, Context, Dockerfile, read_dockerfile
from workflow_exporter.setting_rows import SETTINGS as AGENT_SETTINGS
from workflow_releases.settings import SETTINGS as RELEASES_SETTINGS

PROGRAMS = ("exporter", "releases-api")
SYNTAX = re.compile(r"^\s*(?:#|//)\s*syntax\s*=.*", re.MULTILINE | re.IGNORECASE)


def dockerfile(program: str) -> Dockerfile:
    return read_dockerfile(ROOT / program / "Dockerfile")


def project(program: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((ROOT / program / "pyproject.toml").read_text())["project"]
    return found


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    hadolint = Path(sys.executable).with_name("hadolint")
    return subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("program", PROGRAMS)
def test_hadolint_finds_nothing(program: str) -> None:
    done = lint(ROOT / program / "Dockerfile")

    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python:latest\nRUN cd /src && pip install flask\n")

    assert lint(careless).returncode != 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_dockerfile_is_read_by_the_builder_itself(program: str) -> None:
    """A syntax would be another image, downloaded for each build and trusted with all that it builds."""
    text = (ROOT / program / "Dockerfile").read_text("utf-8")

    assert SYNTAX.findall(text) == []


@pytest.mark.parametrize("line", ["# syntax=docker/dockerfile:1", "#SYNTAX = a@sha256:0", "  # syntax=a"])
def test_syntax_would_be_found(line: str) -> None:
    assert SYNTAX.findall(f"{line}\nFROM scratch\n")


def test_no_dockerfile_goes_untested() -> None:
    files = {path for name in ("Dockerfile*", "*.Dockerfile") for path in ROOT.glob(f"*/{name}")}
    files |= set(ROOT.glob("Dockerfile*"))

    assert files == {ROOT / program / "Dockerfile" for program in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS)
def test_both_stages_stand_on_the_python_that_tests_run_on(program: str) -> None:
    image = dockerfile(program)

    assert [stage.texts("FROM")[0].split()[0] for stage in image.stages] == ["python:${PYTHON_VERSION}"] * 2
    lowest = project(program)["requires-python"].removeprefix(">=")
    assert re.fullmatch(rf"{re.escape(lowest)}\.\d+-slim-\w+", image.defaults["PYTHON_VERSION"])
    assert f"/usr/local/lib/python{lowest}/ensurepip" in image.final.texts("RUN")[0]


@pytest.mark.parametrize("program", PROGRAMS)
def test_everything_is_installed_by_hash_and_nothing_from_sources(program: str) -> None:
    installs = [
        words
        for text in dockerfile(program).stages[0].texts("RUN")
        for words in text.split("&&")
        if " install " in words
    ]

    by_hash = [words for words in installs if "--require-hashes" in words]
    assert [re.findall(r"--requirement (\S+)", words) for words in by_hash] == [
        ["requirements-build.txt"],
        [f"{program}/requirements.txt"],
    ]
    assert "--only-binary=:all:" in by_hash[1]
    (own,) = [words for words in installs if words not in by_hash]
    assert "--no-index --no-deps" in own


@pytest.mark.parametrize("program", PROGRAMS)
def test_final_stage_takes_only_the_installed_prefix_and_leaves_no_installer(program: str) -> None:
    final = dockerfile(program).final

    copied = [(i.flags, i.text) for i in final.instructions if i.name == "COPY"]
    assert copied == [(("--from=build",), "$APP $APP")]
    assert "python -m pip uninstall --yes pip setuptools wheel" in final.texts("RUN")[0]
    assert not re.search(r"\b(apt-get|install .*\.txt|gcc)\b", " ".join(final.texts("RUN")))


@pytest.mark.parametrize("program", PROGRAMS)
def test_image_runs_as_a_numeric_user_that_is_not_root(program: str) -> None:
    assert dockerfile(program).final.texts("USER") == ["65532:65532"]


@pytest.mark.parametrize(
    ("program", "settings"), [("exporter", AGENT_SETTINGS), ("releases-api", RELEASES_SETTINGS)]
)
def test_image_exposes_the_ports_of_the_settings(program: str, settings: tuple[object, ...]) -> None:
    defaults = {getattr(row, "name"): getattr(row, "default") for row in settings}  # noqa: B009 - two types
    exposed = dockerfile(program).final.texts("EXPOSE")

    assert exposed == [f"{defaults['PORT']} {defaults['METRICS_PORT']}"]


@pytest.mark.parametrize(
    ("program", "entry", "command"),
    [
        ("exporter", ["/app/bin/workflow-exporter"], []),
        ("releases-api", ["/app/bin/workflow-releases"], ["serve"]),
    ],
)
def test_image_starts_the_program_itself_so_that_it_gets_the_signals(
    program: str, entry: list[str], command: list[str]
) -> None:
    final = dockerfile(program).final

    assert (final.exec_form("ENTRYPOINT"), final.exec_form("CMD")) == (entry, command)


@pytest.mark.parametrize("program", PROGRAMS)
def test_labels_say_what_the_image_is(program: str) -> None:
    image, described = dockerfile(program), project(program)

    assert image.final.pairs("LABEL") == {
        "org.opencontainers.image.title": described["name"],
        "org.opencontainers.image.description": image.final.pairs("LABEL")[
            "org.opencontainers.image.description"
        ],
        "org.opencontainers.image.licenses": described["license"],
        "org.opencontainers.image.version": "$VERSION",
        "org.opencontainers.image.revision": "$REVISION",
    }
    assert image.final.pairs("ARG") == {
        "APP": "/app",
        "VERSION": described["version"],
        "REVISION": "unknown",
    }


def test_both_images_are_built_alike() -> None:
    agent, releases = (
        [
            " ".join(step.split()).replace(program, "PROGRAM")
            for text in dockerfile(program).stages[0].texts("RUN")
            for step in text.split("&&")
        ]
        for program in PROGRAMS
    )

    assert [step for step in agent if "kubernetes" not in step] == releases


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("exporter/src/workflow_exporter/app.py", True),
        ("releases-api/catalogs/deis.json", True),
        ("requirements-build.txt", True),
        ("exporter/sample/pods.yaml", False),
        ("exporter/src/workflow_exporter/__pycache__/app.cpython-311.pyc", False),
        (".git/config", False),
        ("tests/conftest.py", False),
        (".venv/pyvenv.cfg", False),
        ("releases-api/releases.db", False),
    ],
)
def test_builder_is_sent_what_the_images_are_made_of_and_nothing_else(path: str, held: bool) -> None:
    assert Context().holds(Path(path)) is held


def test_an_instruction_that_tests_do_not_know_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM python:3.11-slim\nADD https://example.org/x /x\n")

    with pytest.raises(ValueError, match="ADD is an instruction that tests do not know"):
        read_dockerfile(path)


def test_copying_what_the_context_leaves_out_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing of it is in the context"):
        Context().copy("tests", tmp_path / os.devnull.strip("/"))
