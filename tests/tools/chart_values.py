"""Writes a chart's values.schema.json and its README's table from the comments in values.yaml.

The comment above a value is its documentation. A line of it that begins with `schema:` is JSON Schema in
YAML's short form: what may be given, where the default's type does not say it. Such a value is documented
whole, also where its default has keys of its own. `make generate` runs it as `python -m tools.chart_values
CHART…` with tests/ on the path.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BEGIN = "<!-- written by `make generate` from values.yaml -->\n"
END = "<!-- end of what is written by `make generate` -->\n"
_KEY = re.compile(r"( *)([\w.-]+):(?:\s|$)")
_HINT = "schema:"


class UndocumentedError(ValueError):
    """A value without a comment."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value that can be set."""

    path: tuple[str, ...]
    default: Any
    comment: str
    schema: dict[str, Any]


def read_values(text: str) -> list[Value]:
    """Every value in the order of the file; raises UndocumentedError."""
    tree = yaml.safe_load(text)
    found: list[Value] = []
    parents: list[tuple[int, str]] = []  # indentation and key of what encloses a line
    comment: list[str] = []
    whole = -1  # indentation of a value that is documented whole: what is below it is its default
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
            continue
        key = _KEY.match(line)
        depth = len(line) - len(line.lstrip())
        if key and (whole < 0 or depth <= whole):
            parents = [*(parent for parent in parents if parent[0] < depth), (depth, key[2])]
            value = _value(tuple(name for _depth, name in parents), tree, comment)
            whole = depth if value else -1
            found += [value] if value else []
        comment = []
    return found


def _value(path: tuple[str, ...], tree: Any, comment: list[str]) -> Value | None:
    """None for what only encloses others."""
    default = tree
    for key in path:
        default = default[key]
    hints = [line.removeprefix(_HINT) for line in comment if line.startswith(_HINT)]
    if isinstance(default, dict) and default and not hints:
        return None
    words = " ".join(line for line in comment if line and not line.startswith(_HINT))
    if not words:
        raise UndocumentedError(f"{'.'.join(path)} has no comment")
    return Value(path, default, words, yaml.safe_load(hints[0]) if hints else _of_type(default))


def _of_type(default: Any) -> dict[str, Any]:
    match default:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case list():
            return {"type": "array"}
        case dict():
            return {"type": "object", "additionalProperties": {"type": "string"}}
    return {"type": "string"}


def schema(values: list[Value]) -> str:
    """values.schema.json: every value by its type, and no key that values.yaml does not have.

    Helm checks what is given together with the defaults, and `null` takes a default away: that is refused by
    name, but of lists and maps that may be empty.
    """
    root: dict[str, Any] = _closed()
    # Helm hands a parent chart's `global` to every chart below it.
    root["properties"]["global"] = {"type": "object"}
    for value in values:
        place = root
        for key in value.path[:-1]:
            _require(place, key)
            place = place["properties"].setdefault(key, _closed())
        if not isinstance(value.default, dict | list | None) or "minItems" in value.schema:
            _require(place, value.path[-1])
        place["properties"][value.path[-1]] = {
            "description": value.comment,
            "default": value.default,
            **value.schema,
        }
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **root}, indent=2) + "\n"


def _closed() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": [], "properties": {}}


def _require(place: dict[str, Any], key: str) -> None:
    if key not in place["required"]:
        place["required"].append(key)


def table(values: list[Value]) -> str:
    """The README's rows."""
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for value in values:
        default = json.dumps(value.default, ensure_ascii=False).replace("|", "\\|")
        comment = value.comment.replace("|", "\\|")
        rows.append(f"| `{'.'.join(value.path)}` | `{default}` | {comment} |")
    return "\n".join(["", *rows, "", ""])


def readme(page: str, values: list[Value]) -> str:
    """`page` with its table written anew; raises ValueError unless each mark is there exactly once."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table(values)}{END}{after}"


def wanted(chart: Path) -> dict[Path, str]:
    """Each generated file with what it must hold."""
    values = read_values((chart / "values.yaml").read_text("utf-8"))
    page = chart / "README.md"
    return {
        chart / "values.schema.json": schema(values),
        page: readme(page.read_text("utf-8"), values),
    }


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for path, content in wanted(Path(argument)).items():
            path.write_text(content, "utf-8")
