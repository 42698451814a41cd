"""Snapshot in, series out: whole reports, and what each rule of design section 8 makes of odd clusters."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from workflow_exporter.freshness import Verdict
from workflow_exporter.inventory import Node
from workflow_exporter.report import Report, Series, slot_of
from workflow_exporter.reporter.labels import LABELS
from workflow_exporter.reporter.series import make_report
from workflow_exporter.reporter.table import SERIES, Material
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import Identity, Snapshot

SLOT = datetime(2017, 9, 20, 12, tzinfo=UTC)
WORDS = Words(frozenset({"deis"}), frozenset({"builder", "controller", "router"}), frozenset({"stable"}))
S = SLOT.timestamp()
IDENTITY = make.identity()

WHOLE = """
instance_seen_timestamp_seconds \
audience=customer cluster_id=cccccccccccccccccccccccccccccccc exporter_version=v0.1.0 \
kubernetes_version=1.7 platform=deis train=stable version=v2.18.0: 1505908800
component_seen_timestamp_seconds component=builder version=v2.12.0: 1505908800
component_seen_timestamp_seconds component=router version=v2.15.0: 1505908800
instance_created_timestamp_seconds: 1465171200
cluster_created_timestamp_seconds: 1464566400
nodes_created_timestamp_seconds bound=newest: 1505692800
nodes_created_timestamp_seconds bound=oldest: 1505692800
components verdict=absent: 0
components verdict=ahead: 0
components verdict=current: 1
components verdict=missing: 1
components verdict=outdated: 1
components verdict=unknown: 0
components verdict=unversioned: 0
nodes architecture=amd64 container_runtime=containerd 1.7 kubelet_version=1.31.2 os_image=Ubuntu 22.04: 1
capacity_cpu_cores: 4
capacity_memory_bytes: 17179869184
capacity_storage_bytes: 137438953472
"""


def report(snapshot: Snapshot, *, audience: str = "customer", exporter_version: str = "0.1.0") -> Report:
    made = make_report(Material(snapshot, SLOT, audience, exporter_version), WORDS)
    assert made is not None
    return made


def snapshot(*components: Any, identity: Identity | None = IDENTITY, **fields: Any) -> Snapshot:
    return make.snapshot(components or None, identity=identity, **fields)


def line(series: Series) -> str:
    """Without the prefix and the label that all have in common."""
    labels = [f"{name}={value}" for name, value in series.labels if name != "instance_id"]
    return f"{' '.join((series.name.removeprefix('fleet_'), *labels))}: {series.value:.0f}"


def found(made: Report, name: str) -> dict[tuple[str, ...], float]:
    """Values of one series by those of its labels, the instance's own left out."""
    return {
        tuple(value for label, value in one.labels if label != "instance_id"): one.value
        for one in made.series
        if one.name == name
    }


def test_a_whole_report() -> None:
    made = report(
        snapshot(
            make.assessment("builder", Verdict.CURRENT, "v2.12.0"),
            make.assessment("router", Verdict.OUTDATED, "2.15.0"),
            make.assessment("minio", Verdict.MISSING, None),
        )
    )

    assert made.slot == SLOT
    assert all(("instance_id", "1" * 32) in one.labels for one in made.series)
    assert "\n".join(map(line, made.series)) == WHOLE.strip()


def test_what_nobody_published_is_other() -> None:
    made = report(
        snapshot(
            make.assessment("acme-billing", Verdict.UNKNOWN, "v1.2.3"),
            make.assessment("builder", Verdict.UNVERSIONED, "git-1a2b3c4"),
            inventory=make.inventory(
                platform="acme-paas", cluster=make.cluster_facts(kubernetes_version="acme")
            ),
            bundle=make.bundle_assessment(None, train="acme-internal"),
        ),
        audience="acme",
        exporter_version="0.1.0.dev3+acme",
    )

    (seen,) = [one for one in made.series if one.name == "fleet_instance_seen_timestamp_seconds"]
    assert dict(seen.labels) == {
        "instance_id": "1" * 32,
        "cluster_id": "c" * 32,
        "platform": "other",
        "version": "other",
        "train": "other",
        "audience": "other",
        "exporter_version": "other",
        "kubernetes_version": "other",
    }
    assert found(made, "fleet_component_seen_timestamp_seconds") == {
        ("builder", "other"): S,
        ("other", "v1.2.3"): S,
    }


def test_components_that_became_the_same_words_are_one_series() -> None:
    made = report(
        snapshot(make.assessment("acme-a", version="canary"), make.assessment("acme-b", version="latest"))
    )

    assert found(made, "fleet_component_seen_timestamp_seconds") == {("other", "other"): S}


def test_nodes_are_counted_by_what_they_have_in_common() -> None:
    nodes = [
        *(make.node(f"a-{n}") for n in range(115)),
        make.node("b", os_image="Ubuntu 22.04.1 LTS"),
        make.node("c", os_image="AcmeOS 7", architecture="arm64"),
        make.node("d", os_image="Other AcmeOS", architecture="arm64"),
    ]

    made = report(snapshot(inventory=make.inventory(nodes=nodes)))

    assert found(made, "fleet_nodes") == {
        ("amd64", "containerd 1.7", "1.31.2", "Ubuntu 22.04"): 120,
        ("arm64", "containerd 1.7", "1.31.2", "other"): 2,
    }


def test_eight_combinations_of_nodes_are_told_and_the_rest_as_one() -> None:
    def of(minor: int, count: int) -> list[Node]:
        return [make.node(f"n-{minor}-{n}", kubelet_version=f"v1.{minor}.0") for n in range(count)]

    unknown = make.node(
        "u", os_image="x", kubelet_version="x", container_runtime_version="x", architecture="x"
    )
    nodes = [unknown, *(node for minor in range(10) for node in of(minor, 10 - minor))]

    told = found(report(snapshot(inventory=make.inventory(nodes=nodes))), "fleet_nodes")

    assert told == {
        **{("amd64", "containerd 1.7", f"1.{minor}.0", "Ubuntu 22.04"): 10 - minor for minor in range(8)},
        ("other", "other", "other", "other"): 2 + 1 + 1,
    }


def test_without_nodes_nothing_is_said_of_them() -> None:
    made = report(snapshot(inventory=make.inventory(nodes=[])))

    assert not [one.name for one in made.series if "node" in one.name or "capacity" in one.name]


def test_what_is_not_known_is_left_out() -> None:
    facts = make.cluster_facts(cluster_created=None, instance_created=None, kubernetes_version=None)
    nodes = [make.node(created=None, cpu_cores=float("nan"), memory_bytes=0)]

    made = report(snapshot(inventory=make.inventory(cluster=facts, nodes=nodes)))

    assert sorted({one.name for one in made.series}) == [
        "fleet_capacity_storage_bytes",
        "fleet_component_seen_timestamp_seconds",
        "fleet_components",
        "fleet_instance_seen_timestamp_seconds",
        "fleet_nodes",
    ]


def test_capacities_are_summed_over_the_nodes_that_report_them() -> None:
    nodes = [
        make.node("a", cpu_cores=None, ephemeral_storage_bytes=None),
        make.node("b", cpu_cores=8.0, ephemeral_storage_bytes=None),
    ]

    made = report(snapshot(inventory=make.inventory(nodes=nodes)))

    assert {one.name: one.value for one in made.series if "capacity" in one.name} == {
        "fleet_capacity_cpu_cores": 8,
        "fleet_capacity_memory_bytes": 32 * 1024**3,
    }


@pytest.mark.parametrize("memory", [2**61, 10**400])
def test_a_capacity_that_cannot_be_true_is_left_out(memory: int) -> None:
    nodes = [make.node(cpu_cores=2.0**25, memory_bytes=memory, ephemeral_storage_bytes=memory)]

    made = report(snapshot(inventory=make.inventory(nodes=nodes)))

    assert not [one.name for one in made.series if "capacity" in one.name]


def test_oldest_and_newest_node_have_their_own_weeks() -> None:
    nodes = [
        make.node("a", created=make.moment("2017-09-20")),
        make.node("b", created=make.moment("2016-06-10")),
    ]

    made = report(snapshot(inventory=make.inventory(nodes=nodes)))

    assert found(made, "fleet_nodes_created_timestamp_seconds") == {
        ("newest",): make.moment("2017-09-18").timestamp(),
        ("oldest",): make.moment("2016-06-06").timestamp(),
    }


@pytest.mark.parametrize(
    "identity",
    [
        None,
        make.identity(instance_id="prod.acme.example.com"),
        make.identity(cluster_id="11111111-1111-4111-8111-111111111111"),
        make.identity(instance_id=""),
    ],
)
def test_without_well_formed_ids_there_is_no_report(identity: Identity | None) -> None:
    made = make_report(Material(snapshot(identity=identity), SLOT, "customer", "0.1.0"), WORDS)

    assert made is None


def test_thirty_nine_components_are_told_and_the_rest_as_one() -> None:
    names = [f"part-{number:03}" for number in range(300)]
    words = replace(WORDS, components=frozenset(names))
    many = make.snapshot([make.assessment(name) for name in names], identity=make.identity())

    made = make_report(Material(many, SLOT, "customer", "0.1.0"), words)

    assert made is not None
    assert len(found(made, "fleet_component_seen_timestamp_seconds")) == 40  # the most that a gateway takes


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones())  # noqa: DTZ001  given by `timezones`
)
def test_a_slot_is_the_start_of_the_utc_hour(moment: datetime) -> None:
    slot = slot_of(moment)

    assert timedelta(0) <= moment - slot < timedelta(hours=1)
    assert slot.timestamp() % 3600 == 0


NODES = st.lists(
    st.builds(
        make.node,
        st.text(),
        os_image=st.text(),
        kubelet_version=st.text(),
        container_runtime_version=st.text(),
        architecture=st.text(),
        cpu_cores=st.floats(),
        memory_bytes=st.integers(),
        ephemeral_storage_bytes=st.integers(),
        created=st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=20,
)
COMPONENTS = st.lists(st.builds(make.assessment, st.text(), version=st.text()), max_size=10)


@given(nodes=NODES, components=COMPONENTS, train=st.text(), version=st.text(), audience=st.text())
def test_every_report_of_any_cluster_is_within_the_table(
    nodes: list[Node], components: list[Any], train: str, version: str, audience: str
) -> None:
    made = report(
        snapshot(
            *components,
            inventory=make.inventory([], nodes=nodes),
            bundle=make.bundle_assessment(version, train=train),
        ),
        audience=audience,
    )

    rows = {row.name: row for row in SERIES}
    for one in made.series:
        row = rows[one.name]
        assert [name for name, _ in one.labels] == sorted(("instance_id", *row.labels))
        assert 0 <= one.value <= row.most
        for name, value in one.labels:
            form = LABELS[name].form or "deis|builder|controller|router|stable|other"
            assert re.fullmatch(form, value), (name, value)
    assert len({(one.name, one.labels) for one in made.series}) == len(made.series)
