"""Which proxy a request goes through, by the environment's variables as curl and Go read them. Pure.

Not the library's reading: that ignores networks in CIDR form, which clusters write into NO_PROXY.
"""

import ipaddress
from collections.abc import Mapping

from workflow_exporter.web_address import WebAddress


def proxy_for(address: WebAddress, environment: Mapping[str, str]) -> str | None:
    """The proxy's URL, which may hold a password; None: straight.

    HTTPS_PROXY or HTTP_PROXY by the address's scheme, else ALL_PROXY; lower case counts first. NO_PROXY
    has names (with all below them), `name:port`, IP addresses, networks, or `*`. Loopback goes straight.
    """
    proxy = _variable(environment, f"{address.scheme}_proxy") or _variable(environment, "all_proxy")
    if not proxy or _goes_straight(address, _variable(environment, "no_proxy")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name) or environment.get(name.upper()) or "").strip()


def _goes_straight(address: WebAddress, no_proxy: str) -> bool:
    if address.host == "localhost" or _is_loopback(address.host):
        return True
    parts = (part.strip().lower() for part in no_proxy.split(","))
    return any(_matches(address, part) for part in parts if part)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _matches(address: WebAddress, part: str) -> bool:
    if part == "*":
        return True
    try:
        network = ipaddress.ip_network(part.strip("[]"), strict=False)
    except ValueError:
        return _matches_name(address, part)
    try:
        return ipaddress.ip_address(address.host) in network
    except ValueError:
        return False  # a name: what it resolves to is the resolver's business


def _matches_name(address: WebAddress, part: str) -> bool:
    """`example.org`, `.example.org` and `*.example.org` all mean the name and what is below it."""
    host, _, port = part.rpartition(":") if part.rpartition(":")[2].isdigit() else (part, "", "")
    name = host.strip("[]").removeprefix("*").removeprefix(".")
    if port and int(port) != address.port:
        return False
    return address.host == name or address.host.endswith(f".{name}")
