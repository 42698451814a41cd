"""The addresses of `make run`."""

import pytest

from tools.run_both import address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8090"),
        ("localhost", "http://localhost:8090"),
        ("::1", "http://[::1]:8090"),
        ("::", "http://[::]:8090"),
    ],
)
def test_ipv6_address_stands_in_brackets(host: str, url: str) -> None:
    assert address(host, "8090") == url
