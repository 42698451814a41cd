"""The rule files as tests read them: each rule with its comment, and the names in its expression. Pure.

Not a parser: it knows the words of the language that the rules use, and what is left is a metric or a label.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

PROMETHEUS = Path(__file__).parents[1] / "prometheus"

_ENTRY = re.compile(r"^ +- (?:record|alert): (\S+)$")
_STRING = re.compile(r'"[^"]*"')
_SELECTOR = re.compile(r"\{([^}]*)\}")
_LISTED = re.compile(r"\b(?:by|on|without|group_left|group_right|ignoring) \(([^)]*)\)")
_DURATION = re.compile(r"\[[^\]]*\]|\boffset \w+")
_WORD = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*(?!\w*\()(?![a-zA-Z0-9_:])")
_FUNCTION = re.compile(r"[a-z_0-9]+ ?\(")
_KEYWORDS = {"and", "or", "unless", "bool", "by", "on", "offset", "group_left", "group_right"}
_AGGREGATIONS = {"sum", "max", "min", "avg", "count", "count_values", "topk", "group"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule or an alert as its file has it."""

    file: str
    name: str
    comment: str
    expr: str
    annotations: dict[str, str]


def entries(folder: str) -> Iterator[Entry]:
    """All of `prometheus/<folder>/*.yaml`, in their order."""
    for file in sorted((PROMETHEUS / folder).glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        comments = iter(list(_comments(text)))
        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                name, comment = next(comments)
                assert name == rule.get("record", rule.get("alert"))
                yield Entry(file.name, name, comment, rule["expr"], rule.get("annotations", {}))


def _comments(text: str) -> Iterator[tuple[str, str]]:
    """(name, the comment directly above), in the order of the file."""
    comment: list[str] = []
    for line in text.splitlines():
        if found := _ENTRY.match(line):
            yield found[1], " ".join(comment)
        comment = [*comment, line.strip(" #")] if line.strip().startswith("#") else []


def labels_read(expr: str) -> set[str]:
    """Label names in selectors and in by, on, group_left."""
    named = {name.strip() for listed in _LISTED.findall(expr) for name in listed.split(",") if name.strip()}
    for selector in _SELECTOR.findall(expr):
        named |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
    return named


def metrics_read(expr: str) -> set[str]:
    """Names of metrics: the words that are neither functions nor keywords nor labels."""
    bare = _STRING.sub("", expr)
    for pattern in (_SELECTOR, _LISTED, _DURATION):
        bare = pattern.sub(" ", bare)
    bare = _FUNCTION.sub(" ", bare)
    return set(_WORD.findall(bare)) - _KEYWORDS - _AGGREGATIONS
