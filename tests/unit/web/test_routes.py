"""Statuses, headers and content types of both listeners."""

import pytest

import snapshots
from true_clusters import NOW
from web_client import BROWSER, PUBLIC_PATHS, ask, metrics, public
from workflow_exporter.snapshot import Snapshot

METRICS_PATHS = (
    "/metrics",
    "/api/v1/components",
    "/api/v1/workloads",
    "/api/v1/status",
    "/api/v1/nodes",
    "/healthz",
    "/readyz",
)
TYPES = {
    "/": "text/html; charset=utf-8",
    "/report": "text/html; charset=utf-8",
    "/id": "text/plain; charset=utf-8",
    "/healthz": "text/plain; charset=utf-8",
    "/readyz": "text/plain; charset=utf-8",
    "/metrics": "text/plain; charset=utf-8",
}


@pytest.mark.anyio
@pytest.mark.parametrize("path", PUBLIC_PATHS)
async def test_public_paths_answer(path: str) -> None:
    response = await ask(public(snapshots.current()), path)

    assert response.status_code == 200
    assert response.headers["content-type"] == TYPES.get(path, "application/json")


@pytest.mark.anyio
@pytest.mark.parametrize("path", METRICS_PATHS)
async def test_metrics_paths_answer(path: str) -> None:
    response = await ask(metrics(snapshots.current()), path)

    assert response.status_code == 200
    assert response.headers["content-type"] == TYPES.get(path, "application/json")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/metrics", "/api/v1/nodes", "/api/v1/report", "/docs", "/static/x", "/index.html"]
)
async def test_what_is_for_inside_the_cluster_is_not_on_the_public_listener(path: str) -> None:
    assert (await ask(public(snapshots.current()), path)).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/", "/components", "/id"])
async def test_pages_and_legacy_routes_are_not_on_the_metrics_listener(path: str) -> None:
    assert (await ask(metrics(snapshots.current()), path)).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("snapshot", [None, snapshots.not_ready()], ids=["none", "incomplete"])
@pytest.mark.parametrize(
    "path",
    ["/", "/api/v1/components", "/api/v1/workloads", "/api/v1/status", "/components", "/id", "/readyz"],
)
async def test_until_a_snapshot_is_complete_the_public_listener_answers_503(
    path: str, snapshot: Snapshot | None
) -> None:
    response = await ask(public(snapshot), path)

    assert (response.status_code, response.headers["retry-after"]) == (503, "3")


@pytest.mark.anyio
async def test_until_a_snapshot_is_complete_nodes_answer_503_and_metrics_are_served() -> None:
    app = metrics(snapshots.not_ready())

    assert [(await ask(app, path)).status_code for path in METRICS_PATHS] == [
        200,
        503,
        503,
        503,
        503,
        200,
        503,
    ]


@pytest.mark.anyio
async def test_waiting_page_reloads_itself_and_says_who_has_not_answered() -> None:
    response = await ask(public(snapshots.not_ready()), "/", BROWSER)

    assert response.headers["refresh"] == "3"
    assert "Reading the cluster…" in response.text
    assert "pods: waiting" in response.text
    assert "services: up" in response.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "refresh"),
    [
        ("", "60"),
        ("?refresh=60", "60"),
        ("?refresh=300", "300"),
        ("?refresh=off", None),
        ("?refresh=0", "60"),
    ],
)
async def test_page_reloads_every_minute_unless_told_otherwise(query: str, refresh: str | None) -> None:
    response = await ask(public(snapshots.current()), f"/{query}")

    assert response.headers.get("refresh") == refresh


@pytest.mark.anyio
@pytest.mark.parametrize("path", [*PUBLIC_PATHS, "/nowhere", "/a/b"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("snapshot", [None, snapshots.current()], ids=["none", "current"])
async def test_every_answer_bears_the_security_headers(
    path: str, method: str, snapshot: Snapshot | None
) -> None:
    headers = (await ask(public(snapshot), path, BROWSER, method)).headers

    assert {
        name: headers[name] for name in headers if name.startswith(("x-", "referrer", "cross", "cache"))
    } == {
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "x-robots-tag": "noindex, nofollow",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "img-src": "data:",
    }


@pytest.mark.anyio
@pytest.mark.parametrize("path", PUBLIC_PATHS)
async def test_head_is_answered_as_get_and_other_methods_are_405(path: str) -> None:
    app = public(snapshots.current())

    get, head = await ask(app, path), await ask(app, path, method="HEAD")
    refused = [
        (await ask(app, path, method=method)).status_code for method in ("POST", "PUT", "DELETE", "PATCH")
    ]

    assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"])
    assert refused == [405] * 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "headers", "content_type", "text"),
    [
        ("/nowhere", BROWSER, "text/html; charset=utf-8", '<a href="./">To the overview</a>'),
        ("/a/b/c", BROWSER, "text/html; charset=utf-8", '<a href="../../">To the overview</a>'),
        ("/nowhere", {}, "text/plain; charset=utf-8", "Not found: There is nothing at this address.\n"),
        ("/api/v1/nowhere", BROWSER, "application/json", '{"error":"There is nothing at this address."}'),
        (
            "/<script>alert(1)</script>",
            BROWSER,
            "text/html; charset=utf-8",
            "There is nothing at this address.",
        ),
    ],
)
async def test_not_found_is_told_in_the_form_that_was_asked_for(
    path: str, headers: dict[str, str], content_type: str, text: str
) -> None:
    response = await ask(public(snapshots.current()), path, headers)

    assert (response.status_code, response.headers["content-type"]) == (404, content_type)
    assert text in response.text
    assert "<script>" not in response.text


@pytest.mark.anyio
async def test_a_trailing_slash_is_not_redirected_as_the_prefix_is_unknown() -> None:
    response = await ask(public(snapshots.current()), "/components/")

    assert (response.status_code, response.headers.get("location")) == (404, None)


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/", "/api/v1/components"])
async def test_own_errors_are_500_with_the_headers_and_without_their_text(path: str) -> None:
    def broken() -> Snapshot:
        raise RuntimeError("node-0001 is a secret")

    response = await ask(public(broken), path, BROWSER)

    assert (response.status_code, response.headers["x-robots-tag"]) == (500, "noindex, nofollow")
    assert "secret" not in response.text


@pytest.mark.anyio
async def test_a_new_snapshot_shows_at_once_and_the_same_one_is_rendered_again_after_seconds() -> None:
    shown, moments = [snapshots.current()], [NOW]
    app = public(lambda: shown[0], lambda: moments[0])
    first = (await ask(app, "/")).text

    shown[0] = snapshots.stale()
    second = (await ask(app, "/")).text
    moments[0] = NOW.replace(minute=NOW.minute + 10)
    third = (await ask(app, "/")).text

    assert "All 13 components are current" in first
    assert "Some of this is 14 minutes old" in second
    assert "All of this is 10 minutes old" in third
