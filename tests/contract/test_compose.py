"""`compose.yaml` says what is there: files, settings, versions; and opens nothing to the network."""

import re
from typing import Any

import pytest
import yaml

from dockerfiles import ROOT
from workflow_exporter.setting_rows import SETTINGS as AGENT_SETTINGS
from workflow_releases.settings import SETTINGS as RELEASES_SETTINGS

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MADE_BY_DEMO = "./build/"


def mounts(service: str) -> dict[str, str]:
    """Path in the container -> what lies there."""
    pairs = [mount.removesuffix(":ro").split(":") for mount in SERVICES[service].get("volumes", [])]
    return {inside: outside for outside, inside in pairs}


@pytest.mark.parametrize("service", SERVICES)
def test_everything_mounted_exists_and_is_read_only_but_for_data(service: str) -> None:
    for mount in SERVICES[service].get("volumes", []):
        source = mount.split(":")[0]
        if source in COMPOSE["volumes"] or source.startswith(MADE_BY_DEMO):
            continue
        assert (ROOT / source).exists(), mount
        assert mount.endswith(":ro"), mount


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_to_this_machine_alone(service: str) -> None:
    assert [port for port in SERVICES[service].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize(
    ("service", "known"),
    [
        ("agent", {name for row in AGENT_SETTINGS for name in (row.name, *row.aliases)}),
        ("releases", {row.name for row in RELEASES_SETTINGS}),
    ],
)
def test_settings_are_those_that_the_programs_know(service: str, known: set[str]) -> None:
    assert set(SERVICES[service]["environment"]) <= known


def test_images_are_built_from_here_or_pinned_by_version() -> None:
    built = {name: one["build"]["dockerfile"] for name, one in SERVICES.items() if "build" in one}
    pinned = [one["image"] for one in SERVICES.values() if "image" in one]

    assert built == {"releases": "releases-api/Dockerfile", "agent": "exporter/Dockerfile"}
    assert all((ROOT / dockerfile).is_file() for dockerfile in built.values())
    assert [image for image in pinned if not re.search(r":v?\d+\.\d+\.\d+$", image)] == []


def test_prometheus_is_the_one_that_rules_are_tested_on() -> None:
    module = re.search(
        r"^PROMETHEUS_VERSION := v0\.(\d)(\d\d)\.(\d+)$",
        (ROOT / "tests/tools/Makefile").read_text(),
        re.MULTILINE,
    )

    assert module is not None
    assert SERVICES["prometheus"]["image"] == f"prom/prometheus:v{module[1]}.{int(module[2])}.{module[3]}"


def test_prometheus_finds_what_its_configuration_names() -> None:
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    inside = mounts("prometheus")
    published = SERVICES["releases"]["ports"]

    folders = {f"/etc/prometheus/{pattern.rpartition('/')[0]}" for pattern in config["rule_files"]}
    assert folders <= inside.keys()
    assert SERVICES["prometheus"]["network_mode"] == "service:releases"  # so that localhost is the API's
    assert "127.0.0.1:9090:9090" in published
    assert "--web.enable-remote-write-receiver" in SERVICES["prometheus"]["command"]
    assert SERVICES["releases"]["environment"]["UPSTREAM_WRITE_URL"].startswith("http://localhost:9090/")


def test_every_board_lies_where_its_provider_looks() -> None:
    providers = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/boards.yaml").read_text())[
        "providers"
    ]
    folders = {one["options"]["path"] for one in providers}
    boards = {inside: outside for inside, outside in mounts("grafana").items() if outside.endswith(".json")}

    assert {outside.rpartition("/")[2] for outside in boards.values()} == {
        path.name for path in (ROOT / "grafana/dashboards").glob("*.json")
    }
    assert {inside.rpartition("/")[0] for inside in boards} == folders
    for inside in boards:
        folder, _, name = inside.rpartition("/")
        assert name.startswith(folder.rpartition("/")[2])


def test_grafana_asks_the_prometheus_that_its_data_source_names() -> None:
    source = (ROOT / "grafana/provisioning/datasources/prometheus.yaml").read_text()

    assert "$PROMETHEUS_URL" in source
    assert SERVICES["grafana"]["environment"]["PROMETHEUS_URL"] == "http://releases:9090"
