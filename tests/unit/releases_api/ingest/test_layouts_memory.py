"""Memory of layouts is bounded, and what is in use is the last to be forgotten."""

import importlib
import pkgutil

import pytest

from gateways import told_of
from ingest_factories import INSTANCE, OTHER_INSTANCE, SLOT, component, write_request
from workflow_releases import ingest
from workflow_releases.ingest import wire
from workflow_releases.ingest.layouts import Layouts, Pieces
from workflow_releases.ingest.values import Values


def test_memory_is_bounded() -> None:
    layouts = Layouts(Values(), max_layouts=2, max_instances=3)
    reports = [told_of(write_request((component("router", f"v2.{n}.0"), SLOT))) for n in range(4)]
    for told in reports:
        layouts.remember(INSTANCE, told)
    assert len(layouts) == 2

    for number in range(10):
        layouts.remember(f"{number:032x}", reports[3])
    known = [
        number
        for number in range(10)
        if layouts.recognise(
            write_request((component("router", "v2.3.0", f"{number:032x}"), SLOT)), f"{number:032x}"
        )
    ]
    assert known == [7, 8, 9]


def test_equal_pieces_are_one_and_bounded() -> None:
    pieces = Pieces(max_pieces=3)
    one = pieces.share(b"piece %d" % 1)

    assert pieces.share(b"piece %d" % 1) is one
    for number in range(10):
        assert pieces.share(b"piece %d" % number) == b"piece %d" % number
        assert len(pieces) <= 3


def test_instance_that_comes_again_is_not_the_one_that_is_forgotten() -> None:
    layouts = Layouts(Values(), max_instances=2)
    payload, told = write_request((component(), SLOT)), told_of(write_request((component(), SLOT)))
    layouts.remember(INSTANCE, told)
    for number in range(5):
        layouts.remember(f"{number:032x}", told)
        assert layouts.recognise(payload, INSTANCE) is not None


def test_instance_that_is_remembered_again_is_not_the_one_that_is_forgotten() -> None:
    layouts = Layouts(Values(), max_instances=2)
    payload, told = write_request((component(), SLOT)), told_of(write_request((component(), SLOT)))
    for instance_id in (INSTANCE, "0" * 32, INSTANCE, "1" * 32):
        layouts.remember(instance_id, told)

    assert layouts.recognise(payload, INSTANCE) is not None


def test_layout_that_is_used_is_not_the_one_that_is_forgotten() -> None:
    layouts = Layouts(Values(), max_layouts=2)
    payloads = [write_request((component("router", f"v2.{n}.0"), SLOT)) for n in range(3)]
    layouts.remember(INSTANCE, told_of(payloads[0]))
    layouts.remember(OTHER_INSTANCE, told_of(payloads[1]))
    assert layouts.recognise(payloads[0], INSTANCE) is not None

    layouts.remember("0" * 32, told_of(payloads[2]))

    assert layouts.recognise(payloads[0], INSTANCE) is not None


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
