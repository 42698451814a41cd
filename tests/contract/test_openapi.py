"""openapi.yaml says what both listeners answer, in every state."""

import json
from importlib import resources
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.applications import Starlette

import snapshots
from web_client import ask, metrics, public

TEXT = resources.files("workflow_exporter.web").joinpath("openapi.yaml").read_text("utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
REGISTRY = Registry().with_resource("urn:openapi", Resource.from_contents(DOCUMENT, DRAFT202012))
JSON = "application/json"
LISTENERS = {"public listener": public, "metrics listener": metrics}


def routes(app: Starlette) -> set[str]:
    return {route.path for route in app.routes if hasattr(route, "path")}


def paths_of(listener: str) -> set[str]:
    return {path for path, item in DOCUMENT["paths"].items() if listener in item["get"]["tags"]}


def test_file_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


@pytest.mark.parametrize("listener", LISTENERS)
def test_every_route_is_described_and_nothing_else(listener: str) -> None:
    assert routes(LISTENERS[listener](None)) == paths_of(listener)


def test_every_object_with_fixed_names_says_so_and_requires_them() -> None:
    """So that a field that is added to an answer must be added to the contract."""
    loose = [
        path
        for path, schema in objects(DOCUMENT["components"]["schemas"], "")
        if "properties" in schema
        and (
            schema.get("additionalProperties") is not False
            or not set(schema["required"]) <= set(schema["properties"])
        )
    ]

    assert loose == []


def objects(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield path, value
        for key, item in value.items():
            yield from objects(item, f"{path}/{key}")


def response_of(path: str, status: int) -> dict[str, Any]:
    response = DOCUMENT["paths"][path]["get"]["responses"][str(status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = response
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("state", [*snapshots.STATES, None])
@pytest.mark.parametrize("listener", LISTENERS)
async def test_answers_are_as_described_in_every_state(listener: str, state: str | None) -> None:
    app = LISTENERS[listener](snapshots.STATES[state]() if state else None)

    for path in sorted(paths_of(listener)):
        answer = await ask(app, path)
        described = response_of(path, answer.status_code)
        media = answer.headers["content-type"].partition(";")[0]
        where = pointer(path, answer.status_code, described)
        validator = Draft202012Validator(
            {"$ref": f"urn:openapi#{where}/content/{escape(media)}/schema"},
            registry=REGISTRY,
            format_checker=FormatChecker(["date-time"]),
        )
        validator.validate(answer.json() if media == JSON else answer.text)
        assert set(described.get("headers", {})) <= {"Retry-After"} & {n.title() for n in answer.headers}


def pointer(path: str, status: int, response: dict[str, Any]) -> str:
    for name, shared in DOCUMENT["components"]["responses"].items():
        if shared is response:
            return f"/components/responses/{name}"
    return f"/paths/{escape(path)}/get/responses/{status}"


def escape(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")


@pytest.mark.anyio
async def test_served_document_is_the_file() -> None:
    assert (await ask(public(None), "/openapi.json")).json() == json.loads(json.dumps(DOCUMENT))
