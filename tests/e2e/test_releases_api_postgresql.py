"""Several replicas on a real PostgreSQL: they agree, and reads outlive the database."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from e2e.agent import ROOT, Agent
from e2e.postgresql import PostgreSQL, binary
from e2e.processes import ProgramError
from e2e.releases_api import ReleasesApi, run
from fakes.silent_relay import SilentRelay
from releases_factories import INSTANCE
from workflow_releases.instances.audience import audit_subject

ROUTER = "/v1/catalogs/deis/components/router"
SECONDS_TO_SHOW = 5  # the contract: a publication shows on every replica within five seconds
PATIENCE_SECONDS = 60  # where something else is shown, on a busy machine
SECONDS_TO_NOTICE = 15  # that a database says nothing
SECONDS_TO_RECOVER = 30
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%{}%'"
SAMPLE = ROOT / "exporter" / "sample"

Relayed = tuple[SilentRelay, ReleasesApi, ReleasesApi]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with PostgreSQL() as running:
        yield running


@pytest.fixture
def database_url(postgresql: PostgreSQL) -> str:
    """An empty database for each test."""
    postgresql.sql("DROP SCHEMA public CASCADE")
    postgresql.sql("CREATE SCHEMA public")
    return postgresql.url


@pytest.fixture
def replicas(database_url: str, tmp_path: Path) -> Iterator[tuple[ReleasesApi, ReleasesApi]]:
    """Two that started at the same moment on the same empty tables."""
    upgraded = run(tmp_path, "database", "upgrade", DATABASE_URL=database_url)
    assert upgraded.returncode == 0, upgraded.stderr
    one = ReleasesApi(tmp_path, "one", DATABASE_URL=database_url)
    two = ReleasesApi(tmp_path, "two", DATABASE_URL=database_url)
    with ExitStack() as stack:
        stack.callback(two.__exit__)
        two.program.start()
        stack.enter_context(one)
        two.wait_until(lambda: two.answers("/readyz") == 200, PATIENCE_SECONDS)
        yield one, two


def test_database_without_tables_is_refused_with_the_command_that_helps(
    database_url: str, tmp_path: Path
) -> None:
    refused = run(tmp_path, "serve", DATABASE_URL=database_url, HOST="127.0.0.1", PORT="0", METRICS_PORT="0")

    assert refused.returncode == 2
    assert (
        refused.stderr == "workflow-releases: the database is empty: run workflow-releases database upgrade\n"
    )


def test_upgrades_at_the_same_moment_take_turns(database_url: str, tmp_path: Path) -> None:
    statuses: list[int] = []

    def upgrade() -> None:
        statuses.append(run(tmp_path, "database", "upgrade", DATABASE_URL=database_url).returncode)

    threads = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [0, 0]


def test_replicas_serve_the_same_bytes_and_see_each_others_changes(
    replicas: tuple[ReleasesApi, ReleasesApi],
) -> None:
    one, two = replicas
    token = one.token()

    def same() -> bool:
        answers = [
            api.http.get(f"/v1/catalogs/{platform}")
            for api in replicas
            for platform in ("deis", "drycc", "hephy")
        ]
        return [(a.headers["etag"], a.content) for a in answers[:3]] == [
            (a.headers["etag"], a.content) for a in answers[3:]
        ]

    assert same()
    assert one.put(f"{ROUTER}/releases/v2.19.0", token, {"security": True}).status_code == 201
    two.wait_until(lambda: "v2.19.0" in two.router_versions(), SECONDS_TO_SHOW)
    assert same()
    assert two.put(f"{ROUTER}/releases/v2.19.0", token, {"yanked": True}).status_code == 200
    one.wait_until(same, SECONDS_TO_SHOW)
    assert two.put(f"{ROUTER}/releases/v2.19.0", token, {"security": False}).status_code == 409


def test_catalog_that_a_wrong_clock_dated_in_the_future_is_dated_now_on_every_replica(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL
) -> None:
    postgresql.sql("UPDATE change_counter SET number = number + 1")
    postgresql.sql(
        "UPDATE platforms SET generated = '9000-01-01', change_number = (SELECT number FROM change_counter) "
        "WHERE platform = 'deis'"
    )

    def today(api: ReleasesApi) -> bool:
        generated = datetime.fromisoformat(api.http.get("/v1/catalogs/deis").json()["generated"])
        return abs(generated - datetime.now(UTC)) < timedelta(minutes=10)

    for api in replicas:
        api.wait_until(partial(today, api), PATIENCE_SECONDS)
    one, two = (api.http.get("/v1/catalogs/deis").content for api in replicas)
    assert one == two
    dated = postgresql.sql("SELECT count(*) FROM audit WHERE action = 'catalog.dated'")
    assert dated == "1"  # by one of them


def test_what_one_replica_publishes_is_a_banner_on_the_page_of_an_agent_that_asks_the_other(
    replicas: tuple[ReleasesApi, ReleasesApi], tmp_path: Path
) -> None:
    one, two = replicas
    asks_two = {"VERSIONS_API_URL": two.url, "POLL_INTERVAL_SEC": "60"}
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    with Agent(tmp_path / "before", "--from", SAMPLE, **asks_two) as agent:
        platform, before = str(agent.status()["platform"]), agent.page()

    path = f"/v1/catalogs/{platform}/components/router/releases/v99.0.0"
    assert one.put(path, one.token(), {"security": True}).status_code == 201
    two.wait_until(lambda: "v99.0.0" in two.http.get(f"/v1/catalogs/{platform}").text, SECONDS_TO_SHOW)
    with Agent(tmp_path / "after", "--from", SAMPLE, **asks_two) as agent:
        after = agent.page()

    assert "Security update for 1 component" not in before
    assert "Security update for 1 component" in after


def test_publishers_on_both_replicas_lose_nothing(replicas: tuple[ReleasesApi, ReleasesApi]) -> None:
    token = replicas[0].token()
    statuses: list[int] = []

    def publish(api: ReleasesApi, minor: int) -> None:
        for number in range(10):
            statuses.append(api.put(f"{ROUTER}/releases/v9.{minor}.{number}", token, {}).status_code)
            statuses.append(
                api.put(f"{ROUTER}/releases/v8.0.{number}", token, {"released": None}).status_code
            )

    threads = [threading.Thread(target=publish, args=(api, minor)) for minor, api in enumerate(replicas)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] * 10 + [201] * 30
    for api in replicas:
        api.wait_until(partial(_lists_thirty, api), PATIENCE_SECONDS)


def _has(items: list[str], count: int) -> bool:
    return len(items) >= count


def _lists_thirty(api: ReleasesApi) -> bool:
    return len([version for version in api.router_versions() if version.startswith(("v8.", "v9."))]) == 30


def test_reads_go_on_while_the_database_is_down_and_publishing_returns_with_it(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL
) -> None:
    one, two = replicas
    token = one.token()
    before = one.http.get("/v1/catalogs/deis").content

    postgresql.stop()
    refused = one.put(f"{ROUTER}/releases/v2.19.0", token, {})
    reads = [api.http.get("/v1/catalogs/deis").content for api in replicas]
    ready = one.http.get("/readyz").status_code
    postgresql.start()

    assert refused.status_code == 503
    assert "connection" not in refused.text
    assert reads == [before, before]
    assert ready == 200
    assert one.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
    two.wait_until(lambda: "v2.19.0" in two.router_versions(), PATIENCE_SECONDS)
    for api in replicas:
        assert "Traceback" not in api.program.log_tail(1000)


def test_disk_of_the_database_that_is_full_shows_in_the_metric_and_reads_go_on(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL
) -> None:
    """The error is the one that PostgreSQL reports then."""
    one, _two = replicas
    token = one.token()
    postgresql.sql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$"
    )
    postgresql.sql("CREATE TRIGGER full_disk BEFORE UPDATE ON change_counter EXECUTE FUNCTION full_disk()")

    assert one.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 503
    one.wait_until(lambda: one.metric("releases_database_up") == 0, SECONDS_TO_NOTICE)
    assert one.http.get("/v1/catalogs/deis").status_code == 200

    postgresql.sql("DROP TRIGGER full_disk ON change_counter")
    one.wait_until(lambda: one.metric("releases_database_up") == 1, SECONDS_TO_RECOVER)
    assert one.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201


@pytest.fixture
def relayed(database_url: str, postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Relayed]:
    """A replica behind a relay, and one beside it."""
    upgraded = run(tmp_path, "database", "upgrade", DATABASE_URL=database_url)
    assert upgraded.returncode == 0, upgraded.stderr
    with ExitStack() as stack:
        relay = stack.enter_context(SilentRelay(postgresql.port))
        behind = database_url.replace(f":{postgresql.port}/", f":{relay.port}/")
        one = stack.enter_context(ReleasesApi(tmp_path, "one", DATABASE_URL=behind))
        two = stack.enter_context(ReleasesApi(tmp_path, "two", DATABASE_URL=database_url))
        yield relay, one, two


def test_database_that_says_nothing_shows_in_the_metric_and_is_used_again_when_it_speaks(
    relayed: Relayed,
) -> None:
    relay, one, two = relayed
    token = one.token()
    before = one.http.get("/v1/catalogs/deis").content

    relay.fall_silent(takes_new=False)
    one.wait_until(lambda: one.metric("releases_database_up") == 0, SECONDS_TO_NOTICE)
    refused = one.put(f"{ROUTER}/releases/v2.19.0", token, {})
    assert two.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert one.http.get("/v1/catalogs/deis").content == before

    relay.come_back()
    one.wait_until(lambda: one.metric("releases_database_up") == 1, SECONDS_TO_RECOVER)
    assert one.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code == 201
    assert {"v2.19.0", "v2.19.1"} <= set(one.router_versions())
    assert "Traceback" not in one.program.log_tail(1000)


def test_connections_that_fall_silent_are_left_for_new_ones(relayed: Relayed) -> None:
    relay, one, _two = relayed
    token = one.token()

    relay.fall_silent(takes_new=True)
    one.wait_until(
        lambda: one.put(f"{ROUTER}/releases/v2.19.0", token, {}).status_code in {200, 201}, SECONDS_TO_RECOVER
    )

    assert "v2.19.0" in one.router_versions()
    one.wait_until(lambda: one.metric("releases_database_up") == 1, SECONDS_TO_RECOVER)


def test_change_whose_replica_fell_silent_does_not_keep_the_others_from_publishing(
    relayed: Relayed, postgresql: PostgreSQL
) -> None:
    relay, one, two = relayed
    token = one.token()
    hold = "BEGIN; UPDATE change_counter SET number = number; SELECT pg_sleep(3); ROLLBACK"
    holder = threading.Thread(target=postgresql.sql, args=(hold,))
    publisher = threading.Thread(target=one.put, args=(f"{ROUTER}/releases/v2.19.0", token, {}))
    holder.start()
    two.wait_until(lambda: postgresql.sql(SESSIONS.format("pg_sleep")) == "1", PATIENCE_SECONDS)
    publisher.start()
    two.wait_until(
        lambda: postgresql.sql(SESSIONS.format("UPDATE change_counter SET number=(")) == "1", PATIENCE_SECONDS
    )
    relay.fall_silent(takes_new=False)
    holder.join()  # the silent replica's session has the change counter now

    two.wait_until(
        lambda: two.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201, SECONDS_TO_RECOVER
    )
    publisher.join()


def test_stop_does_not_wait_for_a_database_that_says_nothing(relayed: Relayed) -> None:
    relay, one, _two = relayed
    relay.fall_silent(takes_new=False)
    one.wait_until(lambda: one.metric("releases_database_up") == 0, SECONDS_TO_NOTICE)

    # At most as long as a new connection is waited for.
    assert one.program.stop(seconds=8) == 0
    assert "Traceback" not in one.program.log_tail(1000)


def test_release_is_served_when_it_is_acknowledged_also_while_the_database_restarts(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL
) -> None:
    """Four publishers read what they published from the same replica."""
    one, _two = replicas
    token = one.token()
    acknowledged: list[str] = []
    missing: list[str] = []
    stop = threading.Event()

    def publish(minor: int) -> None:
        for number in range(100_000):
            if stop.is_set():
                return
            version = f"v9.{minor}.{number}"
            if one.put(f"{ROUTER}/releases/{version}", token, {}).status_code == 201:
                acknowledged.append(version)
                if version not in one.router_versions():
                    missing.append(version)

    publishers = [threading.Thread(target=publish, args=(minor,)) for minor in range(4)]
    for publisher in publishers:
        publisher.start()
    for restart in range(1, 7):
        one.wait_until(partial(_has, acknowledged, restart * 10), PATIENCE_SECONDS)
        postgresql.stop()
        postgresql.start()
    stop.set()
    for publisher in publishers:
        publisher.join()

    assert missing == []


def test_database_that_is_down_stops_the_start_with_one_line(tmp_path: Path) -> None:
    nobody = "postgresql://x:secret@127.0.0.1:1/x"
    refused = run(tmp_path, "serve", DATABASE_URL=nobody, HOST="127.0.0.1", PORT="0", METRICS_PORT="0")

    assert refused.returncode == 3
    assert refused.stderr.count("\n") == 1
    assert "secret" not in refused.stderr


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_audit_trail_cannot_be_changed(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL, statement: str
) -> None:
    with pytest.raises(ProgramError, match="the audit trail is never changed"):
        postgresql.sql(statement)

    assert postgresql.sql("SELECT count(*) FROM audit") == "3"  # the shipped catalogs


def test_migration_takes_ids_out_of_old_lines_and_the_trail_stays_final(
    database_url: str, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    assert run(tmp_path, "database", "upgrade", DATABASE_URL=database_url).returncode == 0
    postgresql.sql("UPDATE alembic_version SET version_num = '0001'")  # tables are the same in both
    lines = (
        "INSERT INTO audit (at, actor, action, subject) VALUES "
        "(now(), 'ann', 'audience.marked', 'ID'), (now(), 'ann', 'token.created', 'ID')"
    )
    postgresql.sql(lines.replace("ID", INSTANCE))

    upgraded = run(tmp_path, "database", "upgrade", DATABASE_URL=database_url)

    assert "is at 0002, from 0001" in upgraded.stdout, upgraded.stderr
    subjects = postgresql.sql("SELECT subject FROM audit ORDER BY number")
    assert subjects == f"{audit_subject(INSTANCE)}\n{INSTANCE}"  # lines on anything else are left alone
    with pytest.raises(ProgramError, match="the audit trail is never changed"):
        postgresql.sql("UPDATE audit SET actor = 'x'")


def test_acknowledged_releases_survive_kill_9_of_replica_and_database(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL
) -> None:
    one, two = replicas
    token = one.token()
    acknowledged: list[str] = []

    def publish_until_it_dies() -> None:
        for number in range(10_000):
            try:
                answer = one.put(f"{ROUTER}/releases/v9.0.{number}", token, {})
            except httpx.TransportError:
                return
            assert answer.status_code == 201
            acknowledged.append(f"v9.0.{number}")

    publisher = threading.Thread(target=publish_until_it_dies)
    publisher.start()
    two.wait_until(lambda: len(acknowledged) >= 5, PATIENCE_SECONDS)
    os.killpg(one.program.pid, signal.SIGKILL)
    postgresql.stop()
    publisher.join()
    postgresql.start()
    one.program.kill()
    one.start()

    published = [version for version in one.router_versions() if version.startswith("v9.")]
    trail = one.run("audit", "--limit", "10000").stdout
    # One that was stored but not acknowledged before the kill may be there too; none may be lost.
    assert published[: len(acknowledged)] == acknowledged
    assert len(published) <= len(acknowledged) + 1
    assert all(f"deis/router/{version}" in trail for version in published)


def test_backup_by_pg_dump_restores_to_the_same_bytes(
    replicas: tuple[ReleasesApi, ReleasesApi], postgresql: PostgreSQL, tmp_path: Path
) -> None:
    one, two = replicas
    token = one.token()
    assert one.put(f"{ROUTER}/releases/v2.19.0", token, {"security": True}).status_code == 201
    served, trail = one.http.get("/v1/catalogs/deis").content, one.run("audit").stdout

    # As README, Backup and restore, says: the copy while it serves, the way back while nothing does.
    copy = tmp_path / "releases.dump"
    _succeeds(binary("pg_dump"), "--format=custom", f"--file={copy}", postgresql.url)
    assert one.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201
    for api in (one, two):
        api.program.stop()
    postgresql.sql("DROP TABLE releases")
    how = ("--clean", "--if-exists", "--single-transaction")
    _succeeds(binary("pg_restore"), *how, f"--dbname={postgresql.url}", copy)
    one.start()

    assert one.http.get("/v1/catalogs/deis").content == served
    assert one.run("audit").stdout == trail
    assert one.put(f"{ROUTER}/releases/v2.19.1", token, {}).status_code == 201  # tokens are in it
    with pytest.raises(ProgramError, match="the audit trail is never changed"):
        postgresql.sql("DELETE FROM audit")


def _succeeds(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
