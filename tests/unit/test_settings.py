from pathlib import Path

import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.setting_rows import SETTINGS
from workflow_exporter.settings import Settings, settings_from_environment, with_catalog
from workflow_exporter.web_address import WebAddress

KEY = "A" * 43 + "="  # 32 zeros in base64

DEFAULTS = Settings(
    host="0.0.0.0",  # noqa: S104 - the documented default, compared and not bound
    port=8080,
    metrics_port=8081,
    namespace=None,
    platform="auto",
    profile_file=None,
    off_cluster=frozenset(),
    check_versions=True,
    versions_api_url=None,
    catalog_file=None,
    catalog_public_keys=(),
    ca_bundle_file=None,
    train="stable",
    poll_interval_seconds=43200,
    reporting_enabled=False,
    report_url=None,
    report_bearer_token_file=None,
    report_audience="customer",
    report_allow_http=False,
    do_not_track=False,
    id_key_file=None,
    log_level="info",
    log_format="text",
    revision="unknown",
)


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    assert settings_from_environment({}) == DEFAULTS


def test_an_empty_or_blank_value_means_not_set() -> None:
    assert settings_from_environment({row.name: " " for row in SETTINGS}) == DEFAULTS


@pytest.mark.parametrize(
    ("environment", "field", "value"),
    [
        ({"PORT": "9090"}, "port", 9090),
        ({"HOST": "::"}, "host", "::"),
        ({"HOST": "[::1]"}, "host", "::1"),
        ({"HOST": "localhost"}, "host", "localhost"),
        ({"WORKFLOW_NAMESPACE": "paas"}, "namespace", "paas"),
        ({"DEIS_NAMESPACE": "paas"}, "namespace", "paas"),
        ({"DRYCC_NAMESPACE": "paas"}, "namespace", "paas"),
        ({"WORKFLOW_NAMESPACE": "mine", "DEIS_NAMESPACE": "old"}, "namespace", "mine"),
        ({"OFF_CLUSTER": "database, registry,"}, "off_cluster", frozenset({"database", "registry"})),
        ({"CHECK_VERSIONS": "FALSE"}, "check_versions", False),
        ({"WORKFLOW_MANAGER_CHECK_VERSIONS": "false"}, "check_versions", False),
        ({"POLL_INTERVAL_SEC": "60"}, "poll_interval_seconds", 60),
        ({"LOG_LEVEL": "Debug"}, "log_level", "debug"),
        ({"CATALOG_FILE": "/x/y.json"}, "catalog_file", Path("/x/y.json")),
        ({"VERSIONS_API_URL": "https://r.test/"}, "versions_api_url", WebAddress("https", "r.test", 443)),
        ({"CATALOG_PUBLIC_KEYS": f"{KEY}, {KEY},"}, "catalog_public_keys", (bytes(32), bytes(32))),
        ({"REPORTING_ENABLED": "1"}, "reporting_enabled", True),
        ({"REPORT_BEARER_TOKEN_FILE": __file__}, "report_bearer_token_file", Path(__file__)),
        ({"REPORT_AUDIENCE": "CI"}, "report_audience", "ci"),
        ({"DO_NOT_TRACK": "1"}, "do_not_track", True),
        ({"DO_NOT_TRACK": "0"}, "do_not_track", False),
        ({"CA_BUNDLE_FILE": __file__}, "ca_bundle_file", Path(__file__)),
    ],
)
def test_settings_are_read(environment: dict[str, str], field: str, value: object) -> None:
    assert getattr(settings_from_environment(environment), field) == value


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "http"}, r"PORT='http' is not a port"),
        ({"PORT": "65536"}, r"PORT='65536' is not a port"),
        ({"PORT": "-1"}, r"PORT='-1' is not a port"),
        ({"PORT": "８０"}, r"PORT='８０' is not a port"),
        ({"PORT": "8081"}, r"PORT and METRICS_PORT are both 8081"),
        ({"METRICS_PORT": "tcp://10.0.0.7:80"}, r"METRICS_PORT=.*enableServiceLinks: false"),
        ({"HOST": "everywhere"}, r"HOST='everywhere' is not an IP address"),
        (
            {"WORKFLOW_NAMESPACE": "Deis"},
            r"WORKFLOW_NAMESPACE='Deis' is not the name of a Kubernetes namespace",
        ),
        ({"DEIS_NAMESPACE": "a/b"}, r"DEIS_NAMESPACE='a/b' is not the name of a Kubernetes namespace"),
        ({"CHECK_VERSIONS": "maybe"}, r"CHECK_VERSIONS='maybe' is neither true nor false"),
        ({"POLL_INTERVAL_SEC": "59"}, r"POLL_INTERVAL_SEC='59' is not a number of seconds from 60"),
        ({"POLL_INTERVAL_SEC": "43201"}, r"to 43200 \(12 hours\)"),
        ({"OFF_CLUSTER": "data base"}, r"OFF_CLUSTER='data base' is not a name"),
        ({"PROFILE_FILE": "x" * 5000}, r"PROFILE_FILE='x+' is not a file"),
        ({"PROFILE_FILE": "/nowhere/p.yaml"}, r"PROFILE_FILE='/nowhere/p.yaml' is not a file"),
        ({"LOG_LEVEL": "loud"}, r"LOG_LEVEL='loud' is none of debug, info, warning, error"),
        ({"LOG_FORMAT": "xml"}, r"LOG_FORMAT='xml' is none of text, json"),
        ({"VERSIONS_API_URL": "releases.test"}, r"VERSIONS_API_URL is not an address such as https://"),
        ({"CATALOG_PUBLIC_KEYS": ","}, r"CATALOG_PUBLIC_KEYS=',' names no key"),
        ({"CATALOG_PUBLIC_KEYS": KEY[:-2]}, r"not an Ed25519 public key: base64 of 32 bytes"),
        ({"CATALOG_PUBLIC_KEYS": f"{KEY},c2hvcnQ="}, r"not an Ed25519 public key: base64 of 32 bytes"),
        ({"CA_BUNDLE_FILE": "/nowhere/ca.pem"}, r"CA_BUNDLE_FILE='/nowhere/ca.pem' is not a file"),
        (
            {"VERSIONS_API_URL": "https://r.test", "CATALOG_FILE": "/x/y.json"},
            r"VERSIONS_API_URL and CATALOG_FILE are both set.*drop CATALOG_FILE to ask the releases API, or",
        ),
        (
            {"VERSIONS_API_URL": "http://releases.example.org"},
            r"VERSIONS_API_URL is http://releases.example.org, and over plain http .* use https, or",
        ),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as caught:
        settings_from_environment(environment)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "environment",
    [
        {"VERSIONS_API_URL": "https://me:s3cret@r.test?x"},
        {"VERSIONS_API_URL": "http://me:s3cret@releases.example.org"},
    ],
)
def test_a_password_in_an_address_is_in_no_message(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from_environment(environment)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "environment",
    [
        {"VERSIONS_API_URL": "http://127.0.0.1:8090"},
        {"VERSIONS_API_URL": "http://releases.deis.svc"},
        {"VERSIONS_API_URL": "http://releases.example.org", "CATALOG_PUBLIC_KEYS": KEY},
    ],
)
def test_plain_http_is_taken_where_nobody_can_change_the_catalog_unseen(environment: dict[str, str]) -> None:
    assert settings_from_environment(environment).versions_api_url is not None


@pytest.mark.parametrize(
    "environment", [{"VERSIONS_API_URL": "https://r.test"}, {"CATALOG_FILE": "/x/y.json"}]
)
def test_a_place_on_the_command_line_counts_instead_of_the_environments(environment: dict[str, str]) -> None:
    settings = settings_from_environment(environment)
    by_file = with_catalog(settings, "catalogs/deis.json")
    by_address = with_catalog(settings, "https://other.test")

    assert (by_file.catalog_file, by_file.versions_api_url) == (Path("catalogs/deis.json"), None)
    assert (by_address.catalog_file, str(by_address.versions_api_url)) == (None, "https://other.test")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("htp://r.test", "--catalog is not an address such as"),
        ("http://releases.example.org", "--catalog is http://releases.example.org, and over plain http"),
    ],
)
def test_a_wrong_place_on_the_command_line_is_one_line(place: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        with_catalog(DEFAULTS, place)


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://reports.example.org/api/v1/write", {}),
        ("http://127.0.0.1:9090/api/v1/write", {}),
        ("http://[::1]:9090/api/v1/write", {}),
        ("http://localhost:9090/api/v1/write", {}),
        ("http://gateway.fleet.svc/api/v1/write", {"REPORT_ALLOW_HTTP": "true"}),
    ],
)
def test_reports_may_go_to(url: str, environment: dict[str, str]) -> None:
    settings = settings_from_environment({"REPORT_URL": url, **environment})

    assert str(settings.report_url) == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "http://gateway.fleet.svc/api/v1/write",
            (
                "REPORT_URL is http://gateway.fleet.svc/api/v1/write, and over plain http anybody on the way "
                "can report in this installation's name: use https, or set REPORT_ALLOW_HTTP=true"
            ),
        ),
        (
            "https://reports.example.org",
            (
                "REPORT_URL is https://reports.example.org, without a path: a gateway's is "
                "https://reports.example.org/api/v1/write"
            ),
        ),
        (
            "https://user:geheim@reports.example.org/api/v1/write",
            (
                "REPORT_URL holds a user name: a receiver is told who sends by REPORT_BEARER_TOKEN_FILE, or "
                "by the installation's own secret"
            ),
        ),
        (
            "https://reports.example.org/write?token=geheim",
            "REPORT_URL is not an address such as https://releases.example.org, without ? and #",
        ),
    ],
)
def test_reports_may_not_go_to(url: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from_environment({"REPORT_URL": url})

    assert str(caught.value) == words
