"""The order of requests, pauses and states; what the wire does is in the contract suite."""

from typing import Any

import httpx
import msgspec
import pytest

from fakes.script import Step, answer, failure, text, watch
from following import bookmark, follow, node, nodes, watch_from
from workflow_exporter.cluster.follower import Bounds
from workflow_exporter.cluster.intake import Accepted, Intake
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.platforms.reader import shipped_profiles

pytestmark = pytest.mark.anyio

_LIST = "/api/v1/nodes?limit=500"
_CLOSED = httpx.RemoteProtocolError("closed")


async def test_watch_goes_on_from_the_last_version_it_told() -> None:
    told = await follow(
        nodes(5, "a"),
        watch(("ADDED", node("b", 7)), ("DELETED", node("a", 9))),
        watch(bookmark(12)),
        watch(bookmark(13)),
    )

    assert told.requests == [_LIST, *(watch_from(version) for version in ("5", "9", "12"))]
    assert told.names == {"b"}
    assert set(told.states) == {(True, None)}


async def test_silence_longer_than_the_server_may_be_silent_is_a_hang() -> None:
    told = await follow(nodes(5), httpx.ReadTimeout("silent"), watch(bookmark(6)))

    assert told.read_timeouts == [30, 65, 65]
    assert told.states[0] == (False, "the API server hangs: nothing was heard for 65 s")
    assert told.requests[2] == watch_from("5")


async def test_dropped_connections_are_resumed_after_growing_pauses() -> None:
    told = await follow(
        nodes(5, "a"),
        watch(bookmark(6), error=_CLOSED),
        httpx.ConnectError("refused"),
        httpx.ConnectError("refused"),
        watch(bookmark(8), error=_CLOSED),
        httpx.ConnectError("refused"),
        lasts=[20, 20],
    )

    assert told.requests == [_LIST, *(watch_from(version) for version in ("5", "6", "6", "6", "8"))]
    assert told.pauses == [0.5, 1.0, 2.0, 0.5, 1.0]  # a watch that lasted begins the pauses anew
    broken, refused = (
        (False, "the connection to the API server broke off"),
        (False, "the API server cannot be reached: connection refused, or no such address"),
    )
    assert told.states == [broken, refused, refused, broken, refused]
    assert told.names == {"a"}


async def test_expired_watch_is_listed_again_at_once_and_is_not_down() -> None:
    gone = ("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})

    told = await follow(nodes(5, "a"), watch(gone), nodes(9, "b"), watch(bookmark(10)))

    assert told.requests == [_LIST, watch_from("5"), _LIST, watch_from("9")]
    assert (told.pauses[0], told.states[0]) == (0, (True, None))
    assert told.names == {"b"}


async def test_watch_that_expires_each_time_is_listed_with_growing_pauses() -> None:
    gone = ("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})
    steps: list[Step] = [step for _ in range(4) for step in (nodes(5), watch(gone))]

    told = await follow(*steps)

    assert told.pauses == [0, 1.0, 2.0, 4.0]
    assert told.counts["expired"] == 4


@pytest.mark.parametrize("expired", [failure(410, "Expired"), failure(410, "Gone")], ids=["Expired", "Gone"])
async def test_list_whose_continue_token_expired_begins_again_and_shows_nothing_half(
    expired: httpx.Response,
) -> None:
    told = await follow(
        nodes(5, "a", token="next"),
        expired,
        nodes(9, "b", token="other"),
        nodes(9, "c"),
        watch(bookmark(10)),
    )

    assert told.requests[:4] == [_LIST, f"{_LIST}&continue=next", _LIST, f"{_LIST}&continue=other"]
    assert told.states[0] == (None, None)  # it has not answered yet
    assert told.names == {"b", "c"}


@pytest.mark.parametrize(
    ("status", "resumed"), [(400, False), (401, True), (404, False), (429, True), (500, True), (504, True)]
)
async def test_refused_watch_is_resumed_where_the_version_is_not_to_blame(status: int, resumed: bool) -> None:
    told = await follow(nodes(5), failure(status), nodes(9) if not resumed else watch(bookmark(6)))

    assert told.requests[2] == (watch_from("5") if resumed else _LIST)
    assert told.states[0][0] is False


async def test_error_in_a_watch_is_listed_again() -> None:
    broken = ("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError"})

    told = await follow(nodes(5), watch(broken), nodes(6), watch(bookmark(7)))

    assert told.requests[2] == _LIST
    assert told.states[0] == (False, "the API server answered 500 InternalError to watch nodes")


@pytest.mark.parametrize(("asked", "pause"), [("7", 7), ("0", 0.5), ("86400", 30)])
async def test_server_may_ask_for_a_longer_pause_up_to_the_cap(asked: str, pause: float) -> None:
    told = await follow(failure(429, "TooManyRequests", {"Retry-After": asked}), nodes(5))

    assert told.pauses[0] == pause


async def test_watch_that_is_forbidden_lists_again_and_again_and_is_down() -> None:
    told = await follow(
        nodes(5, "a"), failure(403), nodes(6, "b"), failure(403), nodes(7), watch(bookmark(8))
    )

    forbidden = (False, "forbidden: no role allows to watch nodes (403)")
    assert told.states == [forbidden, forbidden, (True, None)]
    assert told.pauses[:2] == [60, 60]
    assert told.requests[::2] == [_LIST] * 3


async def test_line_that_is_no_event_is_listed_again_at_once_and_down_if_it_comes_again() -> None:
    def garbage() -> httpx.Response:
        return text("garbage\n")

    told = await follow(nodes(5), garbage(), nodes(6), garbage(), nodes(7), watch(bookmark(8)))

    assert told.requests[::2] == [_LIST] * 3
    assert told.states == [
        (True, None),
        (False, "a line of the watch of nodes is not an event"),
        (True, None),
    ]
    assert told.counts["bad_answers"] == 2


@pytest.mark.parametrize("body", ["<html>", "{}", '{"items": []}', "[]", '{"metadata": {}, "items": {}}'])
async def test_answer_that_is_no_list_is_down(body: str) -> None:
    told = await follow(text(body), nodes(5), watch(bookmark(6)))

    assert told.states[0] == (False, "the answer to list nodes is not a Kubernetes list")


async def test_empty_list_of_go_may_be_null() -> None:
    told = await follow(answer({"metadata": {"resourceVersion": "5"}, "items": None}), watch(bookmark(6)))

    assert (told.names, told.states) == (set(), [(True, None)])


async def test_idle_watch_of_a_few_objects_is_listed_again() -> None:
    told = await follow(nodes(5, "a"), watch(), nodes(6, "a"))

    assert told.requests == [_LIST, watch_from("5"), _LIST]
    assert told.changes == 1


@pytest.mark.parametrize(
    ("newest", "resumed"), [(5, True), (9, True), (4, False)], ids=["same", "newer", "behind"]
)
async def test_idle_watch_of_many_objects_goes_on_if_the_servers_history_leads_to_here(
    newest: int, resumed: bool
) -> None:
    one = "/api/v1/nodes?limit=1"

    told = await follow(
        nodes(5, "a", "b", token="next"),
        nodes(5, "c"),
        watch(),
        nodes(newest, "a", token="more"),
        watch(bookmark(6)) if resumed else nodes(4),
        bounds=Bounds(page_objects=2),
    )

    assert told.requests[3:] == [one, watch_from("5") if resumed else "/api/v1/nodes?limit=2"]


async def test_events_before_a_broken_line_do_not_reset_the_pauses_and_the_source_is_down() -> None:
    def breaks(version: int) -> list[Step]:
        event = msgspec.json.encode({"type": "BOOKMARK", "object": bookmark(version)[1]}).decode()
        return [nodes(version), text(f"{event}\ngarbage\n")]

    told = await follow(*(step for version in range(5, 10) for step in breaks(version)))

    assert told.pauses == [0, 1.0, 2.0, 4.0, 8.0]
    assert [up for up, _ in told.states] == [True, False, False, False, False]


async def test_events_before_a_dropped_connection_do_not_reset_the_pauses() -> None:
    told = await follow(nodes(5), *(watch(bookmark(v), error=_CLOSED) for v in range(6, 10)))

    assert told.pauses == [0.5, 1.0, 2.0, 4.0]


async def test_watch_that_ended_well_resets_the_pauses() -> None:
    told = await follow(
        nodes(5),
        httpx.ConnectError("refused"),
        httpx.ConnectError("refused"),
        watch(bookmark(6)),
        httpx.ConnectError("refused"),
        lasts=[2],
    )

    assert told.pauses == [0.5, 1.0, 0, 0.5]


async def test_healthy_watches_that_a_proxy_cuts_after_seconds_are_followed_without_pause() -> None:
    told = await follow(nodes(5), watch(bookmark(6)), watch(), nodes(7), watch(bookmark(8)), lasts=[20, 5, 1])

    assert told.pauses == [0, 0, 0]
    assert "short_watches" not in told.counts


async def test_watches_that_end_at_once_are_not_asked_for_without_pause() -> None:
    told = await follow(nodes(5), watch(), nodes(5), watch(), nodes(5), watch(bookmark(6)))

    assert told.pauses == [0.5, 1.0, 2.0]  # a bookmark is no sign of health
    assert set(told.states) == {(True, None)}


async def test_group_that_is_not_served_is_read_by_the_older_one() -> None:
    new, old = (f"/apis/{group}/namespaces/deis/deployments" for group in ("apps/v1", "extensions/v1beta1"))

    told = await follow(failure(404), nodes(5), watch(bookmark(6)), resource=Resource.DEPLOYMENTS)

    assert told.requests == [f"{new}?limit=500", f"{old}?limit=500", watch_from("5", old)]
    assert told.states == [(True, None)]


async def test_resource_of_no_group_is_up_and_looked_for_again_after_minutes() -> None:
    told = await follow(failure(404), failure(404), nodes(5), resource=Resource.DEPLOYMENTS)

    assert (told.pauses[0], told.states[0]) == (300, (True, None))


async def test_address_without_a_kubernetes_api_is_down() -> None:
    told = await follow(text("404 page not found\n", 404), nodes(5))

    assert told.states == [(False, "nodes: not found (404)")]


async def test_fault_of_our_own_is_told_and_the_next_attempt_lists() -> None:
    class FailsOnce(Intake):
        failed = False

        def accept(self, resource: Resource, raw: Any) -> Accepted:
            if not self.failed:
                self.failed = True
                raise KeyError(resource)
            return super().accept(resource, raw)

    told = await follow(
        nodes(5, "a"), nodes(5, "a"), watch(bookmark(6)), intake=FailsOnce(shipped_profiles())
    )

    assert told.states == [(False, "internal error (KeyError), see the log"), (True, None)]
    assert told.names == {"a"}


async def test_change_of_nothing_shown_tells_nobody() -> None:
    told = await follow(
        nodes(5, "a"),
        watch(("MODIFIED", node("a", 6, images=["much"])), ("MODIFIED", node("a", 7)), bookmark(8)),
    )

    assert told.changes == 1  # the list
