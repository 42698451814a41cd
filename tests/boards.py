"""The boards as they ship: each query of each panel, with what a reader chose filled in.

For the tests, the pictures and the bench, so that all of them ask what Grafana would ask.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JSON = dict[str, Any]

DASHBOARDS = Path(__file__).parents[1] / "grafana" / "dashboards"
WITHOUT_QUERY = ("row", "text")

# What Grafana fills in when nothing else is chosen; an instance's id has no default worth asking for.
CHOSEN: Mapping[str, str] = {
    "audience": "customer",
    "platform": ".*",
    "version": ".*",
    "component": "controller",
    "component_version": ".*",
    "instance_id": "6f1ed002ab5595859014ebf0951522d9",
    "namespace": ".*",
    "job": ".*",
    "__rate_interval": "5m",
    "__interval": "1h",
    "__range": "90d",
}
LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_VARIABLE = re.compile(r"\$(?:\{([a-zA-Z_]\w*)(?::\w+)?\}|([a-zA-Z_]\w*))")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One query. `at_once`: an instant query at the end of the range, else a range query over all of it."""

    board: str  # uid
    panel: int  # id
    letter: str  # refId
    kind: str  # the panel's type
    title: str
    unit: str
    expr: str  # variables filled in
    legend: str  # `{{label}}` stands for a label's value; `__auto`: all labels
    at_once: bool
    least_step_seconds: int  # 1 where the panel says none; steps of a range lie on multiples of the step
    raw_panel: JSON  # for how it is drawn: options, fieldConfig, transformations

    @property
    def name(self) -> str:
        """Names the query in a test's id or a file's name."""
        return f"{self.board}-{self.panel}-{self.letter}"


def boards() -> dict[str, JSON]:
    """By uid, as the files say them."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))
    }


def panels(board: JSON) -> Iterator[JSON]:
    """All panels, those in collapsed rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def queries(chosen: Mapping[str, str] = CHOSEN) -> list[PanelQuery]:
    """Every query of every panel of every board; raises KeyError on a variable that `chosen` lacks."""
    return [
        PanelQuery(
            board=uid,
            panel=panel["id"],
            letter=target["refId"],
            kind=panel["type"],
            title=panel["title"],
            unit=panel["fieldConfig"]["defaults"]["unit"],
            expr=filled_in(target["expr"], chosen),
            legend=target["legendFormat"],
            at_once=target["instant"],
            least_step_seconds=_seconds(panel.get("interval", "1s")),
            raw_panel=panel,
        )
        for uid, board in boards().items()
        for panel in panels(board)
        for target in panel.get("targets", [])
    ]


def filled_in(text: str, chosen: Mapping[str, str]) -> str:
    """A query with each `$name` and `${name}` replaced."""
    return _VARIABLE.sub(lambda found: chosen[found[1] or found[2]], text)


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * _SECONDS[duration[-1]]
