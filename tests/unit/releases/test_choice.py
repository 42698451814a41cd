"""Where the catalog comes from, by the settings."""

from pathlib import Path

import pytest

from factories import NOW
from workflow_exporter.errors import SettingsError
from workflow_exporter.releases.choice import UpdateCheck, choose
from workflow_exporter.releases.pace import Considerate, Steady
from workflow_exporter.settings import settings_from_environment

API = "https://me:s3cret@releases.example.org/base"
KEY = "A" * 43 + "="
CA = Path(__file__).parents[2] / "data" / "tls" / "ca.crt"


def half() -> float:
    return 0.5


def chosen(**environment: str) -> UpdateCheck:
    return choose(settings_from_environment(environment), environment, now=lambda: NOW, drawn=half)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (
            {"VERSIONS_API_URL": API},
            (
                "on: compared with the releases API releases.example.org, locally; it is told the platform's "
                "name alone"
            ),
        ),
        (
            {"VERSIONS_API_URL": API, "CATALOG_PUBLIC_KEYS": KEY, "CA_BUNDLE_FILE": str(CA)},
            (
                "on: compared with the releases API releases.example.org, locally; it is told the platform's "
                "name alone; only a signed catalog is believed"
            ),
        ),
        (
            {"VERSIONS_API_URL": "http://releases.deis.svc:8090"},
            (
                "on: compared with the releases API releases.deis.svc:8090 over plain http, locally; it is "
                "told the platform's name alone"
            ),
        ),
        (
            {"CATALOG_FILE": "/x/deis.json"},
            "on: compared with the file deis.json, locally; nobody is told anything",
        ),
        (
            {"CATALOG_FILE": "/x/deis.json", "CATALOG_PUBLIC_KEYS": KEY},
            (
                "on: compared with the file deis.json, locally; nobody is told anything; only a signed "
                "catalog is believed"
            ),
        ),
    ],
)
def test_a_check_in_effect_is_said_in_words(environment: dict[str, str], words: str) -> None:
    check = chosen(**environment)

    assert check.words == words
    assert check.held is not None


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "off: there is nobody to ask, neither VERSIONS_API_URL nor CATALOG_FILE is set"),
        ({"CHECK_VERSIONS": "false"}, "off: CHECK_VERSIONS is false"),
        ({"CHECK_VERSIONS": "false", "VERSIONS_API_URL": API}, "off: CHECK_VERSIONS is false"),
        ({"CHECK_VERSIONS": "false", "CATALOG_FILE": "/x/deis.json"}, "off: CHECK_VERSIONS is false"),
    ],
)
def test_a_check_that_is_off_has_nothing_to_ask_with(environment: dict[str, str], words: str) -> None:
    check = chosen(**environment)

    assert (check.held, check.words) == (None, words)


def test_an_api_is_asked_at_the_interval_and_a_file_soon_again() -> None:
    assert chosen(VERSIONS_API_URL=API, POLL_INTERVAL_SEC="600").pace == Considerate(600, half)
    assert chosen(CATALOG_FILE="/x/deis.json", POLL_INTERVAL_SEC="600").pace == Steady(10.0)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"CA_BUNDLE_FILE": str(CA.with_name("README.md"))}, "holds no certificate in PEM form"),
        ({"HTTPS_PROXY": "gopher://me:s3cret@proxy.test"}, "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL"),
        (
            {"HTTPS_PROXY": "http://me:s3cret@proxy.test:port"},
            "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL",
        ),
        ({"HTTPS_PROXY": "socks5://me:s3cret@proxy.test"}, "needs the Python package socksio"),
    ],
)
def test_what_could_never_be_asked_stops_the_start(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as caught:
        chosen(VERSIONS_API_URL=API, **environment)

    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
