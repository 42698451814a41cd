"""The chart of the agent, judged by its goldens: the proven rights, silent unless told, routed by choice."""

from itertools import product
from string import Template
from typing import Any

import pytest
import yaml

from charts import EXPORTER, ROOT
from contract.test_kubernetes_degrading import rights as rights_of_sources
from workflow_exporter.setting_rows import SETTINGS

OF_LIBRARIES = {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}  # read by every HTTP client, so not in our table
NOT_GIVEN = {
    "DO_NOT_TRACK": "reporting.enabled decides",
    "REVISION": "the image's own",
}


def egress(scenario: str) -> list[tuple[list[int], list[str]]]:
    """Ports and peers of each way out, a peer by its CIDR or its kind; no peer: anywhere."""
    rules = EXPORTER.one(scenario, "NetworkPolicy")["spec"]["egress"]
    return [
        ([port["port"] for port in rule["ports"]], [_peer(peer) for peer in rule.get("to", [])])
        for rule in rules
    ]


def _peer(peer: dict[str, Any]) -> str:
    return str(peer["ipBlock"]["cidr"]) if "ipBlock" in peer else ", ".join(sorted(peer))


def rights(scenario: str) -> list[tuple[str, str | None, list[dict[str, Any]]]]:
    return [
        (obj["kind"], obj["metadata"].get("namespace"), obj["rules"])
        for obj in EXPORTER.objects(scenario)
        if obj["kind"] in {"Role", "ClusterRole"}
    ]


@pytest.mark.parametrize(("scenario", "namespace"), [("default", "installed"), ("reporting", "deis")])
def test_rights_are_those_that_are_proven_on_a_real_api_server(scenario: str, namespace: str) -> None:
    proven = Template((ROOT / "tests" / "data" / "rbac.yaml").read_text()).substitute(namespace=namespace)

    expected = [
        (role["kind"], role["metadata"].get("namespace"), role["rules"])
        for role in yaml.safe_load_all(proven)
    ]
    assert sorted(rights(scenario), key=str) == sorted(expected, key=str)


def test_each_resource_that_may_be_read_is_one_whose_loss_the_agent_shows() -> None:
    """test_kubernetes_degrading.py takes each away from a running agent and names what goes down."""
    may = {
        (group, resource, name)
        for _kind, _namespace, rules in rights("reporting")
        for rule in rules
        for group, resource, name in product(
            rule["apiGroups"], rule["resources"], rule.get("resourceNames", [""])
        )
    }

    assert may == {
        (rule["apiGroups"][0], rule["resources"][0], name)
        for rule in rights_of_sources("deis").values()
        for name in rule.get("resourceNames", [""])
    }


def test_config_maps_that_no_profile_names_are_not_readable() -> None:
    (role,) = [rules for kind, _, rules in rights("airgapped") if kind == "Role"]

    assert [rule["resources"] for rule in role] == [
        ["pods", "services", "replicationcontrollers"],
        ["deployments", "daemonsets", "statefulsets"],
        ["cronjobs"],
    ]


def test_without_values_nobody_is_asked_nothing_is_sent_and_nothing_is_routed() -> None:
    given = EXPORTER.environment("default")

    assert (given["CHECK_VERSIONS"], given["REPORTING_ENABLED"]) == ("true", "false")
    assert {"VERSIONS_API_URL", "CATALOG_FILE", "REPORT_URL", "ID_KEY_FILE"} & set(given) == set()
    assert egress("default") == [([443, 6443], [])]
    assert sorted(obj["kind"] for obj in EXPORTER.objects("default")) == [
        "ClusterRole",
        "ClusterRoleBinding",
        "Deployment",
        "NetworkPolicy",
        "Role",
        "RoleBinding",
        "Service",
        "ServiceAccount",
    ]


def test_ways_out_are_open_only_while_they_are_used() -> None:
    names: tuple[list[int], list[str]] = ([53, 53], [])
    api, hosted = ([443, 6443], ["10.0.0.1/32"]), ["192.0.2.10/32"]

    asked = ([53, 53], ["namespaceSelector, podSelector"])
    assert egress("reporting") == [api, asked, ([443], hosted), ([443], hosted)]
    assert egress("gitops") == [([443, 6443], []), names, ([3128], []), ([9090], [])]
    assert egress("airgapped") == [([443, 6443], [])]
    assert egress("router") == [([443, 6443], [])]


def test_id_key_is_the_one_that_was_named_and_none_is_mounted_without_reports() -> None:
    """The chart draws one only inside a cluster, which keeps it: e2e/test_helm_exporter.py."""
    assert [s for s in EXPORTER.scenarios for obj in EXPORTER.objects(s) if obj["kind"] == "Secret"] == []
    mounted = {
        scenario: [
            volume["secret"]["secretName"]
            for volume in EXPORTER.pods(scenario)[0].get("volumes", [])
            if volume["name"] == "id"
        ]
        for scenario in ("default", "reporting", "gitops")
    }
    assert mounted == {
        "default": [],
        "reporting": ["id-key"],
        "gitops": ["workflow-id-key"],
    }


def test_only_the_page_s_port_is_routed() -> None:
    backend = EXPORTER.one("ingress", "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    (rule,) = EXPORTER.one("httproute", "HTTPRoute")["spec"]["rules"]
    routed = EXPORTER.one("router", "Service", "installed-workflow-exporter")
    old = EXPORTER.one("router", "Service", "deis-workflow-manager")

    assert backend["port"] == {"name": "http"}
    assert [ref["port"] for ref in rule["backendRefs"]] == [80]
    assert routed["metadata"]["labels"]["router.deis.io/routable"] == "true"
    assert [port["name"] for port in routed["spec"]["ports"] if port["port"] == 80] == ["http"]
    assert [(port["port"], port["targetPort"]) for port in old["spec"]["ports"]] == [(80, "http")]
    assert "router.deis.io/routable" not in old["metadata"]["labels"]
    assert "router.deis.io" not in "".join(
        str(EXPORTER.objects(scenario)) for scenario in EXPORTER.scenarios if scenario != "router"
    )


def test_every_setting_of_the_program_can_be_set_by_the_chart() -> None:
    given = {name for scenario in EXPORTER.scenarios for name in EXPORTER.environment(scenario)}

    assert {row.name for row in SETTINGS} - given == set(NOT_GIVEN)
    assert given - {row.name for row in SETTINGS} == OF_LIBRARIES


def test_the_api_server_is_never_asked_through_the_proxy() -> None:
    assert EXPORTER.environment("gitops")["NO_PROXY"].split(",") == [
        "$(KUBERNETES_SERVICE_HOST)",
        ".svc",
        ".cluster.local",
        "prometheus.monitoring.svc",
    ]


def test_agent_is_one_and_has_a_token_that_its_account_does_not_hand_out() -> None:
    spec = EXPORTER.one("default", "Deployment")["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert spec["template"]["spec"]["automountServiceAccountToken"] is True
    assert EXPORTER.one("default", "ServiceAccount")["automountServiceAccountToken"] is False
