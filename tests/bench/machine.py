"""What the kernel tells of programs and of this machine (proc(5))."""

import os
import platform
import subprocess
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far, ended ones included; in steps of 10 ms as a rule."""
    return _cpu_ticks(Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")) / (
        _TICKS_PER_SECOND
    )


def _cpu_ticks(stat: str) -> int:
    # The second field is the program's name in parentheses and may hold anything, parentheses too.
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime and stime, the 14th and 15th of all


def load() -> float:
    """Programs that ran or waited to, on average over the last minute; above the cores, all is slower."""
    return os.getloadavg()[0]


def machine_class() -> str:
    """One line, without anything that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    kernel = ".".join(platform.release().split(".")[:2])
    return (
        f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB, Linux {kernel}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def commit() -> str:
    """The commit of the sources that are measured, with `-dirty` where they differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "no commit"
