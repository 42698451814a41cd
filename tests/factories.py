"""Values with defaults, for tests: each builder takes only what its test is about.

The defaults describe one healthy little platform ("deis"): everything current, every source up.
Nothing here decides anything; what a test compares it writes out itself.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from workflow_exporter.bundle import BundleAssessment
from workflow_exporter.catalog import (
    Bundle,
    Catalog,
    Component,
    EndOfLife,
    Notice,
    Release,
    Severity,
    Successor,
)
from workflow_exporter.freshness import AssessedWorkload, Assessment, Newest, Observed, Verdict
from workflow_exporter.inventory import (
    AbsentWorkload,
    ClusterFacts,
    Container,
    Expectation,
    Inventory,
    Leftover,
    Node,
    Pod,
    Service,
    ServicePort,
    Workload,
    WorkloadKind,
)
from workflow_exporter.snapshot import CatalogFacts, Identity, Snapshot, SourceState

NOW = datetime(2017, 9, 20, 12, 0, tzinfo=UTC)  # two weeks after Deis Workflow v2.18.0
DIGEST = "sha256:" + "4a" * 32
SOURCES = (
    "pods",
    "services",
    "replicationcontrollers",
    "deployments",
    "daemonsets",
    "statefulsets",
    "cronjobs",
    "configmaps",
    "nodes",
    "kube-system",
    "namespace",
    "version",
)


def moment(text: str) -> datetime:
    """`2017-09-07` or a whole RFC 3339 time; without an offset it is UTC."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def container(
    image: str = "quay.io/deis/builder:v2.12.0", name: str = "deis-builder", digest: str | None = None
) -> Container:
    return Container(name=name, image=image, digest=digest)


def pod(
    *images: str,
    name: str = "deis-builder-1",
    container_name: str = "deis-builder",
    phase: str = "Running",
    ready: bool = True,
    terminating: bool = False,
    restarts: int = 0,
    created: datetime | None = NOW,
    digest: str | None = DIGEST,
) -> Pod:
    """A pod with one container for each image; the further ones are named `<container_name>-2`, …"""
    containers = tuple(
        Container(container_name if number == 1 else f"{container_name}-{number}", image, digest)
        for number, image in enumerate(images or ("quay.io/deis/builder:v2.12.0",), 1)
    )
    return Pod(name, phase, ready, containers, created, restarts, terminating)


def workload(
    component: str = "builder",
    image: str | None = None,
    *,
    kind: WorkloadKind = WorkloadKind.DEPLOYMENT,
    name: str | None = None,
    declared: str | None = None,
    containers: Iterable[Container] | None = None,
    main_container: str | None = None,
    pods: Iterable[Pod] | None = None,
    replicas_desired: int | None = 1,
    replicas_ready: int | None = 1,
    created: datetime | None = NOW,
) -> Workload:
    """A workload with one container of `image`, and unless `pods` says otherwise one pod that runs it."""
    name = name or f"deis-{component}"
    image = image or f"quay.io/deis/{component}:v2.12.0"
    template = tuple(containers) if containers is not None else (Container(name, image),)
    if pods is None:
        pods = [pod(*(c.image for c in template), name=f"{name}-1", container_name=name)]
    return Workload(
        component=component,
        kind=kind,
        name=name,
        declared=declared,
        containers=template,
        main_container=main_container,
        replicas_desired=replicas_desired,
        replicas_ready=replicas_ready,
        pods=tuple(pods),
        created=created,
    )


def expectation(
    component: str = "builder",
    *,
    required: bool = True,
    observed: bool = True,
    absent_workloads: Iterable[AbsentWorkload] = (),
    sources: Iterable[str] = ("deployments",),
) -> Expectation:
    return Expectation(component, required, observed, tuple(absent_workloads), tuple(sources))


def node(
    name: str = "node-1",
    *,
    os_image: str = "Ubuntu 22.04.5 LTS",
    kernel_version: str = "5.15.0-119-generic",
    kubelet_version: str = "v1.31.2",
    container_runtime_version: str = "containerd://1.7.22",
    architecture: str = "amd64",
    operating_system: str = "linux",
    cpu_cores: float | None = 4.0,
    memory_bytes: int | None = 16 * 1024**3,
    ephemeral_storage_bytes: int | None = 100 * 1024**3,
    pods: int | None = 110,
    ready: bool = True,
    created: datetime | None = NOW,
) -> Node:
    return Node(
        name,
        os_image,
        kernel_version,
        kubelet_version,
        container_runtime_version,
        architecture,
        operating_system,
        cpu_cores,
        memory_bytes,
        ephemeral_storage_bytes,
        pods,
        ready,
        created,
    )


def service(
    name: str = "deis-builder",
    component: str | None = "builder",
    *,
    type: str = "ClusterIP",  # noqa: A002  the field's own name
    ports: Iterable[ServicePort] = (ServicePort("ssh", 2222, "TCP"),),
    created: datetime | None = NOW,
) -> Service:
    return Service(name, component, type, tuple(ports), created)


def cluster_facts(
    cluster_uid: str | None = "11111111-1111-4111-8111-111111111111",
    instance_uid: str | None = "22222222-2222-4222-8222-222222222222",
    *,
    cluster_created: datetime | None = datetime(2016, 6, 1, tzinfo=UTC),
    instance_created: datetime | None = datetime(2016, 6, 10, tzinfo=UTC),
    kubernetes_version: str | None = "v1.7.5",
) -> ClusterFacts:
    return ClusterFacts(cluster_uid, cluster_created, instance_uid, instance_created, kubernetes_version)


def inventory(
    workloads: Iterable[Workload] | None = None,
    expectations: Iterable[Expectation] | None = None,
    *,
    platform: str = "deis",
    platform_title: str = "Deis Workflow",
    namespace: str = "deis",
    cluster: ClusterFacts | None = None,
    leftovers: Iterable[Leftover] = (),
    services: Iterable[Service] | None = None,
    nodes: Iterable[Node] | None = None,
    unknown_workloads: Mapping[str, int] | None = None,
    malformed_objects: Mapping[str, int] | None = None,
) -> Inventory:
    """Sorted as the type promises. Without `expectations` every component found is a required one."""
    found = (workload(),) if workloads is None else tuple(workloads)
    if expectations is None:
        expectations = [expectation(name) for name in {w.component for w in found}]
    return Inventory(
        platform=platform,
        platform_title=platform_title,
        namespace=namespace,
        cluster=cluster or cluster_facts(),
        workloads=tuple(sorted(found, key=lambda w: (w.component, w.kind, w.name))),
        expectations=tuple(sorted(expectations, key=lambda e: e.component)),
        leftovers=tuple(leftovers),
        services=(service(),) if services is None else tuple(services),
        nodes=(node(),) if nodes is None else tuple(nodes),
        unknown_workloads=unknown_workloads or {},
        malformed_objects=malformed_objects or {},
    )


def release(
    version: str = "v2.12.0",
    released: str | None = None,
    *,
    train: str = "stable",
    security: bool = False,
    yanked: bool = False,
    line: int = 0,
    notes_url: str | None = None,
) -> Release:
    return Release(
        version=version,
        train=train,
        released=moment(released) if released else None,
        security=security,
        yanked=yanked,
        line=line,
        notes_url=notes_url,
    )


def component(*releases: Release | str, title: str = "Builder", images: Iterable[str] = ()) -> Component:
    """A catalog component; a release may be given as its bare version."""
    return Component(
        title=title,
        images=tuple(images),
        releases=tuple(release(r) if isinstance(r, str) else r for r in releases),
    )


def bundle(
    version: str = "v2.18.0",
    components: Mapping[str, str] | None = None,
    *,
    released: str | None = "2017-09-07",
    train: str = "stable",
    derived: bool = False,
    notes_url: str | None = None,
) -> Bundle:
    return Bundle(
        version=version,
        train=train,
        released=moment(released) if released else None,
        components={"builder": "v2.12.0"} if components is None else components,
        derived=derived,
        notes_url=notes_url,
    )


def notice(
    id: str = "2017-001",  # noqa: A002  the field's own name
    *,
    severity: Severity = Severity.WARNING,
    title: str = "Deis Workflow v2.18 is the last release",
    **fields: object,
) -> Notice:
    return Notice(id=id, severity=severity, title=title, **fields)  # type: ignore[arg-type]  # a test's own fields


def catalog(
    components: Mapping[str, Component] | None = None,
    bundles: Iterable[Bundle] | None = None,
    *,
    platform: str = "deis",
    title: str = "Deis Workflow",
    generated: datetime = datetime(2017, 9, 7, tzinfo=UTC),
    expires: datetime | None = None,
    trains: Iterable[str] = ("stable",),
    end_of_life: EndOfLife | None = None,
    successor: Successor | None = None,
    notices: Iterable[Notice] = (),
) -> Catalog:
    return Catalog(
        schema_version=1,
        platform=platform,
        title=title,
        generated=generated,
        expires=expires,
        trains=tuple(trains),
        end_of_life=end_of_life,
        successor=successor,
        bundles=(bundle(),) if bundles is None else tuple(bundles),
        components={"builder": component("v2.12.0")} if components is None else components,
        notices=tuple(notices),
    )


def source_state(
    source: str = "pods",
    *,
    up: bool | None = True,
    reason: str | None = None,
    last_success: datetime | None = NOW,
) -> SourceState:
    return SourceState(source, up, reason, last_success if up else None)


def source_states(*down: str, reason: str = "forbidden") -> tuple[SourceState, ...]:
    """All Kubernetes sources, up but for those named."""
    return tuple(
        source_state(name, up=name not in down, reason=reason if name in down else None) for name in SOURCES
    )


def assessment(
    name: str = "builder",
    verdict: Verdict = Verdict.CURRENT,
    version: str | None = "v2.12.0",
    *,
    title: str | None = None,
    observed: Observed | None = None,
    newest: Newest | None = None,
    outdated_since: datetime | None = None,
    security: bool = False,
    rolling: bool = False,
    reason: str | None = None,
    notes_url: str | None = None,
    workloads: Iterable[Workload] | None = None,
    missing_workloads: Iterable[AbsentWorkload] = (),
) -> Assessment:
    """Unless said otherwise one workload runs `version`, and none where `version` is None."""
    if workloads is None:
        workloads = [workload(name, f"quay.io/deis/{name}:{version}")] if version else []
    return Assessment(
        component=name,
        title=title or name.capitalize(),
        verdict=verdict,
        version=version,
        observed=observed or Observed(declared=None, template=version, running=version),
        newest=newest or Newest(),
        outdated_since=outdated_since,
        security=security,
        rolling=rolling,
        reason=reason,
        notes_url=notes_url,
        workloads=tuple(AssessedWorkload(w, version) for w in workloads),
        missing_workloads=tuple(missing_workloads),
    )


def bundle_assessment(
    version: str | None = "v2.18.0",
    *,
    train: str = "stable",
    newest: str | None = "v2.18.0",
    newest_released: datetime | None = datetime(2017, 9, 7, tzinfo=UTC),
    matching: int = 1,
    drifted: int = 0,
    missing: int = 0,
    notes_url: str | None = None,
) -> BundleAssessment:
    return BundleAssessment(version, train, newest, newest_released, matching, drifted, missing, notes_url)


def identity(
    cluster_id: str = "c" * 32,
    instance_id: str = "1" * 32,
    local_id: str = "a" * 32,
    instance_secret: str = "5" * 64,
) -> Identity:
    return Identity(cluster_id, instance_id, local_id, instance_secret)


def snapshot(
    components: Iterable[Assessment] | None = None,
    *,
    taken_at: datetime = NOW,
    inventory: Inventory | None = None,
    unobserved: Iterable[str] = (),
    bundle: BundleAssessment | None = None,
    catalog: CatalogFacts | None = None,
    sources: Iterable[SourceState] | None = None,
    identity: Identity | None = None,
    identity_problem: str | None = "no identity in this test",
    checks_enabled: bool = True,
    reporting_enabled: bool = False,
    modes: Mapping[str, str] | None = None,
) -> Snapshot:
    """A whole snapshot; its inventory holds the workloads of its components unless given."""
    found = (assessment(),) if components is None else tuple(components)
    if inventory is None:
        inventory = _inventory_of(found)
    return Snapshot(
        taken_at=taken_at,
        inventory=inventory,
        components=tuple(sorted(found, key=lambda a: a.component)),
        unobserved=tuple(unobserved),
        bundle=bundle or bundle_assessment(),
        catalog=catalog or CatalogFacts(title="Deis Workflow", generated=datetime(2017, 9, 7, tzinfo=UTC)),
        sources=source_states() if sources is None else tuple(sources),
        identity=identity,
        identity_problem=None if identity else identity_problem,
        checks_enabled=checks_enabled,
        reporting_enabled=reporting_enabled,
        modes=modes or {"checks": "a catalog file", "reporting": "off"},
    )


def _inventory_of(assessments: tuple[Assessment, ...]) -> Inventory:
    return inventory(
        [assessed.workload for a in assessments for assessed in a.workloads],
        [expectation(a.component) for a in assessments],
    )
