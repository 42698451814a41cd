"""`make pictures`: every board as a PNG, each panel by its own query to the Prometheus of the demo's fleet.

    PYTHONPATH=tests .venv/bin/python -m tools.pictures FOLDER [--instances 120] [--days 120]

Writes FOLDER/board-<uid>.png. No Grafana is needed, and none is imitated: what counts is what is answered.
"""

import argparse
import io
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from boards import CHOSEN, PanelQuery, boards, filled_in, queries
from e2e.reporting import wait_until
from tools.demo import ROOT, Demo, running
from tools.drawing import FAINT, GROUND, INK, Answer, draw
from tools.fleet.plan import HOUR, draw_fleet
from tools.fleet.reports import identity_of
from tools.fleet.site import Prometheus, fresh

_COLUMNS = 24  # of a board's grid
_WIDTH, _UNIT = 12.0, 0.36  # inches of a picture; of one row of the grid
_DOTS = 84  # an inch: about 1,000 wide
_STEPS = 180  # of a graph
_DAYS = {"now-90d": 90.0, "now-7d": 0.0015}  # what is scraped has no past here, but two minutes
_JOBS = {"fleet-service": "workflow-releases", "workflow-cluster": "workflow-exporter"}
_SCRAPES = 24  # every 5 s
_SECONDS_TO_SETTLE = 400
_COLOURS = 200  # in a picture's palette, which keeps it small


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of the boards.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--instances", type=int, default=120)
    parser.add_argument("--days", type=int, default=120)
    options = parser.parse_args()
    fleet = draw_fleet(options.instances, options.days, end=int(time.time()) // HOUR * HOUR)
    with running(fresh(ROOT / "build" / "pictures"), fleet, interval="5s") as demo:
        wait_until(lambda: settled(demo), _SECONDS_TO_SETTLE)
        chosen = choices(demo)
        for uid in boards():
            file = options.folder / f"board-{uid}.png"
            file.write_bytes(picture(demo.prometheus, uid, chosen))
            sys.stderr.write(f"{file}: {file.stat().st_size / 1000:.0f} kB\n")


def settled(demo: Demo) -> bool:
    """Every group of rules has seen the newest reports, and what is scraped has two minutes to show."""
    scraped = demo.prometheus.query(f'count_over_time(up{{job="workflow-exporter"}}[1h]) >= {_SCRAPES}')
    cohorts = demo.prometheus.query('sum(audience_cohort:fleet_instances_running:count{audience="customer"})')
    return bool(scraped) and float(cohorts[0]["value"][1]) == demo.running_customers()


def choices(demo: Demo) -> Mapping[str, str]:
    """What somebody chose in Grafana; the instance is the first that upgraded twice and still runs."""
    instance = next(
        one
        for one in demo.fleet.instances
        if one.last == demo.fleet.end
        and one.first < demo.fleet.end - 60 * 24 * HOUR
        and len({one.version_at(slot) for slot in demo.fleet.slots_of(one)}) > 1
    )
    return {**CHOSEN, "instance_id": identity_of(instance).instance_id}


def picture(prometheus: Prometheus, uid: str, chosen: Mapping[str, str]) -> bytes:
    """A board, laid out as Grafana would."""
    mpl.use("Agg")
    chosen = {**chosen, "job": _JOBS.get(uid, ".*")}
    board, asked = boards()[uid], [query for query in queries(chosen) if query.board == uid]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    figure = Figure(figsize=(_WIDTH, (height + 2) * _UNIT), dpi=_DOTS, facecolor=GROUND)
    figure.text(0.012, 1 - 0.9 / (height + 2), board["title"], fontsize=13, color=INK, fontweight="bold")
    end = time.time()
    span = (end - _DAYS[board["time"]["from"]] * 86_400, end)
    for panel in board["panels"]:
        answers = [Answer(one, _ask(prometheus, one, span)) for one in asked if one.panel == panel["id"]]
        _place(figure, panel, filled_in(panel["title"], chosen), answers, span, height + 2)
    return _png(figure)


def _place(
    figure: Figure,
    panel: dict[str, Any],
    title: str,
    answers: list[Answer],
    span: tuple[float, float],
    height: int,
) -> None:
    place = panel["gridPos"]
    top = 1 - (place["y"] + 2) / height
    if panel["type"] == "row":
        figure.text(0.012, top - 0.6 / height, title, fontsize=9, color=INK)
        return
    if panel["type"] == "text":
        words = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", panel["options"]["content"])
        figure.text(0.012, top - 0.9 / height, words, fontsize=7, color=FAINT)
        return
    is_graph, is_bars = panel["type"] == "timeseries", panel["type"] == "bargauge"
    left = (place["x"] + (0.9 if is_graph else 2.6 if is_bars else 0.2)) / _COLUMNS
    right = (place["x"] + place["w"] - 0.2) / _COLUMNS
    bottom = top - (place["h"] - (1.9 if is_graph else 0.3)) / height
    axes = figure.add_axes((left, bottom, right - left, top - 1.0 / height - bottom))
    draw(axes, panel, title, answers, span)


def _ask(prometheus: Prometheus, query: PanelQuery, span: tuple[float, float]) -> list[dict[str, Any]]:
    """As Grafana asks: a range lies on multiples of its step."""
    if query.at_once:
        return prometheus.query(query.expr, span[1])
    least = (span[1] - span[0]) / _STEPS
    step = next(one for one in (5, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR) if one >= least)
    step = max(step, query.least_step_seconds)
    return prometheus.query_range(query.expr, span[0] // step * step, span[1] // step * step, step)


def _png(figure: Figure) -> bytes:
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    drawn.seek(0)
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    main()
