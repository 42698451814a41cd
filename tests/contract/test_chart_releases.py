"""The chart of the releases API, judged by its goldens: what it makes, and what it promises of it."""

import pytest
import yaml

from charts import RELEASES, ROOT
from tools import chart_values
from workflow_releases.settings import SETTINGS

objects, one, environment = RELEASES.objects, RELEASES.one, RELEASES.environment


@pytest.mark.parametrize("scenario", RELEASES.scenarios)
def test_every_variable_of_a_pod_is_a_setting_of_the_program(scenario: str) -> None:
    names = {row.name for row in SETTINGS}

    assert set(environment(scenario)) <= names


def test_every_setting_of_the_program_can_be_set_by_the_chart() -> None:
    set_somewhere = {name for scenario in RELEASES.scenarios for name in environment(scenario)}

    assert {row.name for row in SETTINGS} - set_somewhere == set()


def test_without_values_one_replica_keeps_sqlite_on_a_claim() -> None:
    spec = one("default", "Deployment")["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert environment("default")["DATABASE_URL"] == "sqlite:////data/releases.db"
    claim = one("default", "PersistentVolumeClaim")["metadata"]["name"]
    assert spec["template"]["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
    ]
    assert sorted(obj["kind"] for obj in objects("default")) == [
        "Deployment",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Service",
        "ServiceAccount",
    ]


def test_replicas_share_postgresql_are_spread_and_survive_a_drain() -> None:
    spec = one("postgresql", "Deployment")["spec"]

    assert (spec["replicas"], spec["strategy"]["rollingUpdate"]) == (
        3,
        {"maxUnavailable": 0, "maxSurge": 1},
    )
    assert "podAntiAffinity" in spec["template"]["spec"]["affinity"]
    assert one("postgresql", "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    secrets = [
        volume["secret"]["secretName"] for volume in spec["template"]["spec"]["volumes"] if "secret" in volume
    ]
    assert secrets == ["releases-signing", "releases-upstream"]
    assert environment("postgresql")["DATABASE_URL"] == {
        "secretKeyRef": {"name": "releases-database", "key": "url"}
    }


def test_schema_is_migrated_before_installing_and_upgrading_with_the_same_image_and_database() -> None:
    job = one("postgresql", "Job")
    (migrate,) = job["spec"]["template"]["spec"]["containers"]
    (serve,) = one("postgresql", "Deployment")["spec"]["template"]["spec"]["containers"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["ttlSecondsAfterFinished"] == 86400  # a day: helm never deletes one that failed
    assert (migrate["args"], migrate["image"]) == (["database", "upgrade"], serve["image"])
    assert [v for v in migrate["env"] if v["name"] == "DATABASE_URL"] == [
        v for v in serve["env"] if v["name"] == "DATABASE_URL"
    ]


def test_only_what_serves_is_behind_the_service_and_the_metrics_port_is_routed_nowhere() -> None:
    service = one("postgresql", "Service")["spec"]
    job_labels = one("postgresql", "Job")["spec"]["template"]["metadata"]["labels"]

    assert [(port["name"], port["targetPort"]) for port in service["ports"]] == [
        ("http", "http"),
        ("metrics", "metrics"),
    ]
    assert not service["selector"].items() <= job_labels.items()
    backend = one("ingress", "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["port"] == {"name": "http"}
    (rule,) = one("httproute", "HTTPRoute")["spec"]["rules"]
    assert [ref["port"] for ref in rule["backendRefs"]] == [80]


def test_an_ingress_keeps_no_access_log_and_its_proxies_are_counted() -> None:
    ingress = one("ingress", "Ingress")

    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/enable-access-log"] == "false"
    assert environment("ingress")["TRUSTED_PROXY_COUNT"] == "1"


def test_prometheus_knows_the_api_by_the_job_that_the_rules_ask_for() -> None:
    (endpoint,) = one("monitoring", "ServiceMonitor")["spec"]["endpoints"]

    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "workflow-releases"}]
    scraped = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert "workflow-releases" in [config["job_name"] for config in scraped]
    assert "prometheus.io/scrape" not in str(one("monitoring", "Deployment"))


def test_comments_become_rows_and_types() -> None:
    values = chart_values.read_values(
        "# Of what\n# follows.\n\nimage:\n  # Where it\n  # lies.\n  name: x\n"
        "# How many.\n# schema: {type: integer, minimum: 1}\ncount: 1\n"
        "# Any labels.\n# schema: {type: object}\nlabels:\n  a: b\n"
    )

    assert [(value.path, value.default, value.comment, value.schema) for value in values] == [
        (("image", "name"), "x", "Where it lies.", {"type": "string"}),
        (("count",), 1, "How many.", {"type": "integer", "minimum": 1}),
        (("labels",), {"a": "b"}, "Any labels.", {"type": "object"}),
    ]
