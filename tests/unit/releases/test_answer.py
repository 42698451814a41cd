"""Statuses and headers in words."""

from datetime import UTC, datetime

import pytest

from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.outgoing import retry_after_seconds
from workflow_exporter.releases.answer import check_answer

NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.workflow.catalog+json"]
)
def test_json_by_any_name_passes(kind: str) -> None:
    check_answer(200, {"content-type": kind}, "deis", NOW)


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (204, {}, "the releases API answered 204 and no catalog"),
        (206, JSON, "the releases API answered 206 and no catalog"),
        (301, {"location": "/v1/"}, "the releases API sends elsewhere (301), which is not followed"),
        (
            307,
            {"location": "//cdn.example/x?secret"},
            "the releases API sends elsewhere (307), to cdn.example, which is not followed",
        ),
        (
            302,
            {"location": "https://me:word@[::1]:8443/x"},
            "the releases API sends elsewhere (302), to [::1]:8443, which is not followed",
        ),
        (
            302,
            {"location": "https://<script>/"},
            "the releases API sends elsewhere (302), which is not followed",
        ),
        (
            401,
            {},
            "the releases API wants to know who asks (401), and an update check names nobody",
        ),
        (403, {}, "the releases API refuses to answer (403)"),
        (404, JSON, "the releases API has no catalog of deis (404)"),
        (407, {}, "the releases API was not asked: the proxy wants a login (407)"),
        (410, {}, "the releases API has no catalog of deis (410)"),
        (429, {}, "the releases API is asked too often (429)"),
        (500, {}, "the releases API answered 500 and no catalog"),
        (502, {}, "the releases API is down, says what stands before it (502)"),
        (503, {}, "the releases API is down (503)"),
        (
            200,
            {"content-type": "text/html"},
            "a web page (text/html) came instead of a catalog: a wrong VERSIONS_API_URL, or a proxy's page",
        ),
        (200, {"content-type": "text/plain"}, "the releases API answered with text/plain and not with JSON"),
        (200, {"content-type": "<b>x"}, "the releases API answered with no type and not with JSON"),
        (200, {}, "the releases API answered with no type and not with JSON"),
    ],
)
def test_every_other_answer_has_a_reason(status: int, headers: dict[str, str], reason: str) -> None:
    with pytest.raises(CatalogUnavailableError) as caught:
        check_answer(status, headers, "deis", NOW)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Mon, 23 Nov 2026 08:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2026 08:02:00 -0000", 120.0),
        ("Mon, 23 Nov 2026 07:00:00 GMT", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("１２０", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_to_come(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


def test_what_the_server_asked_for_comes_with_the_reason() -> None:
    with pytest.raises(CatalogUnavailableError) as caught:
        check_answer(503, {"retry-after": "30"}, "deis", NOW)

    assert caught.value.retry_after_seconds == 30.0
