"""The agent and the releases API, both as processes: what is published shows, and only if it is signed."""

import html
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.agent import ROOT, Agent, run
from e2e.releases_api import ReleasesApi
from factories import NOW
from workflow_exporter.catalog import MAX_BODY_BYTES
from workflow_exporter.releases.api import CatalogApi
from workflow_exporter.releases.exchange import Exchange
from workflow_exporter.releases.signature import TrustedKeys
from workflow_exporter.web_address import parse_web_address

SAMPLE = ROOT / "exporter" / "sample"
POLL_SECONDS = 60  # the shortest there is
SECONDS_TO_SHOW = POLL_SECONDS * 1.1 + 60  # with its jitter, and what a busy machine adds
NOTICE = "Update the router at <once>"
FOREIGN = "the catalog's signature is not by a key of CATALOG_PUBLIC_KEYS"
UNSIGNED = "the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Public keys by the name of their file, which holds the private one."""
    folder = tmp_path_factory.mktemp("keys")
    server = ReleasesApi(folder)
    made = {}
    for name in ("old.pem", "new.pem", "foreign.pem"):
        created = server.run("key", "create", folder / name)
        assert created.returncode == 0, created.stderr
        made[str(folder / name)] = created.stdout.strip()
    return made


@pytest.fixture(scope="module")
def rotation(keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the old and the new private key."""
    path = tmp_path_factory.mktemp("rotation") / "both.pem"
    path.write_text("".join(Path(name).read_text() for name in list(keys)[:2]))
    return path


@pytest.fixture(scope="module")
def api(rotation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleasesApi]:
    """Signs with two keys, as during a rotation."""
    with ReleasesApi(tmp_path_factory.mktemp("api"), CATALOG_SIGNING_KEY_FILE=str(rotation)) as running:
        yield running


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleasesApi]:
    with ReleasesApi(tmp_path_factory.mktemp("unsigned")) as running:
        yield running


def why_not_believed(checked: subprocess.CompletedProcess[str]) -> str | None:
    """The reason that `check` prints; None: the catalog was believed, and says what is outdated."""
    found = re.search(r"Source catalog is down: (.*)\.\n", checked.stdout)
    assert bool(found) is not ("outdated" in checked.stdout), checked.stdout + checked.stderr
    return found[1] if found else None


def sample_platform(folder: Path, url: str) -> str:
    """The platform that the sample shows."""
    with Agent(folder, "--from", SAMPLE, "--catalog", url) as agent:
        return str(agent.status()["platform"])


def test_what_is_published_shows_on_the_page_without_a_restart(
    api: ReleasesApi, keys: dict[str, str], tmp_path: Path
) -> None:
    new_key = list(keys.values())[1]
    settings = {
        "VERSIONS_API_URL": api.url,
        "CATALOG_PUBLIC_KEYS": new_key,
        "POLL_INTERVAL_SEC": str(POLL_SECONDS),
    }
    token = api.token()
    with Agent(tmp_path, "--from", SAMPLE, **settings) as agent:
        agent.wait_until(lambda: agent.sources_up().get("catalog", False), 60)
        platform = str(agent.status()["platform"])
        before = agent.components()["router"]["newest"]

        published = api.run("publish", platform, "router", "v99.0.0", "--security", RELEASES_TOKEN=token)
        noticed = api.run(
            "notice",
            platform,
            "router-now",
            "--severity",
            "critical",
            "--title",
            NOTICE,
            RELEASES_TOKEN=token,
        )
        agent.wait_until(lambda: agent.components()["router"]["security"], SECONDS_TO_SHOW)
        page, newest = agent.page(), agent.components()["router"]["newest"]
        security = agent.samples("workflow_component_security_update")[(("component", "router"),)]

    assert (published.returncode, noticed.returncode) == (0, 0), published.stderr + noticed.stderr
    assert before["major"] != "v99.0.0"
    assert newest["major"] == "v99.0.0"
    assert security == 1
    assert "Security update for 1 component" in page
    assert html.escape(NOTICE) in page


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ((0,), None),
        ((1,), None),
        ((2, 1), None),
        ((2,), FOREIGN),
    ],
)
def test_while_keys_rotate_either_one_is_enough_and_another_ones_is_not(
    api: ReleasesApi, keys: dict[str, str], tmp_path: Path, which: tuple[int, ...], words: str | None
) -> None:
    public = list(keys.values())

    checked = run(
        tmp_path,
        *("check", "--from", SAMPLE, "--catalog", api.url),
        CATALOG_PUBLIC_KEYS=",".join(public[number] for number in which),
    )

    assert why_not_believed(checked) == words


def test_an_unsigned_catalog_is_refused_only_where_keys_are_set(
    unsigned: ReleasesApi, keys: dict[str, str], tmp_path: Path
) -> None:
    arguments = ("check", "--from", SAMPLE, "--catalog", unsigned.url)

    without = run(tmp_path, *arguments)
    with_key = run(tmp_path, *arguments, CATALOG_PUBLIC_KEYS=next(iter(keys.values())))

    assert why_not_believed(without) is None
    assert why_not_believed(with_key) == UNSIGNED


def test_an_exported_file_is_believed_with_its_signature_until_a_byte_differs(
    api: ReleasesApi, keys: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "catalog.json"
    platform = sample_platform(tmp_path, api.url)
    exported = api.run("export", platform, "--output", path, "--sign")
    settings = {"CATALOG_FILE": str(path), "CATALOG_PUBLIC_KEYS": next(iter(keys.values()))}

    whole = run(tmp_path, "check", "--from", SAMPLE, **settings)
    path.write_bytes(path.read_bytes() + b"\n")
    changed = run(tmp_path, "check", "--from", SAMPLE, **settings)

    assert exported.returncode == 0, exported.stderr
    assert path.with_name("catalog.json.sig").is_file()
    assert why_not_believed(whole) is None
    assert (changed.returncode, changed.stdout) == (2, "")  # no verdict without the file that was named
    assert FOREIGN in changed.stderr


@pytest.mark.anyio
async def test_the_real_api_says_unchanged_to_the_agents_own_question(
    api: ReleasesApi, keys: dict[str, str]
) -> None:
    address = parse_web_address(api.url)
    source = CatalogApi(
        Exchange(address, most_bytes=MAX_BODY_BYTES), TrustedKeys(), authority="", now=lambda: NOW
    )

    first, second = [await source.load("drycc") for _ in range(2)]

    assert second is first  # only a 304 gives the same object again
