"""The namespace that is looked at: how it is decided, and what a live cluster is asked for that."""

from collections.abc import Mapping

import httpx
import pytest

from clusters import as_running_objects, held, manifests, unknown_workloads
from clusters.objects import namespace
from fakes.script import Script, Step, answer, failure
from workflow_exporter.cluster.detect import Elsewhere, Located, locate
from workflow_exporter.cluster.lists_and_watches import look_for_platform
from workflow_exporter.cluster.objects import ClusterObjects
from workflow_exporter.errors import ClusterError
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = shipped_profiles()
NOTHING = ClusterObjects()
DEIS = held(as_running_objects(manifests("deis-v2.18.0")), PROFILES)
HEPHY = held(as_running_objects(manifests("hephy-v2.23.0")), PROFILES)
DRYCC = held(as_running_objects(manifests("drycc-stable")), PROFILES)
ROUTER = [one for one in manifests("deis-v2.18.0") if one["metadata"]["name"] == "deis-router"]
ONE_OF_DEIS = held(as_running_objects(ROUTER), PROFILES)
STRANGERS = held(as_running_objects([namespace("deis"), *unknown_workloads("deis")]), PROFILES)
FORBIDDEN, ABSENT, BROKEN = (failure(status) for status in (403, 404, 500))


@pytest.mark.parametrize(
    ("seen", "existing", "located"),
    [
        ({}, [], Located("deis")),
        ({}, ["drycc"], Located("drycc")),
        ({"deis": NOTHING, "drycc": NOTHING}, ["deis", "drycc"], Located("deis")),
        ({"deis": NOTHING, "drycc": DRYCC}, ["deis", "drycc"], Located("drycc")),
        ({"deis": STRANGERS, "drycc": DRYCC}, ["deis", "drycc"], Located("drycc")),
        ({"drycc": DRYCC}, [], Located("drycc")),
        ({"paas": DRYCC}, ["deis", "paas"], Located("paas")),
        (
            {"paas": DRYCC, "deis": ONE_OF_DEIS},
            ["deis", "paas"],
            Located("deis", (Elsewhere("Drycc Workflow", "paas"),)),
        ),
        (
            {"staging": HEPHY, "paas": DRYCC, "shop": STRANGERS},
            [],
            Located("paas", (Elsewhere("Hephy Workflow", "staging"),)),
        ),
        (
            {"deis": ONE_OF_DEIS, "drycc": DRYCC, "paas": DEIS},
            [],
            Located("drycc", (Elsewhere("Deis Workflow", "deis"), Elsewhere("Deis Workflow", "paas"))),
        ),
        ({"deis": HEPHY, "drycc": DRYCC}, [], Located("drycc", (Elsewhere("Hephy Workflow", "deis"),))),
        ({"deis": DRYCC, "drycc": DRYCC}, [], Located("deis", (Elsewhere("Drycc Workflow", "drycc"),))),
    ],
)
def test_namespace_with_most_workloads_is_taken_a_profiles_own_before_any_other(
    seen: Mapping[str, ClusterObjects], existing: list[str], located: Located
) -> None:
    assert locate(seen, existing, PROFILES) == located


def page(*names: str, more: str = "") -> httpx.Response:
    items = [{"metadata": {"name": name, "uid": name}, "spec": {}} for name in names]
    return answer({"metadata": {"resourceVersion": "1", "continue": more}, "items": items})


def script(answers: Mapping[str, Step], otherwise: Step) -> Script:
    """A server whose answer depends on the path; an answer is to be had once."""
    given = dict(answers)

    def step(request: httpx.Request) -> httpx.Response:
        found = given.pop(request.url.path, otherwise)
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, httpx.Response) else found(request)

    return Script(*[step] * 100)


def there(request: httpx.Request) -> httpx.Response:
    """A namespace, or an empty list of what is in one."""
    parent, _, name = request.url.path.rpartition("/")
    return answer({"metadata": {"name": name}}) if parent == "/api/v1/namespaces" else page()


DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answers", "otherwise", "located"),
    [
        ({DEPLOYMENTS.format("drycc"): page("drycc-builder")}, there, Located("drycc")),
        ({DEPLOYMENTS.format("drycc"): page("drycc-builder")}, lambda _: failure(403), Located("drycc")),
        ({DEPLOYMENTS.format("drycc"): page("drycc-builder")}, lambda _: failure(500), None),
        (
            {
                DEPLOYMENTS.format("drycc"): page("drycc-builder"),
                "/apis/batch/v1/namespaces/drycc/cronjobs": BROKEN,
            },
            there,
            Located("drycc"),
        ),
        ({DEPLOYMENTS.format("deis"): FORBIDDEN}, there, Located("deis")),
        ({DEPLOYMENTS.format("deis"): failure(500)}, there, None),
        ({DEPLOYMENTS.format("deis"): httpx.ConnectError("")}, there, None),
        ({"/api/v1/namespaces/deis": ABSENT}, there, Located("drycc")),
        ({"/api/v1/namespaces/deis": failure(404)}, lambda _: failure(403), Located("drycc")),
    ],
)
async def test_what_cannot_be_listed_is_passed_over_unless_it_may_be_all_that_there_is(
    answers: Mapping[str, Step], otherwise: Step, located: Located | None
) -> None:
    async with script(answers, otherwise).client() as http:
        if located is None:
            with pytest.raises(ClusterError):
                await look_for_platform(http, PROFILES)
        else:
            assert await look_for_platform(http, PROFILES) == located


@pytest.mark.anyio
async def test_pages_without_end_are_looked_at_up_to_a_bound() -> None:
    asked: list[str] = []

    def endless(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.rpartition("/")[0] == "/api/v1/namespaces":
            return there(request)
        return page(f"shop-{len(asked)}", more="again")

    async with Script(*[endless] * 1_000).client() as http:
        assert await look_for_platform(http, PROFILES) == Located("deis")

    assert asked.count(DEPLOYMENTS.format("deis")) == 20


@pytest.mark.anyio
@pytest.mark.parametrize(("absent", "located"), [("deis", "drycc"), ("drycc", "deis")])
async def test_only_namespace_that_exists_is_taken_without_a_list(absent: str, located: str) -> None:
    server = script({f"/api/v1/namespaces/{absent}": failure(404)}, there)

    async with server.client() as http:
        assert await look_for_platform(http, PROFILES) == Located(located)

    assert server.requests == ["/api/v1/namespaces/deis", "/api/v1/namespaces/drycc"]


@pytest.mark.anyio
async def test_no_namespace_is_looked_at_but_the_profiles_own() -> None:
    server = script({}, there)

    async with server.client() as http:
        await look_for_platform(http, PROFILES)

    namespaces = {
        request.partition("/namespaces/")[2].split("/")[0].split("?")[0] for request in server.requests
    }
    assert namespaces == {"deis", "drycc"}
