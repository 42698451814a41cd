"""Addresses as operators write them."""

import pytest

from workflow_exporter.web_address import WebAddress, parse_web_address


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        (
            "https://releases.example.org",
            WebAddress("https", "releases.example.org", 443),
            "https://releases.example.org",
        ),
        (
            "https://Releases.Example.org:8443/base/",
            WebAddress("https", "releases.example.org", 8443, "/base"),
            "https://releases.example.org:8443/base",
        ),
        ("http://releases:80/", WebAddress("http", "releases", 80), "http://releases"),
        ("https://[::1]:8443", WebAddress("https", "::1", 8443), "https://[::1]:8443"),
        (
            "https://me:s%40cret@releases.example.org",
            WebAddress("https", "releases.example.org", 443, userinfo="me:s%40cret"),
            "https://releases.example.org",
        ),
    ],
)
def test_an_address_is_read_and_shown_without_its_password(
    text: str, address: WebAddress, shown: str
) -> None:
    assert parse_web_address(text) == address
    assert str(address) == shown
    assert "cret" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "releases.example.org",
        "ftp://releases.example.org",
        "https://",
        "https:///path",
        "https://releases.example.org?x=1",
        "https://releases.example.org#x",
        "https://releases example.org",
        "https://releases.example.org\\@elsewhere.example",
        "https://a@b@c",
        "https://releases.example.org:0",
        "https://releases.example.org:65536",
        "https://releases.example.org:x",
        "https://999.1.1.1",
        "https://127.1",
        "https://[::1",
        "https://[::g]",
        "https://bücher.example",
        "https://x/\r\nHost: y",
    ],
)
def test_what_readers_could_take_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|port|host"):
        parse_web_address(text)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("http://127.0.0.1:8090", True),
        ("http://127.9.9.9", True),
        ("http://[::1]", True),
        ("http://localhost", True),
        ("http://workflow-releases", True),
        ("http://releases.deis.svc", True),
        ("http://releases.deis.svc.cluster.local:8090", True),
        ("http://releases.deis", False),
        ("http://svc.example.org", False),
        ("http://10.0.0.7", False),
        ("http://127.0.0.1.example.org", False),
    ],
)
def test_near_is_what_crosses_nobody_elses_network(text: str, near: bool) -> None:
    assert parse_web_address(text).is_near is near
