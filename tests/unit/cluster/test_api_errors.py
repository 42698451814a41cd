import ssl

import httpx
import msgspec
import pytest

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_errors import refused, unreachable

_PODS = Address("/api/v1/namespaces/deis/pods", "pods in namespace deis")
_CANARY = "telling-words"


def status(code: int, reason: str = "", **more: object) -> bytes:
    return msgspec.json.encode({"kind": "Status", "code": code, "reason": reason, **more})


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (
            401,
            status(401, "Unauthorized"),
            "the API server does not accept the credentials (401): they expired or were revoked",
        ),
        (403, status(403, "Forbidden"), "forbidden: no role allows to list pods in namespace deis (403)"),
        (404, b"404 page not found\n", "pods in namespace deis: not found (404)"),
        (
            500,
            status(500, "InternalError"),
            "the API server answered 500 InternalError to list pods in namespace deis",
        ),
        (502, b"<html>a proxy</html>", "the API server answered 502 to list pods in namespace deis"),
        (503, b"", "the API server answered 503 to list pods in namespace deis"),
        (500, status(500, "two words"), "the API server answered 500 to list pods in namespace deis"),
        (302, b"", "the API server answered 302 to list pods in namespace deis"),
    ],
)
def test_reason_is_in_our_own_words(code: int, body: bytes, reason: str) -> None:
    error = refused("list", _PODS, httpx.Response(code), body)

    assert (str(error), error.status) == (reason, code)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 429, 500, 503])
def test_nothing_that_a_server_says_of_the_request_is_kept(code: int) -> None:
    """It may repeat the Authorization header."""
    word = "abcdefghijklm"
    body = status(code, word, message=f'User "{_CANARY}" cannot list: Bearer {word}', details={"name": word})

    error = refused("list", _PODS, httpx.Response(code), body)

    held = f"{error} {vars(error)}"
    assert _CANARY not in held
    assert word not in held


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1", 1.0),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_as_seconds(header: str, seconds: float | None) -> None:
    response = httpx.Response(429, headers=[(b"Retry-After", header.encode("latin-1"))])

    assert refused("list", _PODS, response, b"").retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ReadTimeout(_CANARY), "the API server hangs: nothing was heard for 15 s"),
        (httpx.ConnectTimeout(_CANARY), "the API server cannot be reached: no connection in time"),
        (
            httpx.ConnectError(_CANARY),
            "the API server cannot be reached: connection refused, or no such address",
        ),
        (httpx.ProxyError(_CANARY), "the proxy before the API server refuses"),
        (httpx.RemoteProtocolError(_CANARY), "the connection to the API server broke off"),
        (httpx.ReadError(_CANARY), "the connection to the API server broke off"),
        (ssl.SSLError(_CANARY), "the request to the API server failed (SSLError)"),
        # Its text would be the header with the token.
        (httpx.LocalProtocolError(_CANARY), "the request to the API server failed (LocalProtocolError)"),
    ],
)
def test_failed_exchange_is_told_without_the_librarys_words(
    error: httpx.HTTPError | ssl.SSLError, reason: str
) -> None:
    assert str(unreachable(error, 15)) == reason


def test_certificate_that_does_not_verify_is_told_as_such() -> None:
    error = httpx.ConnectError(_CANARY)
    error.__cause__ = ValueError("between")
    error.__cause__.__context__ = ssl.SSLCertVerificationError(_CANARY)

    assert (
        str(unreachable(error, 15)) == "the API server's certificate is not trusted: wrong CA, name or date"
    )
