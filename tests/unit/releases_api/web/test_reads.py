"""The fast path: which variant, and whether the asker has it already."""

from typing import Any

import pytest

from releases_factories import client_of, make_services
from workflow_releases.catalog.prepared import PreparedBody, prepare
from workflow_releases.database.engine import Database
from workflow_releases.web.reads import choose
from workflow_releases.web.routes import public_app

BODY = prepare(b"{}", cache_control="no-cache")
IDENTITY, GZIP = BODY.identity.etag, BODY.gzip.etag


def ask(**headers: bytes) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value) for name, value in headers.items()]


@pytest.mark.parametrize(
    ("accept_encoding", "gzipped"),
    [
        (b"gzip", True),
        (b"GZIP", True),
        (b"x-gzip", True),
        (b"gzip, deflate, br", True),
        (b"br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        (b"*", True),
        (b"identity", False),
        (b"", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000", False),
        (b"*;q=0", False),
        (b"*, gzip;q=0", False),
        (b"gzip;q=nonsense", False),
        (b"gzipped", False),
        (b"br", False),
        (b"\xff\xfe", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accept_encoding: bytes, gzipped: bool) -> None:
    variant, unchanged = choose(BODY, ask(accept_encoding=accept_encoding))

    assert (variant is BODY.gzip, unchanged) == (gzipped, False)


def test_no_accept_encoding_gets_identity() -> None:
    assert choose(BODY, []) == (BODY.identity, False)


@pytest.mark.parametrize(
    ("if_none_match", "unchanged"),
    [
        (IDENTITY, True),
        (GZIP, True),
        (b"W/" + IDENTITY, True),
        (b'"other", ' + IDENTITY, True),
        (b'"other",W/' + GZIP, True),
        (b"*", True),
        (b'"other"', False),
        (IDENTITY.strip(b'"'), False),
        (b"", False),
        (b",,,", False),
        (b'"' + b"0" * 64 + b'"', False),
    ],
)
def test_etag_is_compared_weakly_with_both_encodings(if_none_match: bytes, unchanged: bool) -> None:
    assert choose(BODY, ask(if_none_match=if_none_match))[1] is unchanged
    assert choose(BODY, ask(if_none_match=if_none_match, accept_encoding=b"gzip"))[1] is unchanged


def test_if_none_match_may_come_in_several_lines() -> None:
    headers = [(b"if-none-match", b'"a"'), (b"if-none-match", IDENTITY)]

    assert choose(BODY, headers) == (BODY.identity, True)


@pytest.fixture
def application(store: Database) -> Any:
    services = make_services(store)
    return public_app(services), services


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v1/catalogs", "/v1/catalogs/deis"])
async def test_catalog_is_served_with_its_hash_as_etag_and_304_afterwards(
    application: Any, path: str
) -> None:
    app, services = application
    prepared: PreparedBody = services.editions.current.bodies[path]

    async with client_of(app) as client:
        first = await client.get(path)
        second = await client.get(path, headers={"if-none-match": first.headers["etag"]})
        packed = await client.get(path, headers={"accept-encoding": "gzip"})
        head = await client.head(path)

    assert (first.status_code, first.content) == (200, prepared.identity.body)
    assert dict(first.headers) == {
        "content-type": "application/json",
        "content-length": str(len(prepared.identity.body)),
        "etag": f'"{prepared.digest}"',
        "cache-control": "public, max-age=60",
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == f'"{prepared.digest}"'
    assert packed.headers["etag"] == f'"{prepared.digest}-gzip"'
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == prepared.identity.body
    assert (head.status_code, head.content, head.headers) == (200, b"", first.headers)


@pytest.mark.anyio
async def test_answer_to_head_has_no_body_whatever_the_server_would_do_with_one(application: Any) -> None:
    app, _services = application
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await app({"type": "http", "method": "HEAD", "path": "/v1/catalogs", "headers": []}, None, send)

    assert [message.get("status", message.get("body")) for message in messages] == [200, b""]


@pytest.mark.anyio
async def test_cookies_are_neither_set_nor_heeded(application: Any) -> None:
    app, _services = application
    async with client_of(app) as client:
        answer = await client.get("/v1/catalogs/deis", headers={"cookie": "id=1"})

    assert "set-cookie" not in answer.headers


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/catalogs/nowhere", 404),
        ("GET", "/v1/catalogs/deis/", 404),
        ("GET", "/v1/catalogs/", 404),
        ("GET", "/V1/catalogs/deis", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/v1/catalogs/deis", 405),
        ("DELETE", "/v1/catalogs/deis", 405),
        ("POST", "/", 405),
        ("GET", "/v1/catalogs/deis/components/storage", 404),
        ("GET", "/v1/catalogs/nowhere/components/router", 404),
        ("GET", "/v1/catalogs/deis/components/storage/latest", 404),
        ("GET", "/v1/catalogs/deis/components/router/latest?train=nightly", 404),
        ("GET", "/versions/nowhere", 404),
    ],
)
async def test_what_is_not_there_is_a_json_404_or_405(
    application: Any, method: str, path: str, status: int
) -> None:
    app, _services = application
    async with client_of(app) as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["faults"] == []
    assert answer.json()["error"]


@pytest.mark.anyio
async def test_component_and_its_newest_release_are_small_answers(application: Any) -> None:
    app, _services = application
    released = "2017-01-01T00:00:00Z"
    newest = {"version": "v2.1.0", "train": "stable", "released": released}
    async with client_of(app) as client:
        component = await client.get("/v1/catalogs/deis/components/router")
        latest = await client.get("/v1/catalogs/deis/components/router/latest")
        text = await client.get(
            "/v1/catalogs/deis/components/router/latest", headers={"accept": "text/plain"}
        )

    assert component.json() == {
        "component": "router",
        "title": "Router",
        "images": ["quay.io/deis/router"],
        "releases": [{"version": "v2.0.0", "train": "stable", "released": released}, newest],
        "latest": {"stable": newest, "beta": None},
    }
    assert latest.json() == newest
    assert text.text == "v2.1.0\n"


@pytest.mark.anyio
async def test_requests_are_counted_by_route_and_status_and_nothing_else(application: Any) -> None:
    app, services = application
    async with client_of(app) as client:
        await client.get("/v1/catalogs/deis")
        await client.get("/v1/catalogs/deis", headers={"if-none-match": "*"})
        await client.get("/v1/catalogs/customers-secret-name")
        await client.get("/customers-secret-name")
        await client.get("/healthz")

    assert dict(services.counts.by_route_and_status) == {
        ("/v1/catalogs/{platform}", 200): 1,
        ("/v1/catalogs/{platform}", 304): 1,
        ("/v1/catalogs/{platform}", 404): 1,
        ("other", 404): 1,
        ("/healthz", 200): 1,
    }
