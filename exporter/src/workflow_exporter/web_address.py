"""An http(s) address as operators write it: parsed strictly, so that no two readers take it differently."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:(?P<userinfo>[A-Za-z0-9._~!$&'()*+,;=:%-]+)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)
_LINK = re.compile(r"(?i:https)://[!-\[\]-~]{1,2000}")  # printable ASCII without spaces; browsers read \ as /
_PORTS = {"http": 80, "https": 443}
_CLUSTER_DOMAINS = (".svc", ".svc.cluster.local")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """`str()` and `repr()` are fit to be shown; the password in `userinfo` is in neither."""

    scheme: str  # http or https
    host: str  # lower case; an IPv6 address without its brackets
    port: int
    path: str = ""  # begins with a slash, ends without one; empty: the root
    userinfo: str | None = field(default=None, repr=False)  # `user:password`, percent-encoded

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """`host` or `host:port`, the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def encrypted(self) -> bool:
        return self.scheme == "https"

    @property
    def is_near(self) -> bool:
        """Loopback, or a name that only a cluster's own DNS resolves: nobody else's network is crossed."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return "." not in self.host or self.host.endswith(_CLUSTER_DOMAINS)

    @property
    def is_loopback(self) -> bool:
        """This machine itself; of names only `localhost`, which RFC 6761 promises to be."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def is_safe_link(url: str) -> bool:
    """Whether an address from outside may be shown as something to click: https, with a host, without a user.

    In `https://bank.example@evil.example/` the first name is a user's, which few readers notice.
    """
    if not _LINK.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:  # `https://[`, or a port beyond 65535
        return False


def parse_web_address(text: str) -> WebAddress:
    """Raises ValueError, whose sentence goes on after the setting's name and repeats nothing of the text."""
    match = _ADDRESS.fullmatch(text)
    if not match:
        raise ValueError("is not an address such as https://releases.example.org, without ? and #")
    scheme, host = match["scheme"], match["host"].strip("[]").lower()
    port = int(match["port"]) if match["port"] else _PORTS[scheme]
    if not 1 <= port <= 65535:
        raise ValueError("has a port that is not one from 1 to 65535")
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        _check_ip_address(host)
    return WebAddress(scheme, host, port, (match["path"] or "").rstrip("/"), match["userinfo"])


def _check_ip_address(host: str) -> None:
    """`127.1` is read as 127.0.0.1 by some and as a name by others."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("has a host that is neither a name nor an IP address") from None
