"""Pictures of panels: values read as people read them, and answers of several queries are one table."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from boards import PanelQuery, queries
from tools.drawing import Answer, draw, in_unit, legend_of

SPAN = (1_795_000_000.0, 1_795_400_000.0)


def query(board: str, kind: str, title: str) -> PanelQuery:
    return next(one for one in queries() if (one.board, one.kind, one.title) == (board, kind, title))


def drawn(*answers: Answer) -> list[str]:
    """All texts of the picture."""
    axes = Figure().add_axes((0, 0, 1, 1))
    panel: dict[str, Any] = answers[0].query.raw_panel
    draw(axes, panel, panel["title"], answers, SPAN)
    cells = [cell.get_text().get_text() for table in axes.tables for cell in table.get_celld().values()]
    return [*(text.get_text() for text in axes.texts), *cells]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.984, "percentunit", "98 %"),
        (0.0034, "percentunit", "0.34 %"),
        (86_400.0 * 412, "s", "412 d"),
        (0.25, "s", "0.25 s"),
        (512.0, "bytes", "512 B"),
        (3.0 * 1024**4, "bytes", "3 TiB"),
        (1_795_435_200_000.0, "dateTimeAsIso", "2026-11-23 12:00"),
        (12_345.0, "locale", "12,345"),
    ],
)
def test_value_reads_as_people_read_it(value: float, unit: str, text: str) -> None:
    assert in_unit(value, unit) == text


def test_stat_shows_the_number() -> None:
    running = query("fleet-overview", "stat", "Running")

    assert drawn(Answer(running, [{"metric": {}, "value": [SPAN[1], "81"]}])) == ["81"]


def test_stat_shows_the_word_that_the_board_has_for_a_value() -> None:
    database = query("fleet-service", "stat", "Database")

    assert drawn(Answer(database, [{"metric": {}, "value": [SPAN[1], "1"]}])) == ["up"]


def test_rows_are_in_the_order_that_the_board_wants() -> None:
    platforms = query("fleet-overview", "table", "Platforms")
    series = [
        {"metric": {"platform": name}, "value": [SPAN[1], count]}
        for name, count in (("deis", "18"), ("drycc", "41"), ("hephy", "22"))
    ]

    found = drawn(Answer(platforms, series))

    assert [text for text in found if text in {"deis", "drycc", "hephy"}] == ["drycc", "hephy", "deis"]


def test_panel_without_an_answer_says_what_the_board_says() -> None:
    running = query("fleet-overview", "timeseries", "Running")

    assert drawn(Answer(running, [])) == [running.raw_panel["fieldConfig"]["defaults"]["noValue"]]


def test_answers_of_several_queries_become_rows_of_one_table() -> None:
    title = "Who stays: by the month in which they came"
    asked = [one for one in queries() if (one.board, one.title) == ("fleet-overview", title)]
    values = {"A": "8", "B": "4", "C": "0.5"}
    answers = [
        Answer(one, [{"metric": {"cohort": "202608"}, "value": [SPAN[1], values[one.letter]]}])
        for one in asked
    ]

    assert {"202608", "8", "4", "50 %"} <= set(drawn(*answers))


def test_legend_is_filled_with_the_labels() -> None:
    by_platform = query("fleet-overview", "timeseries", "Running, by platform")

    assert legend_of(by_platform, {"platform": "hephy"}) == "hephy"
