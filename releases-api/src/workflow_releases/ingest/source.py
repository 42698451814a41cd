"""Step 2, first half: whom a request's rate is counted for. Pure; the result is kept for rates alone."""

import ipaddress
import re
from functools import lru_cache

UNKNOWN = b""  # one source for all that have no address, such as a Unix socket

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DOTTED = re.compile(rb"(?:%b[.]){3}%b" % (_OCTET, _OCTET))
_MAX_ENTRY_BYTES = 64  # an IPv6 address with zone and port has fewer, and what is longer fills a cache
_IPV6_NETWORK_BYTES = 8  # a /64: the least that a customer is given (RFC 6177), so one source


def source_of(peer: str | None, raw_forwarded_for: bytes, trusted_proxies: int) -> bytes:
    """An IPv4 address as text, or the /64 of an IPv6 one, that the outermost trusted proxy saw.

    Each proxy appends the address it was asked from, so only the last `trusted_proxies` entries of
    X-Forwarded-For were written by proxies of ours. A request that came past them counts for its peer.
    """
    if trusted_proxies and raw_forwarded_for:
        entries = raw_forwarded_for.rsplit(b",", trusted_proxies)
        if len(entries) >= trusted_proxies:
            entry = entries[-trusted_proxies].strip()
            if _DOTTED.fullmatch(entry):  # nearly all; parsing one takes 10 µs
                return entry
            key = _key(_without_port(entry.decode("latin-1"))) if len(entry) <= _MAX_ENTRY_BYTES else None
            if key is not None:
                return key
    return (_key(peer) if peer else None) or UNKNOWN


def _without_port(entry: str) -> str:
    """Of `1.2.3.4:80` and `[::1]:80`; some proxies write them (RFC 7239, section 6)."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


@lru_cache(maxsize=4096)  # behind a proxy the peer is always the same
def _key(address: str) -> bytes | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        if mapped is None:
            return b"/64 " + parsed.packed[:_IPV6_NETWORK_BYTES]
        parsed = mapped
    return str(parsed).encode("ascii")
