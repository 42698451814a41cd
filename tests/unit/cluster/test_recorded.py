"""Recordings as kubectl prints them are read as the cluster they were made of."""

import asyncio
import gc
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clusters import as_running_objects, held, manifests
from kubectl_dumps import (
    DEIS,
    DEIS_RUNNING,
    OLD_GROUPS,
    PROFILES,
    VERSION,
    as_yaml,
    listed,
    recorded,
    up,
    whole,
    written,
)
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.cluster.recording_files import RecordedObject


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("all.yaml", as_yaml(listed(*DEIS_RUNNING))),
        ("all.json", json.dumps(listed(*DEIS_RUNNING), indent=4)),
        ("documents.yml", as_yaml(*DEIS_RUNNING)),
        ("documents.json", "\n".join(json.dumps(obj, indent=4) for obj in DEIS_RUNNING)),
        ("windows.yaml", "\ufeff" + as_yaml(listed(*DEIS_RUNNING))),
    ],
)
def test_recording_is_read_as_the_cluster_it_was_made_of(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    cluster = recorded(tmp_path / name)

    assert cluster.namespace == "deis"
    assert whole(cluster) == held(DEIS_RUNNING, PROFILES)


def test_text_in_utf_16_as_powershell_writes_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(as_yaml(listed(*DEIS_RUNNING)), encoding="utf-16")

    assert whole(recorded(tmp_path / "all.yaml")) == held(DEIS_RUNNING, PROFILES)


def test_folder_is_read_file_by_file_and_other_files_are_passed_over(tmp_path: Path) -> None:
    nodes = [obj for obj in DEIS_RUNNING if obj["kind"] == "Node"]
    others = [obj for obj in DEIS_RUNNING if obj["kind"] != "Node"]
    written(
        tmp_path,
        nodes__json=json.dumps(listed(*nodes)),
        others__yaml=as_yaml(listed(*others)),
        version__json=json.dumps(VERSION),
        notes__txt="{{ no YAML }}",
    )

    cluster = recorded(tmp_path)

    expected = held(DEIS_RUNNING, PROFILES)
    objects = whole(cluster)
    assert {k: v for k, v in objects.known.items() if k is not Resource.VERSION} == expected.known
    assert extract(objects, DEIS, "deis").cluster.kubernetes_version == "v1.31.4"


@pytest.mark.parametrize(
    "text",
    [
        as_yaml(VERSION),
        json.dumps(VERSION),
        json.dumps({"major": "1", "minor": "31", "gitVersion": "v1.31.4", "platform": "linux/amd64"}),
    ],
)
def test_version_is_what_kubectl_version_prints_or_the_servers_own_answer(tmp_path: Path, text: str) -> None:
    cluster = recorded(written(tmp_path, version__yaml=text))

    assert up(cluster) == {"version"}
    assert extract(whole(cluster), DEIS, "deis").cluster.kubernetes_version == "v1.31.4"


def test_version_of_the_client_alone_says_nothing_of_the_server(tmp_path: Path) -> None:
    client = {"clientVersion": VERSION["clientVersion"]}
    written(tmp_path, version__yaml=as_yaml(client), nodes__yaml=as_yaml(listed(*DEIS_RUNNING)))

    assert "version" not in up(recorded(tmp_path))


def test_typed_list_need_not_repeat_the_kind_in_its_items(tmp_path: Path) -> None:
    deployments = [obj for obj in DEIS_RUNNING if obj["kind"] == "Deployment"]
    bare = [
        {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}} for obj in deployments
    ]
    typed = {"kind": "DeploymentList", "apiVersion": "apps/v1", "items": bare}

    assert whole(recorded(written(tmp_path, d__json=json.dumps(typed)))) == held(deployments, PROFILES)


def test_old_api_groups_are_read_as_the_new_ones(tmp_path: Path) -> None:
    running = as_running_objects(manifests("drycc-stable"))
    old = [{**obj, "apiVersion": OLD_GROUPS.get(obj["apiVersion"], obj["apiVersion"])} for obj in running]

    assert whole(recorded(written(tmp_path, all__yaml=as_yaml(listed(*old))))) == held(running, PROFILES)


def test_kinds_of_other_groups_and_secrets_are_passed_over(tmp_path: Path) -> None:
    others = [
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": "deis-router", "uid": "1"},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s", "uid": "2"},
            "data": {"k": "c3dvcmRmaXNo"},
        },
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "deis-builder", "uid": "3"}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "deis-builder", "uid": "4"}},
    ]

    cluster = recorded(written(tmp_path, all__yaml=as_yaml(listed(*DEIS_RUNNING, *others))))

    assert whole(cluster) == held(DEIS_RUNNING, PROFILES)


def test_nothing_of_a_secret_is_kept_of_a_dump_that_holds_one(tmp_path: Path) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "deis", "uid": "2"},
    }
    dump = listed(*DEIS_RUNNING, {**secret, "data": {"k": "c3dvcmRmaXNo"}})
    for number, text in enumerate((as_yaml(dump), json.dumps(dump))):
        file = tmp_path / f"dump{number}.yaml"
        file.write_text(text)

        view = recorded(file).view()

        assert "c3dvcmRmaXNo" not in repr(view)
        assert not any(isinstance(obj, RecordedObject) for obj in gc.get_objects())


def test_object_without_uid_is_told_by_its_name_and_a_namespace_gives_no_identity(tmp_path: Path) -> None:
    running = as_running_objects(manifests("deis-v2.18.0"))
    for obj in running:
        del obj["metadata"]["uid"]

    cluster = recorded(written(tmp_path, all__json=json.dumps(listed(*running))))
    found = extract(whole(cluster), DEIS, "deis")

    assert len(found.workloads) == 18
    assert found.cluster.cluster_uid is None
    assert found.malformed_objects == {"kube-system": 1, "namespace": 1}


def test_unquoted_moments_keep_their_offset(tmp_path: Path) -> None:
    text = (
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kube-system\n  uid: u\n"
        "  creationTimestamp: 2026-01-05T12:00:00+02:00\n"
    )

    found = extract(whole(recorded(written(tmp_path, n__yaml=text))), DEIS, "deis").cluster

    assert found.cluster_created == datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.anyio
async def test_recording_changes_once_and_then_waits_to_be_cancelled(tmp_path: Path) -> None:
    cluster = recorded(written(tmp_path, all__yaml=as_yaml(listed(*DEIS_RUNNING))))
    changes: list[None] = []
    task = asyncio.create_task(cluster.run(lambda: changes.append(None)))
    await asyncio.sleep(0)

    assert (changes, task.done()) == ([None], False)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
