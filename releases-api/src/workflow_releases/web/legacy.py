"""The first API's routes. Check-ins are answered 204; their bodies are not read, stored, or logged."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from workflow_releases.catalog.validation import read_json
from workflow_releases.errors import NotFoundError
from workflow_releases.legacy import answers
from workflow_releases.web.answers import json_answer
from workflow_releases.web.request_body import read_body
from workflow_releases.web.services import Services

_MAX_QUESTION_BYTES = 256 * 1024  # 256 KiB: old agents send twenty components with all they know of them


async def latest_versions(services: Services, request: Request) -> Response:
    raw = read_json(await read_body(request, _MAX_QUESTION_BYTES))
    asked = answers.read_question(raw)
    return json_answer(answers.latest_of(services.catalog(services.legacy_platform), asked))


async def releases(services: Services, request: Request) -> Response:
    path = request.path_params
    found = answers.releases(services.catalog(services.legacy_platform), path["component"], path["train"])
    return _found(found, "404 component not found")


async def release(services: Services, request: Request) -> Response:
    path = request.path_params
    catalog = services.catalog(services.legacy_platform)
    found = answers.release(catalog, path["component"], path["train"], path["release"])
    return _found(found, "404 release not found")


async def versions(services: Services, request: Request) -> Response:
    found = answers.versions(services.catalog(services.legacy_platform), request.path_params["thing"])
    return _found(found, "nothing of that name was released")


async def check_in(_services: Services, _request: Request) -> Response:
    """Raw facts about a cluster, which nobody asked its owner for: thrown away unread."""
    return Response(status_code=204)


async def ping(_services: Services, _request: Request) -> Response:
    return Response(status_code=200)


def _found(document: dict[str, Any] | None, otherwise: str) -> Response:
    if document is None:
        raise NotFoundError(otherwise)
    return json_answer(document)
