"""Links lead somewhere: to boards that ship, with variables that those have."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

import boards
from boards import JSON

_BOARDS = boards.boards()
_each_board = pytest.mark.parametrize("uid", _BOARDS)


def _variables(uid: str) -> set[str]:
    return {variable["name"] for variable in _BOARDS[uid]["templating"]["list"]}


def _links(uid: str) -> Iterator[tuple[JSON, str]]:
    """Panels and the links of their columns."""
    for panel in boards.panels(_BOARDS[uid]):
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            for one in override["properties"]:
                if one["id"] == "links":
                    for link in one["value"]:
                        assert link["title"]
                        assert link["targetBlank"] is False
                        yield panel, link["url"]


@_each_board
def test_links_of_tables_lead_to_boards_with_the_variables_that_they_fill(uid: str) -> None:
    for _, url in _links(uid):
        found = re.fullmatch(r"/d/([\w-]+)/\1\?(.*)", url)
        assert found, url
        target, query = found.groups()
        filled = set(re.findall(r"var-(\w+)=", query)) | set(re.findall(r"\$\{(\w+):queryparam\}", query))

        assert filled <= _variables(target)
        assert {"datasource"} <= filled
        assert set(re.findall(r"\$\{(\w+):queryparam\}", query)) <= _variables(uid)
        assert query.endswith("${__url_time_range}")


@_each_board
def test_links_of_tables_take_their_values_from_columns_that_are_shown(uid: str) -> None:
    for panel, url in _links(uid):
        shown = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}

        assert set(re.findall(r"\$\{__data\.fields\.(\w+)\}", url)) <= shown


def test_a_version_leads_to_its_instances_and_an_instance_to_its_board() -> None:
    version, component, instance = "fields.version}", "fields.component}", "fields.instance_id}"
    found = {
        (panel["id"], frozenset(re.findall(r"var-(\w+)=\$\{__data\.(fields\.\w+\})", url)))
        for panel, url in _links("fleet-versions")
    }

    assert found == {
        (31, frozenset({("version", version), ("platform", "fields.platform}")})),
        (32, frozenset({("component", component)})),
        (32, frozenset({("component", component), ("component_version", version)})),
        (33, frozenset({("instance_id", instance)})),
        (34, frozenset({("instance_id", instance)})),
    }
    assert _narrowed_by("fleet-versions", 33) >= {"platform", "version"}
    assert _narrowed_by("fleet-versions", 34) >= {"component", "component_version"}


def _narrowed_by(uid: str, number: int) -> set[str]:
    """The variables that a panel's query depends on."""
    (panel,) = (one for one in boards.panels(_BOARDS[uid]) if one["id"] == number)
    return set(re.findall(r"\$([a-z]\w*)", panel["targets"][0]["expr"]))


@_each_board
def test_boards_lead_to_the_others_of_the_same_readers(uid: str) -> None:
    """Operators get no link to the staff's boards: they may not see them."""
    (link,) = _BOARDS[uid]["links"]
    reached = {other for other, board in _BOARDS.items() if set(link["tags"]) & set(board["tags"])}

    assert (link["includeVars"], link["keepTime"]) == (True, True)
    assert reached == ({uid} if uid == "workflow-cluster" else set(_BOARDS) - {"workflow-cluster"})


@_each_board
def test_links_in_texts_lead_to_boards(uid: str) -> None:
    texts: list[dict[str, Any]] = [one for one in boards.panels(_BOARDS[uid]) if one["type"] == "text"]
    named = {name for panel in texts for name in re.findall(r"\(/d/([\w-]+)\)", panel["options"]["content"])}

    assert named <= set(_BOARDS)
