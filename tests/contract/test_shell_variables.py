"""What a person has exported for other programs changes no test's result, and steers no `make run`."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from shell import EXPORTED
from tools.variables import PROXIES, steers, without_steering
from workflow_exporter.setting_rows import SETTINGS as AGENT_SETTINGS
from workflow_releases.settings import SETTINGS as RELEASES_SETTINGS

ROOT = Path(__file__).parents[2]
# They send requests, read settings and connect to a cluster, each in this process.
SENSITIVE = (
    "tests/contract/test_gateway_on_sockets.py",
    "tests/contract/test_connection.py::test_context_is_chosen",
    "tests/contract/test_settings_docs.py",
    "tests/contract/test_program.py::test_without_a_cluster_it_says_what_to_give_it",
)
DEFAULT_PORTS = (8080, 8081, 8090, 8091)


@pytest.fixture
def default_ports_in_use() -> Iterator[None]:
    """As `make run` takes them; on another address, so that it may be started meanwhile."""
    with ExitStack() as held:
        for port in DEFAULT_PORTS:
            with suppress(OSError):  # somebody else has it
                held.enter_context(socket.create_server(("127.0.0.2", port)))
        yield


def test_tests_pass_with_variables_of_other_programs_and_while_make_run_is_running(
    tmp_path: Path, default_ports_in_use: None
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SENSITIVE],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": str(tmp_path), **EXPORTED},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]


def test_no_variable_that_steers_reaches_this_process() -> None:
    assert [name for name in os.environ if steers(name)] == []


@pytest.mark.parametrize("name", sorted(EXPORTED))
def test_exported_variable_is_known_to_steer(name: str) -> None:
    assert steers(name)


def test_every_setting_steers_and_what_finds_programs_does_not() -> None:
    names = {name for row in AGENT_SETTINGS for name in (row.name, *row.aliases)}
    names |= {row.name for row in RELEASES_SETTINGS}

    assert [name for name in names if not steers(name)] == []
    assert [name for name in ("PATH", "HOME", "LANG", "TMPDIR", "PIP_CERT", "CI") if steers(name)] == []


def test_only_what_is_asked_for_is_kept() -> None:
    environment = {"PATH": "/bin", "PORT": "1", "HTTPS_PROXY": "http://proxy:1", "no_proxy": "x"}

    assert without_steering(environment) == {"PATH": "/bin"}
    assert without_steering(environment, keep=PROXIES) == {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy:1",
        "no_proxy": "x",
    }
