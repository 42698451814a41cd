"""Takes the README's picture: the page that `make run` shows, in a real browser.

Run as `python -m tools.readme_picture docs/page.png` with tests/ on the path (`make picture`).
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from browser import CHROMIUM, CHROMIUM_FLAGS
from e2e.agent import CATALOGS, ROOT, Agent

WIDTH, HEIGHT = 1280, 1120  # CSS pixels: banners and the first components


def main(target: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Agent(Path(folder), "--from", ROOT / "exporter" / "sample", "--catalog", CATALOGS) as agent,
        sync_playwright() as playwright,
    ):
        agent.wait_until(lambda: agent.components()["controller"]["verdict"] == "outdated", 10)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(agent.page_url)
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
