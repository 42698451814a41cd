"""Rules and alerts as promtool sees them: valid, right at each edge; and no wrong rule goes unnoticed."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.processes import tool
from e2e.recording_rules import PROMETHEUS, RULE_FILES, complaints, parsed, shipped_rules, write
from e2e.rule_mutations import MUTATIONS, Mutation

_TESTS = sorted((PROMETHEUS / "tests").glob("*.yaml"))


def test_configuration_and_all_rules_are_valid() -> None:
    for what, file in (("config", "prometheus.yml"), ("rules", "alerts/operators.yaml")):
        subprocess.run(
            [tool("promtool"), "check", what, PROMETHEUS / file], check=True, capture_output=True, timeout=60
        )


@pytest.mark.parametrize("file", _TESTS, ids=lambda file: file.stem)
def test_edges_hold(file: Path) -> None:
    assert complaints(file) == ""


def test_each_recording_rule_has_a_mutation() -> None:
    rules = {(rule.record, tuple(rule.labels.items())) for rule in shipped_rules()}

    assert {(one.record, one.labels) for one in MUTATIONS} == rules


def test_no_mutation_of_a_rule_goes_unnoticed(tmp_path: Path) -> None:
    def unnoticed(numbered: tuple[int, Mutation]) -> bool:
        return not _noticed(tmp_path / str(numbered[0]), numbered[1])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        survived = list(pool.map(unnoticed, enumerate(MUTATIONS)))

    assert [one for one, alive in zip(MUTATIONS, survived, strict=True) if alive] == []


def _noticed(folder: Path, mutation: Mutation) -> bool:
    """Whether the mutation's test is red in a copy of the rules that has it."""
    changed = 0
    for file in RULE_FILES:
        content = parsed(file)
        for rule in (rule for group in content["groups"] for rule in group["rules"]):
            if (rule["record"], tuple(rule.get("labels", {}).items())) == (mutation.record, mutation.labels):
                expr = rule["expr"].replace(mutation.old, mutation.new)
                changed += expr != rule["expr"]
                rule["expr"] = expr
        write(folder / "rules" / file.name, content)
    if changed != 1:
        raise ValueError(f"{mutation} changes {changed} rules")
    test = f"{mutation.test}.yaml"
    write(folder / "tests" / test, parsed(PROMETHEUS / "tests" / test))
    found = complaints(folder / "tests" / test)
    if "parse error" in found:
        raise ValueError(f"{mutation} is no rule any more: {found}")
    return bool(found)
