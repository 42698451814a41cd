"""Routes that write. The token is checked before the body is read, and the body before the store is asked."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from workflow_releases.catalog import validation
from workflow_releases.catalog.model import MAX_BODY_BYTES
from workflow_releases.catalog.publish import Published
from workflow_releases.instances.audience import read_mark
from workflow_releases.web.answers import json_answer
from workflow_releases.web.request_body import SMALL_BODY_BYTES, read_body
from workflow_releases.web.services import Services

_Result = TypeVar("_Result")


async def put_release(services: Services, request: Request) -> Response:
    """201 new, 200 known or yanked or restored; `If-Match: *` refuses what is not published yet (412)."""
    actor = await _authorize(services, request, "publish")
    raw_body = await read_body(request, SMALL_BODY_BYTES)
    path = request.path_params
    must_exist = request.headers.get("if-match", "").strip() == "*"

    def publish() -> Published:
        raw = validation.read_json(raw_body)
        given = validation.read_release(raw, path["version"], services.clock())
        return services.publisher.release(
            actor, path["platform"], path["component"], path["version"], given, must_exist=must_exist
        )

    return _published(await _change(services, publish))


async def put_bundle(services: Services, request: Request) -> Response:
    actor = await _authorize(services, request, "publish")
    raw_body = await read_body(request, SMALL_BODY_BYTES)
    path = request.path_params

    def publish() -> Published:
        given = validation.read_bundle(validation.read_json(raw_body), path["version"], services.clock())
        return services.publisher.bundle(actor, path["platform"], path["version"], given)

    return _published(await _change(services, publish))


async def put_notice(services: Services, request: Request) -> Response:
    actor = await _authorize(services, request, "publish")
    raw_body = await read_body(request, SMALL_BODY_BYTES)
    path = request.path_params

    def publish() -> Published:
        given = validation.read_notice(validation.read_json(raw_body), path["notice"], services.clock())
        return services.publisher.notice(actor, path["platform"], path["notice"], given)

    return _published(await _change(services, publish))


async def delete_notice(services: Services, request: Request) -> Response:
    actor = await _authorize(services, request, "publish")
    path = request.path_params
    await _change(services, lambda: services.publisher.delete_notice(actor, path["platform"], path["notice"]))
    return Response(status_code=204)


async def import_catalog(services: Services, request: Request) -> Response:
    actor = await _authorize(services, request, "publish")
    raw_body = await read_body(request, MAX_BODY_BYTES)
    platform = request.path_params["platform"]

    def publish() -> Any:
        given = validation.read_catalog(validation.read_json(raw_body), platform, services.clock())
        return services.publisher.import_catalog(actor, given)

    imported = await _change(services, publish)
    return json_answer(imported, 201 if imported.effect == "created" else 200)


async def put_audience(services: Services, request: Request) -> Response:
    actor = await _authorize(services, request, "audience")
    raw_body = await read_body(request, SMALL_BODY_BYTES)
    instance_id = request.path_params["instance"]

    def mark() -> Mapping[str, str]:
        audience = read_mark(validation.read_json(raw_body), instance_id)
        effect = services.marker.mark(actor, instance_id, audience)
        return {"instance_id": instance_id, "audience": audience, "effect": effect}

    marked = await _change(services, mark)
    return json_answer(marked, 201 if marked["effect"] == "created" else 200)


async def delete_audience(services: Services, request: Request) -> Response:
    actor = await _authorize(services, request, "audience")
    await _change(services, lambda: services.marker.unmark(actor, request.path_params["instance"]))
    return Response(status_code=204)


async def _authorize(services: Services, request: Request, scope: str) -> str:
    """The name under which the audit trail will know who asked."""
    return await services.in_thread(services.tokens.authorize, request.headers.get("authorization"), scope)


async def _change(services: Services, change: Callable[[], _Result]) -> _Result:
    """Runs a change, and has it served here before it is acknowledged.

    A change that is stored but cannot be served here yet is answered with 503, like one that could not be
    stored. The same request again is then answered as unchanged.
    """

    def change_and_refresh() -> _Result:
        result = change()
        services.editions.catch_up()
        return result

    return await services.in_thread(change_and_refresh)


def _published(published: Published) -> Response:
    status = 201 if published.effect == "created" else 200
    return json_answer(published.document, status, {"x-effect": published.effect})
