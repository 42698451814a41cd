"""Renders the page in all its states to PNG files, for people to look at.

    python tests/tools/page_states.py DIRECTORY [STATE …]

Wide and narrow, light and dark. Needs Debian's chromium.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

import snapshots
from browser import CHROMIUM, CHROMIUM_FLAGS
from true_clusters import NOW
from workflow_exporter.web.disclosure import disclose
from workflow_exporter.web.page import Pages, page_view

WIDTHS = {"wide": 1280, "phone": 375}
SCHEMES = ("light", "dark")


def html_of(state: str, pages: Pages) -> str:
    snapshot = snapshots.STATES[state]()
    public = disclose(snapshot)
    if not snapshot.complete:
        return pages.waiting(public.snapshot.sources, NOW)
    return pages.page(page_view(public, NOW))


def render(browser: Browser, directory: Path, states: list[str]) -> None:
    pages = Pages("0.1.0")
    for scheme in SCHEMES:
        for width_name, width in WIDTHS.items():
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            for state in states:
                page.set_content(html_of(state, pages))
                page.screenshot(path=directory / f"{state}-{width_name}-{scheme}.png", full_page=True)
            page.close()


def main() -> None:
    directory, *states = sys.argv[1:]
    Path(directory).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        render(browser, Path(directory), states or list(snapshots.STATES))
        browser.close()


if __name__ == "__main__":
    main()
