"""docs/recognised-releases.md lists what the renderings hold, and every rendering is in it."""

from pathlib import Path

from clusters.rendered import RENDERINGS, rendering
from tools.recognised_releases import PAGE, table, with_table
from workflow_exporter.version import parse_version

ROOT = Path(__file__).parents[2]


def test_table_is_the_one_that_follows_from_the_renderings() -> None:
    page = PAGE.read_text("utf-8")

    assert page == with_table(page), "run make generate"


def test_every_rendered_release_is_within_a_row_of_its_platform() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table().splitlines()[3:] if line]

    for name in RENDERINGS:
        one = rendering(name)
        spans = [span for platform, span in rows if platform == one.platform.capitalize()]
        assert any(holds(span, one.release) for span in spans), name


def holds(span: str, release: str) -> bool:
    first, _, last = span.partition(" to ")
    if release == "newest commit" or first == "newest commit":
        return first == release
    return parse_version(first) <= parse_version(release) <= parse_version(last or first)


def test_readme_leads_to_the_page() -> None:
    assert "docs/recognised-releases.md" in (ROOT / "README.md").read_text("utf-8")
