"""Small parts of real installations on which the program was found wrong, each with what is right.

`tests/data/cases/NAME/objects.yaml` is the part; `empty.yaml` says that all kinds were asked for.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from e2e.agent import CATALOGS, run

CASES = Path(__file__).parents[1] / "data" / "cases"


def check(name: str, folder: Path) -> tuple[int, dict[str, dict[str, Any]], str]:
    """(exit status, components by name, platform) of `check` on one case."""
    shutil.copy(CASES / "empty.yaml", folder)
    shutil.copy(CASES / name / "objects.yaml", folder)
    ended = run(folder, "check", "--from", folder, "--catalog", CATALOGS, "--output", "json")
    document = json.loads(ended.stdout)
    return ended.returncode, {one["component"]: one for one in document["components"]}, document["platform"]


# Case -> components that are there, with their versions; components that are missing; (component, kind,
# name) of workloads that are lost; components that must not be listed, since that release has none of them.
EXPECTED: dict[str, tuple[dict[str, str], set[str], set[tuple[str, str, str]], set[str]]] = {
    "platform-01-hephy-mirror-named-deis": (
        {"builder": "v2.13.3", "router": "v2.16.2", "nsqd": "v2.5.1"},
        {"controller", "database", "registry"},
        set(),
        set(),
    ),
    "platform-02-helm-classic-v2.9": (
        {"builder": "v2.6.1"},
        {"controller", "router", "database"},
        set(),
        {"slugbuilder", "dockerbuilder", "slugrunner"},
    ),
    "platform-03-drycc-v1.8.1-missing-untold": (
        {"logger": "1.3.7", "prometheus": "0.2.0"},
        {"database", "storage", "valkey", "passport", "builder"},
        set(),
        {"victoriametrics", "quickwit"},
    ),
    "platform-04-drycc-registry-proxy-merged": (
        {"registry": "1.3.2", "registry-proxy": "1.2.3"},
        {"builder", "controller"},
        {("registry", "CronJob", "drycc-registry-cronjob-daily")},
        set(),
    ),
    "platform-05-drycc-v1.0-to-v1.7-not-shown": (
        {"database": "1.1.0", "redis": "1.4.0", "rabbitmq": "1.3.2"},
        {"builder", "controller"},
        set(),
        {"valkey", "victoriametrics", "quickwit"},
    ),
    "platform-06-drycc-v1.8.3-without-quickwit": (
        {"controller": "1.13.1", "fluentbit": "0.0.5", "grafana": "1.4.4", "passport": "1.3.4"},
        {"quickwit", "database", "victoriametrics"},
        set(),
        {"prometheus", "redis", "rabbitmq"},
    ),
    "platform-07-drycc-api-deployment-gone": (
        {"controller": "1.13.1"},
        {"builder", "database"},
        {("controller", "Deployment", "drycc-controller")},
        set(),
    ),
    "platform-08-drycc-v1.6.0-false-missing": (
        {"controller": "1.5.0", "passport": "1.1.0", "fluentd": "1.3.0", "redis": "1.3.0"},
        {"builder", "database"},
        set(),
        {"fluentbit", "grafana", "valkey", "victoriametrics", "storage", "quickwit"},
    ),
    "platform-10-drycc-service-of-prometheus": (
        {"logger": "1.3.7", "prometheus": "0.2.0"},
        {"builder", "database"},
        set(),
        {"victoriametrics"},
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_case_is_told_as_it_is(name: str, tmp_path: Path) -> None:
    there, missing, lost, none_of = EXPECTED[name]

    status, components, platform = check(name, tmp_path)

    assert (status, platform) == (1, name.split("-")[2] if "classic" not in name else "deis")
    assert {n: one["version"] for n, one in components.items() if one["workloads"]} == there
    assert missing <= {n for n, one in components.items() if one["verdict"] == "missing"}
    told = {(n, w["kind"], w["name"]) for n, one in components.items() for w in one["missing_workloads"]}
    assert lost <= told
    assert bool(lost) == any(component in {one[0] for one in lost} for component, _, _ in told)
    assert none_of.isdisjoint(components)
