"""`prometheus/delete-instance` against a real Prometheus: that id is gone, and nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from e2e.blocks import BARE_WORD, WITH_SERIES, make_block, mentions, series_on_disk
from e2e.recording_rules import PROMETHEUS
from e2e.reporting import Prometheus
from ingest_factories import INSTANCE, OTHER_INSTANCE, pack, series, whole

_SCRIPT = PROMETHEUS / "delete-instance"
_UNKNOWN = "0" * 32
_KEPT = "1" * 32
_SERIES = 20  # of a whole report, and one that a rule recorded
_HEADERS = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with Prometheus(tmp_path_factory.mktemp("store") / "prometheus", admin=True) as running:
        yield running


def filled(prometheus: Prometheus) -> Prometheus:
    """With a report of two instances each, and what a rule recorded of them."""
    moment = int(datetime.now(UTC).timestamp()) // 3600 * 3600
    for one in (INSTANCE, OTHER_INSTANCE):
        recorded = {"__name__": "instance_id:fleet_first_seen_timestamp_seconds:min", "instance_id": one}
        body = whole(one, moment=moment) + series(recorded, float(moment), moment * 1000)
        answer = httpx.post(
            str(prometheus.write_address), content=pack(body), headers=_HEADERS, trust_env=False
        )
        answer.raise_for_status()
    return prometheus


def delete(prometheus: Prometheus, *arguments: str) -> tuple[int, str]:
    """The exit status, and what it printed."""
    command: list[str | Path] = [sys.executable, "-I", _SCRIPT, "--url", prometheus.url, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def held(prometheus: Prometheus, over: str = "3h") -> dict[str, int]:
    """How many series there are of each instance."""
    found = prometheus.samples('{instance_id!=""}', datetime.now(UTC), over)
    ids = [dict(labels)["instance_id"] for labels in found]
    return {one: ids.count(one) for one in ids}


def known_ids(prometheus: Prometheus) -> list[str]:
    """What Prometheus offers people who type a query."""
    path = "/api/v1/label/instance_id/values"
    answer = httpx.get(prometheus.url + path, trust_env=False, timeout=60).raise_for_status()
    found: list[str] = answer.json()["data"]
    return found


def hide(prometheus: Prometheus, instance_id: str) -> None:
    """The first half of deleting, and no more."""
    path, query = "/api/v1/admin/tsdb/delete_series", {"match[]": f'{{instance_id="{instance_id}"}}'}
    httpx.post(prometheus.url + path, params=query, trust_env=False, timeout=60).raise_for_status()


def test_an_id_is_deleted_with_what_was_recorded_of_it_and_no_other(prometheus: Prometheus) -> None:
    filled(prometheus)
    assert held(prometheus) == {INSTANCE: _SERIES, OTHER_INSTANCE: _SERIES}

    tried = delete(prometheus, "--dry-run", INSTANCE)
    untouched = held(prometheus)
    deleted = delete(prometheus, INSTANCE, _UNKNOWN)
    again = delete(prometheus, INSTANCE)

    assert tried == (0, f"{INSTANCE}: {_SERIES} series\n")
    assert untouched == {INSTANCE: _SERIES, OTHER_INSTANCE: _SERIES}
    assert deleted == (
        1,
        f"{INSTANCE}: {_SERIES} series\n{_UNKNOWN}: 0 series, nothing to delete\ndeleted: 1\n",
    )
    assert again == (1, f"{INSTANCE}: 0 series, nothing to delete\n")
    assert held(prometheus) == {OTHER_INSTANCE: _SERIES}
    assert delete(prometheus, OTHER_INSTANCE) == (0, f"{OTHER_INSTANCE}: {_SERIES} series\ndeleted: 1\n")


def test_older_blocks_are_rewritten_without_the_series_even_after_a_run_that_was_cut_off(
    tmp_path: Path,
) -> None:
    """Deleting only hides what blocks hold, until their tombstones are cleaned."""
    prometheus, data = Prometheus(tmp_path / "prometheus", admin=True), tmp_path / "prometheus" / "data"
    make_block(tmp_path, data, (INSTANCE, OTHER_INSTANCE, _KEPT))
    with prometheus:
        assert set(held(prometheus, "5d")) == {INSTANCE, OTHER_INSTANCE, _KEPT}
        hide(prometheus, INSTANCE)
        hidden = set(held(prometheus, "5d")), series_on_disk(data)
        again = delete(prometheus, INSTANCE)
        after_again = mentions(data, INSTANCE, OTHER_INSTANCE, _KEPT), series_on_disk(data)
        deleted = delete(prometheus, OTHER_INSTANCE)

        assert hidden == ({OTHER_INSTANCE, _KEPT}, 3)
        assert again == (1, f"{INSTANCE}: 0 series, nothing to delete\n")
        assert after_again == ((BARE_WORD, WITH_SERIES, WITH_SERIES), 2)
        assert deleted == (0, f"{OTHER_INSTANCE}: 1 series\ndeleted: 1\n")
        assert mentions(data, INSTANCE, OTHER_INSTANCE, _KEPT) == (BARE_WORD, BARE_WORD, WITH_SERIES)
        assert series_on_disk(data) == 1
        assert held(prometheus, "5d") == {_KEPT: 1}
        assert known_ids(prometheus) == [_KEPT]


@pytest.mark.parametrize(
    "text", ["", ".*", INSTANCE[:-1], INSTANCE.upper(), INSTANCE + "\n", '"} or {a="', "٣" * 32]
)
def test_what_is_no_id_is_refused_before_anything_is_asked(text: str) -> None:
    command: list[str | Path] = [sys.executable, "-I", _SCRIPT, "--url", "http://127.0.0.1:1", text]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, "is no instance id" in ran.stderr) == (2, True)


def test_without_the_admin_api_nothing_is_deleted_and_the_flag_is_named(tmp_path: Path) -> None:
    with Prometheus(tmp_path / "prometheus") as prometheus:
        status, said = delete(filled(prometheus), INSTANCE)

        assert (status, "--web.enable-admin-api" in said) == (3, True)
        assert held(prometheus)[INSTANCE] == _SERIES


def test_prometheus_that_is_not_there_is_told(tmp_path: Path) -> None:
    status, said = delete(Prometheus(tmp_path / "prometheus"), INSTANCE)

    assert (status, "does not answer" in said) == (3, True)


def test_help_says_what_is_needed_and_what_each_exit_status_means() -> None:
    command: list[str | Path] = [_SCRIPT, "--help"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    assert [word for word in ("--web.enable-admin-api", "Exit status", "--dry-run") if word not in said] == []
