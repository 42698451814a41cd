"""Programs that tests start end for sure, and say what went wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.processes import Program, ProgramError, alive, free_ports, tool
from e2e.rest import until

pytestmark = pytest.mark.anyio


async def test_programs_die_with_a_test_process_that_is_killed(tmp_path: Path) -> None:
    pid = start_and_be_killed(tmp_path)

    async def lives() -> str | None:
        return f"{pid} lives" if alive(pid) else None

    await until(lives, seconds=30)


def start_and_be_killed(folder: Path) -> int:
    """The id of a program whose starter got SIGKILL."""
    script = (
        "import sys, time; from pathlib import Path; from e2e.processes import Program\n"
        "p = Program('sleeper', ['/bin/sleep', '600'], Path(sys.argv[1])); p.start()\n"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    argv = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert alive(pid)
        starter.send_signal(signal.SIGKILL)
    return pid


async def test_a_program_that_ends_by_itself_shows_its_log(tmp_path: Path) -> None:
    program = Program("brief", ["/bin/sh", "-c", "echo no such flag; exit 3"], tmp_path)
    program.start()

    async def runs() -> str | None:
        return "it runs" if program.running else None

    await until(runs, seconds=30)

    with pytest.raises(ProgramError, match="brief ended with status 3\nno such flag"):
        program.check_running()


def test_a_program_that_is_not_built_says_what_to_do() -> None:
    with pytest.raises(ProgramError, match="run make e2e-tools"):
        tool("no-such-program")


def test_ports_are_distinct_and_not_those_of_outgoing_connections() -> None:
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert max(ports) < lowest_outgoing


def test_no_port_is_given_twice_though_nothing_listens_on_it_yet() -> None:
    ports = [port for _ in range(200) for port in free_ports(2)]

    assert len(set(ports)) == 400
