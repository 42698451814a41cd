"""The rule files under test, and promtool to run them: as they are, or in a copy where one was changed."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from e2e.processes import tool
from fleet_model.rules import Rule, recording_rules

PROMETHEUS = Path(__file__).parents[2] / "prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yaml"))


def parsed(file: Path) -> dict[str, Any]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def shipped_rules() -> list[Rule]:
    return recording_rules(parsed(file) for file in RULE_FILES)


def write(file: Path, content: dict[str, Any]) -> Path:
    """With long lines, as promtool reads them and nobody else."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, width=10**6), encoding="utf-8")
    return file


def complaints(test_file: Path, seconds: float = 400) -> str:
    """What `promtool test rules` has to say; empty when it is content."""
    ran = subprocess.run(
        [tool("promtool"), "test", "rules", test_file],
        capture_output=True,
        check=False,
        text=True,
        timeout=seconds,
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr
