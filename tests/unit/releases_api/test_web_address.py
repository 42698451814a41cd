"""Addresses: taken apart, or refused in words that do not repeat them."""

import pytest

from workflow_releases.web_address import WebAddress, parse_web_address


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("http://p:9090/api/v1/write", WebAddress("p", 9090, False, "p:9090", "/api/v1/write")),
        ("https://example.org", WebAddress("example.org", 443, True, "example.org", "/")),
        ("http://example.org/a?b=c", WebAddress("example.org", 80, False, "example.org", "/a?b=c")),
        ("http://[::1]:9090/", WebAddress("::1", 9090, False, "[::1]:9090", "/")),
    ],
)
def test_address_is_taken_apart(raw: str, address: WebAddress) -> None:
    assert parse_web_address(raw) == address


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "http:///path",
        "http://example.org:0/",
        "http://example.org:65536/",
        "http://example.org:port/",
        "http://[::1/",
        "http://exa mple.org/",
        "http://example.org/\r\nx: y",
        "http://exämple.org/",
        "http://user@example.org/",
        "http://user:canary@example.org/",
        "http://example.org/#canary",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(raw: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address|holds a name|has a part") as refused:
        parse_web_address(raw)

    assert "canary" not in str(refused.value)
