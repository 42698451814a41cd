"""The source over HTTP, with the exchange played."""

import hashlib
from collections.abc import Mapping

import msgspec
import pytest

from factories import NOW, catalog
from workflow_exporter.catalog import Catalog
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.api import CatalogApi, if_none_match
from workflow_exporter.releases.exchange import Answer
from workflow_exporter.releases.signature import TrustedKeys

pytestmark = pytest.mark.anyio

UNCHANGED = Answer(304, {}, b"")


class Played:
    """Gives its answers one after the other."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = iter(answers)
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        self.asked.append((path, headers))
        return next(self._answers)


def document(held: Catalog) -> bytes:
    return msgspec.json.encode(held)


def whole(held: Catalog, **headers: str) -> Answer:
    body = document(held)
    etag = {"etag": f'"{hashlib.sha256(body).hexdigest()}"'}
    return Answer(200, {"content-type": "application/json"} | etag | headers, body)


def condition(held: Catalog) -> dict[str, str]:
    digest = hashlib.sha256(document(held)).hexdigest()
    return {"If-None-Match": f'"{digest}", "{digest}-gzip"'}


def api(exchange: Played, keys: TrustedKeys | None = None) -> CatalogApi:
    return CatalogApi(exchange, keys or TrustedKeys(), authority="releases.example.org", now=lambda: NOW)


async def test_unchanged_is_the_same_object_and_new_content_replaces_it() -> None:
    first, second = catalog(title="First"), catalog(title="Second")
    exchange = Played(whole(first), UNCHANGED, whole(second), UNCHANGED)
    under_test = api(exchange)

    loaded = [await under_test.load("deis") for _ in range(4)]

    assert loaded == [first, first, second, second]
    assert loaded[1] is loaded[0]
    assert exchange.asked == [
        ("/v1/catalogs/deis", {}),
        ("/v1/catalogs/deis", condition(first)),
        ("/v1/catalogs/deis", condition(first)),
        ("/v1/catalogs/deis", condition(second)),
    ]


async def test_another_platform_is_asked_without_what_is_known_of_the_first() -> None:
    exchange = Played(whole(catalog()), whole(catalog(platform="hephy")), whole(catalog()))
    under_test = api(exchange)

    for platform in ("deis", "hephy", "deis"):
        await under_test.load(platform)

    assert exchange.asked == [
        ("/v1/catalogs/deis", {}),
        ("/v1/catalogs/hephy", {}),
        ("/v1/catalogs/deis", {}),
    ]


async def test_a_refused_catalog_is_asked_for_anew_and_the_last_one_is_still_known() -> None:
    good, foreign = catalog(), catalog(platform="hephy")
    exchange = Played(whole(good), whole(foreign), UNCHANGED)
    under_test = api(exchange)
    await under_test.load("deis")

    with pytest.raises(CatalogError, match="of platform 'hephy'"):
        await under_test.load("deis")

    assert await under_test.load("deis") == good
    assert exchange.asked[2] == ("/v1/catalogs/deis", condition(good))


async def test_unchanged_to_who_has_nothing_is_no_catalog() -> None:
    with pytest.raises(CatalogUnavailableError, match="says unchanged"):
        await api(Played(UNCHANGED)).load("deis")


async def test_a_signature_is_asked_for_before_anything_is_decoded() -> None:
    garbage = Answer(200, {"content-type": "application/json"}, b"garbage")

    with pytest.raises(CatalogError, match="not signed"):
        await api(Played(garbage), TrustedKeys([bytes(32)])).load("deis")


async def test_a_platform_of_ones_own_stays_one_part_of_the_path() -> None:
    exchange = Played(UNCHANGED)

    with pytest.raises(CatalogError):
        await api(exchange).load("../x?y#z")

    assert exchange.asked == [("/v1/catalogs/..%2Fx%3Fy%23z", {})]


async def test_the_title_names_the_host_alone() -> None:
    assert api(Played()).title == "the releases API releases.example.org"


DIGEST = hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("etag", [f'"{DIGEST}"', f'"{DIGEST}-gzip"', f'W/"{DIGEST}"', f' W/"{DIGEST}-gzip" '])
def test_each_form_of_the_hash_gives_the_same_header(etag: str) -> None:
    assert if_none_match(b"{}", etag) == f'"{DIGEST}", "{DIGEST}-gzip"'


@pytest.mark.parametrize(
    "etag",
    ["", DIGEST, f'"{DIGEST.upper()}"', f'"{DIGEST}-br"', f'"{DIGEST}", "you"', '"you"', f"w/{DIGEST}"],
)
def test_anything_else_gives_none(etag: str) -> None:
    assert if_none_match(b"{}", etag) is None
