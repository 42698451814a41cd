"""docs/recognised-releases.md lists what the renderings hold, and every rendering is in it."""

from pathlib import Path

from clusters.rendered import RENDERINGS, rendering
from tools.recognised_releases import PAGE, table, with_table

ROOT = Path(__file__).parents[2]


def test_table_is_the_one_that_follows_from_the_renderings() -> None:
    page = PAGE.read_text("utf-8")

    assert page == with_table(page), "run make generate"


def test_page_names_the_rendered_releases_each_once_and_no_other() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table().splitlines()[3:] if line]

    named = [(platform, one.partition(" (")[0]) for platform, cell in rows for one in cell.split(", ")]

    rendered = {(one.platform.capitalize(), one.release) for one in map(rendering, RENDERINGS)}
    assert sorted(named) == sorted(rendered)


def test_release_without_a_rendering_of_its_own_values_is_marked() -> None:
    assert "v2.20.2 (orghephy only)" in table()


def test_readme_leads_to_the_page() -> None:
    assert "docs/recognised-releases.md" in (ROOT / "README.md").read_text("utf-8")
