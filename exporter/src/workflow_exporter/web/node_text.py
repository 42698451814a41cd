"""The exposition of all nodes, rendered again only where nodes changed.

5,000 nodes are 35,000 lines, but between two scrapes a few nodes change at most. So nodes are cut into
chunks; a chunk whose nodes are the same keeps its text and its compressed text. Where to cut depends
on node names alone, so that a node that comes or goes disturbs one chunk and not all that follow.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from workflow_exporter.inventory import Node
from workflow_exporter.web.exposition import encode, format_value, render_header, render_labels
from workflow_exporter.web.gzip_pieces import deflate_piece
from workflow_exporter.web.metric_families import NodeFamily

_CHUNK_NODES = 64  # on average. About 50 KB of text, half a millisecond to render and compress.
_MOST_CHUNK_NODES = 128  # bounds how long a step may take

# Nodes are alike: the same few capacities thousands of times. None is -0.0, which equals 0.0 as a key.
_format_value = lru_cache(maxsize=1024)(format_value)

_Piece = bytes | memoryview


@dataclass(slots=True)
class _Chunk:
    """Neighbouring nodes and, in the order of the families, their lines."""

    nodes: tuple[Node, ...]
    texts: list[_Piece]
    deflated: list[_Piece | None]  # `texts` compressed; None: nobody asked yet


class NodeText:
    """All node families as one text; `text` and `deflated` are what the last run of each step made.

    `render` and `deflate` are generators: what they yield between two chunks is the chance to do
    something else. They may be abandoned half way, but two may not be under way at once.
    """

    def __init__(self, families: Sequence[NodeFamily]) -> None:
        self._families = tuple(families)
        self._headers = [encode(render_header(family.family)) for family in families]
        self._deflated_headers = [deflate_piece(header) for header in self._headers]
        self._nodes: tuple[Node, ...] = ()
        self._chunks: list[_Chunk] = []
        self.text: bytes = b""
        self.deflated: bytes | None = b""  # pieces of a gzip member; None: of an older `text`, run `deflate`

    def render(self, nodes: tuple[Node, ...]) -> Generator[None, None, None]:
        """Makes `text` that of `nodes`. Nodes that compare equal are not rendered again."""
        if nodes == self._nodes:
            self._nodes = nodes  # other objects perhaps: lets go of the old
            return
        held = {chunk.nodes[0].name: chunk for chunk in self._chunks}
        chunks = []
        for members in _cut(nodes):
            chunk = held.get(members[0].name)
            if chunk is None or chunk.nodes != members:
                chunk = _render_chunk(self._families, members, chunk)
                yield
            chunks.append(chunk)
        self.text, rows = _string_together(self._headers, [chunk.texts for chunk in chunks])
        for chunk, row in zip(chunks, rows, strict=True):
            chunk.texts = row
        self._chunks, self._nodes, self.deflated = chunks, nodes, None

    def deflate(self) -> Generator[None, None, None]:
        """Makes `deflated` that of `text`."""
        if self.deflated is not None:
            return
        pieces = []
        for chunk in self._chunks:
            is_new = None in chunk.deflated
            row = [
                deflate_piece(text) if piece is None else piece
                for text, piece in zip(chunk.texts, chunk.deflated, strict=True)
            ]
            chunk.deflated = [*row]
            pieces.append(row)
            if is_new:
                yield
        self.deflated, rows = _string_together(self._deflated_headers, pieces)
        for chunk, views in zip(self._chunks, rows, strict=True):
            chunk.deflated = [*views]


def _cut(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Chunks that end after each node whose name hashes to a multiple of the chunk size, or are full."""
    start = 0
    for end, node in enumerate(nodes, 1):
        if hash(node.name) % _CHUNK_NODES == 0 or end - start == _MOST_CHUNK_NODES:
            yield nodes[start:end]
            start = end
    if start < len(nodes):
        yield nodes[start:]


def _render_chunk(families: Sequence[NodeFamily], nodes: tuple[Node, ...], before: _Chunk | None) -> _Chunk:
    """The chunk, with the lines of `before` for each family that shows the same of both."""
    chunk = _Chunk(nodes, [], [])
    labels: dict[tuple[str, ...], list[str]] = {}  # by fields: six families have the same labels
    for column, family in enumerate(families):
        if before is not None and _shows_same(family, before.nodes, nodes):
            chunk.texts.append(before.texts[column])
            chunk.deflated.append(before.deflated[column])
            continue
        if family.fields not in labels:
            labels[family.fields] = _labels_of(family, nodes)
        chunk.texts.append(_render_lines(family, labels[family.fields], nodes))
        chunk.deflated.append(None)
    return chunk


def _shows_same(family: NodeFamily, old: Sequence[Node], new: Sequence[Node]) -> bool:
    """A node that is no longer ready changes one family of seven."""
    if len(old) != len(new):
        return False
    shown = attrgetter(*family.fields)
    return all(
        a is b or (shown(a) == shown(b) and family.value(a) == family.value(b))
        for a, b in zip(old, new, strict=True)
    )


def _labels_of(family: NodeFamily, nodes: Sequence[Node]) -> list[str]:
    """For each node its labels in braces, sorted by name as the client libraries sort them."""
    order = sorted(zip(family.family.labels, family.fields, strict=True))
    names = [label for label, _ in order]
    getters = [attrgetter(field) for _, field in order]
    return [render_labels(names, [get(node) for get in getters]) for node in nodes]


def _render_lines(family: NodeFamily, labels: Sequence[str], nodes: Sequence[Node]) -> bytes:
    name = family.family.name
    values = zip(labels, map(family.value, nodes), strict=True)
    lines = [f"{name}{pairs} {_format_value(value)}\n" for pairs, value in values if value is not None]
    return encode("".join(lines))


def _string_together(
    headers: Sequence[bytes], rows: Sequence[Sequence[_Piece]]
) -> tuple[bytes, list[list[_Piece]]]:
    """The whole, family by family, and the rows again as views into it, so that nothing is held twice.

    A row is one chunk, with a piece for each header. A header that nothing follows is left out.
    """
    parts: list[_Piece] = []
    views: list[list[_Piece]] = [[] for _ in rows]
    spans: list[tuple[list[_Piece], int, int]] = []
    offset = 0
    for column, header in enumerate(headers):
        if not any(len(row[column]) for row in rows):
            header = b""  # noqa: PLW2901  the family has no samples
        parts.append(header)
        offset += len(header)
        for row, into in zip(rows, views, strict=True):
            parts.append(row[column])
            spans.append((into, offset, offset + len(row[column])))
            offset += len(row[column])
    whole = b"".join(parts)
    view = memoryview(whole)
    for into, start, end in spans:
        into.append(view[start:end])
    return whole, views
