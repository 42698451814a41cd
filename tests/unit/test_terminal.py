from dataclasses import replace
from datetime import UTC, datetime

import pytest

from factories import assessment, bundle_assessment, inventory, notice, snapshot, source_state
from workflow_exporter.catalog import EndOfLife, Successor
from workflow_exporter.freshness import Newest, Verdict
from workflow_exporter.inventory import AbsentWorkload, WorkloadKind
from workflow_exporter.snapshot import CatalogFacts, SourceState
from workflow_exporter.terminal import ExitStatus, exit_status, render, table

V = Verdict


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([V.CURRENT], ExitStatus.FINE),
        ([V.CURRENT, V.AHEAD, V.UNVERSIONED, V.ABSENT], ExitStatus.FINE),
        ([V.CURRENT, V.OUTDATED], ExitStatus.OUTDATED_OR_MISSING),
        ([V.CURRENT, V.MISSING], ExitStatus.OUTDATED_OR_MISSING),
        ([V.UNKNOWN, V.OUTDATED], ExitStatus.OUTDATED_OR_MISSING),
        ([V.CURRENT, V.UNKNOWN], ExitStatus.CANNOT_TELL),
        ([], ExitStatus.CANNOT_TELL),
    ],
)
def test_the_exit_status_weighs_what_is_wrong_over_what_is_not_known(
    verdicts: list[Verdict], status: ExitStatus
) -> None:
    components = [assessment(f"c{number}", verdict) for number, verdict in enumerate(verdicts)]

    assert exit_status(snapshot(components)) == status


def test_component_that_has_lost_a_workload_ends_with_1_and_is_told_in_its_line() -> None:
    lost = AbsentWorkload(WorkloadKind.DEPLOYMENT, "drycc-controller-api", ("deployments",))
    component = assessment("controller", missing_workloads=[lost], reason=f"not there: {lost}")

    assert exit_status(snapshot([component])) is ExitStatus.OUTDATED_OR_MISSING
    assert "not there: Deployment drycc-controller-api" in render(
        snapshot([component]), everything=False, colour=False
    )


def test_the_table_is_one_line_a_component_with_what_to_know() -> None:
    shown = snapshot(
        [
            assessment("builder"),
            assessment(
                "controller",
                V.OUTDATED,
                "v2.17.0",
                newest=Newest(patch="v2.17.1", minor="v2.18.0", major="v2.18.0"),
                outdated_since=datetime(2017, 8, 30, tzinfo=UTC),
                security=True,
            ),
            assessment("database", V.MISSING, None, reason="not there"),
        ],
        bundle=bundle_assessment("v2.17.0", matching=1, drifted=1, missing=1),
    )

    assert (
        render(shown, everything=False, colour=False)
        == (
            f"{shown.inventory.platform_title} v2.17.0 in namespace deis, newest v2.18.0: "
            "1 matching, 1 drifted, 1 missing\n"
            "\n"
            "COMPONENT   VERSION  VERDICT   NEWEST   SINCE       READY  REASON\n"
            "builder     v2.12.0  current   -        -           1/1\n"
            "controller  v2.17.0  outdated  v2.18.0  2017-08-30  1/1    security update\n"
            "database    -        missing   -        -           -      not there\n"
            "\n"
        ).rstrip("\n")
        + "\n"
    )


def test_what_no_row_can_show_stands_below_the_table() -> None:
    facts = CatalogFacts(
        title="Deis Workflow",
        end_of_life=EndOfLife(date=datetime(2018, 3, 1, tzinfo=UTC)),
        successor=Successor(platform="hephy", title="Hephy Workflow"),
        notices=(notice(title="Rotate keys"),),
        problem="the catalog expired on 2020-01-01",
    )
    shown = replace(
        snapshot(catalog=facts, unobserved=["imagebuilder"]),
        inventory=replace(
            inventory(),
            unknown_workloads={"Pod": 2, "Deployment": 1},
            malformed_objects={"deployments": 1, "pods": 1_200},
        ),
        sources=(source_state("nodes", up=False, reason="nodes is forbidden"), source_state("pods")),
    )

    below = render(shown, everything=False, colour=False).split("\n\n")[-1].splitlines()

    assert below == [
        "End of life: 2018-03-01; Hephy Workflow carries on.",
        f"{shown.catalog.notices[0].severity.value.capitalize()}: Rotate keys",
        "Cannot tell what is newest: the catalog expired on 2020-01-01.",
        "Not observed, so in no count: imagebuilder.",
        "3 objects in the namespace belong to no known component.",
        "Objects that could not be decoded and were skipped: 1 of deployments, 1,200 of pods.",
        "Source nodes is down: nodes is forbidden.",
    ]


def test_what_is_not_recorded_is_not_called_down() -> None:
    unrecorded = SourceState("pods", up=None, reason="not recorded", recorded=False)
    shown = replace(snapshot(), sources=(unrecorded, replace(unrecorded, source="nodes")))

    below = render(shown, everything=False, colour=False).split("\n\n")[-1].splitlines()

    assert below == ["Pods are not recorded: versions are those that the workloads ask for."]


def test_everything_adds_workloads_services_and_pods() -> None:
    text = render(snapshot(), everything=True, colour=False)

    assert [line.split()[0] for line in text.splitlines() if line.isupper()] == [
        "COMPONENT",
        "KIND",
        "SERVICE",
        "POD",
    ]


def test_colour_is_for_terminals_only() -> None:
    shown = snapshot([assessment(verdict=V.OUTDATED)])

    assert "\x1b[33m" in render(shown, everything=False, colour=True)
    assert "\x1b" not in render(shown, everything=False, colour=False)


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    text = table(("A",), [("\x1b[2Jgone\a\r\n",)])

    assert text == "A\n [2Jgone"


def test_no_text_below_or_above_the_table_can_steer_the_terminal() -> None:
    facts = CatalogFacts(
        title="x",
        successor=Successor(platform="hephy", title="He\u202ephy"),
        end_of_life=EndOfLife(date=datetime(2018, 3, 1, tzinfo=UTC)),
        notices=(notice(title="Rotate\x1b[2J \u200bkeys\U000e0041"),),
        problem="no \x9b catalog",
    )
    shown = replace(
        snapshot(catalog=facts, unobserved=["image\x07builder"]),
        inventory=replace(inventory(), platform_title="De\x1bis"),
        sources=(source_state("nodes", up=False, reason="nodes\r\u2066 forbidden"),),
    )

    text = render(shown, everything=True, colour=False)

    assert not set(text) & set("\x1b\x9b\x07\r\u202e\u200b\u2066\U000e0041")
    assert "Rotate\ufffd[2J \ufffdkeys\ufffd" in text  # a catalog's texts are marked when it is read
