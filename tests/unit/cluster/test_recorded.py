import asyncio
import gc
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusters import Manifest, as_running_objects, builder_pods, held, manifests, unknown_workloads
from clusters.objects import Owner, config_map, namespace, node
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import ClusterObjects, Resource
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.cluster.recording_files import RecordedObject
from workflow_exporter.errors import RecordingError
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.snapshot import SourceState

PROFILES = shipped_profiles()
DEIS = PROFILES[0]
READ_AT = datetime(2026, 2, 1, tzinfo=UTC)
VERSION = {"clientVersion": {"gitVersion": "v1.30.0"}, "serverVersion": {"gitVersion": "v1.31.4"}}
OLD_GROUPS = {"apps/v1": "extensions/v1beta1", "batch/v1": "batch/v1beta1"}


class _Dumper(yaml.CSafeDumper):
    """Writes no aliases, as kubectl does not."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def as_yaml(*documents: Any) -> str:
    return yaml.dump_all(documents, Dumper=_Dumper)


def listed(*objects: Manifest, kind: str = "List") -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "items": list(objects), "metadata": {"resourceVersion": ""}}


def recorded(path: Path, namespace: str | None = None) -> RecordedCluster:
    return RecordedCluster(path, PROFILES, namespace=namespace, read_at=READ_AT)


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def up(cluster: RecordedCluster) -> set[str]:
    return {state.source for state in cluster.view().sources if state.up}


DEIS_RUNNING = as_running_objects(manifests("deis-v2.18.0"))


def whole(cluster: RecordedCluster) -> ClusterObjects:
    return cluster.view().objects


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


def test_only_the_platforms_namespace_is_read_of_a_dump_of_all(tmp_path: Path) -> None:
    elsewhere = as_running_objects(
        [
            namespace("shop"),
            *unknown_workloads("shop"),
            config_map(Owner("shop").metadata("slugbuilder-config"), {}),
        ]
    )[1:]

    cluster = recorded(written(tmp_path, all__yaml=as_yaml(listed(*elsewhere, *DEIS_RUNNING))))

    assert cluster.namespace == "deis"
    assert whole(cluster) == held(DEIS_RUNNING, PROFILES)


@pytest.mark.parametrize(
    ("present", "setting", "found"),
    [
        (["deis"], None, "deis"),
        (["drycc"], None, "drycc"),
        (["paas"], None, "paas"),
        (["paas", "drycc"], None, "drycc"),
        (["deis", "paas"], "paas", "paas"),
    ],
)
def test_namespace_is_the_setting_else_a_profiles_own_else_the_one_with_the_workloads(
    tmp_path: Path, present: list[str], setting: str | None, found: str
) -> None:
    objects = []
    for name in present:
        for obj in as_running_objects(manifests("drycc-stable" if name == "drycc" else "deis-v2.18.0")):
            if "namespace" in obj["metadata"]:
                obj["metadata"]["namespace"] = name
                objects.append(obj)

    assert recorded(written(tmp_path, all__json=json.dumps(listed(*objects))), setting).namespace == found


def test_kind_that_was_not_recorded_is_down_so_that_nothing_is_called_missing_for_it(tmp_path: Path) -> None:
    deployments = [obj for obj in DEIS_RUNNING if obj["kind"] == "Deployment"]

    cluster = recorded(written(tmp_path, all__yaml=as_yaml(listed(*deployments))))

    assert cluster.view().sources == tuple(
        SourceState("deployments", up=True, last_success=READ_AT)
        if resource is Resource.DEPLOYMENTS
        else SourceState(resource.value, up=False, reason="not in the recording")
        for resource in Resource
    )


def test_kind_recorded_in_another_namespace_only_is_not_recorded(tmp_path: Path) -> None:
    elsewhere = as_running_objects(builder_pods("shop"))
    deployments = [obj for obj in DEIS_RUNNING if obj["kind"] == "Deployment"]

    cluster = recorded(written(tmp_path, all__yaml=as_yaml(listed(*elsewhere, *deployments))))

    assert up(cluster) == {"deployments", "kube-system"}


@pytest.mark.parametrize(
    ("file", "text", "known"),
    [
        ("any.yaml", as_yaml(listed(kind="StatefulSetList")), True),
        ("statefulsets.yaml", as_yaml(listed()), True),
        ("any.yaml", as_yaml(listed()), False),
    ],
)
def test_none_is_certain_of_an_empty_typed_list_or_of_a_file_named_after_the_resource(
    tmp_path: Path, file: str, text: str, *, known: bool
) -> None:
    written(tmp_path, deployments__yaml=as_yaml(listed(*DEIS_RUNNING)))
    (tmp_path / file).write_text(text)

    assert ("statefulsets" in up(recorded(tmp_path))) is known


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"statefulsets.yaml": as_yaml(listed(*as_running_objects(unknown_workloads("shop"))))},
        {"statefulsets.yaml": as_yaml(listed(*DEIS_RUNNING))},
        {"statefulsets.yaml": as_yaml(VERSION)},
    ],
)
def test_file_name_proves_nothing_of_a_kind_when_its_list_is_not_empty(
    tmp_path: Path, elsewhere: dict[str, str]
) -> None:
    here = [namespace("deis")]
    written(tmp_path, namespaces__yaml=as_yaml(listed(*as_running_objects(here))))
    for name, text in elsewhere.items():
        (tmp_path / name).write_text(text)

    assert "statefulsets" not in up(recorded(tmp_path, "deis"))


@pytest.mark.parametrize("list_kind", ["List", "CronJobList"])
def test_recording_of_other_namespaces_makes_nothing_missing_in_one_that_it_does_not_hold(
    tmp_path: Path, list_kind: str
) -> None:
    of_namespace = [obj for obj in DEIS_RUNNING if obj["metadata"].get("namespace") == "deis"]
    written(
        tmp_path,
        cronjobs__yaml=as_yaml(listed(kind=list_kind)),
        deployments__yaml=as_yaml(listed(*of_namespace)),
        nodes__yaml=as_yaml(listed(*(obj for obj in DEIS_RUNNING if obj["kind"] == "Node"))),
    )

    assert up(recorded(tmp_path, "zzz")) == {"nodes"}
    assert "cronjobs" in up(recorded(tmp_path, "deis"))


def test_namespace_that_was_recorded_empty_beside_others_has_none_of_what_was_asked_for(
    tmp_path: Path,
) -> None:
    empty = as_running_objects([namespace("zzz")])
    written(
        tmp_path,
        namespaces__yaml=as_yaml(listed(*empty, *DEIS_RUNNING)),
        cronjobs__yaml=as_yaml(listed()),
    )

    assert {"cronjobs", "namespace"} <= up(recorded(tmp_path, "zzz"))


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


def test_object_that_cannot_be_decoded_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    odd = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "odd", "uid": "u"},
        "status": {"capacity": 4},
    }
    running = as_running_objects([node("even")])

    cluster = recorded(written(tmp_path, nodes__yaml=as_yaml(listed(odd, *running))))

    assert whole(cluster).malformed == {Resource.NODES: 1}
    assert [one.name for one in extract(whole(cluster), DEIS, "deis").nodes] == ["even"]


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


def test_recording_without_pods_makes_no_component_missing_a_workload(tmp_path: Path) -> None:
    running = [obj for obj in DEIS_RUNNING if obj["kind"] != "Pod"]

    found = extract(whole(recorded(written(tmp_path, all__yaml=as_yaml(listed(*running))))), DEIS, "deis")

    assert [one for one in found.expectations if one.absent_workloads] == []
    assert {one.kind for one in found.workloads} == {
        WorkloadKind.DEPLOYMENT, WorkloadKind.DAEMON_SET, WorkloadKind.CONFIG_MAP,
    }  # fmt: skip


ALIASES = "kind: List\na: &a [1]\nb: [*a, *a]\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        (" \n---\n# nothing\n", "is empty"),
        (
            "No resources found in deis namespace.\n",
            "not an object that kubectl prints: Expected `object`, got `str`",
        ),
        ("{broken", "not JSON that kubectl prints: "),
        ('{"kind": "List"} trailing', "not JSON that kubectl prints: "),
        ("a: [1,\nb: }", "not YAML that kubectl prints: "),
        (
            "a: !!python/object:os.system {}",
            "not YAML that kubectl prints: could not determine a constructor",
        ),
        (ALIASES, "not YAML that kubectl prints: an alias in line 2"),
        ("replicas: 3\n", "has no kind, so it is no Kubernetes object"),
        ("kind: List\nitems: [3]\n", "an item is no Kubernetes object: "),
        ("kind: List\nitems: []\n", "holds no object that the agent reads"),
        ("kind: Secret\nmetadata: {name: s}\n", "holds no object that the agent reads"),
        ("[" * 100_000, "not JSON that kubectl prints: "),
        ("a: " + "[" * 3_000 + "]" * 3_000, "not YAML that kubectl prints: more than 200 levels in line 1"),
        ("a: " + "[" * 200_000, "not YAML that kubectl prints: more than 200 levels in line 1"),
        ("- " * 200_000, "not YAML that kubectl prints: more than 200 levels in line 1"),
        ('{"kind": "Node", "a": "\\ud800"}', "not JSON that kubectl prints: half a surrogate pair"),
        ("a: !!int ''\n", "not YAML that kubectl prints: "),
        ("a: !!bool perhaps\n", "not YAML that kubectl prints: "),
        ("a: !!timestamp soon\n", "not YAML that kubectl prints: "),
    ],
)
def test_file_that_kubectl_did_not_print_is_refused_in_one_line(
    tmp_path: Path, text: str, fault: str
) -> None:
    file = tmp_path / "dump.yaml"
    file.write_text(text)

    with pytest.raises(RecordingError) as refusal:
        recorded(file)

    assert str(refusal.value).startswith(f"{file}: {fault}")
    assert "\n" not in str(refusal.value)


def test_binary_absent_and_huge_files_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\xfa")
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    large = tmp_path / "large.yaml"
    large.write_text("# " + "x" * 33 * 1024 * 1024)
    empty = tmp_path / "empty"
    empty.mkdir()
    expected = {
        binary: "not text, so not what kubectl printed",
        huge: "larger than 256 MiB, is this what kubectl printed?",
        large: "larger than 32 MiB of YAML; record it with `-o json` instead",
        empty: "no file there ends in .yaml, .yml or .json",
        tmp_path / "absent": "No such file or directory",
    }

    for path, fault in expected.items():
        with pytest.raises(RecordingError) as refusal:
            recorded(path)
        assert str(refusal.value) == f"{path}: {fault}"


def test_fault_in_one_of_several_documents_names_its_number(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(as_yaml(DEIS_RUNNING[0], {"replicas": 3}))

    with pytest.raises(RecordingError, match=r"all\.yaml: document 2: has no kind"):
        recorded(file)


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
