"""What two clusters send to the real releases API, as a network sees it: the same bytes, then and later."""

import hashlib
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from e2e.agent import Agent
from e2e.releases_api import ReleasesApi
from fakes.recording_relay import RecordingRelay
from recordings import recording

POLL_SECONDS = 60  # the shortest there is
SECONDS_TO_ASK = 60  # on a busy machine
SECONDS_TO_ASK_AGAIN = POLL_SECONDS * 1.1 + SECONDS_TO_ASK


def test_first_and_later_update_checks_of_two_different_clusters_are_equal_byte_for_byte(
    tmp_path: Path,
) -> None:
    clusters = {
        "one": recording(tmp_path / "one", "deis-v2.18.0"),
        "other": recording(tmp_path / "other", "deis-v2.2.0", nodes_called="telling", redraw_uids=True),
    }
    told_differently: dict[str, dict[str, str]] = {
        "one": {},
        "other": {"OFF_CLUSTER": "database", "TRAIN": "beta"},
    }
    (tmp_path / "api").mkdir()
    ids = set()
    with ExitStack() as stack:
        api = stack.enter_context(ReleasesApi(tmp_path / "api"))
        portal = stack.enter_context(start_blocking_portal())
        relay = RecordingRelay(int(api.settings["PORT"]))
        stack.enter_context(portal.wrap_async_context_manager(relay.running()))
        settings = {
            "VERSIONS_API_URL": f"http://127.0.0.1:{relay.port}",
            "POLL_INTERVAL_SEC": str(POLL_SECONDS),
        }
        for number, (name, cluster) in enumerate(clusters.items(), start=1):
            agent = Agent(cluster.parent, "--from", cluster, **settings, **told_differently[name])
            stack.enter_context(agent)
            agent.wait_until(partial(has_answered, relay, number), SECONDS_TO_ASK)
            ids.add(next(iter(agent.samples("workflow_cluster_info"))))
        agent.wait_until(partial(has_answered, relay, 4), SECONDS_TO_ASK_AGAIN)
        seen = [(bytes(one.sent), one.status) for one in relay.connections]
        digest = hashlib.sha256(api.http.get("/v1/catalogs/deis").content).hexdigest()

    first, second, third, fourth = seen[:4]
    assert len(ids) == 2
    assert [status for _sent, status in (first, second, third, fourth)] == [200, 200, 304, 304]
    assert first == second
    assert third == fourth
    assert (
        third[0]
        == first[0].removesuffix(b"\r\n") + f'If-None-Match: "{digest}", "{digest}-gzip"\r\n\r\n'.encode()
    )


def has_answered(relay: RecordingRelay, count: int) -> bool:
    return len([one for one in relay.connections if one.status is not None]) >= count
