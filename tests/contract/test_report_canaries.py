"""Every text of a cluster is marked; no mark may be found in a report, in the log or in an error.

A mark stands alone, and behind text that the rules know, since that is how a rule is got past.
"""

import dataclasses
import itertools
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

import factories as make
from fakes.receiver import ScriptedReceiver, request_in
from workflow_exporter import bundle, catalog, freshness, inventory, snapshot
from workflow_exporter.errors import ReportError
from workflow_exporter.freshness import Verdict
from workflow_exporter.inventory import AbsentWorkload, Leftover, WorkloadKind
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.report import series_line
from workflow_exporter.reporter.answer import Means, judge
from workflow_exporter.reporter.desk import Desk, Ready
from workflow_exporter.reporter.listing import listing
from workflow_exporter.reporter.once import send_once
from workflow_exporter.reporter.pace import Surroundings
from workflow_exporter.reporter.receiver import Answer
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.sender import Sender
from workflow_exporter.reporter.words import Words
from workflow_exporter.self_metrics import ReportOutcome
from workflow_exporter.snapshot import CatalogFacts, Snapshot

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
MARK = re.compile(r"canary", re.IGNORECASE)
WORDS = Words.of_profiles(shipped_profiles())
# Published words are meant to be said; ids and the secret are checked by tests of their own.
UNMARKED = {
    "CatalogFacts.platform",
    "CatalogFacts.components",
    "CatalogFacts.trains",
    "Identity.cluster_id",
    "Identity.instance_id",
    "Identity.instance_secret",
}
# What the rules know, so that a mark behind it tries to ride along.
KNOWN_BEGINNINGS = {
    "Inventory.platform": "hephy",
    "Assessment.component": "builder",
    "Assessment.version": "v2.13.5+",
    "BundleAssessment.version": "v2.22.1+",
    "BundleAssessment.train": "stable",
    "ClusterFacts.kubernetes_version": "v1.31.2+",
    "Node.os_image": "Ubuntu 22.04.5 LTS ",
    "Node.kubelet_version": "v1.31.2-",
    "Node.container_runtime_version": "containerd://1.7.22-",
    "Node.architecture": "amd64",
}


class Marker:
    """Replaces every text of a value by one of its own, and remembers of which fields."""

    def __init__(self, beginnings: Mapping[str, str]) -> None:
        self.fields: set[str] = set()
        self._beginnings = beginnings
        self._numbers = itertools.count(1)

    def marked(self, value: Any, field: str = "") -> Any:
        if field in UNMARKED or isinstance(value, Enum):
            return value
        if isinstance(value, str):
            self.fields.add(field)
            return f"{self._beginnings.get(field, '')}canary{next(self._numbers)}"
        if isinstance(value, tuple | frozenset):
            return type(value)(self.marked(item, field) for item in value)
        if isinstance(value, Mapping):
            return {self.marked(key, field): self.marked(item, field) for key, item in value.items()}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [item.name for item in dataclasses.fields(value) if item.init]
            changes = {
                name: self.marked(getattr(value, name), f"{type(value).__name__}.{name}") for name in names
            }
            return dataclasses.replace(value, **changes)
        return value


def whole_snapshot() -> Snapshot:
    """One of everything that a snapshot can hold."""
    workload = make.workload("builder", declared="v2.13.5", main_container="deis-builder")
    assessment = make.assessment(
        "builder",
        Verdict.OUTDATED,
        "v2.13.5",
        observed=freshness.Observed("v2.13.5", "v2.13.5", "v2.13.5"),
        newest=freshness.Newest("v2.13.6", "v2.14.0", "v3.0.0"),
        reason="pods differ",
        notes_url="https://example.org/notes",
        workloads=[workload],
    )
    missing = make.expectation(
        "minio", absent_workloads=[AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-minio", ("deployments",))]
    )
    return make.snapshot(
        [assessment],
        inventory=make.inventory(
            [workload],
            [missing],
            leftovers=[Leftover("deis-builder", "builder", 0)],
            unknown_workloads={"Deployment": 2},
            malformed_objects={"pods": 1},
        ),
        unobserved=["imagebuilder"],
        bundle=make.bundle_assessment(notes_url="https://example.org/notes"),
        catalog=CatalogFacts(
            title="Hephy Workflow",
            platform="hephy",
            components=("builder",),
            trains=("stable",),
            problem="none of your business",
        ),
        sources=make.source_states("pods"),
        identity=make.identity(),
        reporting_enabled=True,
    )


def texts_of(*modules: Any) -> Iterator[str]:
    """`Class.field` of all fields of the modules' dataclasses that hold text."""
    for module in modules:
        for kind in vars(module).values():
            if (
                isinstance(kind, type)
                and dataclasses.is_dataclass(kind)
                and kind.__module__ == module.__name__
            ):
                for field in dataclasses.fields(kind):
                    if re.search(r"\bstr\b", str(field.type)) and field.init:
                        yield f"{kind.__name__}.{field.name}"


def marked_snapshot(beginnings: Mapping[str, str]) -> tuple[Snapshot, set[str]]:
    marker = Marker(beginnings)
    return marker.marked(whole_snapshot()), marker.fields


def ready_of(marked: Snapshot) -> Ready:
    desk = Desk(audience="customer", exporter_version="0.1.0", words=lambda: WORDS, encode=encode, keep=True)
    ready = desk.ready(marked, NOW)
    assert ready is not None
    return ready


def test_every_text_of_a_snapshot_is_marked() -> None:
    _, marked = marked_snapshot({})

    told_apart = {
        "CatalogReading.problem",  # what goes into a snapshot, not of it
        "Choices.train",
        "Choices.off_cluster",
        "Choices.modes",
        "Grounds.problem",
        "Grounds.train",
        "Grounds.off_cluster",
        "Grounds.down",
        "Grounds.titles",
        "Grounds.unrecorded",
        "Grounds.malformed",
        "Snapshot.identity_problem",  # None where there is an id
        "Leftover.component",
    }
    expected = set(texts_of(inventory, snapshot, freshness, bundle)) - UNMARKED - told_apart
    assert {field for field in expected if not field.startswith("_")} - marked == set()
    assert catalog.Catalog.__name__ not in {field.partition(".")[0] for field in marked}


@pytest.mark.parametrize("beginnings", [{}, KNOWN_BEGINNINGS], ids=["alone", "behind what is known"])
def test_no_text_of_a_cluster_reaches_a_report(beginnings: Mapping[str, str]) -> None:
    marked, _ = marked_snapshot(beginnings)
    assert MARK.search(repr(marked))

    ready = ready_of(marked)

    assert not MARK.search("\n".join(map(series_line, ready.report.series)))
    assert not MARK.search(str(request_in(encode(ready.report))))
    assert b"canary" not in encode(ready.report).lower()


def test_what_is_known_is_told_so_that_the_canaries_have_something_to_hide_behind() -> None:
    marked, _ = marked_snapshot(KNOWN_BEGINNINGS)

    lines = "\n".join(map(series_line, ready_of(marked).report.series))

    for word in (
        "v2.13.5",
        "v2.22.1",
        'kubernetes_version="1.31"',
        "Ubuntu 22.04",
        "1.31.2",
        "containerd 1.7",
    ):
        assert word in lines


def test_no_uid_is_in_a_report() -> None:
    uids = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
    cluster = make.snapshot(
        inventory=make.inventory(cluster=make.cluster_facts(*uids)), identity=make.identity()
    )

    sent = str(request_in(encode(ready_of(cluster).report)))

    assert [uid for uid in uids if uid in sent] == []


def test_the_secret_is_in_no_report() -> None:
    ready = ready_of(marked_snapshot({})[0])

    assert ready.instance_secret not in str(request_in(encode(ready.report)))


class OverError(BaseException):
    """The test has seen enough."""


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        Answer(204),
        Answer(400, text=b"out of order"),
        Answer(413, text=b"what is Bearer " + b"5" * 64),
        Answer(503),
        ReportError("the receiver cannot be reached"),
    ],
)
async def test_no_text_of_a_cluster_and_no_secret_reaches_the_log_or_an_error(
    answer: Answer | ReportError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ready = ready_of(marked_snapshot(KNOWN_BEGINNINGS)[0])
    receiver = ScriptedReceiver(answer)

    async def over(_: float) -> None:
        raise OverError

    sender = Sender(
        receiver,
        ready=lambda _: ready,
        encode=encode,
        bearer=str,
        count=lambda _outcome, _at: None,
        surroundings=Surroundings(lambda: NOW, lambda: 0.0, over),
    )
    with pytest.raises(OverError):
        await sender.run()
    said = [*(record.getMessage() for record in caplog.records), sender.words]
    try:
        said.append(await send_once(receiver, ready, b"", ready.instance_secret, NOW))
    except ReportError as error:
        said.append(str(error))

    assert len(receiver.bodies) == 2
    assert not MARK.search("\n".join(said))
    assert ready.instance_secret not in "\n".join(said)


def test_a_fault_in_the_making_says_nothing_of_what_it_was_made_of() -> None:
    ready = ready_of(marked_snapshot(KNOWN_BEGINNINGS)[0])

    assert not MARK.search(repr(ready))
    assert judge(Answer(400, text=b"canary"), NOW).means is Means.WRONG
    assert not MARK.search(judge(Answer(400, text=b"canary"), NOW).reason)


def test_the_listing_for_a_terminal_has_no_text_of_a_cluster_either() -> None:
    marked, _ = marked_snapshot(KNOWN_BEGINNINGS)
    desk = Desk(audience="ci", exporter_version="0.1.0", words=lambda: WORDS, encode=encode, keep=False)
    preview = desk.preview(marked, NOW)

    assert preview.report is not None
    assert not MARK.search(listing(preview, preview.report))


def test_outcomes_are_counted_by_fixed_words() -> None:
    assert {outcome.value for outcome in ReportOutcome} == {
        "sent",
        "retried",
        "repeated",
        "rejected",
        "dropped",
    }
