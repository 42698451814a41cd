"""`/metrics`: the current snapshot and the agent's own counters, as text 0.0.4 or OpenMetrics 1.0.

What a snapshot says is rendered when it is first scraped and served from memory after that; only the
agent's own counters are rendered for each scrape. They come last, so that a compressed body is the
snapshot's compressed text, kept, and a short end made anew.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send

from workflow_exporter.inventory import Node
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.accept import accepts_gzip, choose_format
from workflow_exporter.web.exposition import encode, render_family
from workflow_exporter.web.gzip_pieces import GZIP_HEADER, deflate_end, deflate_piece
from workflow_exporter.web.metric_families import CLUSTER_FAMILIES, EXPORTER_FAMILIES, NODE_FAMILIES
from workflow_exporter.web.metrics_registry import render_registry
from workflow_exporter.web.node_text import NodeText

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Compressed:
    """The beginning of a gzip member, and the CRC-32 and length of the text in it."""

    parts: tuple[bytes, ...]
    crc: int
    length: int


class MetricsEndpoint:
    """An ASGI application for one path: GET and HEAD, any other method is answered 405.

    `current` gives the newest snapshot, None before the first; a snapshot must never change. Until one
    is complete only families of the agent itself are shown, never a part of the cluster. Everything
    runs on the event loop, in steps of about a millisecond.
    """

    def __init__(self, current: Callable[[], Snapshot | None], registry: CollectorRegistry) -> None:
        self._current = current
        self._registry = registry
        self._rendering = asyncio.Lock()
        self._nodes = NodeText(NODE_FAMILIES)
        # Of the snapshot that was last scraped:
        self._snapshot: Snapshot | None = None
        self._text: tuple[bytes, ...] = ()
        self._compressed: _Compressed | None = None  # None: not asked for yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's own
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, [(b"allow", b"GET, HEAD")], ())
            return
        form = choose_format(_header(scope, b"accept"))
        compress = accepts_gzip(_header(scope, b"accept-encoding"))
        text, compressed = await self._rendered(compress)
        own = render_registry(self._registry, open_metrics=form.open_metrics)
        headers = [(b"content-type", form.content_type.encode()), (b"vary", b"Accept, Accept-Encoding")]
        if compressed is None:
            body = (*text, own)
        else:
            headers.append((b"content-encoding", b"gzip"))
            body = (*compressed.parts, deflate_end(own, compressed.crc, compressed.length))
        await _answer(send, 200, headers, body, head=scope["method"] == "HEAD")

    async def _rendered(self, compress: bool) -> tuple[tuple[bytes, ...], _Compressed | None]:
        """The current snapshot's text, and compressed if that is wanted."""
        async with self._rendering:
            snapshot = self._current()
            if snapshot is not self._snapshot:
                await _in_turn(self._nodes.render(_shown_nodes(snapshot)))
                self._text = (encode(_render_snapshot(snapshot)), self._nodes.text)
                self._snapshot, self._compressed = snapshot, None
            if compress and self._compressed is None:
                await _in_turn(self._nodes.deflate())
                self._compressed = _compress(self._text, self._nodes.deflated or b"")
            return self._text, self._compressed if compress else None


def _render_snapshot(snapshot: Snapshot | None) -> str:
    """All families but the nodes'."""
    if snapshot is None:
        return ""
    families = (*CLUSTER_FAMILIES, *EXPORTER_FAMILIES) if snapshot.complete else EXPORTER_FAMILIES
    return "".join(render_family(entry.family, entry.samples(snapshot)) for entry in families)


def _shown_nodes(snapshot: Snapshot | None) -> tuple[Node, ...]:
    return snapshot.inventory.nodes if snapshot is not None and snapshot.complete else ()


def _compress(text: tuple[bytes, ...], deflated_nodes: bytes) -> _Compressed:
    few, nodes = text or (b"", b"")
    parts = (GZIP_HEADER + deflate_piece(few), deflated_nodes)
    return _Compressed(parts, zlib.crc32(nodes, zlib.crc32(few)), len(few) + len(nodes))


async def _in_turn(steps: Iterator[None]) -> None:
    """Runs all steps and lets others have the event loop after each."""
    for _ in steps:
        await asyncio.sleep(0)


def _header(scope: Scope, name: bytes) -> str:
    """All values of a header, joined as RFC 9110 section 5.3 allows; empty where there is none."""
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


async def _answer(
    send: Send, status: int, headers: Headers, body: Sequence[bytes], *, head: bool = False
) -> None:
    length = sum(len(part) for part in body)
    headers = [*headers, (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    *parts, last = [b""] if head or not body else body
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": last})
