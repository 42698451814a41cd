"""Boards pass through Grafana's own classes unharmed: what these do not know, Grafana would ignore."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

import boards

with warnings.catch_warnings():
    # The classic classes are deprecated in favour of v2, which Grafana before 13 does not read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models.dashboard import Dashboard

_BOARDS = boards.boards()
register_default_plugins()


def _lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where `after` lacks what `before` has, or says otherwise; what it adds are defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from _lost(value, after[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {before!r} != {after!r}"


def _through_sdk(board: dict[str, Any]) -> Any:
    return json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))


@pytest.mark.parametrize("uid", _BOARDS)
def test_round_trip_through_grafanas_classes_loses_nothing(uid: str) -> None:
    assert list(_lost(_BOARDS[uid], _through_sdk(_BOARDS[uid]))) == []


@pytest.mark.parametrize("kind", ["stat", "timeseries", "bargauge", "table", "text"])
def test_an_option_that_no_panel_has_would_be_lost(kind: str) -> None:
    """The round trip is a proof only if the classes of each kind are there and drop what they do not know."""
    panel = next(one for board in _BOARDS.values() for one in boards.panels(board) if one["type"] == kind)
    board = {"panels": [{**panel, "options": {**panel["options"], "sparkles": True}}]}

    assert list(_lost(board, _through_sdk(board))) == [".panels[0].options.sparkles"]
