"""The API's description and its README say what is there: each route, setting, metric and command."""

import argparse
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from releases_factories import INSTANCE, NOW, add_catalog, client_of, document, make_services, open_store
from workflow_releases.cli.arguments import parser
from workflow_releases.edition import make_edition
from workflow_releases.ingest.counts import IngestCounts
from workflow_releases.self_metrics import RequestCounts, self_registry
from workflow_releases.settings import SETTINGS
from workflow_releases.web.metrics import EditionCollector
from workflow_releases.web.routes import public_app, routes

DESCRIPTION: dict[str, Any] = json.loads(
    resources.files("workflow_releases.web").joinpath("openapi.json").read_text("utf-8")
)
REGISTRY = Registry().with_resource("urn:openapi", Resource.from_contents(DESCRIPTION, DRAFT202012))
README = (Path(__file__).parents[2] / "releases-api" / "README.md").read_text()
DEIS = "/v1/catalogs/{platform}"
COMPONENT = DEIS + "/components/{component}"
LATEST = COMPONENT + "/latest"
RELEASE = COMPONENT + "/releases/{version}"
NOTICE = DEIS + "/notices/{notice}"
AUDIENCE = "/v1/instances/{instance}/audience"
LEGACY_RELEASE = "/v3/versions/{train}/{component}/{release}"
QUESTION = {"data": [{"component": {"name": "deis-router"}, "version": {"train": "stable"}}]}

# method, pattern, address, body, headers, status: at least one answer of each route and kind
ANSWERS: list[tuple[str, str, str, Any, dict[str, str], int]] = [
    ("GET", "/", "/", None, {}, 200),
    ("GET", "/style.css", "/style.css", None, {}, 200),
    ("GET", "/style.css", "/style.css", None, {"if-none-match": "*"}, 304),
    ("GET", "/openapi.json", "/openapi.json", None, {}, 200),
    ("GET", "/healthz", "/healthz", None, {}, 200),
    ("GET", "/readyz", "/readyz", None, {}, 200),
    ("GET", "/v1/catalogs", "/v1/catalogs", None, {}, 200),
    ("GET", "/v1/catalogs", "/v1/catalogs", None, {"if-none-match": "*"}, 304),
    ("GET", DEIS, "/v1/catalogs/deis", None, {}, 200),
    ("GET", DEIS, "/v1/catalogs/deis", None, {"if-none-match": "*"}, 304),
    ("GET", DEIS, "/v1/catalogs/x", None, {}, 404),
    ("GET", COMPONENT, "/v1/catalogs/deis/components/router", None, {}, 200),
    ("GET", COMPONENT, "/v1/catalogs/deis/components/x", None, {}, 404),
    ("GET", LATEST, "/v1/catalogs/deis/components/router/latest", None, {}, 200),
    ("GET", LATEST, "/v1/catalogs/deis/components/router/latest", None, {"accept": "text/plain"}, 200),
    ("GET", LATEST, "/v1/catalogs/deis/components/x/latest", None, {}, 404),
    ("PUT", RELEASE, "/v1/catalogs/deis/components/router/releases/v3.0.0", {}, {}, 201),
    ("PUT", RELEASE, "/v1/catalogs/deis/components/router/releases/v2.0.0", {}, {}, 200),
    ("PUT", RELEASE, "/v1/catalogs/deis/components/x/releases/v2.0.0", {}, {}, 404),
    ("PUT", RELEASE, "/v1/catalogs/deis/components/router/releases/x", {}, {}, 422),
    ("PUT", RELEASE, "/v1/catalogs/deis/components/router/releases/v2.0.0", {"security": True}, {}, 409),
    ("PUT", RELEASE, "/v1/catalogs/deis/components/router/releases/v9.0.0", {}, {"if-match": "*"}, 412),
    (
        "PUT",
        RELEASE,
        "/v1/catalogs/deis/components/router/releases/v9.0.0",
        {},
        {"authorization": "Bearer x"},
        401,
    ),
    ("PUT", DEIS + "/bundles/{version}", "/v1/catalogs/deis/bundles/v3.0.0", {"components": {}}, {}, 201),
    ("PUT", DEIS + "/bundles/{version}", "/v1/catalogs/deis/bundles/v3.0.0", {}, {}, 422),
    ("PUT", NOTICE, "/v1/catalogs/deis/notices/n", {"severity": "info", "title": "x"}, {}, 201),
    ("DELETE", NOTICE, "/v1/catalogs/deis/notices/n", None, {}, 204),
    ("DELETE", NOTICE, "/v1/catalogs/deis/notices/n", None, {}, 404),
    ("POST", DEIS + "/import", "/v1/catalogs/deis/import", document(), {}, 200),
    ("POST", DEIS + "/import", "/v1/catalogs/new/import", document(platform="new"), {}, 201),
    ("PUT", AUDIENCE, f"/v1/instances/{INSTANCE}/audience", {"audience": "ci"}, {}, 201),
    ("DELETE", AUDIENCE, f"/v1/instances/{INSTANCE}/audience", None, {}, 204),
    ("DELETE", AUDIENCE, f"/v1/instances/{INSTANCE}/audience", None, {}, 404),
    ("GET", "/versions/{thing}", "/versions/router", None, {}, 200),
    ("GET", "/versions/{thing}", "/versions/x", None, {}, 404),
    ("GET", "/v3/versions/{train}/{component}", "/v3/versions/stable/router", None, {}, 200),
    ("GET", "/v3/versions/{train}/{component}", "/v3/versions/stable/x", None, {}, 404),
    ("GET", LEGACY_RELEASE, "/v3/versions/stable/router/latest", None, {}, 200),
    ("GET", LEGACY_RELEASE, "/v3/versions/stable/router/x", None, {}, 404),
    ("POST", "/v2/versions/latest", "/v2/versions/latest", QUESTION, {}, 200),
    ("POST", "/v3/versions/latest", "/v3/versions/latest", QUESTION, {}, 200),
    ("POST", "/v3/versions/latest", "/v3/versions/latest", {}, {}, 422),
    ("POST", "/v2/clusters/{id}", "/v2/clusters/x", {}, {}, 204),
    ("POST", "/v3/clusters", "/v3/clusters", {}, {}, 204),
    ("POST", "/v3/doctor/{uuid}", "/v3/doctor/x", {}, {}, 204),
    ("GET", "/ping", "/ping", None, {}, 200),
    ("POST", "/api/v1/write", "/api/v1/write", None, {}, 404),
]


def described() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in DESCRIPTION["paths"].items() for method in item}


def test_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_every_route_is_described_and_tried_and_nothing_else() -> None:
    there = {(method, path) for method, path, _ in routes()}

    assert described() == there
    assert {(method, path) for method, path, *_ in ANSWERS} == there


@pytest.mark.anyio
async def test_every_answer_is_as_described(tmp_path: Path) -> None:
    store = open_store(tmp_path / "releases.db")
    add_catalog(store, document())
    services = make_services(store)
    token = services.tokens.create("ci", ["publish", "audience"])
    async with client_of(public_app(services), token) as client:
        for method, pattern, address, body, headers, status in ANSWERS:
            answer = await client.request(method, address, json=body, headers=headers)
            assert answer.status_code == status, (method, address, answer.text)
            _check(method, pattern, answer)
    store.close()


def _check(method: str, pattern: str, answer: Any) -> None:
    responses = DESCRIPTION["paths"][pattern][method.lower()]["responses"]
    response = responses[str(answer.status_code)]
    if "$ref" in response:
        response = DESCRIPTION["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content = response.get("content")
    if content is None:
        assert answer.content == b""
        return
    kind = answer.headers["content-type"]
    assert kind.partition(";")[0] in {name.partition(";")[0] for name in content}
    for name in response.get("headers", {}):
        assert name == "Catalog-Signature" or name.lower() in answer.headers
    if kind == "application/json":
        pointer = {"$ref": "urn:openapi#" + _pointer(DESCRIPTION, content["application/json"]["schema"])}
        Draft202012Validator(pointer, registry=REGISTRY).validate(answer.json())


def _pointer(document: Any, schema: Any, path: str = "") -> str:
    """Where a schema stands in the description, as a JSON pointer."""
    if schema.get("$ref"):
        return str(schema["$ref"].removeprefix("#"))
    return str(next(place for place, value in _walk(document, path) if value is schema))


def _walk(value: Any, path: str) -> Any:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _walk(item, f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}")


def test_readme_lists_each_setting_with_its_default_and_meaning() -> None:
    rows = [
        f"| `{row.name}` | {f'`{row.default}` ' if row.default else ''}| {row.meaning} |" for row in SETTINGS
    ]

    assert [row for row in rows if row not in README] == []


def test_readme_lists_each_route() -> None:
    named = set(re.findall(r"`(?:[A-Z]+(?:`, `)?)+ (/[^` ]*)`", README)) | {
        "/v1/catalogs/{platform}/components/{component}/latest"  # written as …/latest
    }

    assert {path for _, path in described()} - named == set()


def test_readme_lists_each_metric() -> None:
    edition = make_edition(change_number=1, week=NOW, catalogs={}, audiences={}, keys=None)
    own = self_registry(RequestCounts(), lambda: True, "1")
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in [
            *EditionCollector(lambda: edition).collect(),
            *own.collect(),
            *IngestCounts().collect(),
        ]
        if family.name.startswith("releases_")
    }

    assert names == set(re.findall(r"^\| `(releases_\w+)` \|", README, re.MULTILINE))


def test_readme_names_each_command() -> None:
    missing = [
        name for name in _commands(parser(), "") if f"`{name}" not in README and f" {name}" not in README
    ]

    assert missing == []


def _commands(command: argparse.ArgumentParser, prefix: str) -> list[str]:
    found = []
    for action in command._actions:  # noqa: SLF001 - argparse shows its commands no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for name, inner in action.choices.items():
                found += _commands(inner, f"{prefix}{name} ")
    return found or [prefix.strip()]


@pytest.mark.parametrize("command", _commands(parser(), ""))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*command.split(), "--help"])

    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: workflow-releases {command}")
    assert len(shown.splitlines()) > 4
