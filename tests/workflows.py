"""The workflows of GitHub Actions as values, and their steps' scripts carried out on this machine."""

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from dockerfiles import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(path.name for path in FOLDER.glob("*.yml"))


def read_workflow(name: str) -> dict[Any, Any]:
    """As YAML 1.1 reads it: the key `on` is true."""
    workflow: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return workflow


def scripts(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def shell(script: str, folder: Path, **environment: str) -> int:
    """The status of a step's script, as the runner starts it."""
    argv = ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(argv, cwd=folder, env={"PATH": os.defpath, **environment}, check=False).returncode
