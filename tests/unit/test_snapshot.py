"""The snapshot as a pure function of what was read, what is held and what was chosen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from factories import (
    NOW,
    bundle,
    catalog,
    component,
    expectation,
    identity,
    inventory,
    moment,
    node,
    notice,
    source_state,
    source_states,
    workload,
)
from workflow_exporter.catalog import Affects, Catalog, EndOfLife, Severity, Successor
from workflow_exporter.freshness import Verdict
from workflow_exporter.inventory import AbsentWorkload, WorkloadKind
from workflow_exporter.snapshot import (
    CatalogFacts,
    CatalogReading,
    Choices,
    Judge,
    Snapshot,
    SourceState,
    make_snapshot,
)

BUILDER = workload("builder", "quay.io/deis/builder:v2.12.0")


def made(listed: Catalog | None = None, **changes: Any) -> Snapshot:
    fields: dict[str, Any] = {
        "now": NOW,
        "inventory": inventory([BUILDER]),
        "sources": source_states(),
        "reading": CatalogReading(listed or catalog()),
        "identity": identity(),
        "choices": Choices(),
        "titles": {},
    }
    return make_snapshot(**(fields | changes))


def test_snapshot_is_composed_of_what_it_is_given() -> None:
    shown = inventory([BUILDER], [expectation("builder"), expectation("imagebuilder", observed=False)])
    choices = Choices(reporting_enabled=True, modes={"checks": "a file", "reporting": "on"})

    snapshot = made(inventory=shown, choices=choices)

    assert snapshot == Snapshot(
        taken_at=NOW,
        inventory=shown,
        components=snapshot.components,
        unobserved=("imagebuilder",),
        bundle=snapshot.bundle,
        catalog=CatalogFacts(
            platform="deis",
            components=("builder",),
            trains=("stable",),
            title="Deis Workflow",
            generated=moment("2017-09-07"),
        ),
        sources=source_states(),
        identity=identity(),
        identity_problem=None,
        checks_enabled=True,
        reporting_enabled=True,
        modes={"checks": "a file", "reporting": "on"},
    )
    assert [(a.component, a.verdict) for a in snapshot.components] == [("builder", Verdict.CURRENT)]
    assert (snapshot.bundle.version, snapshot.bundle.newest) == ("v2.18.0", "v2.18.0")


def test_same_things_give_the_same_snapshot() -> None:
    assert made() == made()


_FIRST = inventory([BUILDER], [expectation("builder"), expectation("router")], nodes=[node()])
_EXPIRES = moment("2017-10-01")
_LISTED = catalog(expires=_EXPIRES)


@pytest.mark.parametrize(
    "change",
    [
        {"inventory": inventory([workload("builder", "deis/builder:v2.11.0")])},
        {"inventory": inventory([BUILDER], [expectation("builder")])},
        {"inventory": inventory([BUILDER], [expectation("router")], namespace="elsewhere")},
        {"reading": CatalogReading(catalog({"builder": component("v2.12.0", "v2.13.0")}))},
        {"reading": CatalogReading(None, "refused")},
        {"now": _EXPIRES},
        {"sources": source_states("deployments")},
        {"choices": Choices(train="edge")},
        {"choices": Choices(off_cluster=frozenset({"router"}))},
        {"choices": Choices(checks_enabled=False)},
        {"titles": {"router": "Edge"}},
    ],
)
def test_each_change_is_judged_as_if_seen_for_the_first_time(change: dict[str, Any]) -> None:
    judge = Judge()
    first: dict[str, Any] = {"inventory": _FIRST, "reading": CatalogReading(_LISTED)}

    shown = [made(judge=judge, **(first | more)) for more in ({}, change, {})]

    assert shown == [made(**(first | more)) for more in ({}, change, {})]
    assert (shown[1].components, shown[1].bundle) != (shown[0].components, shown[0].bundle)


def test_change_of_a_node_is_no_reason_to_judge_again() -> None:
    judge = Judge()
    before = made(judge=judge, inventory=_FIRST)

    after = made(
        judge=judge, inventory=replace(_FIRST, nodes=(node(ready=False),)), now=NOW + timedelta(minutes=1)
    )

    assert after.inventory.nodes != before.inventory.nodes
    assert after.components is before.components
    assert after.bundle is before.bundle


def test_without_an_identity_nothing_is_reported_and_the_reason_is_kept() -> None:
    snapshot = made(identity="kube-system: forbidden", choices=Choices(reporting_enabled=True))

    assert (snapshot.identity, snapshot.identity_problem) == (None, "kube-system: forbidden")
    assert not snapshot.reporting_enabled


@pytest.mark.parametrize(
    ("reading", "changes", "problem"),
    [
        (CatalogReading(None, "the file is missing"), {}, "the file is missing"),
        (CatalogReading(None), {}, "there is no catalog of releases"),
        (CatalogReading(catalog()), {"choices": Choices(checks_enabled=False)}, "update checks are off"),
        (
            CatalogReading(None),
            {"choices": Choices(checks_enabled=False, modes={"checks": "off: there is nobody to ask"})},
            "update checks are off: there is nobody to ask",
        ),
        (
            CatalogReading(None, "CHECK_VERSIONS is false"),
            {"choices": Choices(checks_enabled=False)},
            "CHECK_VERSIONS is false",
        ),
        (
            CatalogReading(catalog(platform="hephy")),
            {},
            "the catalog is of platform hephy, and deis runs here",
        ),
    ],
)
def test_without_a_catalog_to_judge_by_nothing_is_called_current(
    reading: CatalogReading, changes: dict[str, Any], problem: str
) -> None:
    snapshot = made(reading=reading, **changes)

    assert snapshot.catalog == CatalogFacts(problem=problem)
    assert [(a.verdict, a.reason) for a in snapshot.components] == [(Verdict.UNKNOWN, problem)]
    assert (snapshot.bundle.version, snapshot.bundle.newest) == (None, None)


def test_expired_catalog_still_tells_what_runs_but_not_how_fresh_it_is() -> None:
    expires = datetime(2017, 9, 20, 12, 0, tzinfo=UTC)
    listed = catalog(expires=expires)

    before, after = made(listed, now=moment("2017-09-20T11:59:59")), made(listed, now=expires)

    assert [a.verdict for a in before.components] == [Verdict.CURRENT]
    assert (before.catalog.expired, before.catalog.problem) == (False, None)
    assert [(a.verdict, a.reason) for a in after.components] == [
        (Verdict.UNKNOWN, "the catalog expired on 2017-09-20")
    ]
    assert (after.catalog.expired, after.catalog.expires) == (True, expires)
    assert (after.bundle.version, after.bundle.newest) == ("v2.18.0", None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (source_state("deployments", up=False, reason="forbidden"), "cannot be seen: deployments: forbidden"),
        (source_state("deployments", up=False), "cannot be seen: deployments: down"),
        (source_state("deployments", up=None), "cannot be seen: deployments: has not answered yet"),
    ],
)
def test_component_is_unknown_while_the_source_that_would_show_it_is_down(state: Any, reason: str) -> None:
    snapshot = made(inventory=inventory([], [expectation("builder")]), sources=(state,))

    assert [(a.verdict, a.reason) for a in snapshot.components] == [(Verdict.UNKNOWN, reason)]
    assert snapshot.bundle.missing == 0


def test_component_is_unknown_instead_of_missing_while_an_object_that_may_be_its_own_cannot_be_read() -> None:
    lost = AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-builder-more", ("deployments",))
    expected = [
        expectation("builder", absent_workloads=[lost]),
        expectation("database", sources=["deployments", "replicationcontrollers"]),
        expectation("logger", sources=["daemonsets"]),
        expectation("registry", required=False),
    ]
    unread = {"deployments": 1, "nodes": 2}

    shown = made(inventory=inventory([BUILDER], expected, malformed_objects=unread))

    assert [(one.component, one.verdict.value, one.missing_workloads) for one in shown.components] == [
        ("builder", "current", ()),
        ("database", "unknown", ()),
        ("logger", "missing", ()),
        ("registry", "absent", ()),
    ]
    assert shown.components[0].reason == "cannot be seen: Deployment deis-builder-more"
    assert shown.components[1].reason == "cannot be seen: 1 of deployments cannot be read"


def test_choices_reach_the_verdicts() -> None:
    listed = catalog(
        {"builder": component("v2.12.0")}, [bundle("v3.0.0", train="edge")], trains=["stable", "edge"]
    )
    shown = inventory([BUILDER], [expectation("builder"), expectation("minio")])

    snapshot = made(listed, inventory=shown, choices=Choices(train="edge", off_cluster=frozenset({"minio"})))

    assert [a.verdict for a in snapshot.components] == [Verdict.CURRENT, Verdict.ABSENT]
    assert (snapshot.bundle.train, snapshot.bundle.newest) == ("edge", "v3.0.0")


def test_title_is_the_catalogs_and_else_the_profiles_and_else_the_name() -> None:
    shown = inventory([BUILDER], [expectation(name) for name in ("builder", "minio", "router")])

    snapshot = made(inventory=shown, titles={"builder": "Not this", "minio": "Object storage"})

    assert [a.title for a in snapshot.components] == ["Builder", "Object storage", "router"]


def test_end_of_life_and_successor_are_told() -> None:
    end = EndOfLife(date=datetime(2018, 3, 1, tzinfo=UTC), text="The end.")
    successor = Successor(platform="hephy", title="Hephy Workflow")

    facts = made(catalog(end_of_life=end, successor=successor)).catalog

    assert (facts.end_of_life, facts.successor) == (end, successor)


def shown_notices(*notices: Any, **changes: Any) -> list[str]:
    return [one.id for one in made(catalog(notices=notices), **changes).catalog.notices]


@pytest.mark.parametrize(
    ("affects", "shown"),
    [
        (Affects(), True),
        (Affects(components=("builder",)), True),
        (Affects(components=("router", "builder")), True),
        (Affects(components=("router",)), False),  # does not run here
        (Affects(components=("builder",), versions=("v2.12.0",)), True),
        (Affects(components=("builder",), versions=("2.12.0+build", "v2.11.0")), True),
        (Affects(components=("builder",), versions=("v2.11.0",)), False),
        (Affects(components=("router",), versions=("v2.12.0",)), False),
        (Affects(versions=("v2.18.0",)), True),  # of the platform, where no component is named
        (Affects(versions=("v2.12.0",)), False),
        (Affects(components=("builder",), versions=("no version",)), False),  # fails closed
        (Affects(versions=("no version",)), False),
    ],
)
def test_notice_is_shown_where_it_concerns_what_runs(affects: Affects, *, shown: bool) -> None:
    assert bool(shown_notices(notice(affects=affects))) is shown


def test_notice_about_the_older_of_two_workloads_is_shown() -> None:
    older = workload("builder", "deis/builder:v2.11.0", name="deis-builder-2")
    shown = inventory([BUILDER, older])
    for version in ("v2.11.0", "v2.12.0"):
        about = notice(affects=Affects(components=("builder",), versions=(version,)))

        assert shown_notices(about, inventory=shown) == [about.id]


@pytest.mark.parametrize(
    ("published", "expires", "shown"),
    [
        (None, None, True),
        ("2017-09-20T12:00:00", None, True),  # at this moment
        ("2017-09-20T12:00:01", None, False),  # not yet published
        (None, "2017-09-20T12:00:00", False),  # expired just now
        (None, "2017-09-20T12:00:01", True),
    ],
)
def test_notice_is_shown_between_publication_and_expiry(
    published: str | None, expires: str | None, *, shown: bool
) -> None:
    one = notice(
        published=moment(published) if published else None, expires=moment(expires) if expires else None
    )

    assert bool(shown_notices(one)) is shown


def test_notices_come_the_severest_first_and_then_the_newest() -> None:
    day = moment("2017-09-01")

    assert shown_notices(
        notice("info", severity=Severity.INFO, published=moment("2017-09-19")),
        notice("b", severity=Severity.WARNING, published=day),
        notice("a", severity=Severity.WARNING, published=day),
        notice("undated", severity=Severity.WARNING),
        notice("newer", severity=Severity.WARNING, published=moment("2017-09-02")),
        notice("critical", severity=Severity.CRITICAL),
    ) == ["critical", "newer", "a", "b", "undated", "info"]


UNRECORDED = SourceState("nodes", up=None, reason="not recorded", recorded=False)


@pytest.mark.parametrize(
    ("states", "cluster_read", "complete"),
    [
        (source_states(), True, True),
        (source_states("pods"), True, True),  # down is an answer
        ((source_state("pods"), source_state("nodes", up=None)), False, False),
        ((source_state("pods"), source_state("catalog", up=None)), True, False),
        ((source_state("pods"), source_state("catalog", up=False)), True, True),
        ((source_state("pods"), UNRECORDED), True, True),
    ],
)
def test_snapshot_is_complete_when_each_source_has_answered_once(
    states: Any, *, cluster_read: bool, complete: bool
) -> None:
    snapshot = made(sources=states)

    assert (snapshot.cluster_read, snapshot.complete) == (cluster_read, complete)


def test_reporting_that_was_chosen_is_off_without_an_id_and_the_words_say_so() -> None:
    chosen = Choices(reporting_enabled=True, modes={"checks": "on", "reporting": "on: once an hour"})

    with_id, without = made(choices=chosen), made(choices=chosen, identity="kube-system cannot be read")

    assert (with_id.reporting_enabled, with_id.modes["reporting"]) == (True, "on: once an hour")
    assert (without.reporting_enabled, without.modes) == (
        False,
        {"checks": "on", "reporting": "off: no id can be formed, as kube-system cannot be read"},
    )
