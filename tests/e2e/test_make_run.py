"""What `make run` starts: both programs, and a command that publishes; at its end nothing is left."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import httpx

from e2e.agent import ROOT
from e2e.processes import Program, free_ports

PORTS = ("PORT", "METRICS_PORT", "API_PORT", "API_METRICS_PORT")
START_SECONDS = 90  # of two programs, on a busy machine


def test_make_run_starts_both_prints_a_command_that_publishes_and_ends_both(tmp_path: Path) -> None:
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    nowhere = {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }  # of the person who runs it
    settings = {"PATH": os.defpath, "HOME": str(tmp_path), "RUN_FOLDER": str(tmp_path / "run"), **nowhere}
    argv: list[str | Path] = [sys.executable, ROOT / "tests" / "tools" / "run_both.py"]
    both = Program(
        "run_both", [*argv, "--from", ROOT / "exporter" / "sample"], tmp_path, {**settings, **ports}
    )

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
    assert status == 0
    assert [port for port in ports.values() if listens(port)] == []


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
