from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from workflow_exporter.cluster.api_errors import BadAnswerError
from workflow_exporter.cluster.contents import Contents, Room, Source, Taken
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import load_profile, shipped_profiles
from workflow_exporter.snapshot import SourceState

_NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
_LATER = datetime(2026, 1, 5, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def intake() -> Intake:
    return Intake((profile(),))


def profile() -> Profile:
    return load_profile(
        """
name: small
title: Small
namespace: small
version_annotations: []
components:
  router:
    title: Router
    description: Routes.
    required: true
    workloads: [{name: router, kinds: [Deployment]}]
""",
        "test",
    )


def deployment(name: str, version: str = "1", *, uid: str = "", replicas: object = 1) -> bytes:
    metadata: dict[str, Any] = {"name": name, "uid": uid or f"uid-{name}", "resourceVersion": version}
    return msgspec.json.encode({"metadata": metadata, "spec": {"replicas": replicas}})


def test_object_is_held_by_uid_and_a_new_version_that_shows_the_same_is_no_change(intake: Intake) -> None:
    contents = Contents(Resource.DEPLOYMENTS, intake)

    taken = [
        contents.put(deployment("router", "1")),
        contents.put(deployment("router", "2")),
        contents.put(deployment("router", "3", replicas=2)),
    ]

    assert taken == [
        Taken(True, "uid-router", "1"),
        Taken(False, "uid-router", "2"),
        Taken(True, "uid-router", "3"),
    ]
    assert set(contents.known()) == {"uid-router"}


def test_unknown_object_is_a_count(intake: Intake) -> None:
    contents = Contents(Resource.DEPLOYMENTS, intake)

    taken = [
        contents.put(deployment("telling", "1")).changed,
        contents.put(deployment("telling", "2")).changed,
    ]

    assert (taken, contents.known(), contents.unknown_count) == ([True, False], {}, 1)


@pytest.mark.parametrize(
    ("raw", "key", "version"),
    [
        (deployment("router", "7", replicas="many"), "uid-router", "7"),
        (b'{"metadata": {"name": "router", "uid": "", "resourceVersion": "7"}}', "router", "7"),
        (b'{"metadata": []}', "", ""),
        (b"[]", "", ""),
        (b'{"metadata": {"uid": 8, "name": "router"}}', "", ""),
        (b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "", ""),
    ],
)
def test_malformed_object_is_counted_once_however_often_it_comes(
    intake: Intake, raw: bytes, key: str, version: str
) -> None:
    contents = Contents(Resource.DEPLOYMENTS, intake)

    assert [contents.put(raw), contents.put(raw)] == [Taken(True, key, version), Taken(False, key, version)]
    assert (contents.known(), contents.malformed_count) == ({}, 1)


def test_object_is_in_one_place_whatever_becomes_of_it(intake: Intake) -> None:
    contents = Contents(Resource.DEPLOYMENTS, intake)
    places = []
    for raw in (
        deployment("router", uid="u"),
        deployment("router", uid="u", replicas="many"),
        deployment("other", uid="u"),
        deployment("router", uid="u"),
    ):
        assert contents.put(raw).changed
        places.append((len(contents.known()), contents.malformed_count, contents.unknown_count))

    assert places == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0)]
    assert [contents.remove("u"), contents.remove("u")] == [True, False]
    assert len(contents) == 0


def test_mapping_that_was_shown_never_changes(intake: Intake) -> None:
    contents = Contents(Resource.DEPLOYMENTS, intake)
    contents.put(deployment("router", uid="u"))

    shown = contents.known()
    again = contents.known()
    contents.remove("u")

    assert shown is again
    assert (set(shown), set(contents.known())) == ({"u"}, set())


def test_list_that_shows_the_same_is_the_same_mapping_of_the_same_objects(intake: Intake) -> None:
    source = Source(Resource.DEPLOYMENTS, intake)
    first, second, third = source.empty(), source.empty(), source.empty()
    for contents, replicas in ((first, 1), (second, 1), (third, 2)):
        contents.put(deployment("router", uid="a"))
        contents.put(deployment("router", uid="b", replicas=replicas))

    changes = [source.swap(first), source.swap(second)]
    shown = source.contents.known()
    changes.append(source.swap(third))
    after = source.contents.known()

    assert changes == [True, False, True]
    assert shown is first.known()
    assert after["a"] is shown["a"]
    assert after["b"] != shown["b"]


def test_list_with_another_count_of_unknown_objects_is_a_change(intake: Intake) -> None:
    source = Source(Resource.DEPLOYMENTS, intake)
    contents = source.empty()
    contents.put(deployment("telling"))

    assert source.swap(contents)


def test_source_tells_why_it_is_down_and_when_it_last_was_good(intake: Intake) -> None:
    source = Source(Resource.PODS, intake)
    steps: list[Callable[[], bool]] = [
        lambda: source.rise(_NOW),
        lambda: source.rise(_LATER),
        lambda: source.fall("hangs"),
        lambda: source.fall("hangs"),
        lambda: source.fall("refuses"),
        lambda: source.rise(_LATER, "a note"),
    ]
    told, news = [source.state], []
    for step in steps:
        news.append(step())
        told.append(source.state)

    assert news == [True, False, True, False, True, True]
    assert told == [
        SourceState("pods", None, None, None),
        SourceState("pods", True, None, _NOW),
        SourceState("pods", True, None, _LATER),
        SourceState("pods", False, "hangs", _LATER),
        SourceState("pods", False, "hangs", _LATER),
        SourceState("pods", False, "refuses", _LATER),
        SourceState("pods", True, "a note", _LATER),
    ]


def test_sources_share_one_bound_on_what_they_hold_and_what_goes_makes_room() -> None:
    room, many = Room(2000), Intake(shipped_profiles())
    nodes, pods = Source(Resource.NODES, many, room), Source(Resource.PODS, many, room)

    def put(contents: Contents, name: str) -> None:
        contents.put(b'{"metadata":{"name":"%s","uid":"%s"}}' % (name.encode(), name[:20].encode()))

    put(nodes.contents, "a" * 1000)
    put(pods.contents, "b" * 1000)  # which nobody knows, so only its UID is kept
    with pytest.raises(BadAnswerError) as full:
        put(nodes.contents, "c" * 1000)
    assert str(full.value) == "what the API server tells of its objects is larger than 2,000 bytes"

    for source, name in ((nodes, "a"), (nodes, "c"), (pods, "b")):
        source.contents.remove(name * 20)
    assert room.held_bytes == 0

    put(nodes.contents, "a" * 1000)
    again = nodes.empty()
    put(again, "b" * 100)
    nodes.swap(again)
    assert 0 < room.held_bytes < 500
