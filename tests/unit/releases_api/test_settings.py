"""Settings: defaults that work, and one clear line for each that does not."""

from pathlib import Path

import pytest

from workflow_releases.errors import SettingsError
from workflow_releases.settings import Settings, settings_from_environment
from workflow_releases.web_address import WebAddress


def test_defaults_need_no_environment_at_all() -> None:
    assert settings_from_environment({}) == Settings(
        host="0.0.0.0",  # noqa: S104 - compared, not bound
        port=8090,
        metrics_port=8091,
        database_url="sqlite:///releases.db",
        signing_key_file=None,
        legacy_platform="deis",
        upstream_write_url=None,
        upstream_bearer_token_file=None,
        trusted_proxy_count=0,
        ingest_source_rate_per_minute=120,
        ingest_instance_rate_per_hour=12,
        ingest_new_instance_rate_per_hour=None,
        log_level="info",
        log_format="text",
    )


def test_every_setting_can_be_set() -> None:
    environment = {
        "HOST": "[::1]",
        "PORT": " 1 ",
        "METRICS_PORT": "2",
        "DATABASE_URL": "postgresql://u:p@h/d",
        "CATALOG_SIGNING_KEY_FILE": "key.pem",
        "LEGACY_PLATFORM": "hephy",
        "UPSTREAM_WRITE_URL": "https://prometheus:9090/api/v1/write",
        "UPSTREAM_BEARER_TOKEN_FILE": "token",
        "TRUSTED_PROXY_COUNT": "2",
        "INGEST_SOURCE_RATE_PER_MINUTE": "60",
        "INGEST_INSTANCE_RATE_PER_HOUR": "2",
        "INGEST_NEW_INSTANCE_RATE_PER_HOUR": "30",
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "json",
    }

    settings = settings_from_environment(environment)

    assert settings == Settings(
        host="::1",
        port=1,
        metrics_port=2,
        database_url="postgresql://u:p@h/d",
        signing_key_file=Path("key.pem"),
        legacy_platform="hephy",
        upstream_write_url=WebAddress("prometheus", 9090, True, "prometheus:9090", "/api/v1/write"),
        upstream_bearer_token_file=Path("token"),
        trusted_proxy_count=2,
        ingest_source_rate_per_minute=60,
        ingest_instance_rate_per_hour=2,
        ingest_new_instance_rate_per_hour=30,
        log_level="debug",
        log_format="json",
    )
    assert "u:p" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"PORT": "http"}, "PORT='http' is not a port"),
        ({"PORT": "70000"}, "PORT='70000' is not a port"),
        ({"PORT": "٨٠"}, "is not a port"),
        ({"METRICS_PORT": "tcp://10.0.0.7:80"}, "looks like a Kubernetes service link"),
        ({"PORT": "9", "METRICS_PORT": "9"}, "they need two ports"),
        ({"HOST": "example.org"}, "HOST='example.org' is not an IP address"),
        ({"LEGACY_PLATFORM": "De is"}, "LEGACY_PLATFORM='De is' is not the name of a platform"),
        ({"UPSTREAM_WRITE_URL": "prometheus:9090"}, "UPSTREAM_WRITE_URL is not an address"),
        ({"UPSTREAM_WRITE_URL": "http://user:pass@p/"}, "UPSTREAM_WRITE_URL holds a name or a password"),
        ({"UPSTREAM_BEARER_TOKEN_FILE": "token"}, "is set, but not UPSTREAM_WRITE_URL"),
        ({"TRUSTED_PROXY_COUNT": "-1"}, "TRUSTED_PROXY_COUNT='-1' is not a whole number from 0 to 16"),
        ({"INGEST_INSTANCE_RATE_PER_HOUR": "0"}, "is not a whole number from 1 to"),
        ({"INGEST_SOURCE_RATE_PER_MINUTE": "many"}, "is not a whole number from 1 to"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud' is none of debug, info, warning, error"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT='xml' is none of text, json"),
    ],
)
def test_wrong_setting_is_one_clear_line(environment: dict[str, str], error: str) -> None:
    with pytest.raises(SettingsError, match=error) as refused:
        settings_from_environment(environment)

    assert "\n" not in str(refused.value)
