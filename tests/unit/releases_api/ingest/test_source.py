"""Who a request is counted for, however it came here."""

import ipaddress

import pytest

from workflow_releases.ingest.headers import read_head
from workflow_releases.ingest.source import UNKNOWN, source_of


def v4(text: str) -> bytes:
    return text.encode()


def v6(text: str) -> bytes:
    return b"/64 " + ipaddress.IPv6Address(text).packed[:8]


# peer, X-Forwarded-For, trusted proxies, source
CASES: list[tuple[str | None, bytes, int, bytes]] = [
    ("192.0.2.1", b"", 0, v4("192.0.2.1")),
    ("192.0.2.1", b"198.51.100.9", 0, v4("192.0.2.1")),
    ("192.0.2.1", b"198.51.100.9", 1, v4("198.51.100.9")),
    ("192.0.2.1", b"9.9.9.9, 198.51.100.9", 1, v4("198.51.100.9")),
    ("192.0.2.1", b"9.9.9.9,198.51.100.9 , 10.0.0.1", 2, v4("198.51.100.9")),
    ("192.0.2.1", b"198.51.100.9", 2, v4("192.0.2.1")),
    ("192.0.2.1", b"", 1, v4("192.0.2.1")),
    ("192.0.2.1", b"unknown", 1, v4("192.0.2.1")),
    ("192.0.2.1", b"\xff\xfe", 1, v4("192.0.2.1")),
    ("192.0.2.1", b",", 1, v4("192.0.2.1")),
    ("192.0.2.1", b"198.51.100.9:4711", 1, v4("198.51.100.9")),
    ("192.0.2.1", b"[2001:db8::1]:4711", 1, v6("2001:db8::")),
    ("192.0.2.1", b"2001:db8::1", 1, v6("2001:db8::")),
    ("2001:db8:0:1::a", b"", 0, v6("2001:db8:0:1::")),
    ("2001:db8:0:1:ffff::b", b"", 0, v6("2001:db8:0:1::")),
    ("2001:db8:0:2::a", b"", 0, v6("2001:db8:0:2::")),
    ("::ffff:192.0.2.1", b"", 0, v4("192.0.2.1")),
    ("fe80::1%eth0", b"", 0, v6("fe80::")),
    ("192.0.2.1", b"198.51.100.999", 1, v4("192.0.2.1")),
    ("192.0.2.1", b"198.51.100.9%x", 1, v4("192.0.2.1")),
    ("192.0.2.1", b"fe80::1%" + b"x" * 100, 1, v4("192.0.2.1")),  # of such, a cache would hold too much
    ("192.0.2.256", b"", 0, UNKNOWN),
    ("192.0.2.01", b"", 0, UNKNOWN),
    ("192.0.2", b"", 0, UNKNOWN),
    ("testclient", b"", 0, UNKNOWN),
    (None, b"", 0, UNKNOWN),
    (None, b"198.51.100.9", 1, v4("198.51.100.9")),
]


@pytest.mark.parametrize(("peer", "forwarded_for", "trusted", "source"), CASES)
def test_source_is_the_address_that_the_outermost_trusted_proxy_saw(
    peer: str | None, forwarded_for: bytes, trusted: int, source: bytes
) -> None:
    assert source_of(peer, forwarded_for, trusted) == source


def test_lines_of_x_forwarded_for_are_one_list_and_of_others_the_last_counts() -> None:
    twice = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2"), (b"authorization", b"a")]

    head = read_head([*twice, (b"authorization", b"b")])

    assert (head.raw_forwarded_for, head.raw_authorization) == (b"1.1.1.1,2.2.2.2", b"b")
    assert source_of("192.0.2.1", head.raw_forwarded_for, 2) == v4("1.1.1.1")
