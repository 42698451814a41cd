"""The Makefile as values: which targets people may call, and what `make` says about each."""

import re

from dockerfiles import ROOT

TEXT = (ROOT / "Makefile").read_text("utf-8")
TARGETS = frozenset(re.findall(r"^([a-z0-9-]+):(?!=)", TEXT, re.MULTILINE))
HELP = dict(re.findall(r"^([a-z0-9-]+):.*## (.+)$", TEXT, re.MULTILINE))
_CALL = re.compile(r"\bmake((?: +--?[\w-]+| +[A-Z_]+=\S+)*) +([a-z][a-z0-9-]*)\b")


def called_targets(commands: str) -> list[str]:
    """The targets of the root that shell commands give to make."""
    return [target for options, target in _CALL.findall(commands) if " -C" not in options]
