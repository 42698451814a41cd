"""The agent's picture of a cluster follows the cluster, whatever its API server does.

Runs on the fake, and with `--api-server=real` on a real one. What a source shows when it is down is in
test_kubernetes_degrading.py.
"""

from pathlib import Path

import pytest

from api_server import ApiServer
from cluster_reading import reading, short_watches, until
from clusters.objects import Manifest, Template, config_map, node, pod, service, workload
from clusters.objects import namespace as namespace_manifest
from fakes.kubernetes import OLD_GROUPS, FakeApiServer
from kubeconfigs import write_kubeconfig
from workflow_exporter.cluster.objects import Resource

pytestmark = pytest.mark.anyio

_NODES = "/api/v1/nodes"


def workload_of(kind: str, name: str) -> Manifest:
    """Without replicas, so that no controller is missed."""
    template = Template({"app": name}, [(name, f"deis/{name}:v2.18.0")])
    return workload(kind, {"name": name}, template, replicas=0, selector={"app": name})


def debian(node_name: str) -> Manifest:
    """A patch that shows."""
    return {"status": {"nodeInfo": node(node_name, os_image="Debian 13")["status"]["nodeInfo"]}}


def runner_image(version: str) -> Manifest:
    return config_map({"name": "slugrunner-config"}, {"image": f"deis/slugrunner:{version}"})


async def create_one_of_each(api_server: ApiServer, namespace: str) -> None:
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
    for path, manifest in (
        (
            f"{core}/pods",
            pod({"name": "deis-router-1", "labels": {"app": "deis-router"}}, [("router", "deis/router")]),
        ),
        (f"{core}/services", service({"name": "deis-router"}, {"app": "deis-router"}, {"http": 80})),
        (f"{core}/replicationcontrollers", workload_of("ReplicationController", "deis-builder")),
        (f"{core}/configmaps", runner_image("v2.4.1")),
        (f"{apps}/deployments", workload_of("Deployment", "deis-router")),
        (f"{apps}/daemonsets", workload_of("DaemonSet", "deis-logger-fluentd")),
        (f"{apps}/statefulsets", workload_of("StatefulSet", "deis-nsqd")),
        (f"/apis/batch/v1/namespaces/{namespace}/cronjobs", workload_of("CronJob", "deis-database")),
        (_NODES, node(f"{namespace}-1")),
    ):
        await api_server.create(path, manifest)


async def test_first_complete_view_holds_every_resource(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    await create_one_of_each(api_server, namespace)

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        names = {str(resource): set(read.objects(resource)) for resource in Resource}
        states = read.view().sources

    names["nodes"] &= {f"{namespace}-1"}  # a shared real server may have others
    assert names == {
        "pods": {"deis-router-1"},
        "services": {"deis-router"},
        "replicationcontrollers": {"deis-builder"},
        "deployments": {"deis-router"},
        "daemonsets": {"deis-logger-fluentd"},
        "statefulsets": {"deis-nsqd"},
        "cronjobs": {"deis-database"},
        "configmaps": {"slugrunner-config"},
        "nodes": {f"{namespace}-1"},
        "kube-system": {"kube-system"},
        "namespace": {namespace},
        "version": {"version"},
    }
    assert [state.source for state in states] == [str(resource) for resource in Resource]
    assert all(state.up and state.reason is None and state.last_success for state in states)


async def test_what_is_created_changed_and_deleted_shows(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    name = f"{namespace}-1"

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()

        await api_server.create(_NODES, node(name))
        await read.until(lambda: name in read.objects(Resource.NODES))
        await api_server.patch_status(f"{_NODES}/{name}", debian(name))
        await read.until(lambda: read.objects(Resource.NODES)[name].status.node_info.os_image == "Debian 13")
        await api_server.delete(f"{_NODES}/{name}")
        await read.until(lambda: name not in read.objects(Resource.NODES))

        assert read.count(Resource.NODES, "lists") == 1


async def test_update_that_changes_nothing_shown_is_no_change(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    name = f"{namespace}-1"
    await api_server.create(_NODES, node(name))

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        await read.until(lambda: read.count(Resource.NODES, "watches") == 1)
        before = read.changes

        for beat in range(5):
            condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": f"2026-02-01T00:00:0{beat}Z"}
            await api_server.patch_status(f"{_NODES}/{name}", {"status": {"conditions": [condition]}})
        await api_server.patch_status(f"{_NODES}/{name}", debian(name))
        await read.until(lambda: read.objects(Resource.NODES)[name].status.node_info.os_image == "Debian 13")

        assert read.changes == before + 1


async def test_list_of_many_pages_is_whole(api_server: ApiServer, namespace: str, kubeconfig: Path) -> None:
    names = {f"{namespace}-{number}" for number in range(7)}
    for name in names:
        await api_server.create(_NODES, node(name))

    async with reading(kubeconfig, namespace, page_objects=2) as read:
        await read.until_complete()

        assert names <= set(read.objects(Resource.NODES))


async def test_customers_pods_are_a_count_and_nothing_else(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    build = pod({"name": "slugbuild-telling-name-1"}, [("build", "deis/slugbuilder:v2.4.12")])
    path = f"/api/v1/namespaces/{namespace}/pods"

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        await api_server.create(path, build)
        await read.until(lambda: read.view().objects.unknown == {Resource.PODS: 1})
        shown = repr(read.view())
        await api_server.delete(f"{path}/slugbuild-telling-name-1")
        await read.until(lambda: not read.view().objects.unknown)

    assert "telling" not in shown


async def test_config_map_is_read_again_and_may_come_and_go(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    def images() -> list[str]:
        return [c.data["image"] for c in read.objects(Resource.CONFIG_MAPS).values()]

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        assert (read.state(Resource.CONFIG_MAPS).up, images()) == (True, [])

        await api_server.create(path, runner_image("v2.4.1"))
        await read.until(lambda: images() == ["deis/slugrunner:v2.4.1"])
        await api_server.patch(f"{path}/slugrunner-config", runner_image("v2.4.2"))
        await read.until(lambda: images() == ["deis/slugrunner:v2.4.2"])
        await api_server.delete(f"{path}/slugrunner-config")
        await read.until(lambda: images() == [])


async def test_expired_history_is_listed_again_and_the_old_objects_stay_until_then(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    gone, new = f"{namespace}-gone", f"{namespace}-new"
    await api_server.create(_NODES, node(gone))

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        await api_server.forget_history()
        await api_server.delete(f"{_NODES}/{gone}")
        await api_server.create(_NODES, node(new))
        await read.until(lambda: {gone, new} & set(read.objects(Resource.NODES)) == {new})
        await read.until(lambda: all(read.up().values()))

        assert read.count(Resource.NODES, "lists") >= 2
        assert read.count(Resource.NODES, "expired") >= 1


async def test_nothing_is_lost_over_kill_and_restart(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    stays, gone, new = (f"{namespace}-{name}" for name in ("stays", "gone", "new"))
    await api_server.create(_NODES, node(stays))
    await api_server.create(_NODES, node(gone))

    async with reading(kubeconfig, namespace) as read:
        await read.until_complete()
        await api_server.kill()
        await read.until(lambda: read.state(Resource.NODES).up is False)
        held = set(read.objects(Resource.NODES))
        last_success = read.state(Resource.NODES).last_success

        await api_server.restart()
        await api_server.delete(f"{_NODES}/{gone}")
        await api_server.create(_NODES, node(new))
        await read.until(lambda: {stays, gone, new} & set(read.objects(Resource.NODES)) == {stays, new})
        await read.until(lambda: all(read.up().values()))
        after = read.state(Resource.NODES).last_success

    assert {stays, gone} <= held
    assert None not in {last_success, after}
    assert str(last_success) < str(after)


async def test_watches_that_end_are_taken_up_again(
    api_server: ApiServer, namespace: str, kubeconfig: Path
) -> None:
    name = f"{namespace}-1"

    async with reading(kubeconfig, namespace, short_watches(api_server)) as read:
        await read.until_complete()
        await read.until(lambda: read.count(Resource.NODES, "watches") >= 3)
        before = read.changes
        await api_server.create(_NODES, node(name))
        await read.until(lambda: name in read.objects(Resource.NODES))

        assert read.changes == before + 1
        assert read.count(Resource.NODES, "failures") == 0


@pytest.mark.fake_only("a real server has no groups that were removed years ago")
async def test_old_api_groups_are_read_where_new_ones_are_not_served(tmp_path: Path) -> None:
    paths = {
        Resource.DEPLOYMENTS: ("/apis/extensions/v1beta1/namespaces/deis/deployments", "deis-router"),
        Resource.DAEMON_SETS: ("/apis/extensions/v1beta1/namespaces/deis/daemonsets", "deis-logger-fluentd"),
        Resource.STATEFUL_SETS: ("/apis/apps/v1beta1/namespaces/deis/statefulsets", "deis-nsqd"),
        Resource.CRON_JOBS: ("/apis/batch/v1beta1/namespaces/deis/cronjobs", "deis-database"),
    }
    async with FakeApiServer(groups=OLD_GROUPS).running() as old:
        await old.create("/api/v1/namespaces", {"metadata": {"name": "deis"}})
        for path, name in paths.values():
            await old.create(path, workload_of("Deployment", name))
        kubeconfig = write_kubeconfig(tmp_path, old, {"token": old.admin_token})

        async with reading(kubeconfig, "deis") as read:
            await read.until_complete()
            names = {resource: set(read.objects(resource)) for resource in paths}
            path, name = paths[Resource.DEPLOYMENTS]
            await old.delete(f"{path}/{name}")  # and they are watched there
            await read.until(lambda: not read.objects(Resource.DEPLOYMENTS))

            assert names == {resource: {name} for resource, (_, name) in paths.items()}
            assert all(read.up().values())


@pytest.mark.fake_only("a real server has all the groups")
async def test_resource_that_no_group_serves_is_up_and_empty(tmp_path: Path) -> None:
    async with FakeApiServer(groups={"api/v1", "apis/apps/v1"}).running() as old:
        await old.create("/api/v1/namespaces", {"metadata": {"name": "deis"}})
        kubeconfig = write_kubeconfig(tmp_path, old, {"token": old.admin_token})

        async with reading(kubeconfig, "deis") as read:
            await read.until_complete()

            assert (read.state(Resource.CRON_JOBS).up, read.objects(Resource.CRON_JOBS)) == (True, {})
            asked = "GET /apis/batch/v1/namespaces/deis/cronjobs?limit=500"
            await until(lambda: old.requests.count(asked) >= 2)  # the cluster may be upgraded


@pytest.mark.fake_only("takes an etcd restored from a backup")
@pytest.mark.parametrize("page_objects", [500, 1], ids=["one page", "many pages"])
async def test_history_that_went_back_is_noticed(
    fake_api_server: FakeApiServer, tmp_path: Path, page_objects: int
) -> None:
    await fake_api_server.create("/api/v1/namespaces", namespace_manifest("deis"))
    await fake_api_server.create(_NODES, node("before-1"))
    await fake_api_server.create(_NODES, node("before-2"))
    before = fake_api_server.store.revision
    await fake_api_server.create(_NODES, node("after-the-backup"))
    kubeconfig = write_kubeconfig(tmp_path, fake_api_server, {"token": fake_api_server.admin_token})

    async with reading(kubeconfig, "deis", short_watches(fake_api_server), page_objects) as read:
        await read.until_complete()
        await fake_api_server.kill()
        fake_api_server.restore_backup(before)
        await fake_api_server.restart()

        await read.until(lambda: set(read.objects(Resource.NODES)) == {"before-1", "before-2"})
        await read.until(lambda: all(read.up().values()))
