"""What the commands print: results on standard output, to be piped; the rest on standard error."""

import sys
from collections.abc import Sequence

from workflow_releases.plain_text import escaped


def say(*lines: str) -> None:
    """Results."""
    sys.stdout.write(_text(lines))
    sys.stdout.flush()


def remark(*lines: str) -> None:
    """Explanations and complaints."""
    sys.stderr.write(_text(lines))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _text(lines: Sequence[str]) -> str:
    """What a server or a file's name says cannot steer the terminal."""
    return "".join(f"{escaped(part)}\n" for line in lines for part in line.split("\n"))
