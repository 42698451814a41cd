"""Blocks of a time series database on disk: made as if they were days old, and what their files hold."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from e2e.processes import tool

# How often an index mentions the value of a label: in its table of words, and where the value's series are
# listed. Rewriting a block copies the table, so that a value without series remains a bare word there.
WITH_SERIES, BARE_WORD = 2, 1


def make_block(folder: Path, data: Path, ids: tuple[str, ...]) -> None:
    """A block of three days ago with one sample of each instance, as a program that ran then would have."""
    moment = int((datetime.now(UTC) - timedelta(days=3)).timestamp())
    name = "fleet_instance_seen_timestamp_seconds"
    samples = (f'{name}{{instance_id="{one}"}} {moment} {moment}' for one in ids)
    text = folder / "samples.txt"
    text.write_text("\n".join([f"# TYPE {name} gauge", *samples, "# EOF", ""]))
    argv: list[str | Path] = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", text, data]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)


def blocks(data: Path) -> list[str]:
    """Their ids."""
    return sorted(file.parent.name for file in data.glob("*/index"))


def mentions(data: Path, *values: str) -> tuple[int, ...]:
    """How often the indices of all blocks mention each of these values."""
    indices = b"".join((data / block / "index").read_bytes() for block in blocks(data))
    return tuple(indices.count(value.encode()) for value in values)


def series_on_disk(data: Path) -> int:
    """How many series all blocks hold, hidden ones too."""
    found = (json.loads((data / block / "meta.json").read_text()) for block in blocks(data))
    return sum(int(meta["stats"]["numSeries"]) for meta in found)
