"""The agent's rights against real RBAC: enough, each needed, and nothing beyond.

Real requests throughout. A refusal comes before a request is looked at, so an empty body is enough to ask
for a write; should one be allowed, the test that fails is the damage.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx
import pytest

from e2e.control_plane import ControlPlane
from e2e.least_privilege import Access, accesses, agent_rights

pytestmark = pytest.mark.anyio

NAMESPACE, OTHER_NAMESPACE = "least-privilege", "least-privilege-elsewhere"
CONFIG_MAPS = ("slugbuilder-config", "dockerbuilder-config", "slugrunner-config")
WORKLOADS = {
    "": ("pods", "services", "replicationcontrollers"),
    "apps": ("deployments", "daemonsets", "statefulsets"),
    "batch": ("cronjobs",),
}
# What every authenticated user may ask of a server: who am I, and what may I do.
EVERYBODY = {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}
METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}

# Each read of the agent, written out: design section 3.
READS = sorted(
    [
        Access(group, resource, verb, NAMESPACE)
        for group, resources in WORKLOADS.items()
        for resource, verb in product(resources, ("get", "list", "watch"))
    ]
    + [Access("", "configmaps", "get", NAMESPACE, name) for name in CONFIG_MAPS]
    + [Access("", "nodes", verb) for verb in ("get", "list", "watch")]
    + [Access("", "namespaces", "get", name=name) for name in ("kube-system", NAMESPACE)]
)


@pytest.fixture
async def namespaces(control_plane: ControlPlane) -> AsyncIterator[None]:
    for name in (NAMESPACE, OTHER_NAMESPACE):
        await control_plane.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])
    for name in CONFIG_MAPS:
        metadata = {"name": name, "namespace": NAMESPACE}
        await control_plane.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}])
    yield
    await control_plane.rest().clear_namespace(NAMESPACE)


async def status(client: httpx.AsyncClient, access: Access) -> int:
    """The API server's answer. An access to any object asks for one that does not exist: 404 is allowed."""
    root = f"/apis/{access.group}" if access.group else "/api"
    version = "v2" if access.group == "autoscaling" else "v1"
    scope = f"/namespaces/{access.namespace}" if access.namespace else ""
    resource, _, subresource = access.resource.partition("/")
    path = f"{root}/{version}{scope}/{resource}"
    if access.verb not in {"list", "watch", "create", "deletecollection"} or subresource:
        path += f"/{access.name or 'none'}"
    if subresource:
        path += f"/{subresource}"
    query = "?watch=1&timeoutSeconds=1" if access.verb == "watch" else ""
    headers = {
        "Content-Type": "application/merge-patch+json" if access.verb == "patch" else "application/json"
    }
    body = b"" if METHODS[access.verb] == "GET" else b"{}"
    request = client.build_request(METHODS[access.verb], path + query, headers=headers, content=body)
    answer = await client.send(request, stream=True)
    if answer.is_error:  # short, and reading it keeps the connection; a watch has no end
        await answer.aread()
    await answer.aclose()
    return answer.status_code


async def refused(client: httpx.AsyncClient, asked: list[Access]) -> list[Access]:
    """Those of `asked` that the API server forbids, in order; asks a few at a time."""
    gate = asyncio.Semaphore(8)

    async def ask(access: Access) -> int:
        async with gate:
            return await status(client, access)

    statuses = await asyncio.gather(*(ask(access) for access in asked))
    assert set(statuses) <= {200, 201, 400, 403, 404, 405, 415, 422}, set(statuses)
    return [access for access, answer in zip(asked, statuses, strict=True) if answer == 403]


def test_the_rules_spell_exactly_the_agents_reads() -> None:
    assert sorted(accesses(agent_rights(NAMESPACE))) == READS


async def test_the_rights_are_enough(control_plane: ControlPlane, namespaces: None) -> None:
    token = await control_plane.token_with_rights("agent", agent_rights(NAMESPACE))

    async with control_plane.rest(token).client() as client:
        assert await refused(client, READS) == []
        assert (await client.get("/version")).status_code == 200


@pytest.mark.parametrize("removed", READS, ids=lambda a: f"{a.verb}-{a.resource}-{a.name}".rstrip("-"))
async def test_each_right_is_needed(control_plane: ControlPlane, namespaces: None, removed: Access) -> None:
    rights = [access.as_right() for access in READS if access != removed]
    token = await control_plane.token_with_rights("almost", rights)

    async with control_plane.rest(token).client() as client:
        assert await refused(client, READS) == [removed]


async def test_nothing_else_is_allowed(control_plane: ControlPlane, namespaces: None) -> None:
    token = await control_plane.token_with_rights("agent", agent_rights(NAMESPACE))
    asked = [access for access in await everything(control_plane) if access not in READS]

    async with control_plane.rest(token).client() as client:
        forbidden = set(await refused(client, asked))

    assert [access for access in asked if access not in forbidden] == []
    assert len(asked) > 1000  # discovery found the whole API
    assert Access("", "secrets", "list", NAMESPACE) in forbidden
    assert Access("", "configmaps", "get", NAMESPACE, "imagebuilder-config") in forbidden


async def everything(control_plane: ControlPlane) -> list[Access]:
    """Each verb on each resource that the server has, in the platform's namespace, another, and none."""
    found = []
    for group, resources in (await served(control_plane)).items():
        for resource in resources:
            verbs = [verb for verb in resource["verbs"] if verb in METHODS]
            if resource["name"] in EVERYBODY:
                continue
            scopes = ["", NAMESPACE, OTHER_NAMESPACE] if resource["namespaced"] else [""]
            for verb, scope in product(verbs, scopes):
                if scope or not resource["namespaced"] or verb in {"list", "watch"}:
                    found.append(Access(group, resource["name"], verb, scope))
    named = ["imagebuilder-config", *CONFIG_MAPS]
    elsewhere = [Access("", "configmaps", "get", OTHER_NAMESPACE, name) for name in named]
    others = [Access("", "namespaces", "get", name=name) for name in ("default", OTHER_NAMESPACE)]
    return [*found, *elsewhere, *others, Access("", "configmaps", "get", NAMESPACE, "imagebuilder-config")]


async def served(control_plane: ControlPlane) -> dict[str, list[dict[str, Any]]]:
    """API group -> resources of its preferred version."""
    groups = {"": "/api/v1"}
    for group in (await control_plane.get("/apis"))["groups"]:
        groups[group["name"]] = f"/apis/{group['preferredVersion']['groupVersion']}"
    return {group: (await control_plane.get(path))["resources"] for group, path in groups.items()}
