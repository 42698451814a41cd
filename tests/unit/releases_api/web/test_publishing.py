"""Routes that write: what each bad request is answered with, and that nothing of it is stored."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import Connection
from starlette.requests import Request

from releases_factories import INSTANCE, client_of, document, make_services
from workflow_releases.database.engine import Database
from workflow_releases.errors import TooSlowError
from workflow_releases.listeners import AsgiApp
from workflow_releases.web.request_body import read_body
from workflow_releases.web.routes import public_app
from workflow_releases.web.services import Services

ROUTER = "/v1/catalogs/deis/components/router"
RELEASE = f"{ROUTER}/releases/v2.2.0"
BUNDLE = "/v1/catalogs/deis/bundles/v2.1.0"
NOTICE = "/v1/catalogs/deis/notices/n1"
IMPORT = "/v1/catalogs/deis/import"
AUDIENCE = f"/v1/instances/{INSTANCE}/audience"
WRITES = [
    ("PUT", RELEASE),
    ("PUT", BUNDLE),
    ("PUT", NOTICE),
    ("DELETE", NOTICE),
    ("POST", IMPORT),
    ("PUT", AUDIENCE),
    ("DELETE", AUDIENCE),
]
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Site:
    app: AsgiApp
    services: Services
    publish: str
    audience: str

    def client(self, token: str | None) -> httpx.AsyncClient:
        return client_of(self.app, token)


@pytest.fixture
def site(store: Database) -> Site:
    services = make_services(store)
    publish = services.tokens.create("ci", ["publish"])
    audience = services.tokens.create("staff", ["audience"])
    return Site(public_app(services), services, publish, audience)


def served(site: Site) -> bytes:
    site.services.editions.refresh()
    return site.services.editions.current.bodies["/v1/catalogs/deis"].identity.body


@pytest.mark.anyio
async def test_release_is_served_as_soon_as_it_is_acknowledged(site: Site) -> None:
    async with site.client(site.publish) as client:
        created = await client.put(RELEASE, json={"security": True})
        again = await client.put(RELEASE, json={"security": True})
        latest = await client.get(f"{ROUTER}/latest")

    release = {"version": "v2.2.0", "train": "stable", "released": "2017-09-20T12:00:00Z", "security": True}
    assert (created.status_code, created.json(), created.headers["x-effect"]) == (201, release, "created")
    assert (again.status_code, again.json(), again.headers["x-effect"]) == (200, release, "unchanged")
    assert latest.json() == release


@pytest.mark.anyio
async def test_every_kind_of_publication_works_and_repeats(site: Site) -> None:
    members = {"components": {"router": "v2.1.0"}}
    notice = {"severity": "critical", "title": "Update"}
    async with site.client(site.publish) as publisher, site.client(site.audience) as staff:
        statuses = [
            (await publisher.put(BUNDLE, json=members)).status_code,
            (await publisher.put(BUNDLE, json=members)).status_code,
            (await publisher.put(NOTICE, json=notice)).status_code,
            (await publisher.put(NOTICE, json=notice)).status_code,
            (await publisher.delete(NOTICE)).status_code,
            (await publisher.delete(NOTICE)).status_code,
            (await publisher.post(IMPORT, json=document())).status_code,
            (await publisher.post("/v1/catalogs/new/import", json=document(platform="new"))).status_code,
            (await staff.put(AUDIENCE, json={"audience": "ci"})).status_code,
            (await staff.put(AUDIENCE, json={"audience": "staff"})).status_code,
            (await staff.delete(AUDIENCE)).status_code,
            (await staff.delete(AUDIENCE)).status_code,
            (await publisher.get("/v1/catalogs/new")).status_code,
        ]

    assert statuses == [201, 200, 201, 200, 204, 404, 200, 201, 201, 200, 204, 404, 200]


@pytest.mark.anyio
@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_without_the_right_token_nothing_is_even_read(site: Site, method: str, path: str) -> None:
    before = served(site)
    site.services.tokens.create("old", ["publish", "audience"])
    wrong_scope = site.publish if "/instances/" in path else site.audience
    revoked = site.services.tokens.create("revoked", ["publish", "audience"])
    site.services.tokens.revoke("revoked")
    answers = []
    for token in (None, "nonsense", site.publish[:-1] + "\u007e", revoked, wrong_scope):
        async with site.client(token) as client:
            answers.append(await client.request(method, path, content=_never_read(), headers=JSON))

    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 403]
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers[:4])
    assert served(site) == before


async def _never_read() -> AsyncIterator[bytes]:
    yield b"{}"
    raise AssertionError("the body was read")


TEN_THOUSAND_NOTICES = msgspec.json.encode(
    document(notices=[{"id": f"n{n}", "severity": "info", "title": "x"} for n in range(10_000)])
)
BAD_BODIES: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("PUT", RELEASE, b"", {}, 400),
    ("PUT", RELEASE, b"{", {}, 400),
    ("PUT", RELEASE, b"<html>", {}, 400),
    ("PUT", RELEASE, b"\xff", {}, 400),
    ("PUT", RELEASE, b"[" * 30_000, {}, 400),
    ("PUT", RELEASE, b"[]", {}, 422),
    ("PUT", RELEASE, b"null", {}, 422),
    ("PUT", RELEASE, b'{"security":1}', {}, 422),
    ("PUT", RELEASE, b'{"released":"2017-12-24T00:00:00Z"}', {}, 422),
    ("PUT", f"{ROUTER}/releases/canary", b"{}", {}, 422),
    ("PUT", f"{ROUTER}/releases/2.2", b"{}", {}, 422),
    ("PUT", f"{ROUTER}/releases/%00", b"{}", {}, 422),
    ("PUT", "/v1/catalogs/deis/components/nowhere/releases/v1.0.0", b"{}", {}, 404),
    ("PUT", "/v1/catalogs/nowhere/components/router/releases/v1.0.0", b"{}", {}, 404),
    ("PUT", f"{ROUTER}/releases/v2.0.0", b'{"security":true}', {}, 409),
    ("PUT", RELEASE, b'{"yanked":true}', {"if-match": "*"}, 412),
    ("PUT", RELEASE, b'{"x":"' + b"x" * 65_536 + b'"}', {}, 413),
    ("PUT", RELEASE, b"{}", {"content-type": "text/plain"}, 415),
    ("PUT", RELEASE, b"{}", {"content-encoding": "gzip"}, 415),
    ("PUT", BUNDLE, b"{}", {}, 422),
    ("PUT", BUNDLE, b'{"components":{"router":"v9.0.0"}}', {}, 422),
    ("PUT", BUNDLE, b'{"components":{"nowhere":"v1.0.0"}}', {}, 422),
    ("PUT", "/v1/catalogs/deis/bundles/v2.0.0", b'{"components":{"router":"v2.1.0"}}', {}, 409),
    ("PUT", NOTICE, b'{"severity":"loud","title":"x"}', {}, 422),
    ("PUT", "/v1/catalogs/deis/notices/N%201", b'{"severity":"info","title":"x"}', {}, 422),
    ("POST", IMPORT, b"{}", {}, 422),
    ("POST", IMPORT, b"[]", {}, 422),
    ("POST", "/v1/catalogs/hephy/import", b'{"schema_version":1,"platform":"deis","title":"x"}', {}, 422),
    ("POST", IMPORT, TEN_THOUSAND_NOTICES, {}, 422),
    ("POST", IMPORT, b" " * (4 * 1024 * 1024 + 1), {}, 413),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), BAD_BODIES)
async def test_bad_input_is_the_askers_fault_and_changes_nothing(
    site: Site, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    before = served(site)

    async with site.client(site.publish) as client:
        answer = await client.request(method, path, content=body, headers={**JSON, **headers})

    assert answer.status_code == status
    assert answer.json()["error"]
    if status in {409, 422}:
        assert all(fault["reason"] for fault in answer.json()["faults"])
        assert answer.json()["faults"]
    assert served(site) == before


@pytest.mark.anyio
async def test_body_of_unknown_length_is_cut_off_at_the_cap(site: Site) -> None:
    chunks = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks
        while chunks < 1000:
            chunks += 1
            yield b" " * 1024

    async with site.client(site.publish) as client:
        answer = await client.put(RELEASE, content=endless(), headers=JSON)

    assert answer.status_code == 413
    assert chunks <= 66


@pytest.mark.anyio
async def test_body_that_never_ends_is_given_up() -> None:
    async def silence() -> Any:
        await asyncio.Event().wait()

    request = Request({"type": "http", "method": "PUT", "headers": []}, silence)

    with pytest.raises(TooSlowError):
        await read_body(request, 100, deadline_seconds=0.01)


@pytest.mark.anyio
async def test_html_in_a_notice_is_shown_as_text(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    async with site.client(site.publish) as client:
        published = await client.put(NOTICE, json={"severity": "info", "title": evil, "text": evil})
        page = (await client.get("/")).text

    assert published.json()["title"] == evil
    assert evil not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


class GoneAfterOne(Database):
    """A database that takes one change and answers nothing after it, as one does that restarts."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
        assert self.path is not None
        self.path.rename(f"{self.path}.aside")


@pytest.mark.anyio
async def test_release_that_is_stored_and_cannot_be_served_yet_is_not_acknowledged(
    site: Site, store: Database
) -> None:
    assert store.path is not None
    before = served(site)
    app = public_app(make_services(GoneAfterOne(f"sqlite:///{store.path}")))

    async with client_of(app, site.publish) as client:
        refused = await client.put(RELEASE, json={})
        read = (await client.get("/v1/catalogs/deis")).content
    aside = store.path.with_name("releases.db.aside")
    aside.rename(store.path)
    async with site.client(site.publish) as client:
        repeated = await client.put(RELEASE, json={})

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert "nothing was changed" not in refused.text
    assert read == before
    assert (repeated.status_code, repeated.headers["x-effect"]) == (200, "unchanged")


@pytest.mark.anyio
async def test_database_away_refuses_publishing_with_503_and_goes_on_serving(
    site: Site, store: Database, tmp_path: Path
) -> None:
    assert store.path is not None
    before = served(site)
    store.path.rename(tmp_path / "aside")

    async with site.client(site.publish) as client:
        refused = await client.put(RELEASE, json={})
        site.services.editions.refresh()
        reads = [
            (await client.get("/v1/catalogs/deis")).content,
            (await client.get("/readyz")).status_code,
        ]
        (tmp_path / "aside").rename(store.path)
        accepted = await client.put(RELEASE, json={})

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert "unable to open" not in refused.text
    assert reads == [before, 200]
    assert accepted.status_code == 201


@pytest.mark.anyio
async def test_two_publishers_of_the_same_release_get_one_answer_each(site: Site) -> None:
    async with site.client(site.publish) as client:
        answers = await asyncio.gather(
            client.put(RELEASE, json={"security": True}), client.put(RELEASE, json={"security": False})
        )

    assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.anyio
async def test_error_never_repeats_the_token(site: Site) -> None:
    token = site.publish[:-4] + "AAAA"
    async with site.client(token) as client:
        answer = await client.put(RELEASE, json={})

    assert token not in answer.text
    assert token.split("_", 2)[2] not in answer.text
