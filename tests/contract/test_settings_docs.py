"""docs/settings.md is made from the settings table; `make golden` rewrites it."""

from pathlib import Path

from workflow_exporter.cli import settings_help
from workflow_exporter.setting_rows import SETTINGS

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = """\
# Settings of the agent

Environment variables, read once at the start. An empty value means not set. A wrong value stops the
start with one line and exit status 2. `workflow-exporter --help` prints the same table.

| variable | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    rows = []
    for row in SETTINGS:
        names = " ".join(f"`{name}`" for name in (row.name, *row.aliases))
        rows.append(f"| {names} | {f'`{row.default}`' if row.default else ''} | {row.meaning} |\n")
    return HEAD + "".join(rows)


def test_the_settings_page_is_what_the_table_says(rewrite_goldens: bool) -> None:
    if rewrite_goldens:
        DOCUMENT.write_text(settings_page())

    assert DOCUMENT.read_text() == settings_page()


def test_help_names_every_setting_and_alias() -> None:
    text = settings_help()

    assert [name for row in SETTINGS for name in (row.name, *row.aliases) if name not in text] == []
