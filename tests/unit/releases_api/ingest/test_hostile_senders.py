"""What one address, with ids of its own and reports that pass, can take from others and add to the store."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from gateways import Site
from ingest_factories import (
    CLUSTER,
    INSTANCE,
    SLOT,
    component,
    fleet,
    identity,
    in_order,
    node,
    pack,
    seen,
    small,
    whole,
    write_request,
)
from releases_factories import make_catalog, make_component, make_release

STRANGER, HONEST = "192.0.2.66", "192.0.2.1"


def bearer(secret: str) -> str:
    return f"Bearer {secret}"


def inventive(number: int, instance_id: str) -> bytes:
    """As many series as a report may have, each with words that no other report has."""
    told = [(seen(instance_id, f"{number:032x}", exporter_version=f"v1.{number}.0"), SLOT)]
    told += [(component("router", f"v{number}.{n}.0", instance_id), SLOT) for n in range(40)]
    told += [(node("Debian 12", instance_id, f"{n}.{number // 999}.{number % 999}"), 1) for n in range(9)]
    return pack(write_request(*in_order(*told)))


RELEASED = make_component(*(make_release(f"v2.{number}.0") for number in range(40)))
CATALOGS = {"deis": make_catalog(components={"router": RELEASED})}


def fullest(instance_id: str, cluster_id: str = CLUSTER, kubernetes: int = 1) -> bytes:
    """The most series of each metric, of versions that a catalog lists."""
    versions = [("router", f"v2.{number}.0") for number in range(40)]
    nodes = [
        (node(instance_id=instance_id, kubelet_version=f"{kubernetes}.2.{number}"), 1) for number in range(7)
    ]
    return whole(instance_id, cluster_id, versions, f"{kubernetes}.1.1") + write_request(*nodes)


@pytest.mark.anyio
async def test_versions_that_a_stranger_invents_make_nobody_elses_other() -> None:
    site = Site()
    for number in range(60):
        secret, instance = identity(number)
        await site.post(inventive(number, instance), STRANGER, authorization=bearer(secret))
    site.store.bodies.clear()

    own = [
        (seen(version="v9.8.7", exporter_version="v3.2.1"), SLOT),
        *((component(name, "v9.8.7"), SLOT) for name in ("router", "builder")),
    ]
    assert (await site.post(pack(write_request(*in_order(*own))), HONEST)).status_code == 204

    assert [labels.get("exporter_version", "v3.2.1") for labels, _, _ in site.store.samples] == ["v3.2.1"] * 3
    assert [labels["version"] for labels, _, _ in site.store.samples] == ["v9.8.7"] * 3
    assert site.counts.unlisted == {"platform": 43, "agent": 6}
    assert site.counts.not_admitted["platform", "source"] > 0


@pytest.mark.anyio
async def test_one_report_has_at_most_64_series() -> None:
    """The most of each metric together; one more of any is refused."""
    site = Site(catalogs=CATALOGS)
    assert (await site.post(pack(fullest(INSTANCE)))).status_code == 204
    assert site.counts.series_forwarded == 64

    for one in (
        seen(cluster_id="c2" * 16),
        component("builder"),
        node(kubelet_version="1.2.9"),
        fleet("components", verdict="current"),
        fleet("capacity_cpu_cores"),
    ):
        answer = await site.post(pack(fullest(INSTANCE) + write_request((one, 0.0))))
        assert answer.status_code == 400


@pytest.mark.anyio
async def test_source_brings_a_number_of_new_instances_an_hour_and_known_ones_go_on() -> None:
    site = Site(new_instance_rate_per_hour=60)

    async def statuses(numbers: range, peer: str = STRANGER) -> Counter[int]:
        found = Counter[int]()
        for number in numbers:
            secret, instance = identity(number)
            moment = int(site.now) // 3600 * 3600
            answer = await site.post(pack(small(instance, moment)), peer, authorization=bearer(secret))
            found[answer.status_code] += 1
            assert ("retry-after" in answer.headers) == (answer.status_code == 429)
        return found

    assert await statuses(range(100)) == {204: 60, 429: 40}
    assert site.reasons == {"accepted": 60, "new_instances": 40}
    assert await statuses(range(60)) == {204: 60}
    assert await statuses(range(60, 70), HONEST) == {204: 10}
    site.now += 1800
    assert await statuses(range(70, 110)) == {204: 30, 429: 10}


@pytest.mark.anyio
async def test_instance_whose_labels_change_with_each_report_is_as_many_new_ones() -> None:
    """Else one id would add as many series as many do. Values may change, and a known report come again."""
    site = Site(new_instance_rate_per_hour=3)

    async def status(body: bytes) -> int:
        return (await site.post(pack(body), STRANGER)).status_code

    steady = [await status(whole(weeks=weeks)) for weeks in range(5)]
    other_nodes = [await status(whole(kubelet_version=f"1.31.{n}")) for n in (2, 3)]
    other_clusters = [await status(whole(cluster_id=f"{n:032x}")) for n in range(3)]

    assert steady == [204] * 5
    assert other_nodes == [204] * 2
    assert other_clusters == [204, 429, 429]
    assert await status(whole()) == 204


@pytest.mark.anyio
async def test_one_address_adds_some_thousand_series_an_hour_at_the_shipped_rates() -> None:
    """Without these limits it were 256 for each of 120 reports a minute: 60,928 in the first one."""
    site = Site(
        source_rate_per_minute=120,
        instance_rate_per_hour=12,
        new_instance_rate_per_hour=60,
        catalogs=CATALOGS,
    )
    stored = set[str]()

    async def minute(start: int) -> None:
        for number in range(start, start + 120):
            secret, instance = identity(number % 100)
            body = pack(fullest(instance, f"{number:032x}", number % 99))
            await site.post(body, STRANGER, authorization=bearer(secret))
            site.now += 0.5
        stored.update(str(sorted(labels.items())) for labels, _, _ in site.store.samples)
        site.store.bodies.clear()

    await minute(0)
    first = len(stored)
    for number in range(1, 5):
        await minute(120 * number)

    assert first == 60 * 64
    assert len(stored) <= 65 * 64


@pytest.mark.anyio
async def test_reports_without_proof_use_up_no_share_of_new_instances() -> None:
    site = Site(new_instance_rate_per_hour=1)
    for number in range(5):
        await site.post(pack(small()), authorization=bearer(identity(number)[0]))

    assert (await site.post(pack(small()))).status_code == 204


@pytest.mark.anyio
async def test_long_bodies_that_do_not_end_are_given_up_before_they_fill_memory() -> None:
    """8 MiB are held, and little ones beyond; honest reports go on meanwhile."""
    site = Site()
    largest, going_on = bytes(60_000), asyncio.Event()

    async def slow(piece: bytes) -> AsyncIterator[bytes]:
        yield piece
        await going_on.wait()

    large = [asyncio.create_task(site.post(slow(largest), f"192.0.2.{n}")) for n in range(200)]
    little = [asyncio.create_task(site.post(slow(b"x"), f"198.51.100.{n}")) for n in range(50)]
    refused, held = await asyncio.wait([*large, *little], timeout=10, return_when=asyncio.FIRST_COMPLETED)
    honest = await site.post(pack(small()), HONEST)
    going_on.set()
    answers = Counter([(await one).status_code for one in large])

    assert honest.status_code == 204
    assert answers == {503: 61, 400: 139}
    assert {(await one).status_code for one in little} == {400}
    assert len(held) > 100
    assert {one.result().headers["retry-after"] for one in refused} == {"60"}
    assert (await site.post(slow(largest))).status_code == 400  # nothing is held any more


@pytest.mark.anyio
async def test_refusals_are_logged_once_a_minute_and_reason_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()

    async def lines(seconds: int, *bodies: bytes) -> list[str]:
        caplog.clear()
        site.now += seconds
        for body in bodies:
            await site.post(body)
        return [record.getMessage() for record in caplog.records if record.name.startswith("workflow")]

    no_snappy = "reports refused since the last such line: {}; the body is not in snappy's block format"
    no_report = "reports refused since the last such line: {}; the body is not a protobuf write request"
    with caplog.at_level(logging.DEBUG):
        first = await lines(0, *[b"canary"] * 40, *[pack(b"canary")] * 3)
        meanwhile = await lines(59, *[b"canary"] * 2)
        a_minute_later = await lines(1, pack(small()))
        then = await lines(60, pack(small()))

    assert first == [no_snappy.format(1), no_report.format(1)]
    assert meanwhile == []
    assert a_minute_later == [no_snappy.format(41), no_report.format(2)]
    assert then == []
