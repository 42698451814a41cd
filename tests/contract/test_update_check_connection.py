"""Whom the update check trusts, and what it lets a server learn: certificates, proxies, cookies, ETags."""

import hashlib
from pathlib import Path

import pytest

from factories import catalog
from fakes.connect_proxy import ConnectProxy
from fakes.releases_api import JSON, FakeReleasesApi, answers, serves
from update_checks import DOCUMENT, PACKED, TLS, server_tls, source
from workflow_exporter import __version__
from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.web_address import parse_web_address

pytestmark = pytest.mark.anyio

PRIVACY = Path(__file__).parents[2] / "PRIVACY.md"
PACKED_JSON = {**JSON, "Content-Encoding": "gzip"}
UNTRUSTED = (
    "the certificate of the releases API is signed by a CA that is not trusted here; "
    "CA_BUNDLE_FILE can name it"
)


# --- certificates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "ca_bundle", "reason"),
    [
        ("named", TLS / "ca.crt", "the certificate of the releases API is of another address"),
        (
            "loopback",
            None,
            UNTRUSTED,
        ),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_refused(
    certificate: str, ca_bundle: Path | None, reason: str
) -> None:
    api = FakeReleasesApi(serves(DOCUMENT))
    async with api.running(server_tls(certificate)):
        address = parse_web_address(f"https://127.0.0.1:{api.port}")

        with pytest.raises(CatalogUnavailableError) as caught:
            await source(address, ca_bundle=ca_bundle).load("deis")

    assert str(caught.value) == reason
    assert api.requests == []


async def test_a_ca_bundle_is_trusted_beside_the_systems() -> None:
    api = FakeReleasesApi(serves(DOCUMENT))
    async with api.running(server_tls("loopback")):
        address = parse_web_address(f"https://127.0.0.1:{api.port}")

        loaded = await source(address, ca_bundle=TLS / "ca.crt").load("deis")

    assert loaded == catalog()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kubernetes.test", None),
        ("another.test", "the certificate of the releases API is of another name"),
    ],
)
async def test_through_a_proxy_the_certificate_is_still_the_servers(name: str, reason: str | None) -> None:
    api = FakeReleasesApi(serves(DOCUMENT))
    async with api.running(server_tls("named")), ConnectProxy(api.port).running() as proxy:
        under_test = source(parse_web_address(f"https://{name}"), proxy=proxy.url, ca_bundle=TLS / "ca.crt")
        said = None
        try:
            assert await under_test.load("deis") == catalog()
        except CatalogUnavailableError as error:
            said = str(error)

    assert said == reason
    assert proxy.asked == [f"CONNECT {name}:443 HTTP/1.1"]


# --- what the server learns ----------------------------------------------------------------------------


async def test_cookies_are_never_sent_back() -> None:
    marked = answers(200, {**JSON, "Set-Cookie": "who=you; Max-Age=99999; Path=/", "ETag": '"you"'}, DOCUMENT)
    api = FakeReleasesApi(marked)
    async with api.running():
        under_test = source(api.address)
        for _ in range(3):
            await under_test.load("deis")

    assert len(set(api.requests)) == 1
    assert b"who" not in api.requests[-1]
    assert "if-none-match" not in api.headers(2)


@pytest.mark.parametrize("weak", ["", "W/"])
@pytest.mark.parametrize("form", ["{}", "{}-gzip"])
async def test_only_the_bodys_own_hash_goes_back_and_always_in_the_same_words(weak: str, form: str) -> None:
    digest = hashlib.sha256(DOCUMENT).hexdigest()
    etag = f'{weak}"{form.format(digest)}"'
    api = FakeReleasesApi(answers(200, {**PACKED_JSON, "ETag": etag}, PACKED), serves(DOCUMENT))
    async with api.running():
        under_test = source(api.address)
        first, second = [await under_test.load("deis") for _ in range(2)]

    assert second is first
    assert api.headers(1)["if-none-match"] == f'"{digest}", "{digest}-gzip"'


@pytest.mark.parametrize(
    "etag",
    [
        '"agent-4711"',
        '"{}-agent-4711"',
        "{}",
        '"' + hashlib.sha256(PACKED).hexdigest() + '"',  # of the compressed bytes
    ],
    ids=["a name", "the hash and a name", "without quotes", "of the compressed bytes"],
)
async def test_an_etag_that_is_not_the_hash_is_not_sent_back(etag: str) -> None:
    digest = hashlib.sha256(DOCUMENT).hexdigest()
    api = FakeReleasesApi(answers(200, {**PACKED_JSON, "ETag": etag.format(digest)}, PACKED))
    async with api.running():
        under_test = source(api.address)
        for _ in range(2):
            await under_test.load("deis")

    assert api.requests[0] == api.requests[1]


async def test_the_request_is_exactly_what_the_privacy_page_says() -> None:
    api = FakeReleasesApi(serves(DOCUMENT))
    async with api.running():
        await source(api.address).load("deis")

    documented = PRIVACY.read_text().partition("```\n")[2].partition("```")[0].replace("\n", "\r\n") + "\r\n"
    sent = api.requests[0].decode().replace(api.address.authority, "releases.example.org")
    assert sent.replace(f"workflow-exporter/{__version__}\r", "workflow-exporter/0.1.0\r") == documented


async def test_a_password_of_the_address_is_sent_and_never_shown() -> None:
    api = FakeReleasesApi(answers(503))
    async with api.running():
        address = parse_web_address(f"http://me:s%40cret@127.0.0.1:{api.port}")
        under_test = source(address)

        with pytest.raises(CatalogUnavailableError) as caught:
            await under_test.load("deis")

    assert api.headers(0)["authorization"] == "Basic bWU6c0BjcmV0"
    shown = f"{caught.value!r} {caught.value.__cause__!r} {under_test.title} {address!r} {address}"
    assert "cret" not in shown
