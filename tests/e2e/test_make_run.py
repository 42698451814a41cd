"""What `make run` starts, whatever the shell has exported: both programs, and a command that publishes."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from e2e.agent import ROOT
from e2e.processes import Program, free_ports
from e2e.reporting import wait_until
from shell import EXPORTED

PORTS = ("PORT", "METRICS_PORT", "API_PORT", "API_METRICS_PORT")
START_SECONDS = 90  # of two programs, on a busy machine


def make_run(folder: Path, ports: Mapping[str, str]) -> Program:
    """`make run` with these on its command line; what it would install is there: the tests run in it."""
    settings = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "HOME": str(folder), **EXPORTED}
    given = [f"{name}={value}" for name, value in {**ports, "RUN_FOLDER": folder / "run"}.items()]
    argv = ["make", "--no-print-directory", "-C", str(ROOT), "--old-file=.venv/.run", "run", *given]
    return Program("make_run", [shutil.which(argv[0]) or argv[0], *argv[1:]], folder, settings)


def test_make_run_starts_both_prints_a_command_that_publishes_and_ends_both(tmp_path: Path) -> None:
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    both = make_run(tmp_path, ports)

    both.start()
    try:
        command = printed_command(both)
        shown = [answer(ports["PORT"], "/"), answer(ports["METRICS_PORT"], "/metrics")]
        published = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        listed = answer(ports["API_PORT"], "/v1/catalogs/hephy/components/router")
    finally:
        status = both.stop(seconds=30)

    assert ["Hephy Workflow" in shown[0], "workflow_component_info" in shown[1]] == [True, True]
    assert (published.returncode, published.stderr) == (0, "")
    assert "v9.9.9" in listed
    assert status != -signal.SIGKILL  # it ended by itself
    # make does not wait for what it started when it is told to end with it
    wait_until(lambda: not any(listens(port) for port in ports.values()), 30)


@pytest.mark.parametrize("name", PORTS)
def test_make_run_names_the_port_that_it_cannot_have(name: str, tmp_path: Path) -> None:
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    with socket.create_server(("127.0.0.1", int(ports[name]))):
        both = make_run(tmp_path, ports)
        both.start()
        try:
            wait_until(lambda: not both.running, START_SECONDS, both.log_tail)
        finally:
            both.kill()

    line = f"make run: {name}={ports[name]} with HOST=127.0.0.1: Address already in use."
    assert line in both.log_tail()


def printed_command(both: Program) -> list[str]:
    """What is printed once both programs answer."""
    deadline = time.monotonic() + START_SECONDS
    while " publish hephy " not in both.log_tail():
        both.check_running()
        assert time.monotonic() < deadline, both.log_tail()
        time.sleep(0.05)  # the interval of polling
    return shlex.split(both.log_tail().split("within a minute:")[1])


def answer(port: str, path: str) -> str:
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=30).raise_for_status().text


def listens(port: str) -> bool:
    try:
        answer(port, "/healthz")
    except httpx.ConnectError:
        return False
    return True
