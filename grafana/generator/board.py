"""A board as data -> Grafana's classic JSON (not the newer v2, which older Grafanas do not read)."""

import json
from dataclasses import dataclass

from generator.layout import placed
from generator.panels import DATASOURCE, JSON, Panel, Query
from generator.variables import Variable

SCHEMA_VERSION = 39  # of Grafana 11; newer ones migrate it when they load it
STAFF, OPERATORS = "fleet", "workflow-operators"  # tags: who a board is for
NOTHING_YET = "Nothing recorded yet"


@dataclass(frozen=True, slots=True)
class Board:
    """`uid` is the file's name and part of every link to it: it never changes."""

    uid: str
    title: str
    description: str
    audience: str  # STAFF or OPERATORS
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
    begins: str = "now-90d"
    refresh: str = "5m"
    nothing_yet: str = NOTHING_YET


def text_of(board: Board) -> str:
    """The file's content."""
    return json.dumps(json_of(board), indent=2, ensure_ascii=False) + "\n"


def json_of(board: Board) -> JSON:
    """The board as Grafana reads it; ids of its database are left out, so that it can be provisioned."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": [board.audience],
        "timezone": "utc",
        "weekStart": "monday",  # calendar weeks are ISO weeks
        "editable": False,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "refresh": board.refresh,
        "schemaVersion": SCHEMA_VERSION,
        "time": {"from": board.begins, "to": "now"},
        "timepicker": {},
        "annotations": {"list": []},
        "links": [_to_boards(board.audience)],
        "templating": {"list": [variable.json() for variable in board.variables]},
        "panels": [_panel(panel, place, board.nothing_yet) for panel, place in placed(board.panels)],
    }


def _to_boards(audience: str) -> JSON:
    return {
        "type": "dashboards",
        "title": "Boards",
        "tags": [audience],
        "icon": "external link",
        "tooltip": "The other boards, with what is chosen here",
        "asDropdown": True,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


def _panel(panel: Panel, place: JSON, nothing_yet: str) -> JSON:
    common: JSON = {"id": panel.number, "type": panel.kind, "title": panel.title, "gridPos": place}
    if panel.kind == "row":
        return {**common, "collapsed": False, "panels": []}
    if panel.kind == "text":
        return {**common, "options": panel.options}
    return {
        **common,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [
            _target(letter, query, panel.kind)
            for letter, query in zip("ABCDEFGH", panel.queries, strict=False)
        ],
        "options": panel.options,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "noValue": nothing_yet, **panel.defaults},
            "overrides": list(panel.overrides),
        },
        **({"transformations": list(panel.transformations)} if panel.transformations else {}),
        **({"interval": panel.least_step} if panel.least_step else {}),
        **({"maxDataPoints": panel.points} if panel.points else {}),
    }


def _target(letter: str, query: Query, kind: str) -> JSON:
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": query.at_once,
        "range": not query.at_once,
        "format": "table" if kind == "table" else "time_series",
    }
