"""Writes grafana/dashboards/; run as `python -m generator` with grafana/ on the path (`make generate`)."""

from pathlib import Path

from generator.board import text_of
from generator.boards import BOARDS

DASHBOARDS = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    """One file a board, named by its uid; files of boards that are gone are removed."""
    DASHBOARDS.mkdir(exist_ok=True)
    files = {f"{board.uid}.json": text_of(board) for board in BOARDS}
    for stale in DASHBOARDS.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
