"""An environment as a user's image has it: the pinned runtime requirements and the built wheel.

Not the environment of the developers: libraries import more where more is installed (httpx finds rich,
click and pygments there), which would show a start and a memory that no user has.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
_REQUIREMENTS = ROOT / "exporter" / "requirements.txt"
_QUIET = ("--quiet", "--disable-pip-version-check", "--no-input")


def python_with_agent(folder: Path) -> Path:
    """The interpreter of an environment in `folder` that holds the agent as it is now.

    The requirements are installed when they changed, in about a minute; the wheel is built each time.
    """
    environment, stamp = folder / "venv", folder / "requirements.sha256"
    python = environment / "bin" / "python"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted and python.exists()):
        venv.create(environment, clear=True, with_pip=True)
        _pip(python, "install", "--require-hashes", "-r", str(_REQUIREMENTS))
        stamp.write_text(wanted)
    wheels = folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    # A path with a slash at its end: pip takes a bare word for a package of an index.
    source = f"{ROOT / 'exporter'}/"
    _pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), source)
    _pip(python, "install", "--no-deps", "--force-reinstall", *map(str, wheels.glob("*.whl")))
    return python


def _pip(python: Path, verb: str, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", verb, *_QUIET, *arguments], check=True)
