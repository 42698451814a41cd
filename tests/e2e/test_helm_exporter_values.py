"""Values of the agent's chart that cannot work: each refused with a sentence that says what to do."""

from pathlib import Path

import pytest
import yaml

from charts import EXPORTER, Object
from e2e.test_helm_rendering import HELMS, rendered, run, template

CRDS = ("--api-versions", "monitoring.coreos.com/v1", "--api-versions", "gateway.networking.k8s.io/v1")
REPORTING = ["reporting.enabled=true", "reporting.url=https://gateway.example.org/api/v1/write"]
ROUTED = ["expose=httproute", "httpRoute.host=a.example", "httpRoute.parentRefs[0].name=public"]


def sets(*values: str) -> list[str]:
    return [word for value in values for word in ("--set", value)]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["reporting.enabled=true"], "reporting.enabled is true, but reporting.url is empty"),
        (
            ["reporting.enabled=true", "reporting.url=https://gateway.example.org"],
            "reporting.url is https://gateway.example.org, without a path",
        ),
        (
            ["reporting.enabled=true", "reporting.url=http://gateway/api/v1/write"],
            "over plain http anybody on the way can report in this installation's name",
        ),
        (
            ["reporting.bearerToken.existingSecret=x"],
            "reporting.bearerToken.existingSecret is set, but reporting.enabled is false",
        ),
        (
            ["checks.url=http://releases.example.org"],
            "over plain http anybody on the way can change the catalog",
        ),
        (
            ["checks.url=https://a.example", "checks.catalog.configMap=x"],
            "checks.url and checks.catalog.configMap are both set",
        ),
        (["service.metricsPort=80"], "service.port and service.metricsPort are both 80"),
        (["expose=router", "service.port=8080"], "expose is router, but service.port is 8080"),
        (
            ["expose=router", "service.port=8080", "service.metricsPort=80"],
            "expose is router, but service.port is 8080",
        ),
        (
            ["expose=router", "platform.name=drycc"],
            "platform.name is drycc, which has none: choose httproute",
        ),
        (["expose=router", "router.domains=null"], "expose is router, but router.domains is empty"),
        (["expose=ingress"], "expose is ingress, but ingress.host is empty"),
        (["expose=httproute"], "expose is httproute, but httpRoute.host is empty"),
        (["expose=httproute", "httpRoute.host=a.example"], "but httpRoute.parentRefs is empty"),
        (
            ["legacyService.enabled=true", "fullnameOverride=deis-workflow-manager"],
            "legacyService.name is deis-workflow-manager, which is the chart's own Service",
        ),
        (
            ["legacyService.enabled=true", "platform.namespace=deis"],
            "looks for it in the platform's namespace deis, and this release is in installed",
        ),
    ],
)
def test_impossible_combination_fails_with_a_sentence(values: list[str], sentence: str) -> None:
    done = template("helm", EXPORTER, *CRDS, *sets(*values))

    assert done.returncode != 0
    assert sentence in done.stderr


@pytest.mark.parametrize("helm", HELMS)
def test_without_a_cluster_no_id_key_is_drawn_and_the_sentence_names_the_way_out(helm: str) -> None:
    """Each rendering of a GitOps tool would draw another, and the installation be counted anew each time."""
    refused = template(helm, EXPORTER, *sets(*REPORTING))
    named = template(helm, EXPORTER, *sets(*REPORTING, "reporting.idKey.existingSecret=mine"))

    assert refused.returncode != 0
    assert "make the Secret once and name it in reporting.idKey.existingSecret" in refused.stderr
    assert (named.returncode, "kind: Secret" in named.stdout) == (0, False)


@pytest.mark.parametrize("url", ["http://releases", "http://releases.deis.svc:80/v1", "https://a.example"])
def test_releases_api_of_the_cluster_may_be_asked_by_plain_http(url: str) -> None:
    assert template("helm", EXPORTER, "--set", f"checks.url={url}").returncode == 0


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["metrics.serviceMonitor.enabled=true"], "this cluster has no ServiceMonitor"),
        (["metrics.prometheusRule.enabled=true"], "this cluster has no PrometheusRule"),
        (ROUTED, "this cluster has no HTTPRoute"),
    ],
)
def test_missing_kind_fails_with_a_sentence_unless_the_cluster_cannot_be_asked(
    values: list[str], sentence: str
) -> None:
    refused = template("helm", EXPORTER, *sets(*values))

    assert refused.returncode != 0
    assert sentence in refused.stderr
    assert template("helm", EXPORTER, *CRDS, *sets(*values)).returncode == 0
    assert template("helm", EXPORTER, *sets("requireKinds=false", *values)).returncode == 0


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("reportings.enabled=true", "reportings"),
        ("image.tags=1", "tags"),
        ("metrics.serviceMonitor.enable=true", "enable"),
        ("reporting.enabled=maybe", "/reporting/enabled"),
        ("reporting.audience=everybody", "/reporting/audience"),
        ("reporting.url=gateway.example.org", "/reporting/url"),
        ("reporting.url=https://user:pass@gateway/write", "/reporting/url"),
        ("checks.pollIntervalSeconds=59", "/checks/pollIntervalSeconds"),
        ("checks.publicKeys={short}", "/checks/publicKeys/0"),
        ("expose=nodeport", "/expose"),
        ("log.level=loud", "/log/level"),
        ("service.port=70000", "/service/port"),
        ("platform.namespace=Deis", "/platform/namespace"),
        ("networkPolicy.apiServerCidrs={everywhere}", "/networkPolicy/apiServerCidrs/0"),
        ("networkPolicy.from[0].namespaceSelectr.x=y", "namespaceSelectr"),
        ("httpRoute.parentRefs[0].sectionname=x", "sectionname"),
        ("resources.limit.cpu=1", "limit"),
    ],
)
@pytest.mark.parametrize("helm", HELMS)
def test_unknown_value_or_wrong_type_is_refused_by_name(helm: str, value: str, named: str) -> None:
    done = template(helm, EXPORTER, "--set", value)

    assert done.returncode != 0
    assert named in done.stderr


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize(
    "version", ["v1.24.17", "1.24.17-gke.100", "v1.25.0", "1.25.3-gke.100", "v1.37.2+k3s1"]
)
def test_kubernetes_before_1_25_is_refused_by_its_version(helm: str, version: str) -> None:
    done = template(helm, EXPORTER, "--kube-version", version)

    old = "1.24" in version
    assert (done.returncode != 0) is old
    sentence = "requires kubeVersion: >=1.25.0-0 which is incompatible with Kubernetes v1.24.17"
    assert (sentence in done.stderr) is old


@pytest.mark.parametrize("helm", HELMS)
def test_release_name_that_is_as_long_as_helm_allows_still_fits(helm: str) -> None:
    everything = sets("metrics.dashboards.enabled=true", "metrics.prometheusRule.enabled=true")
    cluster = ("--namespace", "n" * 63, "--kube-version", "1.37.2")
    done = run(helm, "template", "r" * 53, EXPORTER.folder, *cluster, *CRDS, *everything)

    objects = [obj for obj in yaml.safe_load_all(done.stdout) if obj]
    # A role's name (with its namespace's) and a board's (with its file's) may have 253 characters.
    short = [
        obj["metadata"]["name"] for obj in objects if not obj["kind"].endswith(("Role", "Binding", "Map"))
    ]
    assert len(short) >= 5
    assert [name for name in short if len(name) > 63] == []


@pytest.mark.parametrize(
    "awkward", ['say "hi"', "two\nlines", "it's {{ .Values }}", "yes", "0x10", "a: b # c"]
)
def test_text_arrives_in_the_pod_as_it_was_given(awkward: str, tmp_path: Path) -> None:
    given = tmp_path / "values.yaml"
    given.write_text(
        yaml.safe_dump({"podAnnotations": {"note": awkward}, "caBundle": {"configMap": awkward}})
    )

    (deployment,) = [o for o in rendered("helm", EXPORTER, "--values", given) if o["kind"] == "Deployment"]

    pod = deployment["spec"]["template"]
    assert pod["metadata"]["annotations"]["note"] == awkward
    assert [volume["configMap"]["name"] for volume in pod["spec"]["volumes"]] == [awkward]


@pytest.mark.parametrize(
    ("values", "port"),
    [
        (["checks.url=http://releases.svc/x"], 80),
        (["checks.url=https://releases.example.org"], 443),
        (["checks.url=https://[fd00::1]:8443/x"], 8443),
        (["checks.url=https://a.example", "proxy.https=http://proxy:3128"], 3128),
        (["checks.url=https://a.example", "proxy.http=http://proxy:3128"], 443),
        (["checks.url=https://a.svc", "proxy.https=http://proxy:3128"], 443),
        *(
            (
                [
                    "checks.url=https://a.example:8443",
                    "proxy.https=http://proxy:3128",
                    f"proxy.noProxy={straight}",
                ],
                port,
            )
            for straight, port in (
                ("a.example", 8443),
                ("b.example\\, .Example", 8443),
                ("*.example", 8443),
                ("*", 8443),
                ("a.example:8443", 8443),
                ("a.example:443", 3128),
                ("xample\\,b.a.example\\,", 3128),
            )
        ),
        (["checks.url=http://releases.svc/x", "networkPolicy.checksPort=8090"], 8090),
    ],
)
def test_policy_lets_questions_out_to_the_port_that_they_go_to(values: list[str], port: int) -> None:
    objects = rendered("helm", EXPORTER, *sets(*values))

    (policy,) = [obj for obj in objects if obj["kind"] == "NetworkPolicy"]
    ports = [[p["port"] for p in rule["ports"]] for rule in policy["spec"]["egress"]]
    assert ports == [[443, 6443], [53, 53], [port]]


def test_each_release_and_namespace_has_roles_of_its_own() -> None:
    names = [
        obj["metadata"]["name"]
        for release, namespace in (("a", "one"), ("a", "two"), ("b", "one"))
        for obj in rendered_as(release, namespace)
        if obj["kind"] in {"ClusterRole", "Role"}
    ]

    assert len(set(names)) == 3


def rendered_as(release: str, namespace: str) -> list[Object]:
    done = run("helm", "template", release, EXPORTER.folder, "--namespace", namespace)
    return [obj for obj in yaml.safe_load_all(done.stdout) if obj]


ADDRESSES = [
    *("checks.url=https://a.example", *REPORTING, "reporting.idKey.existingSecret=mine"),
    *(f"networkPolicy.{part}Cidrs[0]=192.0.2.1/32" for part in ("apiServer", "checks", "reporting")),
]
DNS = "networkPolicy.dnsTo[0].podSelector.matchLabels.k8s-app=kube-dns"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            [],
            "on. Without networkPolicy.apiServerCidrs it limits ports\n  but not addresses",
        ),
        (
            ADDRESSES,
            "on. Without networkPolicy.dnsTo it limits ports\n  but not addresses",
        ),
        ([*ADDRESSES, DNS], "on, by address and port."),
        (["networkPolicy.apiServerCidrs={192.0.2.1/32}"], "on, by address and port."),
        (["networkPolicy.enabled=false"], "off; only the agent's own settings limit its connections"),
    ],
)
def test_notes_say_what_the_policy_proves_and_what_it_does_not(values: list[str], words: str) -> None:
    cluster = ("--namespace", "installed", "--dry-run=client")
    notes = run("helm", "install", "agent", EXPORTER.folder, *cluster, *sets(*values)).stdout

    assert f"Network policy: {words}" in notes
