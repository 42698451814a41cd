"""What a kubeconfig, a plug-in or a file of the command line cannot do to the program or the terminal."""

import json
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e import releases_api
from e2e.agent import command
from e2e.processes import run_to_end
from kubeconfigs import kubeconfig
from workflow_exporter.cluster.connection import connect
from workflow_exporter.cluster.exec_plugin import run_plugin
from workflow_exporter.errors import ConnectionSettingsError

MOST_MEMORY = 2 * 1024**3  # 2 GiB of address space: a start takes some 500 MiB
URL = "https://127.0.0.1:1"


def ended(folder: Path, *arguments: str | Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The program to its end, with little memory."""
    argv = command(*(str(argument) for argument in arguments))
    return run_to_end(argv, folder, settings, most_memory_bytes=MOST_MEMORY)


def check_one_line(told: "subprocess.CompletedProcess[str]", sentence: str) -> None:
    assert (told.returncode, told.stdout) == (2, ""), told.stderr
    assert told.stderr.count("\n") == 1, told.stderr
    assert told.stderr.rstrip("\n").isprintable(), told.stderr
    assert sentence in told.stderr


# --- files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subcommand", [(), ("check",), ("report",)])
@pytest.mark.parametrize("option", ["--from", "--kubeconfig"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
def test_what_is_no_regular_file_is_refused_at_once(
    tmp_path: Path, subcommand: tuple[str, ...], option: str, kind: str
) -> None:
    path = Path(kind)
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)

    told = ended(tmp_path, *subcommand, option, path)

    check_one_line(told, "not a regular file")


@pytest.mark.parametrize(
    "name", ["PROFILE_FILE", "CATALOG_FILE", "CA_BUNDLE_FILE", "ID_KEY_FILE", "REPORT_BEARER_TOKEN_FILE"]
)
def test_setting_that_names_a_pipe_does_not_wait_for_it(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")

    told = ended(tmp_path, "check", "--from", "/nowhere", **{name: str(tmp_path / "pipe")})

    check_one_line(told, "workflow-exporter: ")


@pytest.mark.parametrize("command_line", [("key", "show", "pipe"), ("serve",)])
def test_signing_key_that_is_a_pipe_is_refused(tmp_path: Path, command_line: tuple[str, ...]) -> None:
    os.mkfifo(tmp_path / "pipe")

    told = releases_api.run(tmp_path, *command_line, CATALOG_SIGNING_KEY_FILE=str(tmp_path / "pipe"))

    assert told.returncode == 2, told.stderr
    assert "pipe is not a regular file" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "{}"),
        ("--kubeconfig", "{}"),
        ("check", "--from", "{}"),
        ("check", "--{}"),
        ("check", "--output", "{}"),
        ("{}",),
    ],
)
def test_name_with_control_characters_is_spelled_out(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    hostile = "\x1b[2J\x9b31m\u202egone"

    told = ended(tmp_path, *(argument.replace("{}", hostile) for argument in arguments))

    assert told.returncode == 2
    assert told.stderr.replace("\n", "").isprintable()
    assert r"\x1b[2J\x9b31m\u202egone" in told.stderr


@pytest.mark.parametrize("name", ["PROFILE_FILE", "CATALOG_FILE", "ID_KEY_FILE", "PLATFORM", "OFF_CLUSTER"])
def test_setting_with_control_characters_is_spelled_out(tmp_path: Path, name: str) -> None:
    told = ended(tmp_path, "check", "--from", "/nowhere", **{name: "/\x1b[2Jgone"})

    check_one_line(told, "workflow-exporter: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "{}"),
        ("key", "show", "{}"),
        ("key", "show", "file", "--{}"),
        ("{}",),
        ("yank", "deis", "builder", "v1.0.0", "--url", "http://127.0.0.1:1", "--token-file", "{}"),
    ],
)
def test_name_given_to_the_releases_commands_is_spelled_out(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    hostile = "\x1b[2J\x9b31m\u202egone"

    told = releases_api.run(tmp_path, *(argument.replace("{}", hostile) for argument in arguments))

    assert told.returncode == 2, told.stderr
    assert told.stderr.replace("\n", "").isprintable()
    assert r"\x1b[2J\x9b31m\u202egone" in told.stderr


# --- kubeconfigs -----------------------------------------------------------------------------------------

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def bomb(folder: Path) -> Path:
    path = kubeconfig(folder, URL, {})
    users = "users: [{name: test, user: {token: x, extensions: *a8}}]\n"
    path.write_text(BOMB + path.read_text().partition("users:")[0] + users)
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: kubeconfig(folder, "https://127.0.0.1:99999", {}), "the API server's address"),
        (lambda folder: kubeconfig(folder, "https://127.0.0.1:0", {}), "the API server's address"),
        (lambda folder: kubeconfig(folder, "https://a\x1bb", {}), "the API server's address"),
        (lambda folder: kubeconfig(folder, "https:///path", {}), "the API server's address"),
        (
            lambda folder: kubeconfig(folder, URL, {}, {"proxy-url": "http://user:pw@pro\x1bxy:80"}),
            "the proxy address",
        ),
        (lambda folder: kubeconfig(folder, URL, {}, {"proxy-url": "http://p\nq:80"}), "the proxy address"),
        (lambda folder: kubeconfig(folder, URL, {}, {"proxy-url": "http://p:99999"}), "the proxy address"),
        (lambda folder: kubeconfig(folder, URL, {}, {"proxy-url": "http://[::1"}), "the proxy address"),
        (lambda folder: kubeconfig(folder, URL, {"token": "tökén"}), "the token has characters"),
        (lambda folder: kubeconfig(folder, URL, {"token": "a\r\nX: b"}), "the token has characters"),
        (lambda folder: kubeconfig(folder, URL, {"token": "a\x1bb"}), "the token has characters"),
        (bomb, "aliases that expand too far"),
        (lambda folder: written(folder, "a: &a [*a]\n"), "aliases that expand too far"),
        (lambda folder: written(folder, "a: " + "[" * 100_000), "more than 200 levels"),
        (lambda folder: written(folder, "#" * (3 * 1024 * 1024)), "larger than 2 MiB"),
    ],
)
def test_kubeconfig_that_cannot_work_is_one_line_and_status_2(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    began = time.monotonic()

    told = ended(tmp_path, "check", "--kubeconfig", make(tmp_path))

    check_one_line(told, sentence)
    assert "pw" not in told.stderr
    assert time.monotonic() - began < 30


def written(folder: Path, text: str) -> Path:
    path = folder / "config"
    path.write_text(text)
    return path


def token_file(folder: Path, kind: str) -> str:
    path = folder / "token"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "large":
            path.write_text("x" * (64 * 1024 + 1))
        case "link to a device":
            path.symlink_to("/dev/zero")
        case "latin-1":
            path.write_bytes("größe".encode("latin-1"))
        case "device":
            return "/dev/zero"
    return "token"  # beside the kubeconfig


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("pipe", "its tokenFile {} is not a regular file"),
        ("device", "its tokenFile /dev/zero is not a regular file"),
        ("link to a device", "its tokenFile {} is not a regular file"),
        ("folder", "its tokenFile {} is not a regular file"),
        ("large", "its tokenFile {} is larger than 64 KiB"),
        ("latin-1", "its tokenFile {} is neither UTF-8 text nor UTF-16 with a byte order mark"),
        ("missing", "[Errno 2] No such file or directory: '{}'"),
    ],
)
def test_token_file_is_a_regular_file_of_at_most_64_kib(tmp_path: Path, kind: str, fault: str) -> None:
    path = kubeconfig(tmp_path, URL, {"tokenFile": token_file(tmp_path, kind)})

    told = ended(tmp_path, "check", "--kubeconfig", path)

    check_one_line(told, f"kubeconfig {path} is not usable: {fault.format(tmp_path / 'token')}")


def test_token_of_a_pod_that_no_header_may_have_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").symlink_to(Path(__file__).parents[1] / "data" / "tls" / "ca.crt")
    (tmp_path / "token").write_text("tökén")

    for port, sentence in (("443", "the token has characters"), ("99999", "the API server's address")):
        pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": port}
        with pytest.raises(ConnectionSettingsError) as told:
            connect(environment=pod, service_account_folder=tmp_path)
        assert sentence in str(told.value)


def test_anchors_that_expand_a_little_are_read(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, URL, {"token": "x"})
    path.write_text(path.read_text().replace("users:", "note: &n x\nother: *n\nusers:"))

    made = connect(str(path), environment={})

    assert str(made.http.base_url) == URL


# --- credential plug-ins ---------------------------------------------------------------------------------


def plugin(program: str) -> dict[str, Any]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-I", "-S", "-c", program],
        "interactiveMode": "Never",
    }


HANGS = "import os, time; open('started', 'w').write(str(os.getpid())); time.sleep(600)"


def test_plugin_that_hangs_is_one_line_and_status_2_within_30_seconds(tmp_path: Path) -> None:
    began = time.monotonic()

    told = ended(tmp_path, "--kubeconfig", kubeconfig(tmp_path, URL, {"exec": plugin(HANGS)}))

    check_one_line(told, "the credential plug-in of user test did not end within 20 s: run it by hand")
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "started").read_text()), 0)


def test_command_of_an_old_auth_provider_that_hangs_is_given_up(tmp_path: Path) -> None:
    config = {"cmd-path": "/bin/sleep", "cmd-args": "30", "token-key": "{.t}", "expiry-key": "{.e}"}
    user = {"auth-provider": {"name": "gcp", "config": config}}

    with pytest.raises(ConnectionSettingsError) as told:
        connect(str(kubeconfig(tmp_path, URL, user)), environment={}, load_seconds=3)

    assert str(told.value).endswith("config could not be read within 3 s")


def test_what_a_plugin_says_is_spelled_out_and_cut_in_the_log(tmp_path: Path) -> None:
    says = "import sys; sys.stderr.write('\\x1b[2Jfailed\\n\\u202e' + 'x' * 10_000_000); sys.exit(3)"

    told = ended(tmp_path, "check", "--kubeconfig", kubeconfig(tmp_path, URL, {"exec": plugin(says)}))

    assert told.returncode == 2
    logged, line = told.stderr.splitlines()
    assert r"the credential plug-in ended with status 3: \x1b[2Jfailed \u202exxx" in logged
    assert len(logged) < 1200
    assert line.endswith("the credential plug-in of user test gave no credentials: run it by hand")
    assert told.stderr.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "program",
    [
        "print('{')",
        'print(\'{"apiVersion": "v0", "kind": "ExecCredential", "status": {"token": "x"}}\')',
        "print('[' * 1000000)",
        "",
    ],
)
def test_plugin_that_prints_no_credentials_gives_none(program: str) -> None:
    status = run_plugin(plugin(program), {}, "", "the plug-in")

    assert (status.token, status.client_certificate_data) == (None, None)


def test_plugin_that_prints_without_end_is_given_up() -> None:
    program = "import sys\nwhile True: sys.stdout.write('x' * 65536)"

    with pytest.raises(ConnectionSettingsError) as told:
        run_plugin(plugin(program), {}, "", "the plug-in", seconds=2)

    assert str(told.value) == "the plug-in did not end within 2 s: run it by hand"


@pytest.mark.parametrize("closes", ["exec >&- 2>&-", "exec >&-", "exec 2>&-", ":"])
def test_plugin_that_closes_its_output_is_killed_in_time(tmp_path: Path, closes: str) -> None:
    given = plugin("") | {
        "command": "/bin/sh",
        "args": ["-c", f"echo $$ > started; {closes}; exec sleep 301"],
    }
    threads, began = threading.active_count(), time.monotonic()

    with pytest.raises(ConnectionSettingsError, match="did not end within 1 s: run it by hand"):
        run_plugin(given, {}, str(tmp_path), "the plug-in", seconds=1)

    assert time.monotonic() - began < 15
    assert threading.active_count() == threads
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "started").read_text()), 0)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"command": "/nowhere/plugin"}, "the plug-in cannot be run: No such file or directory"),
        ({"command": "a\0b"}, "the plug-in cannot be run: a null byte in its command"),
        ({"command": 5}, "the plug-in is not described as a plug-in should be: "),
        ({"args": {"a": 1}}, "the plug-in is not described as a plug-in should be: "),
        ({"env": [{"name": "A"}]}, "the plug-in is not described as a plug-in should be: "),
    ],
)
def test_plugin_that_cannot_be_run_is_told(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConnectionSettingsError) as told:
        run_plugin(plugin("") | changes, {}, "", "the plug-in")

    assert str(told.value).startswith(fault)


def test_plugin_is_told_the_cluster_it_is_asked_for(tmp_path: Path) -> None:
    program = (
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']); print(json.dumps("
        "{'apiVersion': info['apiVersion'], 'kind': 'ExecCredential', 'status': {'token': "
        "info['spec']['cluster']['server'] + info['spec']['cluster']['config']['a'] + os.environ['B'] "
        "+ os.getcwd()}}))"
    )
    given = plugin(program) | {"provideClusterInfo": True, "env": [{"name": "B", "value": "b"}]}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"a": "-a-"}}

    status = run_plugin(given, {"server": URL, "extensions": [extension]}, str(tmp_path), "the plug-in")

    assert status.token == f"{URL}-a-b{tmp_path}"


LOGIN = (
    "import json, sys; sys.stderr.write('Code: '); sys.stderr.flush(); print(json.dumps({'apiVersion': "
    "'client.authentication.k8s.io/v1', 'kind': 'ExecCredential', 'status': {'token': input()}}))"
)
RUNS = """
import json, sys
from workflow_exporter.cluster.exec_plugin import run_plugin
print(run_plugin(json.loads(sys.argv[1]), {}, "", "the plug-in", seconds=0).token)
"""
CONNECTS = """
import sys
from workflow_exporter.cluster.connection import connect
print(connect(sys.argv[1], environment={}, load_seconds=3).http.auth._source.authorization())
"""


@contextmanager
def at_a_terminal(program: str, argument: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The program, and the terminal that its standard input and standard error are connected to."""
    ours, its = pty.openpty()
    argv = [sys.executable, "-c", program, argument]
    with subprocess.Popen(argv, stdin=its, stderr=its, stdout=subprocess.PIPE) as process:
        os.close(its)  # so that reading fails once the program has ended
        try:
            yield process, ours
        finally:
            process.kill()
            os.close(ours)


def shown(terminal: int, end: str) -> str:
    text = ""
    while end not in text:
        text += os.read(terminal, 1024).decode()
    return text


def test_login_that_asks_at_a_terminal_has_no_deadline() -> None:
    given = plugin(LOGIN) | {"interactiveMode": "IfAvailable"}

    with at_a_terminal(RUNS, json.dumps(given)) as (process, terminal):
        shown(terminal, "Code: ")
        os.write(terminal, b"typed\n")
        answer, _ = process.communicate(timeout=60)

    assert answer == b"typed\n"


def test_login_that_asks_at_a_terminal_outlasts_the_time_for_reading_a_kubeconfig(tmp_path: Path) -> None:
    given = {key: value for key, value in plugin(LOGIN).items() if key != "interactiveMode"}
    path = kubeconfig(tmp_path, URL, {"exec": given})

    with at_a_terminal(CONNECTS, str(path)) as (process, terminal):
        shown(terminal, "Code: ")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(5)
        os.write(terminal, b"typed\n")
        answer, _ = process.communicate(timeout=60)

    assert answer == b"Bearer typed\n"


def test_plugin_that_never_asks_has_its_deadline_at_a_terminal_too() -> None:
    with at_a_terminal(RUNS, json.dumps(plugin(LOGIN))) as (process, terminal):
        told = shown(terminal, "0 s: run it by hand")
        process.wait(60)

    assert "ConnectionSettingsError: the plug-in did not end within 0 s: run it by hand" in told
    assert process.returncode
