"""What the account of the agent's chart may do on a real API server, with the token that a pod would get."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from e2e.control_plane import ControlPlane
from e2e.helm_exporter import CHART, token_of
from e2e.helm_releases import Helm, restricted_namespace
from e2e.least_privilege import Access, accesses
from e2e.rest import Object, until
from e2e.test_least_privilege import CONFIG_MAPS, NAMESPACE, OTHER_NAMESPACE, READS, everything, refused

pytestmark = pytest.mark.anyio

HOME, ACCOUNT = "agent-rights", "agent-workflow-exporter"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLE = f"{RBAC}/namespaces/{NAMESPACE}/roles/{HOME}:{ACCOUNT}"
CLUSTER_ROLE = f"{RBAC}/clusterroles/{HOME}:{ACCOUNT}"
RULES = [*product([ROLE], range(4)), *product([CLUSTER_ROLE], range(2))]
_LEARN_SECONDS = 60  # the API server follows its own watch, at once on an idle machine


@pytest.fixture(scope="module")
def token(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the account, while the chart is installed beside a platform in another namespace."""
    metadata = [{"name": name} for name in (NAMESPACE, OTHER_NAMESPACE)]
    plain = [{"apiVersion": "v1", "kind": "Namespace", "metadata": each} for each in metadata]
    maps = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}}
        for name in CONFIG_MAPS
    ]
    asyncio.run(control_plane.apply([restricted_namespace(HOME), *plain, *maps]))
    helm = Helm(control_plane, tmp_path_factory.mktemp("helm"))
    platform = ("--set", f"platform.namespace={NAMESPACE}")
    helm("install", "agent", CHART, "--wait", *platform, namespace=HOME)
    yield token_of(control_plane, HOME, ACCOUNT)
    helm("uninstall", "agent", "--wait", namespace=HOME)


async def until_refused(control_plane: ControlPlane, token: str, expected: list[Access]) -> None:
    """Of all that the agent reads exactly this is forbidden, soon."""

    async def differs() -> str | None:
        async with control_plane.rest(token).client() as client:
            forbidden = await refused(client, READS)
        return None if forbidden == sorted(expected) else f"forbidden: {forbidden}"

    await until(differs, _LEARN_SECONDS)


async def test_everything_that_the_agent_reads_is_allowed(control_plane: ControlPlane, token: str) -> None:
    await until_refused(control_plane, token, [])


async def test_everything_else_is_forbidden_but_what_an_account_without_bindings_may(
    control_plane: ControlPlane, token: str
) -> None:
    asked = [access for access in await everything(control_plane) if access not in READS]
    # Its own namespace too, where the id key lies.
    asked += [replace(access, namespace=HOME) for access in asked if access.namespace == OTHER_NAMESPACE]
    allowed = []

    for holder in (token, token_of(control_plane, HOME, "default")):
        async with control_plane.rest(holder).client() as client:
            forbidden = set(await refused(client, asked))
        allowed.append([access for access in asked if access not in forbidden])

    assert allowed[0] == allowed[1]
    assert {access.resource for access in allowed[0]} <= {"clustertrustbundles"}  # public certificates
    assert len(asked) > 1000  # discovery found the whole API
    assert {Access("", "secrets", verb, home) for verb in ("get", "list") for home in (NAMESPACE, HOME)} <= {
        *asked
    }


@pytest.mark.parametrize(("role", "index"), RULES, ids=lambda part: str(part).rpartition("/")[2])
async def test_without_a_rule_just_what_it_grants_is_lost(
    control_plane: ControlPlane, token: str, role: str, index: int
) -> None:
    whole: list[Object] = (await control_plane.get(role))["rules"]
    namespace = NAMESPACE if role == ROLE else None
    lost = list(accesses([{"namespace": namespace, **whole[index]}]))
    assert lost

    await control_plane.patch(role, {"rules": [rule for rule in whole if rule is not whole[index]]})
    try:
        await until_refused(control_plane, token, lost)
    finally:
        await control_plane.patch(role, {"rules": whole})


async def test_there_are_no_more_rules_than_were_taken_away(control_plane: ControlPlane, token: str) -> None:
    roles = {path: (await control_plane.get(path))["rules"] for path in (ROLE, CLUSTER_ROLE)}

    assert [(path, index) for path, rules in roles.items() for index in range(len(rules))] == RULES
