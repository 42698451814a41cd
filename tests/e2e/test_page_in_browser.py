"""The page in a real browser: for a screen reader, on a phone, behind a proxy with a path prefix."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships none
from playwright.sync_api import Browser, Page, Request, sync_playwright

import snapshots
from browser import CHROMIUM, CHROMIUM_FLAGS
from e2e.processes import Program, free_ports
from web_client import public
from workflow_exporter.snapshot import Snapshot

NARROWEST = 320  # CSS pixels, WCAG 1.4.10
START_SECONDS = 30  # of nginx, on a busy machine
Look = tuple[int, Literal["light", "dark"]]
LOOKS: list[Look] = [(1280, "light"), (375, "dark")]
ALL_LOOKS: list[Look] = [*LOOKS, (1280, "dark"), (375, "light"), (NARROWEST, "light"), (NARROWEST, "dark")]
NGINX = """
daemon off; master_process off; error_log stderr; pid nginx.pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path .; proxy_temp_path .; fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
  server {{
    listen 127.0.0.1:{port};
    location /wm/ {{ proxy_pass http://127.0.0.1:{agent}/; }}
  }}
}}
"""


class Agent:
    """The public listener on loopback; what it shows can be changed while it runs."""

    def __init__(self) -> None:
        self.shown: Snapshot | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))  # listens at once: who connects early waits
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        app = public(lambda: self.shown)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> "Agent":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with Agent() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


class Heard:
    """What the browser asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._request)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.requests.append(request.url)


@pytest.mark.parametrize("state", snapshots.STATES)
def test_axe_finds_nothing(agent: Agent, page: Page, state: str) -> None:
    agent.shown = snapshots.STATES[state]()
    found = {}
    # Every look of the state that has most in it; of the others the two that differ most.
    for width, scheme in ALL_LOOKS if state == "security" else LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(agent.url)
        for violation in Axe().run(page).response["violations"]:
            targets = [node["target"] for node in violation["nodes"]][:3]
            found[width, scheme, violation["id"]] = (violation["impact"], targets)

    assert found == {}


@pytest.mark.parametrize("state", snapshots.STATES)
def test_nothing_is_wider_than_the_narrowest_screen(agent: Agent, page: Page, state: str) -> None:
    agent.shown = snapshots.STATES[state]()
    page.set_viewport_size({"width": NARROWEST, "height": 800})

    page.goto(agent.url)

    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST


@pytest.mark.parametrize("state", snapshots.STATES)
def test_browser_has_nothing_to_complain_of_and_asks_nobody_else(
    agent: Agent, page: Page, state: str
) -> None:
    agent.shown = snapshots.STATES[state]()
    heard = Heard(page)

    response = page.goto(agent.url, wait_until="networkidle")

    assert response is not None
    expected = [] if response.ok else [f"the server responded with a status of {response.status}"]
    assert [said for said in heard.complaints if not any(e in said for e in expected)] == []
    assert heard.requests == [agent.url]
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"  # the style was let in


def test_waiting_page_gives_way_to_the_page_by_itself(agent: Agent, page: Page) -> None:
    agent.shown = snapshots.not_ready()
    page.goto(agent.url)
    assert page.text_content("h1") == "Reading the cluster…"

    agent.shown = snapshots.current()

    page.wait_for_selector("text=All 13 components are current", timeout=30_000)


def test_page_can_be_used_from_the_keyboard(agent: Agent, page: Page) -> None:
    agent.shown = snapshots.security()
    page.goto(agent.url)

    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")

    assert skip == "Skip to the components"
    assert page.evaluate("document.activeElement.id") == "components"


def test_a_screen_reader_is_told_of_a_table_on_a_phone_too(agent: Agent, page: Page) -> None:
    agent.shown = snapshots.outdated()
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto(agent.url)

    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Controller", exact=True))

    assert "outdated" in row.get_by_role("cell").first.inner_text()


def test_printed_it_is_complete_and_without_navigation(agent: Agent, page: Page) -> None:
    agent.shown = snapshots.security()
    page.goto(agent.url)

    page.emulate_media(media="print")

    assert not page.get_by_role("navigation").is_visible()
    assert page.get_by_text("Security update for 1 component").is_visible()
    assert page.pdf()[:5] == b"%PDF-"


@pytest.fixture(scope="module")
def behind_nginx(agent: Agent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("nginx")
    [port] = free_ports(1)
    (folder / "nginx.conf").write_text(NGINX.format(port=port, agent=agent.port))
    nginx = Program("nginx", ["/usr/sbin/nginx", "-p", folder, "-c", "nginx.conf", "-e", "stderr"], folder)
    nginx.start()
    url = f"http://127.0.0.1:{port}/wm/"
    try:
        wait_until_it_answers(nginx, url)
        yield url
    finally:
        nginx.stop()


def wait_until_it_answers(nginx: Program, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(url, trust_env=False, timeout=START_SECONDS)
        except httpx.ConnectError:  # not listening yet
            nginx.check_running()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # the interval of polling
        else:
            return


def test_every_link_works_behind_a_path_prefix(agent: Agent, page: Page, behind_nginx: str) -> None:
    agent.shown = snapshots.security()
    page.goto(behind_nginx)
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.href)")

    own = {link.partition("#")[0] for link in links if not link.startswith("https://")}
    statuses = {link.removeprefix(behind_nginx): page.goto(link) for link in sorted(own)}

    assert {link: answer and answer.status for link, answer in statuses.items()} == {
        "": 200,
        "?refresh=300": 200,
        "?refresh=off": 200,
        "api/v1/components": 200,
        "api/v1/status": 200,
        "api/v1/workloads": 200,
        "openapi.json": 200,
        "report": 200,
    }


@pytest.mark.parametrize("path", ["nowhere", "deep/er/nowhere"])
def test_an_error_page_leads_back_behind_a_path_prefix(
    agent: Agent, page: Page, behind_nginx: str, path: str
) -> None:
    agent.shown = snapshots.current()
    page.goto(behind_nginx + path)

    page.click("text=To the overview")

    assert page.url == behind_nginx


def test_the_reload_is_the_one_that_was_chosen(agent: Agent, page: Page) -> None:
    agent.shown = snapshots.current()
    page.goto(agent.url)

    page.click("text=never")

    assert page.url == f"{agent.url}?refresh=off"
    assert "Reloads never" in page.inner_text(".refresh")
