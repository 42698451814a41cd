"""Programs that tests start: on loopback, in process groups of their own, and ended for sure.

A program dies with the test process even when that is killed: the kernel sends it SIGKILL
(PR_SET_PDEATHSIG, prctl(2)). "Parent" means the starting *thread* there, so call `start()` from a
thread that outlives the program; the main thread does.
"""

import atexit
import os
import random
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools" / "bin"

_LOWEST_PORT = 20_000
_given: set[int] = set()  # two servers prepared before either listens must not get the same port
# A preexec_fn would do the same, but Python may not fork with threads running (a warning from 3.12 on).
# PR_SET_PDEATHSIG is 1 in linux/prctl.h and survives exec.
_LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the test process is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class ProgramError(RuntimeError):
    """A program is missing, ended by itself, or did not become ready; the text holds its log's end."""


def tool(name: str) -> Path:
    """The program that `make e2e-tools` built; raises ProgramError with that advice if it did not."""
    path = TOOLS / name
    if not os.access(path, os.X_OK):
        raise ProgramError(f"{name} is not built: run make e2e-tools")
    return path


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports nobody listens on, below those the kernel gives to outgoing connections.

    None is given twice by this process, so that a port may be asked for long before something listens on it.

    In that range a client that reconnects to a server which is down can take the server's port, even
    connect to itself, and the server could not come back.
    """
    highest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    never_given = sorted(set(range(_LOWEST_PORT, highest)) - _given)
    candidates = random.SystemRandom().sample(never_given, 50 + count)
    ports: list[int] = []
    with ExitStack() as held:
        for port in candidates:
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == count:
                _given.update(ports)
                return ports
    raise ProgramError(f"no {count} free ports between {_LOWEST_PORT} and {highest}")


def alive(pid: int) -> bool:
    """Not ended; one that ended and was not waited for is a zombie, `Z` in proc(5)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """No variable of the person who runs the tests, so that no cluster of theirs is ever read.

    No default port either: `make run` may have it.
    """
    here = {"HOST": "127.0.0.1", "PORT": "0", "METRICS_PORT": "0"}
    return {"PATH": os.defpath, "HOME": str(folder), **here, **settings}


def run_to_end(
    argv: Sequence[str | Path],
    folder: Path,
    settings: Mapping[str, str],
    *,
    most_memory_bytes: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """What the program printed, run in `folder`; `most_memory_bytes`: of its address space."""
    limit = None
    if most_memory_bytes is not None:
        limit = partial(resource.setrlimit, resource.RLIMIT_AS, (most_memory_bytes, most_memory_bytes))
    return subprocess.run(
        [str(part) for part in argv],
        env=environment(folder, settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        preexec_fn=limit,
    )


class Program:
    """One program with its log file; may be started again after it ended."""

    def __init__(
        self, name: str, argv: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """`env` None: only PATH and HOME, which is `folder`, so that nobody's configuration is read."""
        self.name = name
        self.log_file = folder / f"{name}.log"
        self._argv = [str(part) for part in argv]
        self._folder = folder
        self._env = dict(env) if env is not None else {"PATH": os.defpath, "HOME": str(folder)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ProgramError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Starts it; output is appended to the log. Returns before the program is ready."""
        if self.running:
            raise ProgramError(f"{self.name} runs already")
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*launcher, *self._argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._env,
                start_new_session=True,  # Ctrl-C is for the tests, which then end their programs
            )
        atexit.register(self.kill)

    def kill(self) -> None:
        """SIGKILL to the whole group, stopped or not; returns when it has ended. Harmless if it had."""
        self._end(signal.SIGKILL, seconds=10)

    def stop(self, seconds: float = 5) -> int:
        """SIGTERM, then SIGKILL after `seconds`; returns the exit status (-9: it had to be killed)."""
        self._end(signal.SIGTERM, seconds)
        if self._process is None:
            raise ProgramError(f"{self.name} was not started")
        return self._process.returncode

    def pause(self) -> None:
        """SIGSTOP: the kernel still accepts connections for it."""
        self.check_running()
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        self.check_running()
        os.killpg(self.pid, signal.SIGCONT)

    def check_running(self) -> None:
        """Raises ProgramError with the log's end if the program ended by itself."""
        if not self.running:
            status = self._process.returncode if self._process else "none"
            raise ProgramError(f"{self.name} ended with status {status}\n{self.log_tail()}")

    def log_tail(self, lines: int = 40) -> str:
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def rss_bytes(self, which: str = "VmRSS") -> int:
        """Resident memory; `VmHWM` gives its peak (proc(5))."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{which}:"):
                return int(line.split()[1]) * 1024  # the kernel writes KiB
        raise ProgramError(f"{self.name} has no {which}: it ended")

    def _end(self, how: signal.Signals, seconds: float) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self.pid, how)
            os.killpg(self.pid, signal.SIGCONT)  # a stopped process does not see SIGTERM
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()
        atexit.unregister(self.kill)
