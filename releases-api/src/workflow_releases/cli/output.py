"""What the commands print: results on standard output, to be piped; the rest on standard error."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from workflow_releases.errors import OutputError, ReaderGoneError
from workflow_releases.plain_text import escaped


def say(*lines: str) -> None:
    """Results; raises OutputError."""
    write(_text(lines))


def write(answer: str | bytes) -> None:
    """All of it, now; raises OutputError. What the terminal's encoding lacks is shown as `?`."""
    if sys.stdout is None:
        raise OutputError("the answer cannot be written: standard output is closed")
    try:
        if isinstance(answer, str):
            answer = answer.encode(sys.stdout.encoding, errors="replace")
        sys.stdout.flush()
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except OSError as error:
        _give_up_standard_output()
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError from error
        raise OutputError(f"the answer cannot be written: {error.strerror}") from error


def _give_up_standard_output() -> None:
    """So that the interpreter does not try once more at its end, and fail with a traceback."""
    with suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def remark(*lines: str) -> None:
    """Explanations and complaints; where there is no standard error, the exit status must do."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(_text(lines))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _text(lines: Sequence[str]) -> str:
    """What a server or a file's name says cannot steer the terminal."""
    return "".join(f"{escaped(part)}\n" for line in lines for part in line.split("\n"))
