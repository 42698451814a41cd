"""How deep a YAML text nests, asked before it is loaded.

PyYAML's C composer calls itself for each level without a limit: some ten thousand `[` end the process
with a segmentation fault, which nothing can catch. Its parser keeps a stack of its own, so events are safe.
"""

from typing import Any

import yaml

MAX_DEPTH = 200  # levels; the schema in a large CustomResourceDefinition has about 60


def check_depth(text: str) -> None:
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
