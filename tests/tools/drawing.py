"""Draws one panel with matplotlib, roughly as Grafana would: to judge numbers and shapes, not the paint."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter

from boards import PanelQuery

INK, FAINT, GROUND, BLUE = "#24292e", "#8b949e", "#ffffff", "#3274d9"
_COLOURS = ("#3274d9", "#e0842b", "#56a64b", "#a352cc", "#e02f44", "#37872d", "#8f3bb8", "#b5a300", "#1f9a93")
_NAMED = {  # Grafana's names, as far as boards use them
    "green": "#56a64b",
    "orange": "#e0842b",
    "blue": "#3274d9",
    "yellow": "#d9b80f",
    "purple": "#a352cc",
    "red": "#e02f44",
    "gray": "#9aa1a9",
    "text": BLUE,
}
_MOST_LINES = 12  # in a legend
_USUAL_WIDTH = 150  # pixels of a column that says nothing of its width
_ROW_HEIGHT = 0.055  # of a table as high as 10 units of a board's grid


@dataclass(frozen=True, slots=True)
class Answer:
    """What Prometheus answers to one query of a panel."""

    query: PanelQuery
    series: Sequence[dict[str, Any]]


def draw(
    axes: Axes, panel: dict[str, Any], title: str, answers: Sequence[Answer], span: tuple[float, float]
) -> None:
    """`span`: the range that graphs show, in seconds since 1970."""
    axes.set_title(title, fontsize=8, loc="left", color=INK, pad=4, fontweight="bold")
    for spine in axes.spines.values():
        spine.set_color("#d8dce0")
    axes.tick_params(labelsize=6, colors=FAINT, length=2)
    if not any(answer.series for answer in answers):
        said = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", "")
        _text_only(axes, said, size=9)
        return
    {"stat": _stat, "timeseries": _timeseries, "bargauge": _bars, "table": _table}[panel["type"]](
        axes, answers, span
    )


def in_unit(value: float, unit: str) -> str:
    """As people read it: `98 %`, `412 d`, `1.2 TiB`."""
    if unit == "percentunit":
        return f"{value * 100:.0f} %" if value >= 0.01 else f"{value * 100:.2g} %"
    if unit == "s":
        return f"{value / 86_400:,.0f} d" if value >= 86_400 else f"{value:,.3g} s"
    if unit == "bytes":
        power = min(4, int(math.log(max(value, 1), 1024)))
        return f"{value / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"


def legend_of(query: PanelQuery, metric: dict[str, str]) -> str:
    if query.legend in ("", "__auto"):
        return ", ".join(text for name, text in metric.items() if name != "__name__") or query.title
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: metric.get(found[1], ""), query.legend)


def _text_only(axes: Axes, text: str, size: float, colour: str = FAINT) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=size, color=colour, transform=axes.transAxes)


def _stat(axes: Axes, answers: Sequence[Answer], _: tuple[float, float]) -> None:
    found = [
        _told(float(_latest(series)), answer.query)
        if answer.query.raw_panel["options"].get("textMode") != "name"
        else legend_of(answer.query, series["metric"])
        for answer in answers
        for series in answer.series
    ]
    value = float(_latest(answers[0].series[0]))
    steps = answers[0].query.raw_panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    colour = [step["color"] for step in steps if step["value"] is None or step["value"] <= value][-1]
    _text_only(axes, "\n".join(found[:4]), size=17 if len(found[0]) < 9 else 9, colour=_NAMED[colour])


def _told(value: float, query: PanelQuery) -> str:
    """A stat's value: a word where the panel has one for it, no more decimals than it asks for."""
    defaults = query.raw_panel["fieldConfig"]["defaults"]
    if word := _mapped(value, defaults.get("mappings", [])):
        return word
    whole = defaults.get("decimals") == 0 and query.unit == "locale"
    return in_unit(round(value) if whole else value, query.unit)


def _mapped(value: float, mappings: Sequence[dict[str, Any]]) -> str:
    """The word for a value, or nothing."""
    words = (one["options"].get(f"{value:.0f}") for one in mappings if one["type"] == "value")
    return next((str(told["text"]) for told in words if told), "")


def _timeseries(axes: Axes, answers: Sequence[Answer], span: tuple[float, float]) -> None:
    custom = answers[0].query.raw_panel["fieldConfig"]["defaults"]["custom"]
    lines = [(answer.query, series) for answer in answers for series in answer.series]
    moments = _moments(lines, bars=custom["drawStyle"] == "bars")
    times = [moment / 86_400 for moment in moments]  # matplotlib's dates are days since 1970
    floor = [0.0] * len(times)
    for number, (query, series) in enumerate(lines):
        name = legend_of(query, series["metric"])
        colour = _colour_of(query, name) or _COLOURS[number % len(_COLOURS)]
        by_time = {float(moment): float(value) for moment, value in series["values"]}
        values = [by_time.get(moment, float("nan")) for moment in moments]
        label = name if number < _MOST_LINES else None
        if custom["drawStyle"] == "bars":
            sign = -1 if _is_mirrored(query, name) else 1
            width = 0.7 * query.least_step_seconds / 86_400
            width *= max(1.0, (span[1] - span[0]) / 86_400 / 40)
            axes.bar(times, [sign * value for value in values], width=width, color=colour, label=label)
        elif custom["stacking"]["mode"] != "none":
            top = [
                low + (0.0 if math.isnan(value) else value) for low, value in zip(floor, values, strict=True)
            ]
            axes.fill_between(times, floor, top, color=colour, alpha=0.6, linewidth=0, label=label)
            floor = top
        else:
            axes.plot(times, values, color=colour, linewidth=1.1, label=label)
    axes.set_xlim(span[0] / 86_400, span[1] / 86_400)
    if custom["drawStyle"] != "bars" and "min" in answers[0].query.raw_panel["fieldConfig"]["defaults"]:
        axes.set_ylim(0, 1.08 * axes.dataLim.y1 or 1)
    locator = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]  # matplotlib's, untyped
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]  # as above
    axes.xaxis.set_major_formatter(formatter)
    axes.xaxis.get_offset_text().set_fontsize(6)
    unit = answers[0].query.unit
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: in_unit(abs(value), unit)))
    axes.grid(visible=True, axis="y", color="#eceff2", linewidth=0.6)
    axes.legend(fontsize=6, ncols=4, frameon=False, loc="upper left", bbox_to_anchor=(-0.02, -0.09))


def _moments(lines: Sequence[tuple[PanelQuery, dict[str, Any]]], *, bars: bool) -> list[float]:
    """Every step of a graph, those at which nobody says anything too; of bars, those that are there."""
    told = sorted({float(moment) for _, series in lines for moment, _ in series["values"]})
    if bars:
        return told
    step = min((after - before for before, after in pairwise(told)), default=1.0)
    return [told[0] + number * step for number in range(round((told[-1] - told[0]) / step) + 1)]


def _said_of(query: PanelQuery, name: str) -> dict[str, Any]:
    """What the panel says of one series alone, by property."""
    return {
        one["id"]: one["value"]
        for override in query.raw_panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == name
        for one in override["properties"]
    }


def _is_mirrored(query: PanelQuery, name: str) -> bool:
    return "custom.transform" in _said_of(query, name)


def _colour_of(query: PanelQuery, name: str) -> str | None:
    colour = _said_of(query, name).get("color")
    return _NAMED[colour["fixedColor"]] if colour else None


def _bars(axes: Axes, answers: Sequence[Answer], _: tuple[float, float]) -> None:
    named = [
        (legend_of(answer.query, series["metric"]), float(_latest(series)))
        for answer in answers
        for series in answer.series
    ][:14]
    names, values = [name for name, _ in named], [value for _, value in named]
    axes.barh(names, values, color=BLUE, height=0.7)
    axes.invert_yaxis()
    unit = answers[0].query.unit
    for row, value in enumerate(values):
        axes.text(value, row, f" {in_unit(value, unit)}", va="center", fontsize=6, color=INK)
    axes.set_xticks([])
    axes.set_xlim(right=max([*values, 1]) * 1.15)


def _table(axes: Axes, answers: Sequence[Answer], _: tuple[float, float]) -> None:
    panel = answers[0].query.raw_panel
    overrides = {
        override["matcher"]["options"]: {one["id"]: one["value"] for one in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    }
    columns, rows = _merged(answers, panel)
    for sort in panel["options"]["sortBy"]:
        column = next(name for name in columns if overrides[name]["displayName"] == sort["displayName"])
        rows = _sorted(rows, column, greatest_first=sort["desc"])
    most = max(1, int(panel["gridPos"]["h"] / 10 / _ROW_HEIGHT) - 3)
    heads = [str(overrides.get(column, {}).get("displayName", column)) for column in columns]
    cells = [[_cell(row.get(column), overrides.get(column, {})) for column in columns] for row in rows[:most]]
    axes.set_xticks([])
    axes.set_yticks([])
    table = axes.table(
        [*cells, *([[f"… {len(rows) - most} more", *[""] * (len(columns) - 1)]] if len(rows) > most else [])],
        colLabels=heads,
        colWidths=_widths([overrides[column].get("custom.width", _USUAL_WIDTH) for column in columns]),
        loc="upper left",
        cellLoc="left",
        edges="horizontal",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(6)
    for cell in table.get_celld().values():
        cell.set_edgecolor("#e4e7ea")


def _widths(pixels: Sequence[float]) -> list[float]:
    """As shares of the whole."""
    return [0.99 * one / sum(pixels) for one in pixels]


def _sorted(rows: list[dict[str, Any]], column: str, *, greatest_first: bool) -> list[dict[str, Any]]:
    """Rows without a value come last."""
    told = [row for row in rows if column in row]
    told.sort(key=lambda row: row[column], reverse=greatest_first)
    return told + [row for row in rows if column not in row]


def _merged(answers: Sequence[Answer], panel: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Rows by the labels that the panel shows, as Grafana's `merge` joins the answers of several queries."""
    include: list[str] = next(
        (
            one["options"]["include"]["names"]
            for one in panel.get("transformations", [])
            if one["id"] == "filterFieldsByName"
        ),
        [],
    )
    told = [series["metric"].keys() - {"__name__"} for answer in answers for series in answer.series]
    shared = sorted(set.intersection(*map(set, told)))
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for answer in answers:
        value_name = "Value" if len(answers) == 1 else f"Value #{answer.query.letter}"
        for series in answer.series:
            row = rows.setdefault(tuple(series["metric"][name] for name in shared), {})
            row |= {**series["metric"], value_name: float(_latest(series))}
    return include, [row for _, row in sorted(rows.items())] if len(answers) > 1 else list(rows.values())


def _cell(value: object, override: dict[str, Any]) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if word := _mapped(value, override.get("mappings", [])):
            return word
        return in_unit(value, override.get("unit", "locale"))
    return str(value)[:34]


def _latest(series: dict[str, Any]) -> str:
    return str(series["value"][1] if "value" in series else series["values"][-1][1])
