from workflow_exporter.cluster.addresses import (
    WATCHED,
    Address,
    collections,
    config_map_address,
    namespace_address,
)
from workflow_exporter.cluster.objects import Resource


def test_each_watched_resource_has_its_paths_newest_group_first() -> None:
    core, apps, extensions = (
        f"{root}/namespaces/deis" for root in ("/api/v1", "/apis/apps/v1", "/apis/extensions/v1beta1")
    )

    paths = {resource: [address.path for address in collections(resource, "deis")] for resource in WATCHED}

    assert paths == {
        Resource.PODS: [f"{core}/pods"],
        Resource.SERVICES: [f"{core}/services"],
        Resource.REPLICATION_CONTROLLERS: [f"{core}/replicationcontrollers"],
        Resource.DEPLOYMENTS: [f"{apps}/deployments", f"{extensions}/deployments"],
        Resource.DAEMON_SETS: [f"{apps}/daemonsets", f"{extensions}/daemonsets"],
        Resource.STATEFUL_SETS: [f"{apps}/statefulsets", "/apis/apps/v1beta1/namespaces/deis/statefulsets"],
        Resource.CRON_JOBS: [
            "/apis/batch/v1/namespaces/deis/cronjobs",
            "/apis/batch/v1beta1/namespaces/deis/cronjobs",
        ],
        Resource.NODES: ["/api/v1/nodes"],
    }


def test_single_objects_are_named_in_path_and_words() -> None:
    assert [namespace_address("deis"), config_map_address("deis", "slugrunner-config")] == [
        Address("/api/v1/namespaces/deis", "namespace deis"),
        Address(
            "/api/v1/namespaces/deis/configmaps/slugrunner-config",
            "config map slugrunner-config in namespace deis",
        ),
    ]


def test_only_the_core_group_is_always_served() -> None:
    served = {address.path: address.always_served for address in collections(Resource.DEPLOYMENTS, "deis")}

    assert served == dict.fromkeys(served, False)
    assert collections(Resource.PODS, "deis")[0].always_served
