"""A good report: what goes on of it, and what becomes of words that nobody knows."""

import pytest

from gateways import Site
from ingest_factories import (
    HEADERS,
    SLOT,
    component,
    field,
    fleet,
    identity,
    label,
    node,
    pack,
    sample,
    seen,
    series,
    small,
    whole,
    write_request,
)
from releases_factories import make_catalog

VERDICT = fleet("components", verdict="current")


@pytest.mark.anyio
async def test_report_goes_on_as_it_was_meant() -> None:
    site = Site()

    answer = await site.post(pack(whole()))

    assert (answer.status_code, answer.content, dict(answer.headers)) == (204, b"", {})
    samples = site.store.samples
    assert len(samples) == 19
    assert {timestamp_ms for _, _, timestamp_ms in samples} == {SLOT * 1000}
    assert (component("router", "v2.1.0"), float(SLOT), SLOT * 1000) in samples
    assert (fleet("components", verdict="current"), 0.0, SLOT * 1000) in samples
    assert (fleet("capacity_cpu_cores"), 32.0, SLOT * 1000) in samples
    assert site.reasons == {"accepted": 1}
    assert (site.counts.series_forwarded, site.counts.under_way) == (19, 0)


GOOD_HEADERS = [
    {"content_type": "Application/X-Protobuf; proto=prometheus.WriteRequest"},
    {"content_encoding": "Snappy"},
    {"x_prometheus_remote_write_version": ""},
    {"x_prometheus_remote_write_version": "0.1.3"},
    {"authorization": HEADERS["authorization"].replace("Bearer ", "bearer  ")},
]


@pytest.mark.anyio
@pytest.mark.parametrize("headers", GOOD_HEADERS)
async def test_header_may_be_written_in_every_way_that_means_the_same(headers: dict[str, str]) -> None:
    assert (await Site().post(pack(small()), **headers)).status_code == 204


@pytest.mark.anyio
async def test_forwarded_bytes_do_not_depend_on_how_the_report_was_written() -> None:
    labels = [seen(), component(), VERDICT]
    backwards = b"".join(
        series(list(reversed(one.items())), value)
        for one, value in reversed([(labels[0], SLOT), (labels[1], SLOT), (labels[2], 1)])
    )
    decorated = b"".join(
        field(1, b"".join(label(*pair) for pair in one.items()) + sample(value) + field(3, b"exemplar"))
        for one, value in zip(labels, (SLOT, SLOT, 1), strict=True)
    )
    site = Site()

    for payload in (
        write_request((labels[0], SLOT), (labels[1], SLOT), (labels[2], 1)),
        backwards,
        decorated + field(3, b"metadata: free text of a stranger"),
        backwards,
    ):
        assert (await site.post(pack(payload))).status_code == 204

    assert len(set(site.store.bodies)) == 1
    for found, _, _ in site.store.samples:
        assert list(found) == sorted(found)


@pytest.mark.anyio
async def test_words_that_only_a_newer_agent_knows_become_other() -> None:
    site = Site()
    payload = write_request(
        (seen(platform="newer", train="nightly", kubernetes_version="two"), SLOT),
        (component("brand-new", "v1.0.0"), SLOT),
        (component("brand-newer", "v1.0.0"), SLOT),
        (component("router", "canary"), SLOT),
        (node("TempleOS 5"), 10),
        (node("Hannah Montana Linux"), 3),
    )

    answer = await site.post(pack(payload))

    assert answer.status_code == 204
    assert sorted(site.store.samples, key=str) == sorted(
        [
            (seen(platform="other", train="other", kubernetes_version="other"), float(SLOT), SLOT * 1000),
            (component("other", "v1.0.0"), float(SLOT), SLOT * 1000),
            (component("router", "other"), float(SLOT), SLOT * 1000),
            (node("other"), 13.0, SLOT * 1000),
        ],
        key=str,
    )


@pytest.mark.anyio
async def test_unlisted_versions_count_up_to_a_number_and_from_the_next_day_on_anew() -> None:
    site = Site()

    async def told(number: int, version: str) -> str:
        """By one of the instances, each of which has an address of its own."""
        before = len(site.store.bodies)
        moment = int(site.now) // 3600 * 3600
        secret, instance = identity(number)
        body = pack(series(component("router", version, instance), moment, moment * 1000))
        answer = await site.post(body, f"192.0.2.{number}", authorization=f"Bearer {secret}")
        assert answer.status_code == 204
        del site.store.bodies[:before]
        return site.store.samples[0][0]["version"]

    first = [await told(number // 30, f"v7.0.{number}") for number in range(200)]
    after = [await told(8, version) for version in ("v7.0.200", "v7.0.0", "v2.0.0")]
    site.now += 86_400
    next_day = await told(8, "v7.0.200")

    assert first == [f"v7.0.{number}" for number in range(200)]
    assert after == ["other", "v7.0.0", "v2.0.0"]
    assert next_day == "v7.0.200"


@pytest.mark.anyio
async def test_word_is_known_from_the_moment_a_catalog_lists_it() -> None:
    site = Site()
    body = pack(write_request((seen(platform="hephy"), SLOT)))

    await site.post(body)
    site.catalogs = {"deis": make_catalog(), "hephy": make_catalog(platform="hephy")}
    await site.post(body)

    assert [labels["platform"] for labels, _, _ in site.store.samples] == ["other", "hephy"]
