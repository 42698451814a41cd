from pathlib import Path

import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.settings import SETTINGS, Settings, settings_from_environment

DEFAULTS = Settings(
    host="0.0.0.0",  # noqa: S104 - the documented default, compared and not bound
    port=8080,
    metrics_port=8081,
    namespace=None,
    platform="auto",
    profile_file=None,
    off_cluster=frozenset(),
    check_versions=True,
    catalog_file=None,
    train="stable",
    poll_interval_seconds=43200,
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
        ({"PROFILE_FILE": "/nowhere/p.yaml"}, r"PROFILE_FILE='/nowhere/p.yaml' is not a file"),
        ({"LOG_LEVEL": "loud"}, r"LOG_LEVEL='loud' is none of debug, info, warning, error"),
        ({"LOG_FORMAT": "xml"}, r"LOG_FORMAT='xml' is none of text, json"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as caught:
        settings_from_environment(environment)

    assert "\n" not in str(caught.value)
