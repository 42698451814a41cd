"""One snapshot in which everything occurs that an output can show, for goldens and real parsers."""

from datetime import UTC, datetime, timedelta

from factories import (
    NOW,
    assessment,
    bundle_assessment,
    container,
    identity,
    inventory,
    node,
    notice,
    pod,
    snapshot,
    source_states,
    workload,
)
from workflow_exporter.catalog import EndOfLife, Severity, Successor
from workflow_exporter.freshness import Assessment, Newest, Observed, Verdict
from workflow_exporter.inventory import Node, WorkloadKind
from workflow_exporter.self_metrics import RefreshOutcome, ReportOutcome, SelfMetrics
from workflow_exporter.snapshot import CatalogFacts, Snapshot, SourceState

_RELEASED = datetime(2017, 9, 7, 18, 30, tzinfo=UTC)


def representative_snapshot() -> Snapshot:
    """Every verdict, every kind of fact, a source that is down, and texts that need escaping."""
    return snapshot(
        _components(),
        inventory=inventory(
            nodes=_nodes(),
            unknown_workloads={"Deployment": 2, "Pod": 7},
            malformed_objects={"nodes": 1},
        ),
        unobserved=["imagebuilder"],
        bundle=bundle_assessment("v2.17.0", newest="v2.18.0", matching=2, drifted=1, missing=1),
        catalog=CatalogFacts(
            title="Deis Workflow",
            generated=_RELEASED,
            expires=NOW + timedelta(days=30),
            end_of_life=EndOfLife(date=datetime(2018, 3, 1, tzinfo=UTC)),
            successor=Successor(platform="hephy", title="Hephy Workflow"),
            notices=(notice("2017-001"), notice("2017-002", severity=Severity.CRITICAL, title="Upgrade now")),
        ),
        sources=[
            *source_states("services", reason='services is forbidden: User "agent" cannot list'),
            SourceState("catalog", up=True, last_success=NOW - timedelta(hours=2)),
        ],
        identity=identity(),
        reporting_enabled=True,
    )


def representative_self_metrics() -> SelfMetrics:
    """Each event has happened, and nothing differs between two runs."""
    metrics = SelfMetrics(
        version="1.2.3",
        revision="4af0be8",
        python_version="3.11.7",
        sources=("nodes", "pods"),
        process=False,
    )
    metrics.refreshed(RefreshOutcome.CHANGED, 0.004)
    metrics.refreshed(RefreshOutcome.FAILED, 0.004)
    metrics.ask_cluster(lambda: {("nodes", "lists"): 1, ("nodes", "watches"): 1})
    metrics.ask_catalog(lambda: 1)
    metrics.report_attempted(ReportOutcome.SENT, NOW)
    return metrics


def _components() -> list[Assessment]:
    monitor = [
        workload(
            "monitor",
            name=f"deis-monitor-{part}",
            kind=kind,
            containers=[container(f"quay.io/deis/{part}:v2.9.0", f"deis-monitor-{part}")],
            replicas_desired=desired,
            replicas_ready=ready,
        )
        for part, kind, desired, ready in (
            ("grafana", WorkloadKind.DEPLOYMENT, 1, 1),
            ("telegraf", WorkloadKind.DAEMON_SET, 3, 2),
        )
    ]
    slugrunner = workload(
        "slugrunner",
        "quay.io/deis/slugrunner:v2.4.0",
        kind=WorkloadKind.CONFIG_MAP,
        replicas_desired=None,
        replicas_ready=None,
        pods=[],
    )
    router = workload("router", "mirror.local:5000/deis/router:v2.12.1", pods=[pod("router:v2.12.0")])
    return [
        assessment("builder", Verdict.CURRENT, "v2.12.0"),
        assessment(
            "router",
            Verdict.OUTDATED,
            "v2.12.0",
            observed=Observed("v2.12.1", "v2.12.1", "v2.12.0"),
            newest=Newest("v2.12.2", "v2.13.0", "v3.0.0"),
            outdated_since=_RELEASED,
            security=True,
            rolling=True,
            notes_url="https://example.org/router",
            workloads=[router],
        ),
        assessment("monitor", Verdict.AHEAD, "v2.9.0", workloads=monitor),
        assessment("registry", Verdict.UNVERSIONED, "git-1a2b3c4", reason="runs a build, not a release"),
        assessment("slugrunner", Verdict.UNKNOWN, "v2.4.0", reason="not listed", workloads=[slugrunner]),
        assessment("database", Verdict.MISSING, None, reason="not there; OFF_CLUSTER does not name it"),
        assessment("minio", Verdict.ABSENT, None, reason="named in OFF_CLUSTER"),
    ]


def _nodes() -> list[Node]:
    return [
        node("node-1", created=datetime(2016, 6, 1, 8, 30, tzinfo=UTC)),
        node(
            "node-2",
            os_image='Größe "5" \\ № 1',
            cpu_cores=0.5,
            architecture="arm64",
            ready=False,
            created=None,
        ),
    ]
