"""How deep a YAML text nests and how far its aliases expand, asked before it is loaded.

PyYAML's C composer calls itself for each level without a limit: some ten thousand `[` end the process
with a segmentation fault, which nothing can catch. Its parser keeps a stack of its own, so events are safe.
"""

from typing import Any

import yaml

_Text = str | bytes  # bytes: UTF-8, or UTF-16 with its mark

MAX_DEPTH = 200  # levels; the schema in a large CustomResourceDefinition has about 60


def check_depth(text: _Text) -> None:
    """Raises yaml.YAMLError, with the line, where `text` nests deeper than MAX_DEPTH or is not YAML."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark: Any = event.start_mark  # the stubs do not know that the C parser's mark is one, too
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_DEPTH} levels", problem_mark=mark)


def check_expansion(text: _Text, most: int) -> None:
    """Raises yaml.YAMLError where aliases make `text` longer than `most` characters, or contain themselves.

    Ten lines, each of which names the line before ten times, stand for gigabytes once they are printed.
    """
    lengths: dict[str | None, int] = {}  # anchor -> characters of what it stands for
    path: list[tuple[str | None, int]] = [(None, 0)]  # collections that are open: anchor, characters so far
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            path.append((event.anchor, 0))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, length = path.pop()
        elif isinstance(event, yaml.ScalarEvent):
            anchor, length = event.anchor, len(event.value) + 1
        elif isinstance(event, yaml.AliasEvent):
            anchor, length = None, lengths.get(event.anchor, most + 1)
        else:
            continue
        if anchor is not None:
            lengths[anchor] = length
        around, before = path[-1]
        path[-1] = (around, before + length)
        if before + length > most:
            mark: Any = event.start_mark  # as above
            raise yaml.MarkedYAMLError(problem="aliases that expand too far", problem_mark=mark)
