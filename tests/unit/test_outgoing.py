"""The way to a server, and plain words for what goes wrong on it."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.outgoing import Way, failure_in_words, retry_after_seconds
from workflow_exporter.web_address import parse_web_address

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADDRESS = parse_web_address("https://reports.example.org/api/v1/write")
TLS = Path(__file__).parents[1] / "data" / "tls"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("99999999999999", 999999999.0),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 12:01:30 -0000", 90.0),
        ("Mon, 23 Nov 2026 11:59:00 GMT", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("١٧", None),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_to_come(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


def certificate_fault(code: int) -> httpx.ConnectError:
    fault = ssl.SSLCertVerificationError("said by a library: http://user:geheim@proxy")
    fault.verify_code = code
    error = httpx.ConnectError("said by a library")
    error.__cause__ = fault
    return error


def encryption_fault() -> httpx.ConnectError:
    error = httpx.ConnectError("said by a library")
    error.__cause__ = ssl.SSLError("said by a library")
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (certificate_fault(10), "the certificate of the receiver has expired"),
        (certificate_fault(62), "the certificate of the receiver is of another name"),
        (certificate_fault(77), "the certificate of the receiver is not trusted (OpenSSL fault 77)"),
        (encryption_fault(), "no encrypted connection to the receiver could be agreed on"),
        (httpx.ConnectTimeout(""), "the receiver cannot be reached: no connection in time"),
        (httpx.ProxyError("407 said"), "the proxy before the receiver does not know who asks (407)"),
        (httpx.ProxyError("403 said"), "the proxy before the receiver refuses"),
        (
            httpx.ConnectError("All attempts failed"),
            "the receiver cannot be reached: connection refused, or no such address",
        ),
        (
            httpx.RemoteProtocolError("Server disconnected without sending a response."),
            "the receiver closed the connection without an answer",
        ),
        (httpx.RemoteProtocolError("illegal status line"), "the answer of the receiver is not HTTP"),
        (
            httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
            "the connection to the receiver broke off",
        ),
        (httpx.ReadError("said"), "the connection to the receiver broke off"),
        (httpx.UnsupportedProtocol("said"), "the request to the receiver failed (UnsupportedProtocol)"),
    ],
)
def test_failures_are_told_without_the_librarys_text(error: Exception, words: str) -> None:
    assert failure_in_words(error, "the receiver") == words


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_a_ca_bundle_that_holds_nothing_stops_the_start(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)

    with pytest.raises(SettingsError, match=r"CA_BUNDLE_FILE='.*' holds no certificate in PEM form"):
        Way(ADDRESS, proxy=None, ca_bundle=bundle)


@pytest.mark.parametrize("proxy", ["ftp://user:geheim@proxy", "http://user:geheim@proxy:port"])
def test_a_proxy_that_is_no_address_stops_the_start_without_being_quoted(proxy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Way(ADDRESS, proxy=proxy, ca_bundle=None)

    assert "geheim" not in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("proxy", [None, "http://proxy.example.org:3128", "https://proxy.example.org:3128"])
async def test_a_transport_reads_nothing_of_the_environment(proxy: str | None) -> None:
    async with Way(ADDRESS, proxy=proxy, ca_bundle=TLS / "ca.crt").transport() as transport:
        assert isinstance(transport, httpx.AsyncHTTPTransport)
