"""What every board keeps, so that Grafana shows it as it is meant: read from the files that ship."""

import itertools
import re
from typing import Any

import pytest
from grafana_foundation_sdk.models import units

import boards
from boards import WITHOUT_QUERY
from generator import meanings
from generator.__main__ import DASHBOARDS
from generator.board import text_of
from generator.boards import BOARDS

_BOARDS = boards.boards()
_STAFF = ("fleet-instance", "fleet-nodes", "fleet-overview", "fleet-service", "fleet-versions")
_each_board = pytest.mark.parametrize("uid", _BOARDS)
_UNITS = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}


def _panels(uid: str) -> list[dict[str, Any]]:
    return list(boards.panels(_BOARDS[uid]))


def _asking(uid: str) -> list[dict[str, Any]]:
    return [panel for panel in _panels(uid) if panel["type"] not in WITHOUT_QUERY]


def test_the_files_are_what_the_generator_writes() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS.iterdir()}

    assert written == {f"{board.uid}.json": text_of(board) for board in BOARDS}


def test_the_boards_are_those_of_the_design() -> None:
    assert sorted(_BOARDS) == [*_STAFF, "workflow-cluster"]


@_each_board
def test_a_board_can_be_provisioned_and_linked_to(uid: str) -> None:
    board = _BOARDS[uid]

    assert board["uid"] == uid  # the file's name
    assert 8 <= len(uid) <= 40
    assert "id" not in board  # of one Grafana's database
    assert board["schemaVersion"] <= 42
    assert "__inputs" not in board  # an export asks questions; provisioning cannot answer
    assert board["editable"] is False


def test_titles_are_not_repeated() -> None:
    titles = [board["title"] for board in _BOARDS.values()]

    assert len(set(titles)) == len(titles)


@_each_board
def test_time_is_utc_and_weeks_begin_on_monday(uid: str) -> None:
    assert (_BOARDS[uid]["timezone"], _BOARDS[uid]["weekStart"]) == ("utc", "monday")


@_each_board
def test_panels_have_numbers_of_their_own(uid: str) -> None:
    numbers = [panel["id"] for panel in _panels(uid)]

    assert len(set(numbers)) == len(numbers)
    assert all(number > 0 for number in numbers)


@_each_board
def test_panels_lie_on_the_grid_and_do_not_overlap(uid: str) -> None:
    places = [(panel["id"], panel["gridPos"]) for panel in _panels(uid)]
    overlapping = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(places, 2)
        if a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    ]

    assert overlapping == []
    assert all(at["x"] >= 0 and at["x"] + at["w"] <= 24 and at["y"] >= 0 for _, at in places)


@_each_board
def test_answers_come_first_then_graphs_then_tables(uid: str) -> None:
    ranks = {"stat": 0, "timeseries": 1, "bargauge": 1, "table": 2}
    by_row: list[list[int]] = []
    for panel in _panels(uid):
        if panel["type"] == "row":
            by_row.append([])
        elif panel["type"] != "text":
            by_row[-1].append(ranks[panel["type"]])

    assert set(by_row[0]) == {0}
    assert 2 in by_row[-1]
    assert all(ranks == sorted(ranks) for ranks in by_row)
    assert [min(ranks) for ranks in by_row] == sorted(min(ranks) for ranks in by_row)


@_each_board
def test_every_panel_but_rows_and_texts_says_what_it_shows(uid: str) -> None:
    silent = [
        panel["id"]
        for panel in _asking(uid)
        if not (panel["title"] and panel["description"] and panel["fieldConfig"]["defaults"]["noValue"])
    ]

    assert silent == []


@_each_board
def test_every_panel_has_a_unit_that_grafana_knows(uid: str) -> None:
    used = {panel["fieldConfig"]["defaults"]["unit"] for panel in _asking(uid)} | {
        one["value"]
        for panel in _asking(uid)
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    }

    assert used - _UNITS == set()


@_each_board
def test_descriptions_repeat_the_definition_of_each_number(uid: str) -> None:
    for panel in _asking(uid):
        for target in panel["targets"]:
            for meaning in meanings.of(target["expr"]):
                assert meaning in panel["description"]


@_each_board
def test_only_rows_and_texts_have_no_query(uid: str) -> None:
    without = {panel["type"] for panel in _panels(uid) if not panel.get("targets")}

    assert without <= set(WITHOUT_QUERY)
    assert all(target["expr"] for panel in _asking(uid) for target in panel["targets"])
    assert all(target["instant"] != target["range"] for panel in _asking(uid) for target in panel["targets"])


@_each_board
def test_every_target_asks_the_data_source_that_is_chosen(uid: str) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    variables = {variable["name"]: variable for variable in _BOARDS[uid]["templating"]["list"]}

    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    for panel in _asking(uid):
        assert panel["datasource"] == chosen
        assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])
    for variable in variables.values():
        if variable["type"] == "query":
            assert variable["datasource"] == chosen


@_each_board
def test_every_variable_is_used_and_every_one_used_is_there(uid: str) -> None:
    variables = _BOARDS[uid]["templating"]["list"]
    asked = [target["expr"] for panel in _asking(uid) for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in variables if variable["type"] == "query"]
    titles = [panel["title"] for panel in _panels(uid)]
    used = {name for text in asked + titles for name in re.findall(r"\$([a-z]\w*)", text)}

    assert used == {variable["name"] for variable in variables} - {"datasource"}


@pytest.mark.parametrize("uid", ["fleet-overview", "fleet-versions", "fleet-nodes"])
def test_staff_see_customers_unless_they_ask_for_others(uid: str) -> None:
    (audience,) = (one for one in _BOARDS[uid]["templating"]["list"] if one["name"] == "audience")

    assert audience["current"]["value"] == "customer"
    assert [option["value"] for option in audience["options"]] == ["customer", "staff", "ci", "test"]


def test_operators_choose_namespace_and_job_and_see_all_of_them_at_first() -> None:
    variables = {one["name"]: one for one in _BOARDS["workflow-cluster"]["templating"]["list"]}

    assert list(variables) == ["datasource", "namespace", "job"]
    for name in ("namespace", "job"):
        assert variables[name]["current"]["value"] == "$__all"
        assert variables[name]["allValue"] == ".*"  # a scrape may add no such label at all


def test_where_operators_see_no_value_no_words_claim_that_all_is_well() -> None:
    """The same is shown where no agent is scraped."""
    words = {panel["fieldConfig"]["defaults"]["noValue"] for panel in _asking("workflow-cluster")}

    assert words == {"No agent is scraped, or it cannot tell", "Cannot tell", "None that is known"}


@_each_board
def test_no_step_is_a_week(uid: str) -> None:
    """Grafana's steps lie on multiples since 1970, which began on a Thursday."""
    assert [panel["id"] for panel in _panels(uid) if "w" in panel.get("interval", "")] == []


@_each_board
def test_columns_of_tables_are_fields_of_their_results(uid: str) -> None:
    for panel in _asking(uid):
        if panel["type"] == "table":
            letters = [target["refId"] for target in panel["targets"]]
            values = {"Value"} if len(letters) == 1 else {f"Value #{letter}" for letter in letters}
            by_id = {one["id"]: one["options"] for one in panel["transformations"]}
            names = by_id["filterFieldsByName"]["include"]["names"]
            kept = {label for t in panel["targets"] for label in _kept(t["expr"])}

            assert set(names) - values - kept == set()
            assert list(by_id["organize"]["indexByName"]) == names
            assert [one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]] == names
            titles = [one["properties"][0]["value"] for one in panel["fieldConfig"]["overrides"]]
            assert {one["displayName"] for one in panel["options"]["sortBy"]} <= set(titles)


def _kept(expr: str) -> set[str]:
    return {
        label.strip()
        for labels in re.findall(r"(?:by|group_left) \(([^)]*)\)", expr)
        for label in labels.split(",")
    }
