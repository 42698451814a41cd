"""The nodes' exposition after any change is what rendering from nothing gives, and unchanged parts stay."""

import dataclasses
import zlib
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from factories import node
from workflow_exporter.inventory import Node
from workflow_exporter.web.exposition import encode, render_family
from workflow_exporter.web.metric_families import NODE_FAMILIES
from workflow_exporter.web.node_text import NodeText


class _Nodes(Collector):
    """The same families by the library's own means."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self._nodes = nodes

    def collect(self) -> Iterable[Metric]:
        for entry in NODE_FAMILIES:
            metric = GaugeMetricFamily(entry.family.name, entry.family.help, labels=entry.family.labels)
            for each in self._nodes:
                value = entry.value(each)
                if value is not None:
                    metric.add_metric([getattr(each, field) for field in entry.fields], value)
            if metric.samples:
                yield metric


def _by_the_library(nodes: tuple[Node, ...]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Nodes(nodes))
    return generate_latest(registry)


def _bring_to(text: NodeText, nodes: tuple[Node, ...]) -> tuple[int, int]:
    """Steps that rendering and compressing took."""
    return sum(1 for _ in text.render(nodes)), sum(1 for _ in text.deflate())


def _inflated(text: NodeText) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(text.deflated or b"")


def _many(count: int) -> tuple[Node, ...]:
    return tuple(node(f"node-{number:05}") for number in range(count))


_ODD = node(
    'a"b\\c\nd',
    os_image="Größe № 5",
    cpu_cores=0.5,
    memory_bytes=2**53 + 1,
    ready=False,
    created=None,
)
_SILENT = node("silent", cpu_cores=None, memory_bytes=None, ephemeral_storage_bytes=None, pods=None)


@pytest.mark.parametrize(
    "nodes",
    [(), (_ODD,), (_ODD, node()), (_SILENT,), (_SILENT, node("told")), (node(created=None),), _many(1000)],
)
def test_text_is_byte_for_byte_the_library_s(nodes: tuple[Node, ...]) -> None:
    text = NodeText(NODE_FAMILIES)

    _bring_to(text, nodes)

    assert text.text == _by_the_library(nodes)
    assert _inflated(text) == text.text


_NODES = st.dictionaries(
    st.integers(0, 400).map(lambda number: f"node-{number:03}"),
    st.tuples(st.booleans(), st.sampled_from([1, 2]), st.sampled_from(["Debian 12", "Flatcar"])),
    max_size=400,
)


@settings(max_examples=30)
@given(st.lists(_NODES, min_size=2, max_size=4))
def test_any_row_of_changes_ends_as_a_fresh_rendering(
    generations: list[dict[str, tuple[bool, int, str]]],
) -> None:
    text = NodeText(NODE_FAMILIES)

    for generation in generations:
        nodes = tuple(
            node(name, ready=ready, cpu_cores=cores, os_image=os_image)
            for name, (ready, cores, os_image) in sorted(generation.items())
        )
        _bring_to(text, nodes)

        fresh = NodeText(NODE_FAMILIES)
        _bring_to(fresh, nodes)
        assert text.text == fresh.text
        assert _inflated(text) == fresh.text


def test_capacity_that_a_node_does_not_report_has_no_sample() -> None:
    text = NodeText(NODE_FAMILIES)

    _bring_to(text, (_SILENT, node("told", ephemeral_storage_bytes=None, pods=0)))

    capacities = [
        line for line in text.text.decode().splitlines() if line.startswith("workflow_node_capacity")
    ]
    assert capacities == [
        'workflow_node_capacity_cpu_cores{node="told"} 4.0',
        'workflow_node_capacity_memory_bytes{node="told"} 1.7179869184e+10',
        'workflow_node_capacity_pods{node="told"} 0.0',
    ]


def test_equal_nodes_are_not_rendered_again() -> None:
    text = NodeText(NODE_FAMILIES)
    _bring_to(text, _many(1000))
    held, compressed = text.text, text.deflated

    steps = _bring_to(text, _many(1000))

    assert steps == (0, 0)
    assert text.text is held
    assert text.deflated is compressed


@pytest.mark.parametrize(
    "change",
    [
        {"ready": False},
        {"os_image": "Debian 12"},
        {"created": None},
        {"name": "node-00700-renamed"},
        {"name": "node-00700-renamed", "ready": False, "kernel_version": "6.1"},
    ],
)
def test_a_changed_node_renders_one_chunk_only(change: dict[str, Any]) -> None:
    nodes = _many(2000)
    text = NodeText(NODE_FAMILIES)
    _bring_to(text, nodes)

    changed = (*nodes[:700], dataclasses.replace(nodes[700], **change), *nodes[701:])
    rendered, compressed = _bring_to(text, changed)

    assert text.text == _by_the_library(changed)
    assert _inflated(text) == text.text
    assert rendered == compressed
    assert rendered == 1 or "name" in change  # another name may move a cut


@pytest.mark.parametrize("position", [0, 700, 2000])
def test_a_node_that_comes_or_goes_disturbs_its_neighbours_only(position: int) -> None:
    """Of the about 30 chunks the few up to the next place where names say to cut."""
    nodes = _many(2000)
    text = NodeText(NODE_FAMILIES)
    _bring_to(text, nodes)

    came = (*nodes[:position], node(f"node-{position:05}-a"), *nodes[position:])
    rendered, compressed = _bring_to(text, came)
    assert 1 <= rendered <= 10
    assert rendered == compressed
    assert text.text == _by_the_library(came)

    rendered, _ = _bring_to(text, nodes)
    assert rendered <= 10
    assert text.text == _by_the_library(nodes)


def test_abandoned_steps_leave_the_last_text_whole() -> None:
    text = NodeText(NODE_FAMILIES)
    _bring_to(text, _many(1000))
    held = text.text

    steps = text.render(tuple(node(f"other-{number}") for number in range(1000)))
    next(steps)
    steps.close()

    assert text.text is held
    _bring_to(text, _many(500))
    assert text.text == _by_the_library(_many(500))


def test_a_half_compressed_text_is_compressed_on_later() -> None:
    text = NodeText(NODE_FAMILIES)
    list(text.render(_many(1000)))

    steps = text.deflate()
    next(steps)
    steps.close()
    list(text.deflate())

    assert _inflated(text) == text.text


def test_node_families_render_as_any_other_family_does() -> None:
    """One text format, two ways through the code: for few samples and for many."""
    nodes = (_ODD, *_many(300))
    text = NodeText(NODE_FAMILIES)

    _bring_to(text, nodes)

    assert text.text == encode(
        "".join(
            render_family(
                entry.family,
                [
                    (tuple(getattr(each, field) for field in entry.fields), value)
                    for each in nodes
                    if (value := entry.value(each)) is not None
                ],
            )
            for entry in NODE_FAMILIES
        )
    )
