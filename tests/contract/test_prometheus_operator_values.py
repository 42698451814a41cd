"""The values for kube-prometheus-stack say what prometheus.yml and its flags say; only the gateway writes."""

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import yaml

from charts import RELEASES, ROOT

FOLDER = ROOT / "prometheus"


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def test_values_are_those_of_the_configuration_and_its_flags() -> None:
    configuration = read("prometheus.yml")
    flags = (FOLDER / "prometheus.yml").read_text("utf-8") + (FOLDER / "README.md").read_text("utf-8")
    spec = read("kube-prometheus-stack/values.yaml")["prometheus"]["prometheusSpec"]

    assert (
        spec["tsdb"]["outOfOrderTimeWindow"] == configuration["storage"]["tsdb"]["out_of_order_time_window"]
    )
    assert (spec["scrapeInterval"], spec["evaluationInterval"]) == (
        configuration["global"]["scrape_interval"],
        configuration["global"]["evaluation_interval"],
    )
    assert f"--storage.tsdb.retention.time={spec['retention']}" in flags
    assert spec["enableRemoteWriteReceiver"] is ("--web.enable-remote-write-receiver" in flags)


def test_what_is_remembered_outlives_the_pod_and_is_in_one_place() -> None:
    spec = read("kube-prometheus-stack/values.yaml")["prometheus"]["prometheusSpec"]
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]

    assert (spec["replicas"], claim["accessModes"]) == (1, ["ReadWriteOnce"])
    assert claim["resources"]["requests"]["storage"].endswith("Gi")


def test_rules_monitor_and_boards_of_the_releases_chart_are_chosen() -> None:
    values = read("kube-prometheus-stack/values.yaml")
    spec, sidecar = values["prometheus"]["prometheusSpec"], values["grafana"]["sidecar"]["dashboards"]
    board = RELEASES.one("monitoring", "ConfigMap")["metadata"]

    assert not spec["ruleSelectorNilUsesHelmValues"]
    assert not spec["serviceMonitorSelectorNilUsesHelmValues"]
    assert sidecar["label"] in board["labels"]
    assert sidecar["folderAnnotation"] in board["annotations"]


def test_the_gateway_grafana_and_prometheus_itself_reach_the_receiver_and_nobody_else() -> None:
    policy = read("kube-prometheus-stack/networkpolicy.yaml")
    gateway = RELEASES.one("monitoring", "Deployment")["spec"]["template"]["metadata"]["labels"]

    assert kubernetes_validate.validate(policy, "1.37", strict=True) == "1.37"
    (rule,) = policy["spec"]["ingress"]
    (first, *others) = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
    assert first.items() <= gateway.items()
    assert others == [{"app.kubernetes.io/name": "grafana"}, {"app.kubernetes.io/name": "prometheus"}]
    values = read("kube-prometheus-stack/values.yaml")["prometheus"]
    assert (values["ingress"]["enabled"], values["route"]["main"]["enabled"]) == (False, False)
