"""Recordings in folders, packed, with links, from standard input, and with one UID for two objects."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clusters import as_running_objects, held, manifests
from kubectl_dumps import DEIS, DEIS_RUNNING, PROFILES, as_yaml, listed, recorded, up, whole, written
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.recording_files import read_files
from workflow_exporter.errors import RecordingError

HELD = held(DEIS_RUNNING, PROFILES)
NODES = [obj for obj in DEIS_RUNNING if obj["kind"] == "Node"]
OTHERS = [obj for obj in DEIS_RUNNING if obj["kind"] != "Node"]


def dumped(folder: Path, objects: list[dict[str, Any]]) -> Path:
    """The tree of `kubectl cluster-info dump --output-directory`, and a pod's log."""
    kinds: dict[tuple[str, str], list[Any]] = {}
    for obj in objects:
        kinds.setdefault((obj["metadata"].get("namespace", ""), obj["kind"]), []).append(obj)
    for (namespace, kind), items in kinds.items():
        (folder / namespace).mkdir(parents=True, exist_ok=True)
        text = json.dumps(listed(*items, kind=f"{kind}List"), indent=4)
        (folder / namespace / f"{kind.lower()}s.json").write_text(text)
    (folder / "deis" / "deis-router-1").mkdir()
    (folder / "deis" / "deis-router-1" / "logs.txt").write_text("{ a log")
    return folder


def test_tree_of_cluster_info_dump_is_read_with_its_subfolders(tmp_path: Path) -> None:
    assert whole(recorded(dumped(tmp_path / "dump", DEIS_RUNNING))) == HELD


def test_empty_list_in_a_subfolder_speaks_for_the_namespace_of_that_name_alone(tmp_path: Path) -> None:
    dump = dumped(tmp_path / "dump", OTHERS)
    (dump / "kube-system").mkdir(exist_ok=True)
    (dump / "kube-system" / "statefulsets.json").write_text(json.dumps(listed(kind="StatefulSetList")))
    (dump / "deis" / "replication-controllers.json").write_text(json.dumps(listed()))

    assert {"statefulsets", "replicationcontrollers"} & up(recorded(dump)) == {"replicationcontrollers"}


def test_packed_files_are_read_by_their_name_in_a_folder_and_by_their_bytes_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "nodes.json.gz").write_bytes(gzip.compress(json.dumps(listed(*NODES)).encode()))
    (folder / "others.yaml.gz").write_bytes(gzip.compress(as_yaml(listed(*OTHERS)).encode("utf-16")))
    (folder / "statefulsets.yml.gz").write_bytes(gzip.compress(as_yaml(listed()).encode()))
    single = tmp_path / "dump.bin"
    single.write_bytes(
        gzip.compress(as_yaml(*NODES).encode()) + gzip.compress(b"---\n" + as_yaml(*OTHERS).encode())
    )

    assert whole(recorded(folder)) == whole(recorded(single)) == HELD
    assert "statefulsets" in up(recorded(folder))


def test_damaged_and_huge_packed_files_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress(as_yaml(listed(*DEIS_RUNNING)).encode())
    bomb = tmp_path / "bomb.yaml.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(b" " * 1024 * 1024)
    half, noise = tmp_path / "half.gz", tmp_path / "noise.gz"
    half.write_bytes(packed[: len(packed) // 2])
    noise.write_bytes(packed[:40] + b"\0" * 40)

    for path, fault in {
        bomb: "larger than 256 MiB, is this what kubectl printed?",
        half: "is a gzip file that is damaged or breaks off",
        noise: "is a gzip file that is damaged or breaks off",
    }.items():
        with pytest.raises(RecordingError) as refusal:
            recorded(path)
        assert str(refusal.value) == f"{path}: {fault}"


def test_cap_counts_all_files_together(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        with (tmp_path / f"{name}.json").open("wb") as file:
            file.write(b'{"kind": "List", "items": []}\n' + b"\n" * 100 * 1024 * 1024)

    with pytest.raises(RecordingError, match=r"c\.json: larger than 256 MiB"):
        recorded(tmp_path)


def test_links_are_followed_and_each_file_is_read_once(tmp_path: Path) -> None:
    dump = dumped(tmp_path / "dump", DEIS_RUNNING)
    (dump / "deis" / "loop").symlink_to(dump)
    (dump / "self").symlink_to(".")
    (dump / "again.json").symlink_to("nodes.json")
    (dump / "dangling.yaml").symlink_to("nowhere")
    elsewhere = written(tmp_path, version__json='{"gitVersion": "v1.37.2"}') / "version.json"
    (dump / "version.json").symlink_to(elsewhere)

    names = [file.name for file in read_files(dump)]

    assert len(names) == len(set(names))
    assert extract(whole(recorded(dump)), DEIS, "deis").cluster.kubernetes_version == "v1.37.2"


def test_config_map_mounted_as_a_folder_is_read_by_its_links(tmp_path: Path) -> None:
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "cronjobs.yaml").write_text(as_yaml(listed()))
    (tmp_path / "..2026" / "all.yaml").write_text(as_yaml(listed(*DEIS_RUNNING)))
    (tmp_path / "..data").symlink_to("..2026")
    for name in ("cronjobs.yaml", "all.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")

    assert [(file.name, file.folder) for file in read_files(tmp_path)] == [("all", ""), ("cronjobs", "")]
    assert "cronjobs" in up(recorded(tmp_path))


def test_object_that_was_recorded_twice_is_one_object(tmp_path: Path) -> None:
    unknown = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "deis", "uid": "u"},
    }
    dump = listed(*DEIS_RUNNING, unknown)

    cluster = recorded(written(tmp_path, a__yaml=as_yaml(dump), b__json=json.dumps(dump)))

    assert whole(cluster).known == HELD.known
    assert sum(whole(cluster).unknown.values()) == sum(HELD.unknown.values()) + 1


def test_objects_with_one_uid_are_all_seen(tmp_path: Path) -> None:
    running = as_running_objects(manifests("deis-v2.18.0"))
    for obj in running:
        obj["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"

    found = extract(whole(recorded(written(tmp_path, all__json=json.dumps(listed(*running))))), DEIS, "deis")
    expected = extract(HELD, DEIS, "deis")

    assert [one.name for one in found.workloads] == [one.name for one in expected.workloads]
    assert [one.pods for one in found.workloads] == [one.pods for one in expected.workloads]
    assert (found.services, found.nodes) == (expected.services, expected.nodes)


@pytest.mark.parametrize("packed", [False, True])
def test_recording_is_read_from_standard_input(*, packed: bool) -> None:
    data = as_yaml(listed(*DEIS_RUNNING)).encode("utf-16")
    arguments = [sys.executable, "-m", "workflow_exporter", "check", "--from", "-"]

    done = subprocess.run(
        arguments, input=gzip.compress(data) if packed else data, capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (3, b"")
    assert b"router" in done.stdout


def test_fault_on_standard_input_names_it() -> None:
    arguments = [sys.executable, "-m", "workflow_exporter", "check", "--from", "-"]

    done = subprocess.run(arguments, input=b"{", capture_output=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith(b"workflow-exporter: standard input: not JSON that kubectl prints: ")


def test_closed_standard_input_is_named() -> None:
    command = f"exec {sys.executable} -m workflow_exporter check --from - <&-"

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (2, b"workflow-exporter: standard input: is closed\n")


def test_pipe_is_refused_with_the_way_to_read_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(RecordingError, match=r"into one, or pipe it into `--from -`$"):
        read_files(tmp_path / "pipe")


def test_files_of_a_folder_that_are_not_read_are_counted_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(
        tmp_path, all__yaml=as_yaml(listed(*DEIS_RUNNING)), README__md="", logs__txt="", notes__yamlish=""
    )
    read_files(tmp_path)
    assert caplog.messages == []

    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "pods.yaml.txt").write_text("")
    (tmp_path / "again.yaml").symlink_to("all.yaml")
    read_files(tmp_path)

    told = "3 files are not read: links to nothing, pipes, or names that go on after .yaml or .json"
    assert caplog.messages == [f"{tmp_path}: {told}"]
