"""Which namespace a recording is of, and what it proves to be absent."""

import json
from pathlib import Path

import pytest

from clusters import Manifest, as_running_objects, builder_pods, held, manifests, unknown_workloads
from clusters.objects import Owner, config_map, namespace
from kubectl_dumps import (
    DEIS,
    DEIS_RUNNING,
    PROFILES,
    READ_AT,
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
from workflow_exporter.errors import RecordingError
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.snapshot import SourceState


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


def test_kind_of_which_there_is_nothing_is_not_recorded_which_is_not_down(tmp_path: Path) -> None:
    deployments = [obj for obj in DEIS_RUNNING if obj["kind"] == "Deployment"]

    cluster = recorded(written(tmp_path, all__yaml=as_yaml(listed(*deployments))))

    assert cluster.view().sources == tuple(
        SourceState("deployments", up=True, last_success=READ_AT)
        if resource is Resource.DEPLOYMENTS
        else SourceState(resource.value, up=None, reason="not recorded", recorded=False)
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
    ("file", "text"),
    [
        ("statefulsets.yaml", as_yaml(listed())),
        ("statefulsets.json", json.dumps(listed(), indent=4) + "\n"),
        ("any.yaml", as_yaml(listed(kind="StatefulSetList"))),
    ],
)
def test_empty_list_beside_an_error_of_kubectl_proves_nothing(tmp_path: Path, file: str, text: str) -> None:
    error = 'Error from server (Forbidden): statefulsets.apps is forbidden: User "x" cannot list resource\n'
    written(tmp_path, deployments__yaml=as_yaml(listed(*DEIS_RUNNING)))

    for told in (text + error, error + text):
        (tmp_path / file).write_text(told)

        assert "statefulsets" not in up(recorded(tmp_path))


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
def test_recording_that_holds_nothing_of_the_namespace_in_the_setting_is_refused(
    tmp_path: Path, list_kind: str
) -> None:
    of_namespace = [obj for obj in DEIS_RUNNING if obj["metadata"].get("namespace") == "deis"]
    written(
        tmp_path,
        cronjobs__yaml=as_yaml(listed(kind=list_kind)),
        deployments__yaml=as_yaml(listed(*of_namespace)),
        nodes__yaml=as_yaml(listed(*(obj for obj in DEIS_RUNNING if obj["kind"] == "Node"))),
    )

    with pytest.raises(RecordingError) as refused:
        recorded(tmp_path, "zzz")

    assert str(refused.value) == f"{tmp_path}: the recording holds nothing of namespace zzz; it has: deis"
    assert "cronjobs" in up(recorded(tmp_path, "deis"))


def test_namespaces_of_a_platform_are_named_first_and_five_at_most(tmp_path: Path) -> None:
    shops = [
        obj
        for number in range(7)
        for obj in as_running_objects(unknown_workloads(f"a-shop-{number}"))
        if "namespace" in obj["metadata"]
    ]
    path = written(tmp_path, all__json=json.dumps(listed(*shops, *DEIS_RUNNING)))

    with pytest.raises(RecordingError) as refused:
        recorded(path, "zzz")

    named = str(refused.value).partition("it has: ")[2]
    assert named == "deis, a-shop-0, a-shop-1, a-shop-2, a-shop-3 and 3 more"


@pytest.mark.parametrize("list_kind", ["List", "CronJobList"])
def test_recording_of_other_namespaces_makes_nothing_missing_in_the_one_that_is_guessed(
    tmp_path: Path, list_kind: str
) -> None:
    strangers = [
        obj for obj in as_running_objects(unknown_workloads("shop")) if "namespace" in obj["metadata"]
    ]
    written(
        tmp_path,
        cronjobs__yaml=as_yaml(listed(kind=list_kind)),
        deployments__yaml=as_yaml(listed(*strangers)),
        nodes__yaml=as_yaml(listed(*(obj for obj in DEIS_RUNNING if obj["kind"] == "Node"))),
    )

    cluster = recorded(tmp_path)

    assert (cluster.namespace, up(cluster)) == ("deis", {"nodes"})


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


def test_recording_without_pods_makes_no_component_missing_a_workload(tmp_path: Path) -> None:
    running = [obj for obj in DEIS_RUNNING if obj["kind"] != "Pod"]

    found = extract(whole(recorded(written(tmp_path, all__yaml=as_yaml(listed(*running))))), DEIS, "deis")

    assert [one for one in found.expectations if one.absent_workloads] == []
    assert {one.kind for one in found.workloads} == {
        WorkloadKind.DEPLOYMENT, WorkloadKind.DAEMON_SET, WorkloadKind.CONFIG_MAP,
    }  # fmt: skip


def with_uids(*objects: Manifest, suffix: str) -> list[Manifest]:
    """The same objects as another cluster has them: under other UIDs."""
    return [
        {**obj, "metadata": {**obj["metadata"], "uid": f"{obj['metadata']['uid']}{suffix}"}}
        for obj in objects
    ]


ROUTER = [
    obj
    for obj in DEIS_RUNNING
    if (obj["kind"], obj["metadata"]["name"]) in {("Deployment", "deis-router"), ("Namespace", "kube-system")}
]
OTHERS = [obj for obj in as_running_objects(unknown_workloads("shop")) if "namespace" in obj["metadata"]]


@pytest.mark.parametrize(
    ("again", "count"),
    [
        (ROUTER, 0),
        (with_uids(*ROUTER, suffix="0"), 2),
        ([*with_uids(*ROUTER, suffix="0"), *with_uids(*ROUTER, suffix="1")], 2),
        ([{**obj, "metadata": {**obj["metadata"], "uid": ""}} for obj in ROUTER], 0),
        ([*OTHERS, *with_uids(*OTHERS, suffix="0")], 0),
    ],
    ids=["the same", "two clusters", "three", "UIDs taken out", "another namespace"],
)
def test_objects_of_one_name_and_several_uids_are_counted(
    tmp_path: Path, again: list[Manifest], count: int
) -> None:
    path = written(tmp_path, a__yaml=as_yaml(listed(*DEIS_RUNNING)), b__yaml=as_yaml(listed(*again)))

    assert recorded(path, "deis").objects_with_several_uids == count
