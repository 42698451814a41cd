"""The wheel alone is enough: templates, migrations and the shipped catalogs are in it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from e2e.releases_api import ReleasesApi

SOURCE = Path(__file__).parents[2] / "releases-api"


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, SOURCE),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("workflow_releases-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def test_wheel_serves_from_an_empty_folder_far_from_the_sources(unpacked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    # First on the path, so before the sources that the test environment has installed.
    with ReleasesApi(folder, PYTHONPATH=str(unpacked)) as api:
        platforms = [entry["platform"] for entry in api.http.get("/v1/catalogs").json()["catalogs"]]
        statuses = [api.http.get(path).status_code for path in ("/", "/style.css", "/openapi.json")]

    assert platforms == ["deis", "drycc", "hephy"]
    assert statuses == [200, 200, 200]
    assert sorted(path.name for path in (unpacked / "workflow_releases" / "shipped").iterdir()) == [
        "deis.json",
        "drycc.json",
        "hephy.json",
    ]
