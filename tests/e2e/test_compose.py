"""What `compose.yaml` starts, but Grafana, started as it says: for each image the program that it holds.

Paths of a container become those of a folder, its names loopback; arguments and settings stay.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from e2e.agent import Agent
from e2e.processes import Program, free_ports, tool
from e2e.releases_api import ReleasesApi
from e2e.reporting import wait_until, wait_until_ready
from ingest_factories import HEADERS

_ROOT = Path(__file__).parents[2]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "compose.yaml").read_text(encoding="utf-8"))
_SERVICES: dict[str, dict[str, Any]] = _COMPOSE["services"]
_SECONDS = 60  # on a busy machine
_DATA = "/prometheus"
_NOTHING = b"\x00"  # a report without series, compressed


def _laid_out(service: str, folder: Path, addresses: Mapping[str, str]) -> None:
    """The files that a container would see, below `folder`."""
    for mount in _SERVICES[service].get("volumes", []):
        source, inside, *_ = mount.split(":")
        target = folder / inside.lstrip("/")
        if inside == _DATA:
            target.mkdir(parents=True)
        elif (_ROOT / source).is_dir():
            shutil.copytree(_ROOT / source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_ROOT / source, target)
    for config in _SERVICES[service].get("configs", []):
        target = folder / config["target"].lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_COMPOSE["configs"][config["source"]]["content"], encoding="utf-8")
    for file in folder.rglob("*.y*ml"):
        text = file.read_text(encoding="utf-8")
        for name, address in addresses.items():
            text = text.replace(name, address)
        file.write_text(text, encoding="utf-8")


def _arguments(service: str, folder: Path) -> list[str]:
    """With each absolute path moved below `folder`."""
    return [
        f"{name}{equals}{folder}{path}" if path.startswith("/") else argument
        for argument in _SERVICES[service]["command"]
        for name, equals, path in [argument.rpartition("=")]
    ]


@contextmanager
def _prometheus(folder: Path, addresses: Mapping[str, str]) -> Iterator[httpx.Client]:
    _laid_out("prometheus", folder, addresses)
    listen = addresses["localhost:9090"]
    argv: list[str | Path] = [tool("prometheus"), *_arguments("prometheus", folder)]
    program = Program("prometheus", [*argv, f"--web.listen-address={listen}"], folder)
    with httpx.Client(base_url=f"http://{listen}", trust_env=False, timeout=60) as http:
        program.start()
        try:
            wait_until_ready(program, f"http://{listen}", _SECONDS)
            yield http
        finally:
            program.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Prometheus of a releases API and an agent, all as they stand in the file."""
    folder = tmp_path_factory.mktemp("compose")
    listen = f"127.0.0.1:{free_ports(1)[0]}"
    releases_settings = dict(_SERVICES["releases"]["environment"])
    releases_settings["UPSTREAM_WRITE_URL"] = releases_settings["UPSTREAM_WRITE_URL"].replace(
        "localhost:9090", listen
    )
    (folder / "releases").mkdir()
    with ExitStack() as stack:
        api = stack.enter_context(ReleasesApi(folder / "releases", **releases_settings))
        agent_folder = folder / "agent"
        _laid_out("agent", agent_folder, {})
        settings = {
            name: value.replace("http://releases:8090", api.url)
            for name, value in _SERVICES["agent"]["environment"].items()
        }
        agent = stack.enter_context(Agent(agent_folder, *_arguments("agent", agent_folder), **settings))
        addresses = {
            "localhost:9090": listen,
            "localhost:8091": api.metrics_url.removeprefix("http://"),
            "agent:8081": agent.metrics_url.removeprefix("http://"),
            "scrape_interval: 30s": "scrape_interval: 1s",
        }
        yield stack.enter_context(_prometheus(folder / "prometheus", addresses))


def _told(site: httpx.Client, path: str) -> Any:
    return site.get(path).raise_for_status().json()["data"]


def test_prometheus_takes_reports_and_evaluates_every_shipped_rule(site: httpx.Client) -> None:
    files = [*sorted((_ROOT / "prometheus/rules").glob("*.yaml")), _ROOT / "prometheus/alerts/hosting.yaml"]
    shipped = {
        group["name"]
        for file in files
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    }

    flags = _told(site, "/api/v1/status/flags")
    groups = _told(site, "/api/v1/rules")["groups"]

    assert {group["name"] for group in groups} == shipped
    assert flags["web.enable-remote-write-receiver"] == "true"
    assert site.post("/api/v1/write", content=_NOTHING, headers=HEADERS).status_code == 204


def test_all_that_is_to_be_scraped_answers(site: httpx.Client) -> None:
    def up() -> dict[str, str]:
        targets = _told(site, "/api/v1/targets")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    expected = dict.fromkeys(("prometheus", "workflow-releases", "workflow-exporter"), "up")
    wait_until(lambda: up() == expected, _SECONDS, lambda: f"{up()}")


@pytest.mark.parametrize("metric", ["workflow_component_info", "releases_latest_info"])
def test_boards_of_operators_and_staff_have_something_to_show(site: httpx.Client, metric: str) -> None:
    def shown() -> bool:
        found = site.get("/api/v1/query", params={"query": f"count({metric})"}).raise_for_status().json()
        return bool(found["data"]["result"])

    wait_until(shown, _SECONDS)
