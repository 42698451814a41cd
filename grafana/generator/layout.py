"""Panels in reading order -> places on Grafana's grid of 24 columns."""

from collections.abc import Iterable, Iterator

from generator.panels import JSON, Panel

COLUMNS = 24


def placed(panels: Iterable[Panel]) -> Iterator[tuple[Panel, JSON]]:
    """Each panel with its gridPos: left to right; one that does not fit begins a new line.

    A line is as high as its highest panel.
    """
    x = y = height = 0
    for panel in panels:
        if panel.width > COLUMNS:
            raise ValueError(f"panel {panel.number} is wider than the grid")
        if x + panel.width > COLUMNS:
            x, y, height = 0, y + height, 0
        yield panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, height = x + panel.width, max(height, panel.height)
