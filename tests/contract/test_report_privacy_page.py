"""PRIVACY.md says of a report what the report's own tables say; `make generate` writes it."""

from tools.privacy_page import PAGE, with_tables
from workflow_exporter.report import SeriesText
from workflow_exporter.reporter.desk import label_texts, series_texts

TEXT = PAGE.read_text("utf-8")


def test_the_tables_are_what_make_generate_writes() -> None:
    assert with_tables(TEXT) == TEXT


def test_every_series_and_label_is_explained_by_an_example_of_its_own() -> None:
    rows = [(one.name, one.example) for one in series_texts()]
    rows += [(one.name, one.example) for one in label_texts()]

    explained = [row for row in rows if f"| `{row[0]}` |" in TEXT and f"| `{row[1]}` |" in TEXT]
    assert explained == rows


def test_no_cell_breaks_its_table() -> None:
    cells = [cell for one in series_texts() for cell in (one.meaning, one.why, one.example, one.never)]
    cells += [cell for one in label_texts() for cell in (one.meaning, one.why, one.example, one.never)]

    assert [cell for cell in cells if "|" in cell or "\n" in cell or cell.endswith(".")] == []


def test_series_name_their_unit() -> None:
    def unit_is_named(text: SeriesText) -> bool:
        unit = text.name.rpartition("_")[2]
        return unit not in {"seconds", "bytes", "cores"} or unit in text.meaning

    assert [text.name for text in series_texts() if not unit_is_named(text)] == []
