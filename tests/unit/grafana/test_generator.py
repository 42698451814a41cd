"""How data becomes Grafana's JSON: layout, tables, variables, meanings."""

import pytest

from generator import meanings
from generator.layout import placed
from generator.panels import row, stat, text
from generator.tables import Column, table
from generator.variables import AUDIENCE, Variable


def test_panels_flow_from_left_to_right_and_a_full_line_begins_the_next() -> None:
    panels = [row(1, "Now"), *(stat(n, "x", "up", width=10) for n in (2, 3, 4)), text(5, "x", "y", width=4)]

    assert [(p.number, at["x"], at["y"], at["w"], at["h"]) for p, at in placed(panels)] == [
        (1, 0, 0, 24, 1),
        (2, 0, 1, 10, 4),
        (3, 10, 1, 10, 4),
        (4, 0, 5, 10, 4),
        (5, 10, 5, 4, 3),
    ]


def test_a_panel_that_is_wider_than_the_grid_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="panel 1 is wider"):
        list(placed([stat(1, "x", "up", width=25)]))


def test_several_queries_of_a_table_are_merged_and_only_named_columns_stay() -> None:
    panel = table(1, "x", ("up", "down"), (Column("job", "Job"), Column("B", "Down", "short")))

    assert [one["id"] for one in panel.transformations] == ["merge", "filterFieldsByName", "organize"]
    assert panel.transformations[1]["options"] == {"include": {"names": ["job", "Value #B"]}}
    assert panel.overrides[1]["properties"] == [
        {"id": "displayName", "value": "Down"},
        {"id": "unit", "value": "short"},
    ]


def test_the_value_of_a_single_query_has_no_letter() -> None:
    panel = table(1, "x", ("up",), (Column("A", "Up"),))

    assert panel.transformations[0]["options"] == {"include": {"names": ["Value"]}}


def test_customers_are_chosen_at_first() -> None:
    document = AUDIENCE.json()

    assert document["current"] == {"selected": True, "text": "customer", "value": "customer"}
    assert [one["value"] for one in document["options"] if one["selected"]] == ["customer"]


@pytest.mark.parametrize(("all_value", "written"), [(".*", {"allValue": ".*"}), ("", {})])
def test_all_stands_for_anything_or_for_what_is_listed(all_value: str, written: dict[str, str]) -> None:
    variable = Variable("job", "Job", "query", "label_values(up, job)", several=True, all_value=all_value)

    document = variable.json()

    assert {key: document[key] for key in ("allValue",) if key in document} == written
    assert document["current"]["value"] == "$__all"


def test_a_meaning_is_said_once_for_each_series_and_not_for_words_in_quotes() -> None:
    expr = 'sum(up{job="releases_build_info"}) / sum(up) or releases_database_up'

    assert list(meanings.of(expr)) == [
        "Whether the last scrape succeeded. `up`",
        "Whether the database answered last time; reads go on without it. `releases_database_up`",
    ]


def test_meanings_come_from_the_pages_that_define_them() -> None:
    table_of = meanings.meanings()

    assert table_of["audience:fleet_instances_running:count24h"] == "How many run? (last_seen > now − 24 h)"
    assert table_of["workflow_node_ready"] == "1 when the node is ready for pods, else 0"
    assert table_of["fleet_capacity_cpu_cores"].startswith(
        "As reported: processor cores of all nodes together"
    )
