"""Marks: four audiences, one instance each, in the audit trail."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from releases_factories import INSTANCE, clock
from workflow_releases.database import changes
from workflow_releases.database.engine import Database
from workflow_releases.errors import Fault, InvalidError, NotFoundError
from workflow_releases.instances.audience import Marker, load_audiences, read_mark

ID = Fault("instance_id", "is not 32 lower-case hexadecimal digits, as an agent's page shows them")


@pytest.mark.parametrize(
    ("raw", "instance_id", "faults"),
    [
        ([], INSTANCE, [Fault("", "is not an object")]),
        ({}, INSTANCE, [Fault("audience", "is missing")]),
        ({"audience": "vip"}, INSTANCE, [Fault("audience", "is none of customer, staff, ci, test")]),
        ({"audience": ["ci"]}, INSTANCE, [Fault("audience", "is none of customer, staff, ci, test")]),
        ({"audience": "ci", "name": "x"}, INSTANCE, [Fault("name", "is not a field that is taken here")]),
        ({"audience": "ci"}, INSTANCE.upper(), [ID]),
        ({"audience": "ci"}, "deis.example.com", [ID]),
    ],
)
def test_each_fault_of_a_mark_is_named(raw: Any, instance_id: str, faults: list[Fault]) -> None:
    with pytest.raises(InvalidError) as refused:
        read_mark(raw, instance_id)

    assert list(refused.value.faults) == faults


def test_mark_is_set_changed_and_taken_away(store: Database) -> None:
    marker = Marker(store, clock)

    assert marker.mark("ann", INSTANCE, "staff") == "created"
    assert marker.mark("ann", INSTANCE, "staff") == "unchanged"
    assert marker.mark("bob", INSTANCE, "ci") == "changed"
    with store.reading() as connection:
        assert load_audiences(connection) == {INSTANCE: "ci"}

    marker.unmark("bob", INSTANCE)
    with pytest.raises(NotFoundError):
        marker.unmark("bob", INSTANCE)
    with pytest.raises(InvalidError):
        marker.unmark("bob", "x")
    with store.reading() as connection:
        assert load_audiences(connection) == {}
        trail = changes.read_audit(connection, 3)
    assert [(entry.actor, entry.action, entry.detail) for entry in trail] == [
        ("ann", "audience.marked", {"audience": "staff"}),
        ("bob", "audience.marked", {"audience": "ci"}),
        ("bob", "audience.unmarked", None),
    ]
    assert {entry.subject for entry in trail} == {
        # printf %s 0123456789abcdef0123456789abcdef | sha256sum
        "sha256:3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9"
    }


def test_once_unmarked_no_table_holds_the_id(store: Database) -> None:
    marker = Marker(store, clock)
    marker.mark("ann", INSTANCE, "staff")
    assert store.path is not None
    assert INSTANCE in dump(store.path)  # the mark itself: so it would be found

    marker.unmark("ann", INSTANCE)

    assert INSTANCE not in dump(store.path)


def dump(path: Path) -> str:
    """All that the tables hold, as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())
