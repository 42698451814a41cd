"""Memory of label sets: it changes nothing but the time, stays bounded, and mixes up nobody."""

import pytest

from gateways import Site
from ingest_factories import (
    HEADERS,
    INSTANCE,
    OTHER_INSTANCE,
    OTHER_SECRET,
    SLOT,
    component,
    field,
    fleet,
    label,
    node,
    pack,
    sample,
    seen,
    series,
    whole,
    write_request,
)
from workflow_releases.ingest.allowlist import RULES
from workflow_releases.ingest.label_sets import LabelSet, LabelSets
from workflow_releases.ingest.masks import Ids, find_ids
from workflow_releases.ingest.proof import instance_id_of
from workflow_releases.ingest.refusals import ReportRefusedError

OWN = HEADERS["authorization"]
OTHERS = f"Bearer {OTHER_SECRET}"


@pytest.mark.anyio
async def test_report_of_another_instance_is_found_whole_and_goes_on_as_its_own() -> None:
    site = Site()
    await site.post(pack(whole(INSTANCE, "c1" * 16)))
    remembered = len(site.known.label_sets)

    await site.post(pack(whole(OTHER_INSTANCE, "c2" * 16)), authorization=OTHERS)

    decoded = site.known.label_sets.decode(whole(OTHER_INSTANCE, "c2" * 16))
    assert (len(decoded.passed), decoded.unchecked) == (19, [])
    assert len(site.known.label_sets) == remembered == 19
    assert INSTANCE.encode() not in site.store.payloads[1]
    assert ("c1" * 16).encode() not in site.store.payloads[1]
    fresh = Site()
    await fresh.post(pack(whole(OTHER_INSTANCE, "c2" * 16)), authorization=OTHERS)
    assert fresh.store.bodies[0] == site.store.bodies[1]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "cluster_id", [INSTANCE, OTHER_INSTANCE, "a" * 32], ids=["own instance", "another instance", "repeated"]
)
async def test_cluster_id_may_be_any_id_even_the_instances_own(cluster_id: str) -> None:
    site = Site()
    for _ in range(2):
        await site.post(pack(whole(INSTANCE, cluster_id)))
        await site.post(pack(whole(OTHER_INSTANCE, "c2" * 16)), authorization=OTHERS)

    named = [
        (labels["instance_id"], labels["cluster_id"])
        for labels, _, _ in site.store.samples
        if "cluster_id" in labels
    ]
    assert named == [(INSTANCE, cluster_id), (OTHER_INSTANCE, "c2" * 16)] * 2


@pytest.mark.anyio
async def test_an_instance_is_in_one_cluster_also_when_its_words_are_known() -> None:
    site = Site()
    both = write_request((seen(cluster_id="c1" * 16), SLOT), (seen(cluster_id="c2" * 16), SLOT))

    first = await site.post(pack(both))
    await site.post(pack(write_request((seen(cluster_id="c1" * 16), SLOT))))
    second = await site.post(pack(both))

    assert [answer.status_code for answer in (first, second)] == [400, 400]
    assert [labels["cluster_id"] for labels, _, _ in site.store.samples] == ["c1" * 16]


@pytest.mark.anyio
async def test_strangers_cannot_fill_the_memory_with_words_of_their_own() -> None:
    site = Site()
    for number in range(100):
        await site.post(
            pack(write_request((component(f"made-up-{number}"), SLOT), (node(f"OS {number}"), 1)))
        )

    assert len(site.known.label_sets) == 0


@pytest.mark.anyio
@pytest.mark.parametrize("told", [component(), node()], ids=["of few words", "of many words"])
async def test_order_and_spelling_add_nothing_to_the_memory(told: dict[str, str]) -> None:
    site = Site()
    labels = list(told.items())
    for shift in range(4):
        value = SLOT if "component" in told else 1
        await site.post(pack(series(labels[shift:] + labels[:shift], value)))

    assert len(site.known.label_sets) == 1


@pytest.mark.anyio
async def test_id_that_is_spelt_so_that_it_is_not_masked_is_not_remembered() -> None:
    site = Site()
    for number in range(5):
        secret = bytes([number]) * 32
        labels = component(instance_id=instance_id_of(secret))
        # Value before name: a label like any other, but not as protobuf's libraries write it.
        odd = [field(1, field(2, value.encode()) + field(1, name.encode())) for name, value in labels.items()]
        body = pack(field(1, b"".join(odd) + sample(SLOT)))
        assert (await site.post(body, authorization=f"Bearer {secret.hex()}")).status_code == 204

    assert len(site.known.label_sets) == 0
    assert len(site.store.bodies) == len(set(site.store.bodies)) == 5


@pytest.mark.anyio
async def test_cluster_that_another_one_before_it_keeps_from_being_masked_is_not_remembered() -> None:
    site = Site()
    decoy = field(3, label("cluster_id", "ab" * 16))  # a field of which nothing is read

    assert (await site.post(pack(decoy + series(seen(), SLOT)))).status_code == 204
    assert len(site.known.label_sets) == 0


def test_memory_is_bounded_and_only_what_can_be_varied_at_will_is_forgotten() -> None:
    sets, ids = LabelSets(max_few=3, max_many=2), Ids(INSTANCE, "")
    few, many = RULES["fleet_components"], RULES["fleet_nodes"]

    for number in range(10):
        sets.remember(LabelSet(b"few %d" % number, few), fleet("components"), ids)
        sets.remember(LabelSet(b"many %d" % number, many), node(), ids)

    assert len(sets) == 5


def test_what_comes_again_in_a_form_that_is_not_looked_up_fills_no_memory() -> None:
    sets, ids = LabelSets(max_few=1, max_many=2), Ids(INSTANCE, "")
    few, many = RULES["fleet_components"], RULES["fleet_nodes"]

    for _ in range(5):
        sets.remember(LabelSet(b"many", many), node(), ids)
    for number in range(5):
        sets.remember(LabelSet(b"many %d" % number, many), node(), ids)
        sets.remember(LabelSet(b"few %d" % number, few), fleet("components"), ids)

    assert len(sets) == 3


def test_wrong_length_before_remembered_labels_is_not_taken_for_them() -> None:
    site_labels = fleet("components", verdict="current")
    good = series(site_labels, 1)
    sets, ids = LabelSets(), find_ids(good)
    template = ids.mask(good[2:-18] if good[1] < 0x80 else good[3:-18])
    sets.remember(LabelSet(template, RULES["fleet_components"]), site_labels, ids)

    assert len(sets.decode(good).passed) == 1
    for position in (0, 1):
        spoilt = bytearray(good)
        spoilt[position] ^= 1
        with pytest.raises(ReportRefusedError):
            sets.decode(bytes(spoilt))
