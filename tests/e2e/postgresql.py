"""A real PostgreSQL on loopback, in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from e2e.processes import Program, ProgramError, free_ports

_START_SECONDS = 60
_USER = "postgres"  # PostgreSQL refuses to run as root; Debian's package makes this user


def binary(name: str) -> Path:
    """A program of PostgreSQL, also where Debian hides it; raises ProgramError."""
    found = shutil.which(name)
    if found:
        return Path(found)
    for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True):
        return path
    raise ProgramError(f"{name} is not installed: apt-get install postgresql")


class PostgreSQL:
    """Starts on entering; `stop` and `start` keep the data."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        # pytest closes its folders to every other user, and PostgreSQL must be another one than root.
        self._folder = folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self._data = folder / "data"
        # Commits reach the disk as in real use; the rest saves memory for a small machine.
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c shared_buffers=16MB -c max_connections=40"
        )
        serve: list[str | Path] = ["-D", self._data, "-k", folder, *options.split()]
        self.program = Program("postgresql", [*_as_user(), binary("postgres"), *serve], folder)

    @property
    def url(self) -> str:
        return f"postgresql://releases@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, _USER)
        make: list[str | Path] = ["-D", self._data, "-U", "releases", "-A", "trust", "-N", "-E", "UTF8"]
        initdb = [*_as_user(), binary("initdb"), *make]
        subprocess.run(initdb, check=True, capture_output=True, cwd=self._folder)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Returns when it takes connections."""
        self.program.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            self.program.check_running()
            if time.monotonic() > deadline:
                raise ProgramError(f"postgresql is not ready\n{self.program.log_tail()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """At once, as a failing machine would: open connections break."""
        self.program.kill()
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def sql(self, statement: str) -> str:
        """What psql prints, unaligned; raises ProgramError with its complaint."""
        done = subprocess.run(
            [binary("psql"), self.url, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
        )
        if done.returncode != 0:
            raise ProgramError(done.stderr)
        return done.stdout.strip()

    def _ready(self) -> bool:
        try:
            return self.sql("SELECT 1") == "1"
        except ProgramError:
            return False


def _as_user() -> list[str]:
    """setpriv keeps the process (no child), and asks the kernel anew to end it with this one."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    return [setpriv, "--reuid", _USER, "--regid", _USER, "--clear-groups", "--pdeathsig", "KILL"]
