"""Memory of layouts is bounded."""

import importlib
import pkgutil

import pytest

from gateways import told_of
from ingest_factories import INSTANCE, NOW, SLOT, component, write_request
from workflow_releases import ingest
from workflow_releases.ingest import wire
from workflow_releases.ingest.layouts import Layouts, Pieces
from workflow_releases.ingest.values import Values


def test_memory_is_bounded() -> None:
    layouts = Layouts(Values(), max_layouts=2, max_instances=3)
    reports = [told_of(write_request((component("router", f"v2.{n}.0"), SLOT))) for n in range(4)]
    for told in reports * 50:
        layouts.remember(INSTANCE, told)
    assert len(layouts) == 2

    layouts = Layouts(Values(), max_instances=3)
    ids = [f"{number:032x}" for number in range(10)]
    for instance_id in ids * 50:
        layouts.remember(instance_id, reports[3])
    held = [
        one
        for one in ids
        if layouts.recognise(write_request((component("router", "v2.3.0", one), SLOT)), one)
    ]
    assert len(held) == 3


def test_views_spare_numbers_that_were_judged() -> None:
    values = Values()
    values.refresh(NOW)
    layouts, payload = Layouts(values), write_request((component(), SLOT))
    layouts.remember(INSTANCE, told_of(payload))

    first = layouts.recognise(payload, INSTANCE)
    assert first is not None
    values.check(first.new_amounts, NOW)
    second = layouts.recognise(payload, INSTANCE)

    assert len(first.new_amounts) == 1
    assert second is not None
    assert second.new_amounts == ()


def test_equal_pieces_are_one_and_bounded() -> None:
    pieces = Pieces(max_pieces=3)
    one = pieces.share(b"piece %d" % 1)

    assert pieces.share(b"piece %d" % 1) is one
    for number in range(10):
        assert pieces.share(b"piece %d" % number) == b"piece %d" % number
        assert len(pieces) <= 3


def test_every_cache_of_the_gateway_is_bounded() -> None:
    modules = [
        importlib.import_module(f"{ingest.__name__}.{one.name}")
        for one in pkgutil.iter_modules(ingest.__path__)
    ]
    caches = {
        f"{module.__name__}.{name}": found.cache_info().maxsize
        for module in modules
        for name, found in vars(module).items()
        if hasattr(found, "cache_info")
    }

    assert len(caches) > 4
    assert caches["workflow_releases.ingest.headers._is_first_version"] == 16  # of what has 64 KiB
    assert all(most <= 8192 for most in caches.values() if most is not None)
    # By rule, of which there are ten.
    assert [name for name, most in caches.items() if most is None] == [
        "workflow_releases.ingest.label_sets._is_of_few_words"
    ]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (b"\x10" + wire.varint(SLOT * 1000), SLOT * 1000),
        (b"\x08" + wire.varint(SLOT * 1000), None),
        (b"\x10\x80\x80\x80\x80\x80\x80", None),
        (b"\x10\x80\x80\x00\x80\x80\x01", None),
        (b"\x10\x80\x80\x80\x80\x01", None),
        (b"", None),
    ],
    ids=["a moment", "another field", "without an end", "ends early", "short", "nothing"],
)
def test_moment_is_read_in_its_usual_spelling_alone(stamp: bytes, expected: int | None) -> None:
    assert wire.read_stamp(stamp) == expected
