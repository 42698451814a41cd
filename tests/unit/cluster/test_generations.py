"""Which generation of rows a cluster is judged by, at the clusters where it matters."""

from collections.abc import Callable

import pytest

from clusters import Manifest, as_running_objects, held, manifests, platform_namespace
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.inventory import Inventory
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = {profile.name: profile for profile in shipped_profiles()}


def read(cluster: str, keep: Callable[[Manifest], bool] = lambda _: True) -> Inventory:
    """The inventory of a cluster without the manifests that are not kept."""
    profile = PROFILES[cluster.partition("-")[0]]
    running = as_running_objects(manifest for manifest in manifests(cluster) if keep(manifest))
    return extract(held(running, (profile,)), profile, platform_namespace(cluster))


def absent(inventory: Inventory) -> set[str]:
    return {lost.name for one in inventory.expectations for lost in one.absent_workloads}


def without(*words: str) -> Callable[[Manifest], bool]:
    return lambda manifest: not any(word in manifest["metadata"]["name"] for word in words)


@pytest.mark.parametrize(
    "cluster",
    ["deis-v2.0.0", "deis-v2.2.0", "deis-v2.3.0", "deis-v2.9.0", "deis-v2.18.0", "hephy-v2.22.3",
     "hephy-v2.23.0", "drycc-stable", "drycc-testing", "drycc-retired"],
)  # fmt: skip
def test_whole_cluster_lacks_nothing(cluster: str) -> None:
    assert absent(read(cluster)) == set()


def test_testing_drycc_is_not_told_that_it_lacks_what_only_the_last_release_has() -> None:
    found = read("drycc-testing", without("drycc-controller-api", "drycc-grafana"))

    assert absent(found) == {"drycc-controller-api", "drycc-grafana"}


def test_stable_drycc_with_half_of_its_parts_elsewhere_is_still_a_stable_one() -> None:
    elsewhere = without("database", "registry", "storage", "valkey", "passport", "grafana", "victoriametrics")

    found = read("drycc-stable", elsewhere)

    assert {"drycc-database", "drycc-passport"} < absent(found)
    assert {name for name in absent(found) if name.endswith("-api")} == set()


def test_kube_state_metrics_is_of_victoriametrics_and_in_a_retired_cluster_of_prometheus() -> None:
    name = "drycc-kube-state-metrics"
    components = {
        cluster: [one.component for one in read(cluster).workloads if one.name == name]
        for cluster in ("drycc-stable", "drycc-testing", "drycc-retired")
    }

    assert components == {
        "drycc-stable": ["victoriametrics"],
        "drycc-testing": ["victoriametrics"],
        "drycc-retired": ["prometheus"],
    }


def test_logger_that_stayed_behind_in_a_stable_cluster_is_known_and_asked_of_nobody() -> None:
    (logger,) = [
        one
        for one in manifests("drycc-retired")
        if (one["kind"], one["metadata"]["name"]) == ("Deployment", "drycc-logger")
    ]
    profile = PROFILES["drycc"]
    running = as_running_objects([*manifests("drycc-stable"), logger])

    found = extract(held(running, (profile,)), profile, "drycc")

    assert [one.name for one in found.workloads if one.component == "logger"] == ["drycc-logger"]
    assert absent(found) == set()


def test_first_deis_is_not_told_that_it_lacks_redis_nor_v2_2_0_that_it_lacks_the_registry_proxy() -> None:
    first = {one.component for one in read("deis-v2.0.0").expectations}
    third = {one.component for one in read("deis-v2.2.0").expectations}

    assert third - first == {"nsqd", "redis"}
    assert first - third == {"stdout-metrics"}
    assert "registry-proxy" not in first | third


def test_empty_namespace_is_judged_by_the_newest_generation() -> None:
    found = read("deis-v2.18.0", lambda _: False)

    assert len([one for one in found.expectations if one.required]) == 15
    assert "deis-registry-proxy" in absent(found)


def test_deis_that_lost_its_router_is_still_of_the_newest_generation() -> None:
    assert absent(read("deis-v2.18.0", without("deis-router"))) == {"deis-router"}


def test_versions_tell_a_release_that_lost_a_component_from_an_older_one_that_never_had_it() -> None:
    assert absent(read("deis-v2.2.0", without("deis-logger-redis"))) == {"deis-logger-redis"}


def test_source_that_was_never_read_decides_nothing() -> None:
    profile = PROFILES["deis"]
    running = as_running_objects(manifests("deis-v2.18.0"))
    seen = [one for one in running if one["kind"] != "ConfigMap"]

    found = extract(held(seen, (profile,)), profile, "deis", unread={Resource.CONFIG_MAPS})

    assert absent(found) == {"dockerbuilder-config", "slugbuilder-config", "slugrunner-config"}


def test_deis_whose_deployments_cannot_be_seen_names_them_as_what_would_show_the_rest() -> None:
    found = read("deis-v2.9.0", lambda manifest: manifest["kind"] != "Deployment")
    unseen = [one for one in found.expectations if one.absent_workloads]

    assert all("deployments" in one.sources for one in unseen)
