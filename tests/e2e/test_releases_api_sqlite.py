"""The releases API as a process on SQLite: first start, kill, backup, loss, and wrong settings."""

import hashlib
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest

from e2e.processes import free_ports
from e2e.releases_api import ReleasesApi, run

ROUTER = "/v1/catalogs/deis/components/router"
LARGEST = resource.RLIMIT_FSIZE  # how large a file may become


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ReleasesApi]:
    with ReleasesApi(tmp_path) as running:
        yield running


def test_first_start_in_an_empty_folder_serves_the_shipped_catalogs(api: ReleasesApi) -> None:
    listed = api.http.get("/v1/catalogs").json()["catalogs"]

    assert [entry["platform"] for entry in listed] == ["deis", "drycc", "hephy"]
    for entry in listed:
        answer = api.http.get(f"/v1/{entry['url']}")
        digest = hashlib.sha256(answer.content).hexdigest()
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["etag"] == f'"{digest}-gzip"'
        assert entry["sha256"] == digest
        again = api.http.get(f"/v1/{entry['url']}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert sorted(path.name for path in api.folder.glob("*.db")) == ["releases.db"]


def test_sigterm_ends_it_within_a_second_even_with_an_open_connection(api: ReleasesApi) -> None:
    with socket.create_connection(("127.0.0.1", int(api.settings["PORT"]))) as idle:
        idle.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12")
        started = time.monotonic()
        status = api.program.stop()

    assert status == 0
    assert time.monotonic() - started < 5  # a second, and what a busy machine adds; never the body's 20
    assert "Traceback" not in api.program.log_tail()


def test_token_is_revoked_for_a_server_that_runs(api: ReleasesApi) -> None:
    token = api.token()
    assert api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201

    assert api.run("token", "revoke", "ci").returncode == 0
    _head, row = api.run("token", "list").stdout.splitlines()
    token_id, name, scopes, created, revoked = row.split()

    assert (token_id, name, scopes) == (token.split("_")[1], "ci", "publish")
    assert created == revoked
    assert api.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 401


def test_acknowledged_releases_survive_kill_9_at_any_moment(tmp_path: Path) -> None:
    with ReleasesApi(tmp_path) as api:
        token = api.token()
        acknowledged: list[str] = []
        for life in range(3):
            publisher = threading.Thread(target=_publish_until_it_dies, args=(api, token, life, acknowledged))
            publisher.start()
            api.wait_until(partial(_has, acknowledged, len(acknowledged) + 5), 60)
            os.killpg(api.program.pid, signal.SIGKILL)
            publisher.join()
            api.program.kill()
            api.start()

        published = api.router_versions()
        trail = api.run("audit", "--limit", "1000").stdout

        # One that was stored but not acknowledged before the kill may be there too; none may be lost.
        assert set(acknowledged) <= set(published)
        assert len([version for version in published if version.startswith("v9.")]) <= len(acknowledged) + 3
        assert all(f"deis/router/{version}" in trail for version in acknowledged)
    with closing(sqlite3.connect(tmp_path / "releases.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _has(items: list[str], count: int) -> bool:
    return len(items) >= count


def _publish_until_it_dies(api: ReleasesApi, token: str, life: int, acknowledged: list[str]) -> None:
    with httpx.Client(base_url=api.url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        for number in range(10_000):
            version = f"v9.{life}.{number}"
            try:
                answer = client.put(f"{ROUTER}/releases/{version}", json={})
            except httpx.TransportError:
                return
            assert answer.status_code == 201
            acknowledged.append(version)


def test_backup_taken_while_publishing_restores_to_the_same_bytes(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    with ReleasesApi(home) as api:
        token = api.token()
        assert api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
        assert api.run("database", "backup", other / "releases.db").returncode == 0
        served = api.http.get("/v1/catalogs/deis").content
        assert api.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201

    with ReleasesApi(other) as restored:
        assert restored.http.get("/v1/catalogs/deis").content == served
        assert restored.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201  # tokens are in it


def test_database_file_that_vanishes_stops_publishing_and_not_reading(api: ReleasesApi) -> None:
    token = api.token()
    before = api.http.get("/v1/catalogs/deis").content
    shutil.move(api.folder / "releases.db", api.folder / "aside.db")

    refused = api.put(f"{ROUTER}/releases/v2.19.0", token, {})
    api.wait_until(lambda: api.metric("releases_database_up") == 0, 60)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert api.http.get("/v1/catalogs/deis").content == before
    assert not (api.folder / "releases.db").exists()

    shutil.move(api.folder / "aside.db", api.folder / "releases.db")
    api.wait_until(lambda: api.metric("releases_database_up") == 1, 60)
    assert api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
    assert "Traceback" not in api.program.log_tail(1000)


def test_wal_file_that_is_deleted_stops_publishing_and_loses_nothing_that_was_acknowledged(
    api: ReleasesApi,
) -> None:
    token = api.token()
    assert api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
    before = api.http.get("/v1/catalogs/deis").content
    (api.folder / "releases.db-wal").unlink()

    refused = api.put(f"{ROUTER}/releases/v2.19.1", token, {})
    api.wait_until(lambda: api.metric("releases_database_up") == 0, 15)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert api.http.get("/v1/catalogs/deis").content == before
    assert "-wal or -shm file was deleted or replaced while in use; restart" in api.program.log_tail(1000)

    os.killpg(api.program.pid, signal.SIGKILL)
    api.program.kill()
    api.start()
    assert api.http.get("/v1/catalogs/deis").content == before
    assert api.metric("releases_database_up") == 1
    assert api.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201


def test_file_that_somebody_locks_shows_in_the_metric_and_reads_go_on(api: ReleasesApi) -> None:
    token = api.token()
    with closing(sqlite3.connect(api.folder / "releases.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        api.wait_until(lambda: api.metric("releases_database_up") == 0, 15)
        assert api.http.get("/v1/catalogs/deis").status_code == 200
        other.execute("ROLLBACK")

    api.wait_until(lambda: api.metric("releases_database_up") == 1, 30)
    assert api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
    assert "Traceback" not in api.program.log_tail(1000)


@pytest.mark.parametrize("publishes", [False, True])
def test_disk_that_is_full_shows_in_the_metric_and_reads_go_on(api: ReleasesApi, *, publishes: bool) -> None:
    """A limit on the size of files is what a full disk is to one that grows."""
    token = api.token()
    full, (soft, hard) = api.folder / "releases.db-wal", resource.prlimit(api.program.pid, LARGEST)
    size = full.stat().st_size if publishes else 1000
    resource.prlimit(api.program.pid, LARGEST, (size, hard))

    refused = [api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code for _ in range(publishes)]
    api.wait_until(lambda: api.metric("releases_database_up") == 0, 15)
    assert refused == [503] * publishes
    assert api.http.get("/v1/catalogs/deis").status_code == 200

    resource.prlimit(api.program.pid, LARGEST, (soft, hard))
    api.wait_until(lambda: api.metric("releases_database_up") == 1, 30)
    assert api.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
    assert "Traceback" not in api.program.log_tail(1000)


def test_check_in_of_an_old_agent_is_thrown_away_and_the_connection_goes_on(api: ReleasesApi) -> None:
    marker = b"customer-secret-name"
    for path in ("/v3/clusters", "/v2/clusters/some-id", "/v3/doctor/some-uuid"):
        answer = api.http.post(path, content=b'{"id":"' + marker * 50_000 + b'"}')
        assert (answer.status_code, answer.content) == (204, b"")
    latest = api.http.post(
        "/v3/versions/latest",
        json={"data": [{"component": {"name": "deis-controller"}, "version": {"train": "stable"}}]},
    )

    assert latest.json()["data"][0]["version"]["version"] == "v2.18.0"
    assert marker.decode() not in api.program.log_tail(1000)
    api.program.stop()
    assert all(marker not in path.read_bytes() for path in api.folder.iterdir())


def _complaint(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_what_cannot_start_says_so_in_one_line(tmp_path: Path) -> None:
    port, other = (str(number) for number in free_ports(2))
    ports = {"HOST": "127.0.0.1", "PORT": port, "METRICS_PORT": other}
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    (tmp_path / "key.pem").write_text("no key")

    with socket.create_server(("127.0.0.1", int(port))):
        assert _complaint(run(tmp_path, "serve", **ports)) == (
            2,
            f"workflow-releases: PORT={port} cannot be listened on at 127.0.0.1: address already in use\n",
        )
    outcomes = [
        _complaint(run(tmp_path, "serve", **ports, DATABASE_URL="sqlite:///missing/releases.db")),
        _complaint(run(tmp_path, "serve", **ports, DATABASE_URL="sqlite:///garbage.db")),
        _complaint(run(tmp_path, "serve", **ports, CATALOG_SIGNING_KEY_FILE=str(tmp_path / "key.pem"))),
        _complaint(run(tmp_path, "serve", LOG_LEVEL="loud")),
    ]

    assert [status for status, _ in outcomes] == [2, 3, 2, 2]
    assert (
        "".join(text for _, text in outcomes)
        == f"""\
workflow-releases: DATABASE_URL: {tmp_path}/missing/releases.db cannot be made: no such file or directory
workflow-releases: the database cannot be used: file is not a database
workflow-releases: {tmp_path}/key.pem holds no PEM private key; \
make one with: workflow-releases key create FILE
workflow-releases: LOG_LEVEL='loud' is none of debug, info, warning, error
"""
    )


def test_database_migrated_half_way_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with ReleasesApi(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "releases.db")) as connection:
        connection.execute("DROP TABLE notices")

    refused = run(tmp_path, "serve", PORT="0", METRICS_PORT="0", HOST="127.0.0.1")

    assert refused.returncode == 2
    assert refused.stderr == (
        "workflow-releases: the database says 0002 but lacks table notices: it was changed by hand "
        "or migrated half-way; put back the last backup (README, Backup and restore)\n"
    )
