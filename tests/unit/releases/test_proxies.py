"""Which proxy the environment's variables mean."""

import pytest

from workflow_exporter.releases.proxies import proxy_for
from workflow_exporter.web_address import parse_web_address

PROXY = "http://proxy.test:3128"
API = "https://releases.example.org"


@pytest.mark.parametrize(
    ("address", "environment", "proxy"),
    [
        (API, {}, None),
        (API, {"HTTPS_PROXY": PROXY}, PROXY),
        (API, {"https_proxy": PROXY, "HTTPS_PROXY": "http://other.test"}, PROXY),
        (API, {"HTTPS_PROXY": "proxy.test:3128"}, PROXY),
        (API, {"HTTPS_PROXY": " "}, None),
        (API, {"HTTP_PROXY": PROXY}, None),
        ("http://releases", {"HTTP_PROXY": PROXY}, PROXY),
        (API, {"ALL_PROXY": "socks5://proxy.test:1080"}, "socks5://proxy.test:1080"),
        (API, {"ALL_PROXY": "http://other.test", "HTTPS_PROXY": PROXY}, PROXY),
        ("https://127.0.0.1:8443", {"HTTPS_PROXY": PROXY}, None),
        ("https://[::1]", {"HTTPS_PROXY": PROXY}, None),
        ("https://localhost", {"HTTPS_PROXY": PROXY}, None),
    ],
)
def test_the_variable_of_the_scheme_counts(
    address: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(parse_web_address(address), environment) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "address", "straight"),
    [
        ("*", API, True),
        ("example.org", API, True),
        (".example.org", API, True),
        ("*.example.org", API, True),
        ("EXAMPLE.org", API, True),
        ("other.test, example.org", API, True),
        ("ample.org", API, False),
        ("releases.example.org:443", API, True),
        ("releases.example.org:8443", API, False),
        ("releases", "http://releases", True),
        (".svc,.cluster.local", "http://releases.deis.svc", True),
        (".svc", "http://releases.deis.svc:8090", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("fd00::/8", "https://[fd00::1]", True),
        ("fd00::/8", "https://10.1.2.3", False),
        ("[fd00::1]", "https://[fd00::1]", True),
        ("10.0.0.0/8", API, False),
        (",,", API, False),
        (".", API, False),
    ],
)
def test_no_proxy_names_who_is_asked_straight(no_proxy: str, address: str, straight: bool) -> None:
    environment = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}

    assert proxy_for(parse_web_address(address), environment) == (None if straight else PROXY)
