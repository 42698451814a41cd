"""A panel as data, and one function a kind that fills in how it looks.

Grafana's field names and enum values are those of its panel plug-ins; the contract tests pass each board
through the classes of grafana-foundation-sdk, which drop what they do not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from generator import meanings

JSON = dict[str, Any]

DATASOURCE: JSON = {"type": "prometheus", "uid": "${datasource}"}

# Units by their ids in Grafana. A count is shown whole: "10,234", not "10.2 K".
COUNT = "locale"
SHARE = "percentunit"
SECONDS = "s"
MOMENT = "dateTimeAsIso"  # of milliseconds since 1970
BYTES = "bytes"  # of 1024
PER_SECOND = "reqps"
WORDS = "string"

Kind = Literal["stat", "timeseries", "bargauge", "table", "text", "row"]


@dataclass(frozen=True, slots=True)
class Query:
    """`at_once` asks for one moment, the end of the range; otherwise for the whole range."""

    expr: str
    legend: str = ""
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `number` is its id: links and pictures name it, so it never changes or comes back."""

    number: int
    kind: Kind
    title: str
    queries: tuple[Query, ...] = ()
    also: str = ""  # said after the definitions of what the queries read
    unit: str = ""
    width: int = 24  # of 24 columns
    height: int = 8
    options: JSON = field(default_factory=dict)
    defaults: JSON = field(default_factory=dict)
    overrides: tuple[JSON, ...] = ()
    transformations: tuple[JSON, ...] = ()
    least_step: str = ""  # no finer than the numbers are recorded
    points: int = 0  # at most so many steps; 0: as many as the panel has pixels

    @property
    def description(self) -> str:
        """What each number means, in the order of the queries, then what is special here."""
        if self.kind in {"text", "row"}:
            return ""
        said = dict.fromkeys(meaning for query in self.queries for meaning in meanings.of(query.expr))
        return "\n\n".join([*said, *([self.also] if self.also else [])])


def thresholds(*steps: tuple[float | None, str]) -> JSON:
    """Colours from each value on; the first step is the colour below all."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}


NEUTRAL = thresholds((None, "text"))
GOOD = thresholds((None, "green"))
RED_BELOW_ONE = thresholds((None, "red"), (1, "green"))
ORANGE_FROM_ONE = thresholds((None, "green"), (1, "orange"))
RED_FROM_ONE = thresholds((None, "green"), (1, "red"))


# The same on every board: green is what nobody has to look at.
VERDICT_COLOURS = {
    "current": "green",
    "outdated": "orange",
    "ahead": "blue",
    "unversioned": "yellow",
    "unknown": "purple",
    "missing": "red",
    "absent": "gray",
}


def stat(
    number: int,
    title: str,
    expr: str,
    unit: str = COUNT,
    *,
    also: str = "",
    width: int = 4,
    colours: JSON = NEUTRAL,
    decimals: int | None = None,
    legend: str = "",
    nothing: str = "",
    mappings: tuple[JSON, ...] = (),
) -> Panel:
    """One answer as a large number, of this moment: a value that stopped an hour ago is not shown.

    With a legend its words are the answer, and the number is not shown. `nothing` is what no result means.
    """
    return Panel(
        number,
        "stat",
        title,
        (Query(expr, legend, at_once=True),),
        also,
        unit,
        width,
        height=4,
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "textMode": "name" if legend else "value",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
        },
        defaults={
            "color": {"mode": "thresholds"},
            "thresholds": colours,
            "mappings": list(mappings),
            **({} if decimals is None else {"decimals": decimals}),
            **({"noValue": nothing} if nothing else {}),
        },
    )


def graph(
    number: int,
    title: str,
    *queries: Query,
    unit: str = COUNT,
    also: str = "",
    width: int = 12,
    height: int = 8,
    stacked: bool = False,
    bars: bool = False,
    least_step: str = "",
    points: int = 0,
    ceiling: float | None = None,
    overrides: tuple[JSON, ...] = (),
    colours: Mapping[str, str] | None = None,
) -> Panel:
    """Numbers over time. Bars are for counts of a period, stacks for parts that sum to a whole."""
    return Panel(
        number,
        "timeseries",
        title,
        queries,
        also,
        unit,
        width,
        height,
        options={
            "legend": {
                "displayMode": "table" if stacked else "list",
                "placement": "right" if stacked else "bottom",
                "showLegend": True,
                "calcs": ["lastNotNull"] if stacked else [],
                **({"sortBy": "Last *", "sortDesc": True} if stacked else {}),
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        defaults={
            **({} if overrides else {"min": 0}),  # what is drawn downwards needs room
            **({} if ceiling is None else {"max": ceiling}),
            "color": {"mode": "palette-classic"},
            "custom": _drawing(stacked, bars),
        },
        overrides=(*overrides, *(_coloured(name, colour) for name, colour in (colours or {}).items())),
        least_step=least_step,
        points=points,
    )


def _coloured(name: str, colour: str) -> JSON:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }


def _drawing(stacked: bool, bars: bool) -> JSON:
    return {
        "drawStyle": "bars" if bars else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1 if bars or stacked else 2,
        "fillOpacity": 70 if bars else 30 if stacked else 8,
        "gradientMode": "none",
        "showPoints": "auto",  # a fleet of one day has a single point
        "pointSize": 5,
        "spanNulls": False,  # a gap is an outage, and is to be seen
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "axisPlacement": "auto",
        "axisLabel": "",
        "scaleDistribution": {"type": "linear"},
    }


def bar_list(
    number: int,
    title: str,
    *queries: Query,
    unit: str = COUNT,
    also: str = "",
    width: int = 8,
    height: int = 8,
) -> Panel:
    """How a whole divides at this moment: a bar a query or label, in the order of the answers."""
    return Panel(
        number,
        "bargauge",
        title,
        queries,
        also,
        unit,
        width,
        height,
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "horizontal",
            "displayMode": "basic",
            "valueMode": "text",
            "namePlacement": "auto",
            "showUnfilled": False,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        },
        defaults={
            "min": 0,
            "color": {"mode": "fixed", "fixedColor": "blue"},
            "thresholds": NEUTRAL,
        },
    )


def text(number: int, title: str, content: str, *, width: int = 24, height: int = 3) -> Panel:
    """Words in Markdown; has no query."""
    return Panel(
        number,
        "text",
        title,
        width=width,
        height=height,
        options={
            "mode": "markdown",
            "content": content,
            "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False},
        },
    )


def row(number: int, title: str) -> Panel:
    """A heading over the panels that follow."""
    return Panel(number, "row", title, height=1)


def mapping(words: dict[str, tuple[str, str]]) -> JSON:
    """Values shown as words: value -> (words, colour)."""
    return {
        "type": "value",
        "options": {
            value: {"text": shown, "color": colour, "index": index}
            for index, (value, (shown, colour)) in enumerate(words.items())
        },
    }
