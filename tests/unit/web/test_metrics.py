"""The endpoint as a client sees it: formats, encodings, methods, and what is shown when."""

import asyncio
import dataclasses
import gzip
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector
from starlette.types import Message

from factories import assessment, identity, inventory, node, snapshot, source_state, source_states
from workflow_exporter.inventory import Node
from workflow_exporter.self_metrics import SelfMetrics
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.metric_families import CLUSTER_FAMILIES, EXPORTER_FAMILIES, NODE_FAMILIES
from workflow_exporter.web.metrics import MetricsEndpoint

pytestmark = pytest.mark.anyio

_OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


class _Agent:
    """The endpoint with a snapshot that a test may swap."""

    def __init__(self, current: Snapshot | None) -> None:
        self.current = current
        self.own = SelfMetrics(version="1", revision="r", python_version="3", process=False)
        self.endpoint = MetricsEndpoint(lambda: self.current, self.own.registry)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.endpoint),
            base_url="http://agent",
            headers={"Accept-Encoding": "identity"},
        )

    async def text(self, **headers: str) -> str:
        response = await self.client.get("/metrics", headers=headers)
        assert response.status_code == 200
        return response.text

    def by_the_library(self, *, open_metrics: bool = False) -> bytes:
        """The same families rendered by prometheus_client alone."""
        registry = CollectorRegistry()
        assert self.current is not None
        registry.register(_SnapshotCollector(self.current))
        registry.register(self.own.registry)
        return (generate_open_metrics if open_metrics else generate_latest)(registry)


class _SnapshotCollector(Collector):
    def __init__(self, current: Snapshot) -> None:
        self._current = current

    def collect(self) -> Iterable[Metric]:
        for entry in (*CLUSTER_FAMILIES, *EXPORTER_FAMILIES):
            yield from self._family(
                entry.family.name, entry.family.help, entry.family.labels, entry.samples(self._current)
            )
        for each in NODE_FAMILIES:
            samples = [
                (tuple(getattr(n, field) for field in each.fields), value)
                for n in self._current.inventory.nodes
                if (value := each.value(n)) is not None
            ]
            yield from self._family(each.family.name, each.family.help, each.family.labels, samples)

    @staticmethod
    def _family(
        name: str, text: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
    ) -> Iterable[Metric]:
        metric = GaugeMetricFamily(name, text, labels=labels)
        for values, value in samples:
            metric.add_metric(values, value)
        if metric.samples:
            yield metric


def _nodes(count: int, name: str) -> tuple[Node, ...]:
    return tuple(node(f"{name}{number:04}") for number in range(count))


def _cluster(nodes: int = 3, name: str = "node-") -> Snapshot:
    return snapshot(
        [assessment("builder"), assessment("controller", version='odd"\\\n')],
        inventory=inventory(nodes=_nodes(nodes, name)),
        identity=identity(),
    )


@pytest.fixture
async def agent() -> AsyncIterator[_Agent]:
    made = _Agent(_cluster())
    yield made
    await made.client.aclose()


async def test_text_is_byte_for_byte_what_the_library_would_render(agent: _Agent) -> None:
    response = await agent.client.get("/metrics")

    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.content == agent.by_the_library()


async def test_open_metrics_is_byte_for_byte_what_the_library_would_render(agent: _Agent) -> None:
    response = await agent.client.get("/metrics", headers={"Accept": _OPEN_METRICS})

    assert response.headers["content-type"] == f"{_OPEN_METRICS}; charset=utf-8"
    assert response.content == agent.by_the_library(open_metrics=True)


async def test_both_formats_parse_to_the_same_samples(agent: _Agent) -> None:
    text = list(parse_text(await agent.text()))
    open_metrics = list(
        parse_open_metrics(await agent.text(Accept=_OPEN_METRICS))  # type: ignore[no-untyped-call]  # as it ships
    )

    assert [f.samples for f in text] == [f.samples for f in open_metrics]
    assert {f.type for f in open_metrics} == {"gauge", "counter", "histogram"}


@pytest.mark.parametrize("accept", ["*/*", _OPEN_METRICS])
async def test_gzip_is_one_member_of_the_same_text(agent: _Agent, accept: str) -> None:
    plain = await agent.client.get("/metrics", headers={"Accept": accept})
    packed = await agent.client.get("/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"})
    async with agent.client.stream(
        "GET", "/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"}
    ) as raw:
        body = b"".join([part async for part in raw.aiter_raw()])

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert gzip.decompress(body) == plain.content
    assert int(raw.headers["content-length"]) == len(body) < len(plain.content)


async def test_caches_are_told_what_the_answer_depends_on(agent: _Agent) -> None:
    response = await agent.client.get("/metrics")

    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_head_is_answered_with_the_same_headers_and_no_body(agent: _Agent, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    get, head = [
        await agent.client.request(method, "/metrics", headers=headers) for method in ("GET", "HEAD")
    ]

    assert head.headers == get.headers
    assert head.content == b""


async def test_the_body_of_a_head_request_is_not_left_to_the_server_to_drop(agent: _Agent) -> None:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    async def nothing() -> Message:
        return {"type": "http.request"}

    await agent.endpoint({"type": "http", "method": "HEAD", "headers": []}, nothing, keep)

    assert messages[1:] == [{"type": "http.response.body", "body": b""}]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(agent: _Agent, method: str) -> None:
    response = await agent.client.request(method, "/metrics")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


async def test_a_new_snapshot_is_shown_at_the_next_scrape_in_every_form(agent: _Agent) -> None:
    for encoding in ("identity", "gzip"):
        await agent.text(**{"Accept-Encoding": encoding})

    old = agent.current
    assert old is not None
    changed = dataclasses.replace(old.inventory.nodes[1], ready=False)
    nodes = (old.inventory.nodes[0], changed, *old.inventory.nodes[2:])
    agent.current = dataclasses.replace(
        old, components=(assessment("router"),), inventory=dataclasses.replace(old.inventory, nodes=nodes)
    )

    expected = agent.by_the_library().decode()
    assert 'workflow_node_ready{node="node-0001"} 0.0' in expected
    for encoding in ("gzip", "identity"):
        assert await agent.text(**{"Accept-Encoding": encoding}) == expected


async def test_own_counters_are_fresh_at_each_scrape_of_the_same_snapshot(agent: _Agent) -> None:
    await agent.text(**{"Accept-Encoding": "gzip"})

    agent.own.ask_catalog(lambda: 1)

    assert "workflow_exporter_catalogs_refused_total 1.0" in await agent.text(**{"Accept-Encoding": "gzip"})


async def test_before_the_first_snapshot_only_own_counters_are_shown() -> None:
    agent = _Agent(None)

    for encoding in ("identity", "gzip"):
        assert (
            await agent.text(**{"Accept-Encoding": encoding}) == generate_latest(agent.own.registry).decode()
        )


async def test_until_a_snapshot_is_complete_only_the_exporter_s_own_families_are_shown() -> None:
    waiting = [*source_states()[:-1], source_state("version", up=None)]
    agent = _Agent(dataclasses.replace(_cluster(), sources=tuple(waiting)))

    for encoding in ("identity", "gzip"):
        shown = {family.name for family in parse_text(await agent.text(**{"Accept-Encoding": encoding}))}
        assert all(name.startswith("workflow_exporter_") for name in shown)
        assert "workflow_exporter_source_up" in shown
        assert "workflow_exporter_snapshot_timestamp_seconds" not in shown


async def test_scrapes_at_the_same_time_all_get_the_whole_text() -> None:
    agent = _Agent(_cluster(nodes=1000))

    answers = await asyncio.gather(
        *(agent.text(**{"Accept-Encoding": encoding}) for encoding in ("gzip", "identity") * 4)
    )

    assert set(answers) == {agent.by_the_library().decode()}


async def test_a_large_rendering_lets_others_have_the_event_loop() -> None:
    agent = _Agent(_cluster(nodes=1000))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    await agent.text(**{"Accept-Encoding": "gzip"})
    busy.cancel()

    assert turns > 16  # 1,000 nodes are about 16 chunks, each rendered and compressed in a step


async def test_a_snapshot_that_changes_while_it_is_rendered_is_shown_next() -> None:
    agent = _Agent(_cluster(nodes=1000))
    first = agent.by_the_library().decode()

    scrape = asyncio.create_task(agent.text())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    agent.current = _cluster(nodes=2)

    assert await scrape in {first, agent.by_the_library().decode()}
    assert await agent.text() == agent.by_the_library().decode()


async def test_scrapes_that_overlap_while_snapshots_come_are_each_of_one_snapshot() -> None:
    clusters = [_cluster(nodes=count, name=f"{count}-") for count in (1000, 30, 1000)]
    agent = _Agent(None)
    scrapes = []
    for cluster in clusters:
        agent.current = cluster
        scrapes.append(asyncio.create_task(agent.text(**{"Accept-Encoding": "gzip"})))
        for _ in range(25):  # about 16 steps of rendering, then into the middle of compressing
            await asyncio.sleep(0)
    answers = set(await asyncio.gather(*scrapes))

    whole = set()
    for cluster in clusters:
        agent.current = cluster
        whole.add(agent.by_the_library().decode())
    assert answers <= whole


async def test_an_abandoned_scrape_harms_no_later_one() -> None:
    agent = _Agent(_cluster(nodes=1000))

    scrape = asyncio.create_task(agent.text(**{"Accept-Encoding": "gzip"}))
    for _ in range(5):
        await asyncio.sleep(0)
    scrape.cancel()
    await asyncio.gather(scrape, return_exceptions=True)

    assert await agent.text(**{"Accept-Encoding": "gzip"}) == agent.by_the_library().decode()
