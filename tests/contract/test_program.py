"""The program as its user starts it: arguments, settings, exit statuses, catalogs that are wrong."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import clusters
from e2e.agent import CATALOGS, Agent, UnreadyAgent, run
from full_disks import largest_file
from workflow_exporter import cli

ANY_PORTS = {"HOST": "127.0.0.1", "PORT": "0", "METRICS_PORT": "0"}
HEPHY = CATALOGS / "hephy.json"
SECONDS_UNTIL_A_FILE_IS_READ_AGAIN = 15


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hephy v2.23.0, whose every component is the catalog's newest but two."""
    path = tmp_path_factory.mktemp("recording") / "cluster.json"
    items = clusters.as_running_objects(clusters.manifests("hephy-v2.23.0"))
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """The command line within this process: a second faster than a process of its own."""

    def run_here(*arguments: str | Path, **settings: str) -> Ended:
        status = cli.run([str(argument) for argument in arguments], {**ANY_PORTS, **settings})
        return Ended(status, *capsys.readouterr())

    return run_here


def changed_catalog(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    catalog = json.loads(HEPHY.read_text())
    change(catalog)
    path = folder / "catalog.json"
    path.write_text(json.dumps(catalog))
    return path


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        ((), {"PORT": "http"}, "PORT='http' is not a port"),
        ((), {"PORT": "8081", "METRICS_PORT": "8081"}, "PORT and METRICS_PORT are both 8081"),
        (
            (),
            {"PLATFORM": "cloudfoundry"},
            "PLATFORM='cloudfoundry' is no shipped profile: auto, deis, drycc, hephy",
        ),
        ((), {"OFF_CLUSTER": "mino"}, "OFF_CLUSTER names 'mino', which is no component of the platform"),
        ((), {"ID_KEY_FILE": "/nowhere/key"}, "ID_KEY_FILE='/nowhere/key' cannot be read"),
        ((), {"PROFILE_FILE": "/nowhere/p.yaml"}, "PROFILE_FILE='/nowhere/p.yaml' is not a file"),
        (("--from", "/nowhere/dump.yaml"), {}, "/nowhere/dump.yaml"),
        (("--from", "dump.yaml", "--context", "x"), {}, "--from reads files instead of a cluster: drop it"),
        (("--kubeconfig", "/nowhere/config"), {}, "/nowhere/config"),
        (("--from", ""), {}, "--from is empty: give it a value, or leave it out"),
        (("--kubeconfig", ""), {}, "--kubeconfig is empty"),
        (("--context", ""), {}, "--context is empty"),
        (("--catalog", ""), {}, "--catalog is empty"),
    ],
)
@pytest.mark.parametrize("command", [(), ("check",)])
def test_what_is_wrong_is_one_line_and_status_2(
    call: Callable[..., Ended],
    command: tuple[str, ...],
    arguments: tuple[str, ...],
    settings: dict[str, str],
    sentence: str,
) -> None:
    ended = call(*command, *arguments, **settings)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("workflow-exporter: ")
    assert sentence in ended.stderr


def test_without_a_cluster_it_says_what_to_give_it(tmp_path: Path) -> None:
    ended = run(tmp_path)

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--kubeconfig" in ended.stderr
    assert "--from" in ended.stderr


@pytest.fixture
def kubeconfig_of_nobody(tmp_path: Path) -> Iterator[Path]:
    """A server that refuses connections: its port is bound, and nobody listens."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        path = tmp_path / "kubeconfig"
        cluster = {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        path.write_text(json.dumps(config))
        yield path


def test_check_of_a_cluster_that_does_not_answer_cannot_tell_and_does_not_hang(
    tmp_path: Path, kubeconfig_of_nobody: Path
) -> None:
    ended = run(tmp_path, "check", "--kubeconfig", kubeconfig_of_nobody)

    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1), ended.stderr


def test_an_agent_that_cannot_even_look_for_the_namespace_says_why_and_is_not_ready(
    tmp_path: Path, kubeconfig_of_nobody: Path
) -> None:
    with UnreadyAgent(tmp_path, "--kubeconfig", kubeconfig_of_nobody) as agent:
        agent.wait_until(lambda: agent.sources_up().get("namespace") is False, 10)
        page = agent.http.get(agent.page_url + "/")

    assert page.status_code == 503
    assert "namespace cannot be looked for" in page.text


def test_an_unknown_option_shows_the_usage_and_status_2(tmp_path: Path) -> None:
    ended = run(tmp_path, "check", "--frmo", "x")

    assert ended.returncode == 2
    assert "usage: workflow-exporter" in ended.stderr


def test_a_port_in_use_is_one_line_and_status_2(tmp_path: Path, recording: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        ended = run(tmp_path, "--from", recording, HOST="127.0.0.1", PORT=port)

    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"workflow-exporter: PORT={port} cannot be listened on at 127.0.0.1: address already in use\n"
    )


def test_help_teaches_every_setting_and_the_exit_statuses(tmp_path: Path) -> None:
    ended = run(tmp_path, "--help")

    assert ended.returncode == 0
    assert "OFF_CLUSTER" in ended.stdout
    assert "3 cannot tell" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "settings", "status"),
    [
        (
            ("--catalog", CATALOGS),
            {},
            1,
        ),  # two components have newer releases than the platform's newest bundle
        ((), {}, 3),
        (("--catalog", CATALOGS), {"CHECK_VERSIONS": "false"}, 3),
        (("--catalog", CATALOGS / "drycc.json"), {}, 2),
    ],
)
def test_the_exit_status_of_check_tells_a_script_what_to_do(
    call: Callable[..., Ended],
    recording: Path,
    arguments: tuple[str | Path, ...],
    settings: dict[str, str],
    status: int,
) -> None:
    ended = call("check", "--from", recording, *arguments, **settings)

    assert ended.returncode == status, ended.stdout + ended.stderr


def test_check_says_fine_when_everything_is_current(
    call: Callable[..., Ended], tmp_path: Path, recording: Path
) -> None:
    def only_the_bundle(catalog: dict[str, Any]) -> None:
        newest = catalog["bundles"][-1]["components"]
        for name, component in catalog["components"].items():
            component["releases"] = [one for one in component["releases"] if one["version"] == newest[name]]

    catalog = changed_catalog(tmp_path, only_the_bundle)

    ended = call("check", "--from", recording, "--catalog", catalog)

    assert ended.returncode == 0, ended.stdout


def test_check_prints_the_document_of_the_api(tmp_path: Path, recording: Path) -> None:
    with Agent(tmp_path, "--from", recording, "--catalog", CATALOGS) as agent:
        agent.wait_until(lambda: agent.status()["catalog"]["title"] is not None, 10)
        served = agent.http.get(agent.page_url + "/api/v1/components").json()

    printed = json.loads(
        run(tmp_path, "check", "--from", recording, "--catalog", CATALOGS, "--output", "json").stdout
    )

    assert {**printed, "taken_at": None} == {**served, "taken_at": None}


def too_large(catalog: dict[str, Any]) -> None:
    catalog["notices"] = [{"id": "n", "severity": "info", "title": "n", "text": "x" * 10_000_000}]


def test_a_catalog_that_has_expired_makes_every_verdict_unknown_and_says_why(
    call: Callable[..., Ended], tmp_path: Path, recording: Path
) -> None:
    catalog = changed_catalog(tmp_path, lambda catalog: catalog.update(expires="2020-01-01T00:00:00Z"))

    ended = call("check", "--from", recording, "--catalog", catalog)

    assert ended.returncode == 3
    assert "expired on 2020-01-01" in ended.stdout
    assert "current" not in ended.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda catalog: catalog.update(schema_version=2), "schema_version"),
        (lambda catalog: catalog.update(components=[]), "components"),
        (lambda catalog: catalog.pop("generated"), "generated"),
        (lambda catalog: catalog.update(platform="drycc"), "is of platform 'drycc', not of 'hephy'"),
        (too_large, "more than 4 MiB"),
    ],
)
def test_a_catalog_file_that_must_not_be_believed_is_refused_before_any_verdict(
    call: Callable[..., Ended],
    tmp_path: Path,
    recording: Path,
    change: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    catalog = changed_catalog(tmp_path, change)

    ended = call("check", "--from", recording, "--catalog", catalog)

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"workflow-exporter: {catalog}: ")
    assert words in ended.stderr


@pytest.mark.parametrize("content", [None, b"", b"not json", b"[]", b"\xff\xfe", b'{"schema_version": 1'])
@pytest.mark.parametrize("command", ["check", "report"])
def test_a_file_that_is_no_catalog_is_refused_however_it_was_named(
    call: Callable[..., Ended], tmp_path: Path, recording: Path, command: str, content: bytes | None
) -> None:
    path = tmp_path / "hephy.json"
    if content is not None:
        path.write_bytes(content)

    named = call(command, "--from", recording, "--catalog", path)
    set_ = call(command, "--from", recording, CATALOG_FILE=str(path))

    assert (named.returncode, named.stdout, named.stderr.count("\n")) == (2, "", 1)
    assert set_ == named


def test_a_file_that_is_no_catalog_is_not_opened_where_checks_are_off(
    call: Callable[..., Ended], tmp_path: Path, recording: Path
) -> None:
    ended = call("check", "--from", recording, "--catalog", tmp_path / "none.json", CHECK_VERSIONS="false")

    assert ended.returncode == 3


@pytest.mark.parametrize("catalogs", [{}, {"deis.json": "broken"}, {"hephy.json": "broken"}])
@pytest.mark.parametrize("command", ["check", "report"])
def test_a_folder_without_a_catalog_of_this_platform_is_refused_with_the_file_that_is_looked_for(
    call: Callable[..., Ended], tmp_path: Path, recording: Path, command: str, catalogs: dict[str, str]
) -> None:
    folder = tmp_path / "catalogs"
    folder.mkdir()
    for name, text in catalogs.items():
        (folder / name).write_text(text)

    ended = call(command, "--from", recording, "--catalog", folder)

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"workflow-exporter: {folder / 'hephy.json'}: ")
    assert ended.stderr.count("hephy.json") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "--output", "json"),
        ("report",),
        ("report", "--bytes"),
        ("--help",),
        ("--version",),
    ],
)
@pytest.mark.parametrize("way", ["full", "closed", "unread"])
def test_an_answer_that_cannot_be_written_is_one_line_and_no_verdict(
    recording: Path, arguments: tuple[str, ...], way: str
) -> None:
    status, stderr = unwritten([sys.executable, "-m", "workflow_exporter", *arguments], way, recording)

    told = {"full": "File too large", "closed": "standard output is closed"}
    if way == "unread":
        assert (status, stderr) == (141, "")
    elif way == "closed" and len(arguments) == 1 and arguments[0].startswith("--"):
        assert status == 0  # argparse prints it on standard error then
    else:
        assert status == 3
        assert stderr.endswith(f"workflow-exporter: the answer cannot be written: {told[way]}\n")
        assert "Traceback" not in stderr


def unwritten(command: list[str], way: str, recording: Path) -> tuple[int, str]:
    """Exit status and standard error of a command whose standard output takes nothing."""
    if command[-1] not in {"--help", "--version"}:
        command = [*command, "--from", str(recording)]
    with contextlib.ExitStack() as stack:
        if way == "closed":
            done = subprocess.run(
                ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, check=False
            )
        elif way == "full":
            full = stack.enter_context(recording.with_name("answer").open("wb"))
            stack.enter_context(largest_file(0))
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
        else:
            reading, writing = os.pipe()
            stack.callback(os.close, writing)
            os.close(reading)
            done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stderr.decode()


def judged(ended: Ended) -> dict[str, tuple[str, str | None]]:
    """Component -> verdict and reason."""
    components = json.loads(ended.stdout)["components"]
    return {one["component"]: (one["verdict"], one["reason"]) for one in components}


def test_component_is_missing_only_where_the_kind_that_would_carry_it_was_recorded(
    call: Callable[..., Ended], tmp_path: Path
) -> None:
    everything = clusters.as_running_objects(clusters.manifests("hephy-v2.23.0"))
    kept = [one for one in everything if not one["metadata"]["name"].startswith("deis-router")]
    of_namespace = [one for one in kept if one["metadata"].get("namespace") == "deis"]
    without = [one for one in of_namespace if one["kind"] != "Deployment"]

    def check(objects: list[dict[str, Any]], *arguments: str) -> Ended:
        path = tmp_path / "dump.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        return call("check", "--from", path, "--catalog", CATALOGS, *arguments)

    recorded, unrecorded = check(kept, "--output", "json"), check(without, "--output", "json")
    table = check(of_namespace)

    assert (recorded.returncode, judged(recorded)["router"][0]) == (1, "missing")
    assert judged(unrecorded)["router"] == ("unknown", "not recorded: deployments")
    assert "down" not in table.stdout
    assert "not recorded" not in table.stdout


def test_recording_without_pods_is_judged_by_its_templates(
    call: Callable[..., Ended], tmp_path: Path, recording: Path
) -> None:
    everything = json.loads(recording.read_text())["items"]
    path = tmp_path / "dump.json"
    items = [one for one in everything if one["kind"] != "Pod"]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    ended = call("check", "--from", path, "--catalog", CATALOGS)
    whole = call("check", "--from", recording, "--catalog", CATALOGS)

    note = "\n\nPods are not recorded: versions are those that the workloads ask for.\n"
    assert (ended.returncode, ended.stdout) == (whole.returncode, whole.stdout.rstrip() + note)


def test_a_catalog_that_goes_missing_or_back_in_time_leaves_the_one_held(
    tmp_path: Path, recording: Path
) -> None:
    def generated(when: datetime) -> Callable[[dict[str, Any]], object]:
        return lambda catalog: catalog.update(generated=when.isoformat())

    now = datetime.now(UTC)
    path = changed_catalog(tmp_path, generated(now))
    with Agent(tmp_path, "--from", recording, "--catalog", path) as agent:
        agent.wait_until(lambda: agent.components()["controller"]["verdict"] == "current", 10)

        changed_catalog(tmp_path, generated(now - timedelta(days=2)))
        agent.wait_until(lambda: not agent.sources_up()["catalog"], SECONDS_UNTIL_A_FILE_IS_READ_AGAIN)

        assert "older" in agent.page()
        assert agent.components()["controller"]["verdict"] == "current"
