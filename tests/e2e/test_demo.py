"""`make demo` as its user sees it: Prometheus counts what the guide says, and Ctrl-C ends all of it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from e2e.processes import free_ports

_TESTS = Path(__file__).parents[1]
_SECONDS_TO_START = 240  # 100 days are made and counted, on a busy machine
_SEEN = "last_over_time(fleet_instance_seen_timestamp_seconds[3h])"
_PORTS = ("PORT", "METRICS_PORT", "API_PORT", "API_METRICS_PORT", "PROMETHEUS_PORT")


def test_demo_counts_what_it_made_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    log = tmp_path / "demo.log"
    settings = {"PYTHONPATH": str(_TESTS), "PATH": os.defpath, "HOME": str(tmp_path)}
    settings |= {name: str(port) for name, port in ports.items()}
    argv = [
        sys.executable,
        "-m",
        "tools.demo",
        "--instances=12",
        "--days=100",
        f"--folder={tmp_path / 'demo'}",
    ]
    with log.open("wb") as out:
        demo = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, env=settings)
    try:
        guide = _guide(demo, log)
        newest = _query(ports["PROMETHEUS_PORT"], f"count({_SEEN} == scalar(max({_SEEN})))")
        page = httpx.get(f"http://127.0.0.1:{ports['PORT']}/", trust_env=False).text
    finally:
        demo.send_signal(2)
        status = demo.wait(60)

    assert status == 0
    assert f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}/" in guide
    assert "customers that run now" in guide
    assert newest > 0  # of the newest hour nothing is backfilled: it came through the gateway
    assert "Hephy Workflow" in page
    assert [name for name, port in ports.items() if _listens(port)] == []


def _guide(demo: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _SECONDS_TO_START
    while "Ctrl-C" not in (text := log.read_text()):
        assert demo.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.1)  # the interval of polling, not a wait for luck
    return text


def _query(port: int, expr: str) -> float:
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": expr}, trust_env=False)
    return float(answer.raise_for_status().json()["data"]["result"][0]["value"][1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
