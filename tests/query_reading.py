"""What a PromQL expression reads: metrics, the labels that it asks of them, and those that it keeps.

Reads tokens, not grammar: enough for expressions that a real Prometheus has accepted elsewhere.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|[=!]~|[=!<>]=|\S')
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_BEFORE_LABELS = frozenset(["by", "without", "on", "ignoring", "group_left", "group_right"])
_WORDS = _BEFORE_LABELS | {"and", "or", "unless", "bool", "offset"}


@dataclass(slots=True)
class Reading:
    """What was found in an expression whose variables are filled in."""

    metrics: dict[str, set[str]] = field(default_factory=dict)  # the labels of each one's matchers
    kept: set[str] = field(default_factory=set)  # labels that are grouped or joined by
    made: set[str] = field(default_factory=set)  # by label_replace: no metric need have them


def read(expr: str) -> Reading:
    """Metrics and labels of an expression."""
    reading = Reading()
    tokens = [*_TOKEN.findall(expr), ""]
    at = 0
    while at < len(tokens) - 1:
        token, following = tokens[at], tokens[at + 1]
        if token in _BEFORE_LABELS and following == "(":
            end = tokens.index(")", at)
            reading.kept |= {one for one in tokens[at:end] if _NAME.fullmatch(one)} - _WORDS
            at = end
        elif _NAME.fullmatch(token) and token not in _WORDS and following not in ("(", "by", "without"):
            asked = reading.metrics.setdefault(token, set())
            if following == "{":
                end = tokens.index("}", at)
                asked |= {one for one in tokens[at + 1 : end] if _NAME.fullmatch(one)}
                at = end
        at += 1
    for replacing in re.finditer(r'label_replace\(.*?, "(\w+)", "', expr):
        reading.made.add(replacing[1])
    return reading
