"""What the agent makes of a releases API that is broken or hostile, over real sockets."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest

from factories import NOW, catalog
from fakes.releases_api import (
    JSON,
    Behaviour,
    FakeReleasesApi,
    answer_head,
    answers,
    drips,
    endless,
    endless_gzip_of_nothing,
    gzip_bomb,
    never_ends,
    resets_after,
    says_nothing,
    sends,
    serves,
)
from update_checks import DOCUMENT, PACKED, source
from workflow_exporter.catalog import MAX_BODY_BYTES
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.exchange import Exchange
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.signature import TrustedKeys
from workflow_exporter.web_address import parse_web_address

pytestmark = pytest.mark.anyio

PACKED_JSON = {**JSON, "Content-Encoding": "gzip"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
# RFC 8032, 7.1, test 1.
OWN_KEY = TrustedKeys([bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")])
SIGNATURE_OF_ANOTHER = "A" * 86 + "=="


@dataclass(frozen=True)
class Case:
    behaviour: Behaviour
    reason: str
    refused: bool = False  # there was a catalog, and it must not be believed
    retry_after_seconds: float | None = None
    keys: TrustedKeys | None = None
    deadline_seconds: float = 20


HOSTILE = {
    "slow drip": Case(
        drips(answer_head(200, JSON) + DOCUMENT, 0.02),
        "the releases API did not answer in full within 0.5 s",
        deadline_seconds=0.5,
    ),
    "silence": Case(
        says_nothing(), "the releases API did not answer in full within 0.3 s", deadline_seconds=0.3
    ),
    "early hints without end": Case(
        drips(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000, 0),
        "the releases API did not answer in full within 1 s",
        deadline_seconds=1,
    ),
    "endless body": Case(
        never_ends(JSON, endless(b" " * 65536)), "the answer is larger than 4 MiB", refused=True
    ),
    "endless gzip of nothing": Case(
        never_ends(PACKED_JSON, endless_gzip_of_nothing()), "the answer is larger than 4 MiB", refused=True
    ),
    "gzip bomb": Case(
        answers(200, PACKED_JSON, gzip_bomb(50)), "the answer is larger than 4 MiB", refused=True
    ),
    "endless header": Case(
        sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), "the answer of the releases API is not HTTP"
    ),
    "redirect to another host": Case(
        answers(302, {"Location": "https://user:word@elsewhere.example:8443/path?token=1"}),
        "the releases API sends elsewhere (302), to elsewhere.example:8443, which is not followed",
    ),
    "redirect to nowhere": Case(
        answers(308, {"Location": "http://[::"}),
        "the releases API sends elsewhere (308), which is not followed",
    ),
    "a web page": Case(
        answers(200, HTML, b"<title>Log in</title>"),
        "a web page (text/html) came instead of a catalog: a wrong VERSIONS_API_URL, or a proxy's page",
    ),
    "a web page that says it is JSON": Case(
        answers(200, JSON, b"<title>Log in</title>"),
        "the catalog is not JSON: JSON is malformed: invalid character (byte 0)",
        refused=True,
    ),
    "no type": Case(answers(200, {}, DOCUMENT), "the releases API answered with no type and not with JSON"),
    "wrong signature": Case(
        serves(DOCUMENT, signatures=SIGNATURE_OF_ANOTHER),
        "the catalog's signature is not by a key of CATALOG_PUBLIC_KEYS",
        refused=True,
        keys=OWN_KEY,
    ),
    "no signature": Case(
        serves(DOCUMENT),
        "the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature",
        refused=True,
        keys=OWN_KEY,
    ),
    "another platform": Case(
        serves(msgspec.json.encode(catalog(platform="hephy"))),
        "the catalog is of platform 'hephy', not of 'deis'",
        refused=True,
    ),
    "reset before the answer": Case(resets_after(b""), "the connection to the releases API broke off"),
    "reset within the answer": Case(
        resets_after(answer_head(200, {**JSON, "Content-Length": "1000"}) + b"{"),
        "the connection to the releases API broke off",
    ),
    "closed before the answer": Case(sends(b""), "the releases API closed the connection without an answer"),
    "closed within the answer": Case(
        sends(answer_head(200, {**JSON, "Content-Length": "1000"}) + b"{"),
        "the connection to the releases API broke off",
    ),
    "not HTTP": Case(sends(b"220 mail.example ESMTP\r\n\r\n"), "the answer of the releases API is not HTTP"),
    "500": Case(answers(500), "the releases API answered 500 and no catalog"),
    "503 that says when": Case(
        answers(503, {"Retry-After": "120"}), "the releases API is down (503)", retry_after_seconds=120
    ),
    "429 that says when": Case(
        answers(429, {"Retry-After": "7"}), "the releases API is asked too often (429)", retry_after_seconds=7
    ),
    "404": Case(answers(404), "the releases API has no catalog of deis (404)"),
    "204": Case(answers(204), "the releases API answered 204 and no catalog"),
    "304 to who has nothing": Case(
        answers(304), "the releases API says unchanged (304) to who has nothing yet"
    ),
    "empty": Case(answers(200, JSON), "the catalog is not JSON: Input data was truncated", refused=True),
    "empty gzip": Case(
        answers(200, PACKED_JSON), "the compressed answer breaks off before its end", refused=True
    ),
    "truncated gzip": Case(
        answers(200, PACKED_JSON, PACKED[:-20]),
        "the compressed answer breaks off before its end",
        refused=True,
    ),
    "damaged gzip": Case(
        answers(200, PACKED_JSON, PACKED[:40] + bytes(20) + PACKED[60:]),
        "the answer says it is gzip and is not",
        refused=True,
    ),
    "gzip with something behind": Case(
        answers(200, PACKED_JSON, PACKED + b"more"),
        "the compressed answer goes on after its end",
        refused=True,
    ),
    "an encoding not asked for": Case(
        answers(200, {**JSON, "Content-Encoding": "br"}, DOCUMENT),
        "the answer has a Content-Encoding that was not asked for",
        refused=True,
    ),
}


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_is_wrong_is_said_and_the_catalog_held_stays(case: Case) -> None:
    api = FakeReleasesApi(case.behaviour)
    async with api.running():
        under_test = source(api.address, keys=case.keys, deadline_seconds=case.deadline_seconds)

        with pytest.raises(CatalogError) as caught:
            async with asyncio.timeout(20):
                await under_test.load("deis")

    error = caught.value
    assert str(error) == case.reason
    assert isinstance(error, CatalogUnavailableError) is not case.refused
    assert getattr(error, "retry_after_seconds", None) == case.retry_after_seconds
    assert api.connections == 1


async def test_an_honest_server_is_believed_packed_or_not() -> None:
    api = FakeReleasesApi(serves(DOCUMENT), serves(DOCUMENT, packed=False))
    async with api.running():
        loaded = [await source(api.address).load("deis") for _ in range(2)]

    assert loaded == [catalog(), catalog()]


async def test_an_old_catalog_replayed_is_refused_and_the_newer_one_stays() -> None:
    newer = catalog(generated=datetime(2017, 9, 7, tzinfo=UTC))
    older = catalog(generated=datetime(2017, 9, 1, tzinfo=UTC))
    api = FakeReleasesApi(serves(msgspec.json.encode(newer)), serves(msgspec.json.encode(older)))
    async with api.running():
        held = HeldCatalog(source(api.address), lambda: NOW)
        for _ in range(3):
            await held.refresh("deis")

    assert held.reading().catalog == newer
    assert (held.state().up, held.refused, held.failures) == (False, 2, 2)
    assert held.state().reason == "the catalog of 2017-09-01 is older than the one held of 2017-09-07"


async def test_no_server_is_said_so() -> None:
    api = FakeReleasesApi(serves(DOCUMENT))
    async with api.running():
        gone = api.address

    with pytest.raises(CatalogUnavailableError) as caught:
        await source(gone).load("deis")

    assert str(caught.value) == ("the releases API cannot be reached: connection refused, or no such address")


async def test_a_name_that_nobody_knows_is_said_so() -> None:
    def knows_nobody(host: str) -> object:
        raise OSError(f"no address for {host}")

    exchange = Exchange(
        parse_web_address("https://releases.example.org"), most_bytes=MAX_BODY_BYTES, resolve=knows_nobody
    )
    with pytest.raises(CatalogUnavailableError) as caught:
        await exchange.get("/v1/catalogs/deis", {})

    assert str(caught.value) == "the name of the releases API cannot be looked up: DNS does not know it"
