"""Which namespace and platform are looked at, when no setting says it: live, and of a recording of the same.

Runs on the fake, and with `--api-server=real`.
"""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_server import ApiServer
from cluster_reading import LONG_WATCHES, until
from clusters import Manifest, unknown_workloads
from clusters.objects import namespace as namespace_manifest
from clusters.rendered import rendering
from kubeconfigs import write_kubeconfig
from workflow_exporter.cluster.connection import connect
from workflow_exporter.cluster.detect import Elsewhere, Located, own_namespaces
from workflow_exporter.cluster.lists_and_watches import LiveCluster, look_for_platform
from workflow_exporter.cluster.objects import ClusterReader
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.errors import ClusterError
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.refresh import Composer
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 9, 1, tzinfo=UTC)
PLACES = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
    "Service": "/api/v1/namespaces/{}/services",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Pod": "/api/v1/namespaces/{}/pods",
}
LISTED = ["apps"], ["deployments", "daemonsets", "statefulsets"]


def profiles_in(prefix: str) -> tuple[Profile, ...]:
    """The shipped ones, in namespaces of the test's own."""
    return tuple(replace(one, namespace=f"{prefix}-{one.namespace}") for one in shipped_profiles())


async def create(api_server: ApiServer, manifests: Iterable[Manifest]) -> None:
    for one in manifests:
        if one["kind"] == "Namespace":
            await api_server.create("/api/v1/namespaces", one)
        else:
            await api_server.create(PLACES[one["kind"]].format(one["metadata"]["namespace"]), one)


async def printed(http: httpx.AsyncClient, namespaces: Iterable[str]) -> dict[str, bytes]:
    """By file what kubectl would print of everything in these namespaces, and of what is in none."""
    paths = [place.format(namespace) for place in PLACES.values() for namespace in namespaces]
    answers = [await http.get(path) for path in ("/api/v1/namespaces", "/api/v1/nodes", *paths)]
    files = {f"{n}.json": one.raise_for_status().content for n, one in enumerate(answers)}
    version = (await http.get("/version")).json()
    return {**files, "version.json": json.dumps({"serverVersion": version}).encode()}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


async def located(kubeconfig: Path, profiles: tuple[Profile, ...]) -> Located:
    connection = connect(str(kubeconfig), environment={})
    try:
        return await look_for_platform(connection.http, profiles)
    finally:
        await connection.aclose()


def snapshot_of(reader: ClusterReader, profiles: tuple[Profile, ...], place: Located) -> Snapshot:
    """Without the moments at which the sources were read."""
    composer = Composer(
        reader,
        profiles,
        place.namespace,
        choices=Choices(),
        identity_key=b"k" * 32,
        elsewhere=place.elsewhere,
    )
    snapshot = composer.compose(NOW, CatalogReading(None), None)
    return replace(snapshot, sources=tuple(replace(one, last_success=None) for one in snapshot.sources))


async def live_snapshot(http: httpx.AsyncClient, profiles: tuple[Profile, ...]) -> Snapshot:
    place = await look_for_platform(http, profiles)
    cluster = LiveCluster(http, profiles, place.namespace, timing=LONG_WATCHES)
    task = asyncio.create_task(cluster.run(lambda: None))
    try:
        await until(lambda: all(state.up is not None for state in cluster.view().sources))
        return snapshot_of(cluster, profiles, place)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def both_ways(
    kubeconfig: Path, folder: Path, profiles: tuple[Profile, ...]
) -> tuple[Snapshot, Snapshot]:
    """(of the cluster, of a recording of it)."""
    connection = connect(str(kubeconfig), environment={})
    try:
        live = await live_snapshot(connection.http, profiles)
        files = await printed(connection.http, own_namespaces(profiles))
    finally:
        await connection.aclose()
    recording = RecordedCluster(written(folder / "dump", files), profiles, namespace=None, read_at=NOW)
    return live, snapshot_of(recording, profiles, recording.located)


def manifests_of(prefix: str, deis: str | None, drycc: str | None) -> list[Manifest]:
    """By namespace a rendering; `empty`, `strangers`, or None: there is no such namespace."""
    found: list[Manifest] = []
    for own, what in (("deis", deis), ("drycc", drycc)):
        place = f"{prefix}-{own}"
        if what in {"empty", "strangers"}:
            found += [namespace_manifest(place), *(unknown_workloads(place) if what == "strangers" else [])]
        elif what:
            found += [one for one in rendering(what).manifests(place) if one["kind"] != "Node"]
    return found


@pytest.mark.parametrize(
    ("deis", "drycc", "shown", "elsewhere"),
    [
        (None, "empty", ("drycc", "drycc"), []),
        ("empty", "empty", ("deis", "deis"), []),
        ("empty", "drycc-v1.8.3", ("drycc", "drycc"), []),
        ("strangers", "drycc-v1.8.3", ("drycc", "drycc"), []),
        ("classic-v2.2.0", "empty", ("deis", "deis"), []),
        ("hephy-v2.19.0", None, ("hephy", "deis"), []),
        (
            "hephy-v2.23.0",
            "drycc-v1.8.3",
            ("drycc", "drycc"),
            ["Hephy Workflow also runs in namespace {}-deis"],
        ),
        (
            "deis-v2.18.0",
            "drycc-v1.4.0",
            ("deis", "deis"),
            ["Drycc Workflow also runs in namespace {}-drycc"],
        ),
    ],
)
async def test_cluster_and_a_recording_of_it_give_the_same_snapshot(
    api_server: ApiServer,
    kubeconfig: Path,
    namespace: str,
    *,
    deis: str | None,
    drycc: str | None,
    shown: tuple[str, str],
    elsewhere: list[str],
) -> None:
    await create(api_server, manifests_of(namespace, deis, drycc))

    live, recorded = await both_ways(kubeconfig, kubeconfig.parent, profiles_in(namespace))

    assert recorded == live
    platform, place = shown
    assert (live.inventory.platform, live.inventory.namespace) == (platform, f"{namespace}-{place}")
    titles = [f"{one.format(namespace)}; set WORKFLOW_NAMESPACE to look at it" for one in elsewhere]
    assert [notice.title for notice in live.notices] == titles


async def located_with_one_right(
    api_server: ApiServer, namespace: str, folder: Path, rule: dict[str, Any]
) -> Located:
    """Where Hephy and Drycc are installed."""
    await create(api_server, manifests_of(namespace, "hephy-v2.23.0", "drycc-v1.8.3"))
    token = await api_server.token_with_rights(f"{namespace}-reader", [rule])
    return await located(write_kubeconfig(folder, api_server, {"token": token}), profiles_in(namespace))


async def test_namespace_whose_workloads_may_be_listed_is_found_though_it_may_not_be_read(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    groups, resources = LISTED
    rule = {"namespace": f"{namespace}-drycc", "apiGroups": groups, "resources": resources, "verbs": ["list"]}

    found = await located_with_one_right(api_server, namespace, tmp_path, rule)

    assert found == Located(f"{namespace}-drycc")


async def test_namespace_that_may_only_be_read_is_found_where_nothing_may_be_listed(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    what = {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [f"{namespace}-drycc"]}
    rule = {"namespace": None, **what, "verbs": ["get"]}

    found = await located_with_one_right(api_server, namespace, tmp_path, rule)

    assert found == Located(f"{namespace}-drycc")


async def test_nothing_that_may_be_read_leaves_the_first_profiles_own_namespace(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    token = await api_server.token_with_rights(f"{namespace}-nobody", [])
    kubeconfig = write_kubeconfig(tmp_path, api_server, {"token": token})

    assert await located(kubeconfig, profiles_in(namespace)) == Located(f"{namespace}-deis")


async def test_workloads_in_another_namespace_are_told_with_the_platform_that_they_show(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    await create(api_server, manifests_of(namespace, "hephy-v2.23.0", "drycc-v1.8.3"))

    found = await located(kubeconfig, profiles_in(namespace))

    elsewhere = (Elsewhere("Hephy Workflow", f"{namespace}-deis"),)
    assert found == Located(f"{namespace}-drycc", elsewhere)


async def test_server_that_cannot_be_asked_is_an_error_and_no_guess(
    api_server: ApiServer, tmp_path: Path
) -> None:
    kubeconfig = write_kubeconfig(tmp_path, api_server, {"token": "nobodys"})

    with pytest.raises(ClusterError):
        await located(kubeconfig, shipped_profiles())
