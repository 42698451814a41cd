"""The gateway on real sockets: a report's way to a store, bodies in pieces, and senders that are slow."""

import asyncio
import itertools
import time
from pathlib import Path

import httpx
import pytest
from cramjam import snappy

from fakes.releases_api import answers
from fakes.store import read
from gateway_program import chunk, exchange, first_line, head, listening, of_this_hour, program
from gateways import Site
from ingest_factories import HEADERS, SECRET, pack, small


@pytest.mark.anyio
async def test_report_reaches_the_store_rebuilt_and_with_the_stores_own_token(tmp_path: Path) -> None:
    async with program(tmp_path, answers(204)) as served, httpx.AsyncClient(base_url=served.public) as client:
        report = of_this_hour()
        answer = await client.post("/api/v1/write", content=pack(report), headers=HEADERS)
        exposed = (await client.get(f"{served.metrics}metrics")).text

        assert (answer.status_code, answer.content) == (204, b"")
        (received,) = served.store.received
        assert received.header("authorization") == "Bearer store-token"
        assert SECRET not in str(received.headers)
        sent, told = read(report), read(bytes(snappy.decompress_raw(received.body)))
        assert sorted(map(str, told)) == sorted(map(str, sent))
        assert 'releases_ingest_requests_total{reason="accepted"} 1.0' in exposed
        assert 'releases_requests_total{route="/api/v1/write",status="204"} 1.0' in exposed


PACKED = pack(small())
CHUNKED = {"transfer_encoding": "chunked"}

# what is sent, the status, and whether the connection stays for the next request
WIRE: dict[str, tuple[list[bytes], int, bool]] = {
    "in one piece": ([head(content_length=str(len(pack(small())))), pack(small())], 204, True),
    "chunked": ([head(**CHUNKED), chunk(pack(small())), chunk(b"")], 204, True),
    "announced as too long": ([head(content_length="65537")], 413, False),
    "announced as 4 GB": ([head(content_length="4294967296")], 413, False),
    "chunked and too long": ([head(**CHUNKED), *[chunk(bytes(8192))] * 9], 413, False),
    "never sent": ([head(content_length="10")], 408, False),
    "chunked and never ended": ([head(**CHUNKED), chunk(b"x")], 408, False),
    "without a secret, announced": ([head(authorization="", content_length="3"), b"abc"], 401, True),
    "without a secret, chunked": ([head(authorization="", **CHUNKED), chunk(b"x")], 401, False),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("pieces", "status", "stays"), WIRE.values(), ids=WIRE)
async def test_body_is_read_no_further_than_it_is_wanted(
    pieces: list[bytes], status: int, *, stays: bool
) -> None:
    site = Site(body_deadline_seconds=0.2)
    async with listening(site.gateway) as url:
        received = await exchange(url, pieces)

    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.endswith(b"<still open>") == stays
    assert site.counts.under_way == 0


ODD: dict[str, list[bytes]] = {
    "a length and chunks": [head(content_length=str(len(PACKED)), **CHUNKED), PACKED],
    "two lengths": [head(content_length="10")[:-2], b"content-length: 11\r\n\r\n", PACKED],
    "a length that is no number": [head(content_length="1e3"), PACKED],
    "a negative length": [head(content_length="-1"), PACKED],
    "a length of 400 digits": [head(content_length="9" * 400), PACKED],
    "a chunk that is no number": [head(**CHUNKED), b"xyz\r\n"],
    "a chunk of 2 to the 64": [head(**CHUNKED), b"%x\r\n" % 2**64],
    "an encoding that nobody knows": [head(transfer_encoding="gzip"), PACKED],
    "no host": [head(content_length="0").replace(b"host: x\r\n", b"")],
    "a header of 2 MB": [head(x_long="y" * 2_000_000, content_length=str(len(PACKED))), PACKED],
    "a header that is folded": [head(content_length="0")[:-2], b" x\r\n\r\n"],
    "a NUL in a header": [head(x_odd="\x00", content_length="0")],
    "another protocol": [b"\x16\x03\x01\x02\x00" + bytes(200)],
}


@pytest.mark.anyio
@pytest.mark.parametrize("pieces", ODD.values(), ids=ODD)
async def test_odd_framing_is_never_5xx_and_disturbs_no_other_sender(pieces: list[bytes]) -> None:
    """The server refuses it, or closes; the gateway sees little of it."""
    site = Site(body_deadline_seconds=0.2)
    async with listening(site.gateway) as url:
        answered = await first_line(url, pieces)
        after = await first_line(url, [head(content_length=str(len(PACKED))), PACKED])

    assert answered == "" or answered.startswith("HTTP/1.1 4")
    assert after == "HTTP/1.1 204 No Content"
    assert len(site.store.bodies) == 1
    assert site.counts.by_reason["fault"] == 0


KEPT = {
    file.stem: file.read_bytes()
    for file in sorted((Path(__file__).parents[1] / "data" / "gateway" / "requests").glob("*.http"))
}


@pytest.mark.anyio
async def test_kept_requests_are_taken_or_refused_on_a_socket_as_their_names_begin() -> None:
    """Where the server refuses one by itself, its status is 400."""
    site = Site()
    async with listening(site.gateway) as url:
        told = {name: await first_line(url, [raw]) for name, raw in KEPT.items()}

    assert told
    for name, line in told.items():
        assert line.split()[1] in ({"204"} if name.startswith("204") else {name[:3], "400"})


BYTE_BY_BYTE = [PACKED[at : at + 1] for at in range(len(PACKED))]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "pieces",
    [
        [head(content_length=str(len(PACKED))), *BYTE_BY_BYTE],
        [head(**CHUNKED), *map(chunk, BYTE_BY_BYTE), chunk(b"")],
        [bytes([one]) for one in head(content_length=str(len(PACKED)))] + [PACKED],
    ],
    ids=["announced", "chunked", "head"],
)
async def test_report_that_comes_byte_by_byte_is_the_same_report(pieces: list[bytes]) -> None:
    site, at_once = Site(), Site()
    await at_once.post(PACKED)
    async with listening(site.gateway) as url:
        received = await exchange(url, pieces)

    assert received == b"HTTP/1.1 204 No Content\r\n" + received.partition(b"\r\n")[2]
    assert site.store.bodies == at_once.store.bodies


@pytest.mark.anyio
@pytest.mark.parametrize("chunked", [False, True])
async def test_body_that_drips_is_given_up_in_the_same_time_as_one_that_does_not_come(
    *, chunked: bool
) -> None:
    """However often a byte comes, the whole has one deadline."""
    site = Site(body_deadline_seconds=0.3)
    first = head(**CHUNKED) if chunked else head(content_length="60000")
    drops = itertools.repeat(chunk(b"x") if chunked else b"x", 2000)  # 40 s, if nobody ended it
    async with listening(site.gateway) as url:
        began = time.monotonic()
        received = await exchange(url, itertools.chain([first], drops), pause_seconds=0.02)
        took = time.monotonic() - began

    assert received.startswith(b"HTTP/1.1 408 ")
    assert took < 20  # generous: the machine may be busy
    assert site.reasons == {"too_slow": 1}


@pytest.mark.anyio
async def test_slow_bodies_of_one_source_are_no_more_than_its_rate_and_hold_up_nobody_else() -> None:
    site = Site(source_rate_per_minute=3, trusted_proxies=1, max_under_way=4)
    async with listening(site.gateway) as url:
        address = httpx.URL(url)
        slow, refused = head(content_length="100", x_forwarded_for="203.0.113.1"), []
        writers = []
        for _ in range(6):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writers.append(writer)
            writer.write(slow + b"half")
            async with asyncio.timeout(20):
                if len(writers) > 3:
                    refused.append((await reader.readline()).rstrip())
                while site.counts.under_way < min(len(writers), 3):  # noqa: ASYNC110 - as below
                    await asyncio.sleep(0)
        other = head(content_length=str(len(PACKED)), x_forwarded_for="203.0.113.2")
        taken = await exchange(url, [other, PACKED])
        under_way = site.counts.under_way
        for writer in writers:
            writer.close()

    assert refused == [b"HTTP/1.1 429 Too Many Requests"] * 3
    assert taken.startswith(b"HTTP/1.1 204 ")
    assert under_way == 3


@pytest.mark.anyio
async def test_sender_that_goes_away_midway_leaves_nothing_behind() -> None:
    site = Site()
    async with listening(site.gateway) as url:
        address = httpx.URL(url)
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(head(content_length="100") + b"half")
        await writer.drain()
        async with asyncio.timeout(5):
            while site.counts.under_way == 0:  # noqa: ASYNC110 - a counter has no event to wait for
                await asyncio.sleep(0)
            writer.close()
            while site.counts.under_way:  # noqa: ASYNC110 - a counter has no event to wait for
                await asyncio.sleep(0)

    assert site.reasons == {"cut_short": 1}
