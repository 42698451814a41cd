import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from fakes.script import Script, Step, answer, failure, text
from workflow_exporter.cluster.addresses import (
    VERSION_ADDRESS,
    Address,
    config_map_address,
    namespace_address,
)
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.contents import Source
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.cluster.single_objects import Reader
from workflow_exporter.cluster.timing import Surroundings, Timing
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.snapshot import SourceState

pytestmark = pytest.mark.anyio

_NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
_BUILDER, _RUNNER = (config_map_address("deis", f"{name}-config") for name in ("slugbuilder", "slugrunner"))


def config_map(name: str, tag: str, uid: str = "") -> httpx.Response:
    metadata = {"name": f"{name}-config", "uid": uid or name}
    return answer({"metadata": metadata, "data": {"image": f"deis/{name}:{tag}"}})


async def read(
    resource: Resource, addresses: Sequence[Address], *steps: Step
) -> list[tuple[SourceState, Any, float]]:
    """After each reading: the state, what is held, and the pause that follows."""
    script, source = Script(*steps), Source(resource, Intake(shipped_profiles()))
    told: list[tuple[SourceState, Any, float]] = []

    async def sleep(seconds: float) -> None:
        told.append((source.state, dict(source.contents.known()), seconds))
        await asyncio.sleep(0)

    surroundings = Surroundings(now=lambda: _NOW, random=lambda: 0.5, sleep=sleep)
    async with script.client() as http:
        reader = Reader(ApiClient(http), source, addresses, Timing(), surroundings)
        with suppress(asyncio.CancelledError):
            await reader.run(lambda: None)
    return told


def images(held: dict[str, Any]) -> list[str]:
    return sorted(config_map.data["image"] for config_map in held.values())


async def test_config_maps_are_read_by_name_every_five_minutes() -> None:
    told = await read(
        Resource.CONFIG_MAPS,
        [_BUILDER, _RUNNER],
        config_map("slugbuilder", "v1"),
        failure(404),  # simply not there
        config_map("slugbuilder", "v2"),
        config_map("slugrunner", "v1"),
        failure(404),
        config_map("slugrunner", "v1", uid="made anew"),
    )

    assert [(state, images(held), pause) for state, held, pause in told] == [
        (SourceState("configmaps", True, None, _NOW), names, 300)
        for names in (
            ["deis/slugbuilder:v1"],
            ["deis/slugbuilder:v2", "deis/slugrunner:v1"],
            ["deis/slugrunner:v1"],
        )
    ]


async def test_config_map_that_fails_keeps_what_it_had_and_the_others_are_read() -> None:
    told = await read(
        Resource.CONFIG_MAPS,
        [_BUILDER, _RUNNER],
        config_map("slugbuilder", "v1"),
        config_map("slugrunner", "v1"),
        failure(403),
        config_map("slugrunner", "v2"),
    )

    reason = "forbidden: no role allows to get config map slugbuilder-config in namespace deis (403)"
    assert [(state, images(held)) for state, held, _ in told] == [
        (SourceState("configmaps", True, None, _NOW), ["deis/slugbuilder:v1", "deis/slugrunner:v1"]),
        (SourceState("configmaps", False, reason, _NOW), ["deis/slugbuilder:v1", "deis/slugrunner:v2"]),
    ]


async def test_server_that_does_not_answer_is_asked_for_one_of_them_only() -> None:
    timeout = httpx.ReadTimeout("silent")

    told = await read(
        Resource.CONFIG_MAPS, [_BUILDER, _RUNNER], timeout, timeout, timeout, failure(404), failure(404)
    )

    assert [(state.up, pause) for state, _, pause in told] == [
        (False, 0.25),
        (False, 0.5),
        (False, 1.0),
        (True, 300),
    ]


async def test_namespace_that_does_not_exist_is_up_with_a_note() -> None:
    told = await read(
        Resource.NAMESPACE,
        [namespace_address("deis")],
        failure(404),
        answer({"metadata": {"name": "deis", "uid": "u"}}),
        failure(404),
    )

    note = "namespace deis does not exist"
    assert [(state, set(held)) for state, held, _ in told] == [
        (SourceState("namespace", True, note, _NOW), set()),
        (SourceState("namespace", True, None, _NOW), {"u"}),
        (SourceState("namespace", True, note, _NOW), set()),
    ]


@pytest.mark.parametrize("page", ["<html>Sign in</html>", "", "[]", '"x"', "{}", '{"metadata": []}', "null"])
async def test_answer_that_is_no_object_is_a_failure_and_the_source_is_asked_again_soon(page: str) -> None:
    version = await read(Resource.VERSION, [VERSION_ADDRESS], text(page), answer({"gitVersion": "v1.37.2"}))
    maps = await read(
        Resource.CONFIG_MAPS,
        [_BUILDER],
        config_map("slugbuilder", "v1"),
        text(page),
        config_map("slugbuilder", "v2"),
    )

    reason = "the answer to get {} is not a Kubernetes object"
    assert [(state.up, state.reason, set(held), pause) for state, held, pause in version] == [
        (False, reason.format(VERSION_ADDRESS.words), set(), 0.25),
        (True, None, {"version"}, 300),
    ]
    assert [(state.up, state.reason, images(held), pause) for state, held, pause in maps] == [
        (True, None, ["deis/slugbuilder:v1"], 300),
        (False, reason.format(_BUILDER.words), ["deis/slugbuilder:v1"], 0.25),
        (True, None, ["deis/slugbuilder:v2"], 300),
    ]


async def test_object_that_is_odd_is_counted_and_the_source_is_up() -> None:
    told = await read(Resource.NAMESPACE, [namespace_address("deis")], answer({"metadata": {"name": "deis"}}))

    assert [(state.up, held, pause) for state, held, pause in told] == [(True, {}, 300)]


async def test_resource_without_addresses_is_up_and_empty() -> None:
    told = []

    async def sleep(seconds: float) -> None:
        told.append((source.state, seconds))
        raise asyncio.CancelledError

    source = Source(Resource.CONFIG_MAPS, Intake(()))
    surroundings = Surroundings(now=lambda: _NOW, random=lambda: 0.5, sleep=sleep)
    async with Script().client() as http:
        with suppress(asyncio.CancelledError):
            await Reader(ApiClient(http), source, [], Timing(), surroundings).run(lambda: None)

    assert told == [(SourceState("configmaps", True, None, _NOW), 300)]
