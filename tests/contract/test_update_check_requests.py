"""What an update check tells: the bytes on the wire, from whole agents that run on different clusters."""

import html
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from e2e.agent import CATALOGS, Agent, run
from fakes.releases_api import FakeReleasesApi, answers, says_nothing, serves
from recordings import recording

DEIS = (CATALOGS / "deis.json").read_bytes()
SECONDS_TO_ASK = 60  # on a busy machine


@contextmanager
def serving(api: FakeReleasesApi) -> Iterator[FakeReleasesApi]:
    """In a thread: the agents here are processes, and the test waits for them."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(api.running()):
        yield api


def test_two_agents_on_different_clusters_send_the_same_bytes(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    recorded_new = recording(new, "deis-v2.18.0")
    recorded_old = recording(old, "deis-v2.2.0", nodes_called="telling", redraw_uids=True)
    key = tmp_path / "key"
    key.write_bytes(bytes(range(64)))
    with serving(FakeReleasesApi(serves(DEIS))) as api, ExitStack() as agents:
        url = str(api.address)
        first = agents.enter_context(Agent(new, "--from", recorded_new, VERSIONS_API_URL=url))
        first.wait_until(lambda: len(api.requests) == 1, SECONDS_TO_ASK)
        told_differently = {"OFF_CLUSTER": "database", "TRAIN": "beta", "ID_KEY_FILE": str(key)}
        second = agents.enter_context(
            Agent(old, "--from", recorded_old, VERSIONS_API_URL=url, **told_differently)
        )
        second.wait_until(lambda: len(api.requests) == 2, SECONDS_TO_ASK)
        for agent in (first, second):
            agent.wait_until(partial(reads_its_catalog, agent), SECONDS_TO_ASK)
        ids = [next(iter(agent.samples("workflow_cluster_info"))) for agent in (first, second)]
        versions = [agent.components()["router"]["version"] for agent in (first, second)]

    assert ids[0] != ids[1]
    assert versions[0] != versions[1]
    assert len(api.requests) == 2
    assert api.requests[0] == api.requests[1]
    assert api.requests[0].startswith(b"GET /v1/catalogs/deis HTTP/1.1\r\n")


def test_with_checks_off_no_connection_is_made_and_with_checks_on_one_is(tmp_path: Path) -> None:
    recorded = recording(tmp_path / "cluster", "deis-v2.18.0")
    with serving(FakeReleasesApi(serves(DEIS))) as api:
        url = str(api.address)
        with Agent(tmp_path, "--from", recorded, VERSIONS_API_URL=url, CHECK_VERSIONS="false") as off:
            checked = run(tmp_path, "check", "--from", recorded, VERSIONS_API_URL=url, CHECK_VERSIONS="false")
            seen_while_off, shown_off = api.connections, effective_state(off)
            with Agent(tmp_path, "--from", recorded, VERSIONS_API_URL=url) as on:
                on.wait_until(partial(reads_its_catalog, on), SECONDS_TO_ASK)
                shown_on = effective_state(on)
            seen_at_the_end = api.connections

    assert checked.returncode == 3
    assert (seen_while_off, seen_at_the_end) == (0, 1)
    assert shown_off == (False, "off: CHECK_VERSIONS is false", {(): 0.0}, False)
    assert shown_on == (
        True,
        (
            f"on: compared with the releases API 127.0.0.1:{api.port} over plain http, locally; "
            "it is told the platform's name alone"
        ),
        {(): 1.0},
        True,
    )


def reads_its_catalog(agent: Agent) -> bool:
    return agent.sources_up().get("catalog", False)


def effective_state(agent: Agent) -> tuple[object, object, object, bool]:
    """As JSON and metrics have it; the page has the same words."""
    checks = agent.status()["checks"]
    assert checks["mode"].partition(": ")[2] in html.unescape(agent.page())
    metric = agent.samples("workflow_exporter_update_checks_enabled")
    return checks["enabled"], checks["mode"], metric, "catalog" in agent.sources_up()


@pytest.mark.parametrize(
    ("status", "reason"), [(503, "the releases API is down (503)"), (404, "has no catalog of deis (404)")]
)
def test_an_api_that_fails_leaves_the_agent_ready_and_says_why(
    tmp_path: Path, status: int, reason: str
) -> None:
    recorded = recording(tmp_path / "cluster", "deis-v2.18.0")
    with serving(FakeReleasesApi(answers(status, {"Retry-After": "3600"}))) as api:
        with Agent(tmp_path, "--from", recorded, "--catalog", str(api.address)) as agent:
            agent.wait_until(lambda: reason in agent.page(), SECONDS_TO_ASK)
            verdicts = {one["verdict"] for one in agent.components().values()}
            ready, up = agent.answers("/readyz"), agent.sources_up()["catalog"]
            log = agent.program.log_file.read_text()
        checked = run(tmp_path, "check", "--from", recorded, "--catalog", str(api.address))

    assert (ready, up, api.connections) == (200, False, 2)
    assert "current" not in verdicts
    assert log.count(reason) == 1
    assert (checked.returncode, reason in checked.stdout) == (3, True)


def test_sigterm_does_not_wait_for_an_answer_that_never_comes(tmp_path: Path) -> None:
    recorded = recording(tmp_path / "cluster", "deis-v2.18.0")
    with (
        serving(FakeReleasesApi(says_nothing())) as api,
        Agent(tmp_path, "--from", recorded, "--catalog", str(api.address)) as agent,
    ):
        agent.wait_until(lambda: len(api.requests) == 1, SECONDS_TO_ASK)

        assert agent.program.stop(seconds=10) == 0  # the deadline of the request is a minute
