"""The components table: order, what is newer, what to do."""

from datetime import UTC, datetime

import pytest

import factories as make
from true_clusters import NOW
from workflow_exporter.freshness import Newest, Observed, Verdict
from workflow_exporter.inventory import AbsentWorkload, Replicas, WorkloadKind
from workflow_exporter.web.component_rows import (
    ComponentRow,
    NewerVersion,
    component_rows,
    newer_versions,
)
from workflow_exporter.web.links import Link
from workflow_exporter.web.wording import Moment


def row(**fields: object) -> ComponentRow:
    [found] = component_rows((make.assessment(**fields),), NOW)  # type: ignore[arg-type]  # builder's fields
    return found


def test_an_outdated_component_says_everything_that_is_to_be_done() -> None:
    assert row(
        name="router",
        verdict=Verdict.OUTDATED,
        version="v2.12.0",
        newest=Newest("v2.12.1", "v2.13.3", "v3.0.0"),
        outdated_since=datetime(2017, 8, 8, tzinfo=UTC),
        notes_url="https://example.com/notes",
        workloads=[
            make.workload("router", replicas_desired=3, replicas_ready=2),
            make.workload("router", name="other", replicas_desired=1, replicas_ready=None),
            make.workload("router", name="job", replicas_desired=None, replicas_ready=None),
        ],
    ) == ComponentRow(
        component="router",
        title="Router",
        mark="outdated",
        version="v2.12.0",
        differing=(),
        newer=(
            NewerVersion("v2.12.1", "patch"),
            NewerVersion("v2.13.3", "minor"),
            NewerVersion("v3.0.0", "major"),
        ),
        since=Moment("8 Aug 2017 (9 years)", "2017-08-08T00:00:00Z"),
        replicas=Replicas(ready=2, desired=4),
        advice="Upgrade to v3.0.0, or to v2.13.3 as a smaller step.",
        notes=Link("https://example.com/notes", "Release notes"),
        reason=None,
    )


def test_what_wants_attention_comes_first() -> None:
    verdicts = [
        Verdict.ABSENT,
        Verdict.CURRENT,
        Verdict.AHEAD,
        Verdict.UNVERSIONED,
        Verdict.UNKNOWN,
        Verdict.MISSING,
        Verdict.OUTDATED,
        Verdict.OUTDATED,
    ]
    components = tuple(
        make.assessment(f"c{n}", verdict, security=n == 7) for n, verdict in enumerate(verdicts)
    )

    marks = [found.mark for found in component_rows(components, NOW)]

    assert marks == [
        "security",
        "outdated",
        "missing",
        "unknown",
        "unversioned",
        "ahead",
        "current",
        "absent",
    ]


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (Newest(), []),
        (Newest("v1.0.1", "v1.0.1", "v1.0.1"), [("v1.0.1", "patch")]),
        (Newest(None, "v1.1.0", "v1.1.0"), [("v1.1.0", "minor")]),
        (Newest(None, None, "v2.0.0"), [("v2.0.0", "major")]),
        (Newest("v1.0.1", "v1.1.0", "v1.1.0"), [("v1.0.1", "patch"), ("v1.1.0", "minor")]),
    ],
)
def test_a_newer_version_is_named_once_as_the_smallest_step(
    newest: Newest, expected: list[tuple[str, str]]
) -> None:
    assert [(newer.version, newer.step) for newer in newer_versions(newest)] == expected


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        (
            {"verdict": Verdict.OUTDATED, "newest": Newest(None, None, "v3.0.0"), "security": True},
            "Upgrade to v3.0.0. A newer release closes a security hole.",
        ),
        ({"verdict": Verdict.OUTDATED}, "Replace it: this release was withdrawn."),
        (
            {"verdict": Verdict.UNVERSIONED, "version": "canary"},
            "Run a released version to be told about newer ones.",
        ),
        ({"verdict": Verdict.UNVERSIONED, "version": "v1.0.0"}, None),  # nothing of it is released
        ({"verdict": Verdict.AHEAD}, "Nothing: no newer release is offered."),
        ({"verdict": Verdict.CURRENT}, None),
        ({"verdict": Verdict.UNKNOWN}, None),
        ({"verdict": Verdict.MISSING}, None),
    ],
)
def test_advice(fields: dict[str, object], advice: str | None) -> None:
    assert row(**fields).advice == advice


@pytest.mark.parametrize(
    ("observed", "rolling", "words"),
    [
        (Observed("v1.8.1", "v1.8.1", "v1.8.1"), False, ()),
        (Observed("1.8.1", None, "v1.8.1"), False, ()),
        (Observed("v1.8.1", "v1.8.1-alpine", "v1.8.1-alpine"), False, ()),
        (Observed("v1.8.2", "v1.8.2", "v1.8.1"), False, ("workload asks for v1.8.2",)),
        (Observed("v1.8.2", "v1.8.3", "v1.8.1"), False, ("declared as v1.8.2", "workload asks for v1.8.3")),
        (
            Observed(None, "v1.8.2", "v1.8.1"),
            True,
            ("rolling: its pods differ", "workload asks for v1.8.2"),
        ),
    ],
)
def test_observations_that_differ_are_told(observed: Observed, rolling: bool, words: tuple[str, ...]) -> None:
    assert row(version="v1.8.1", observed=observed, rolling=rolling).differing == words


def test_a_component_whose_workloads_have_no_replicas_has_none() -> None:
    assert row(workloads=[make.workload(replicas_desired=None, replicas_ready=None)]).replicas is None


def test_reasons_are_shown_as_sentences() -> None:
    assert row(verdict=Verdict.MISSING, reason="required, and not found").reason == "Required, and not found."


def test_component_that_has_lost_a_workload_comes_before_all_that_is_whole_and_says_what_to_restore() -> None:
    lost = AbsentWorkload(WorkloadKind.DEPLOYMENT, "drycc-controller-api", ("deployments",))
    components = (
        make.assessment("builder", Verdict.UNKNOWN),
        make.assessment("controller", missing_workloads=[lost]),
        make.assessment("router", Verdict.OUTDATED),
    )

    rows = component_rows(components, NOW)

    assert [row.component for row in rows] == ["router", "controller", "builder"]
    assert rows[1].advice == "Restore Deployment drycc-controller-api."
