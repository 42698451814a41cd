"""Which banners the page begins with, in each state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import factories as make
import snapshots
from true_clusters import NOW
from workflow_exporter.catalog import EndOfLife
from workflow_exporter.freshness import Verdict
from workflow_exporter.inventory import AbsentWorkload, WorkloadKind
from workflow_exporter.snapshot import CatalogFacts, Snapshot, SourceState
from workflow_exporter.web.banners import Banner, Tone, banners

EXPECTED = {
    "current": [(Tone.CURRENT, "All 13 components are current")],
    "outdated": [(Tone.OUTDATED, "Outdated: 4 components"), (Tone.MISSING, "Missing: 1 component")],
    "security": [
        (Tone.SECURITY, "Security update for 1 component"),
        (Tone.MISSING, "Missing: 1 component"),
    ],
    "end_of_life": [
        (Tone.END_OF_LIFE, "Deis Workflow ended on 1 Mar 2018"),
        (Tone.QUIET, "Nothing newer exists within this line"),
    ],
    "cannot_tell": [(Tone.UNKNOWN, "Cannot tell whether anything is outdated")],
    "checks_off": [(Tone.UNKNOWN, "Cannot tell whether anything is outdated")],
    "empty_namespace": [(Tone.UNKNOWN, "Nothing of Hephy Workflow runs in namespace default")],
    "forbidden": [
        (Tone.UNREAD, "Cannot read 2 sources"),
        (Tone.CURRENT, "All 13 components are current"),
    ],
    "forbidden_everything": [
        (Tone.UNKNOWN, "Cannot see what runs in namespace default"),
        (Tone.UNREAD, "Cannot read 12 sources"),
    ],
    "stale": [(Tone.STALE, "Some of this is 14 minutes old")],
}


@pytest.mark.parametrize("state", EXPECTED)
def test_each_state_has_its_banners_the_loudest_first(state: str) -> None:
    found = banners(snapshots.STATES[state](), NOW)

    assert [(banner.tone, banner.headline) for banner in found] == EXPECTED[state]


def of(*verdicts: Verdict, **fields: object) -> tuple[Banner, ...]:
    components = [make.assessment(f"part-{n}", verdict) for n, verdict in enumerate(verdicts)]
    return banners(make.snapshot(components, **fields), make.NOW)  # type: ignore[arg-type]  # builder's fields


def test_component_that_has_lost_a_workload_is_named_with_it() -> None:
    lost = AbsentWorkload(WorkloadKind.DEPLOYMENT, "drycc-controller-api", ("deployments",))
    components = [
        make.assessment("controller", title="Controller", missing_workloads=[lost]),
        make.assessment("router"),
    ]

    (banner,) = banners(make.snapshot(components), make.NOW)

    assert (banner.tone, banner.headline) == (Tone.MISSING, "Incomplete: 1 component")
    assert banner.lines == (
        "Controller has lost Deployment drycc-controller-api.",
        "What runs elsewhere can be named in OFF_CLUSTER, as component/workload.",
    )


def test_security_says_what_else_is_outdated_and_which_platform_release_has_it() -> None:
    banner = banners(snapshots.security(), NOW)[0]

    assert banner.lines == (
        "A newer release closes a security hole in Controller.",
        "3 more components are outdated.",
        "The newest platform release is Hephy Workflow v2.23.0, released 8 May 2021.",
    )
    assert [link.text for link in banner.links] == ["What v2.23.0 brings"]


@pytest.mark.parametrize("verdict", [Verdict.OUTDATED, Verdict.UNKNOWN, Verdict.MISSING])
def test_nothing_is_called_current_beside_what_is_not(verdict: Verdict) -> None:
    tones = {banner.tone for banner in of(Verdict.CURRENT, verdict)}

    assert tones.isdisjoint({Tone.CURRENT, Tone.QUIET})


@pytest.mark.parametrize(
    ("verdicts", "tone", "headline"),
    [
        ([Verdict.CURRENT], Tone.CURRENT, "The only component is current"),
        ([Verdict.CURRENT, Verdict.AHEAD, Verdict.ABSENT], Tone.CURRENT, "All 2 components are current"),
        (
            [Verdict.CURRENT, Verdict.CURRENT, Verdict.UNVERSIONED],
            Tone.CURRENT,
            "All 2 components that can be compared are current",
        ),
        ([Verdict.UNVERSIONED], Tone.QUIET, "There is nothing to compare"),
    ],
)
def test_the_quiet_line_counts_only_what_was_compared(
    verdicts: list[Verdict], tone: Tone, headline: str
) -> None:
    [banner] = of(*verdicts)

    assert (banner.tone, banner.headline) == (tone, headline)


def test_catalog_problem_comes_as_a_sentence() -> None:
    [banner] = of(Verdict.UNKNOWN, catalog=CatalogFacts(problem="the catalog expired 12 Jul 2026"))

    assert banner.lines == ("The catalog expired 12 Jul 2026.",)


def test_coming_end_of_life_leaves_current_components_current() -> None:
    end = EndOfLife(date=make.NOW + timedelta(days=40), text="upgrade before then")

    found = of(Verdict.CURRENT, catalog=CatalogFacts(end_of_life=end))

    assert [banner.tone for banner in found] == [Tone.END_OF_LIFE, Tone.CURRENT]
    assert found[0].headline == "Deis Workflow ends on 30 Oct 2017"
    assert found[0].lines == (
        "No releases or fixes will come after that, in 40 days.",
        "Upgrade before then.",
    )


def test_successor_without_an_https_address_is_named_and_not_linked() -> None:
    snapshot = snapshots.end_of_life()
    successor = snapshot.catalog.successor
    assert successor is not None
    hostile = type(successor)(platform="x", title="Other Workflow", url="javascript:alert(1)")

    banner = banners(replace(snapshot, catalog=replace(snapshot.catalog, successor=hostile)), NOW)[0]

    assert (banner.lines[-1], banner.links) == ("Other Workflow carries on.", ())


def test_a_snapshot_that_is_no_longer_refreshed_is_said_to_be_old() -> None:
    snapshot = make.snapshot()

    fresh = banners(snapshot, make.NOW + timedelta(seconds=180))
    [old] = banners(snapshot, make.NOW + timedelta(minutes=7))

    assert [banner.tone for banner in fresh] == [Tone.CURRENT]
    assert (old.tone, old.headline) == (Tone.STALE, "All of this is 7 minutes old")


def with_sources(*states: tuple[str, str, datetime | None]) -> Snapshot:
    sources = [
        replace(make.source_state(name, up=False, reason=reason), last_success=seen)
        for name, reason, seen in states
    ]
    return make.snapshot(sources=sources)


def test_recording_without_a_workload_says_what_it_cannot_see() -> None:
    recorded = {
        name: SourceState(name, up=None, reason="not recorded", recorded=False) for name in make.SOURCES
    }
    shown = replace(snapshots.empty_namespace(), sources=tuple(recorded.values()))

    headlines = [banner.headline for banner in banners(shown, make.NOW)]

    assert "Cannot see what runs in namespace default" in headlines
    assert not [headline for headline in headlines if "read" in headline]


def test_sources_that_are_down_for_one_reason_share_a_line() -> None:
    seen = datetime(2017, 9, 20, 11, 0, tzinfo=UTC)

    [banner] = banners(
        with_sources(("pods", "connection refused", seen), ("nodes", "connection refused", seen)), make.NOW
    )

    assert banner.headline == "Some of this is 1 hour old"
    assert banner.lines == ("pods and nodes: connection refused (last read 1 hour ago)",)


def test_many_reasons_are_cut_and_the_rest_is_counted() -> None:
    names = ("pods", "services", "nodes", "cronjobs", "version")

    found = banners(with_sources(*[(name, f"{name} is forbidden", None) for name in names]), make.NOW)

    assert found[0].lines == (
        "pods is forbidden (never read)",
        "services is forbidden (never read)",
        "nodes is forbidden (never read)",
        "And 2 more reasons: see the sources below.",
    )
