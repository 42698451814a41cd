"""Which of the operators' alerts hold for what an agent exposes, as promtool evaluates their expressions."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from charts import ROOT
from e2e.processes import tool

_ALERTS = ROOT / "prometheus" / "alerts" / "operators.yaml"
_TARGET = {"job": "workflow-exporter", "namespace": "deis"}  # what a scrape adds


def alerts_that_hold(exposition: str, now: datetime, folder: Path) -> list[str]:
    """Names of the alerts whose expression holds at `now`, however long they would then wait to fire."""
    families = text_string_to_metric_families(exposition)
    series = [_input(sample) for family in families for sample in family.samples]
    groups = yaml.safe_load(_ALERTS.read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return [rule["alert"] for rule in rules if not _is_empty(rule["expr"], series, now, folder)]


def _input(sample: Sample) -> dict[str, str]:
    labels = {**_TARGET, **{f"exported_{k}" if k in _TARGET else k: v for k, v in sample.labels.items()}}
    words = ", ".join(f"{name}={_quoted(value)}" for name, value in labels.items())
    return {"series": f"{sample.name}{{{words}}}", "values": repr(float(sample.value))}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _is_empty(expr: str, series: list[dict[str, str]], now: datetime, folder: Path) -> bool:
    case = {
        "interval": "1m",
        "start_timestamp": now.astimezone(UTC).isoformat(timespec="seconds"),
        "input_series": series,
        "promql_expr_test": [{"expr": expr, "eval_time": "0s", "exp_samples": []}],
    }
    document: dict[str, Any] = {"rule_files": [], "tests": [case]}
    file = folder / "alerts.yaml"
    file.write_text(yaml.safe_dump(document))
    argv: list[str | Path] = [tool("promtool"), "test", "rules", file]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    failed = "FAILED" in ended.stdout + ended.stderr
    if ended.returncode and not ("exp:" in ended.stdout + ended.stderr and failed):
        raise AssertionError(
            ended.stdout + ended.stderr
        )  # not that the expression holds, but a fault of ours
    return ended.returncode == 0
