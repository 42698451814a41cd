"""Settings: defaults that work, and one clear line for each that does not."""

from pathlib import Path

import pytest

from workflow_releases.errors import SettingsError
from workflow_releases.settings import Settings, settings_from_environment


def test_defaults_need_no_environment_at_all() -> None:
    assert settings_from_environment({}) == Settings(
        host="0.0.0.0",  # noqa: S104 - compared, not bound
        port=8090,
        metrics_port=8091,
        database_url="sqlite:///releases.db",
        signing_key_file=None,
        legacy_platform="deis",
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
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud' is none of debug, info, warning, error"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT='xml' is none of text, json"),
    ],
)
def test_wrong_setting_is_one_clear_line(environment: dict[str, str], error: str) -> None:
    with pytest.raises(SettingsError, match=error) as refused:
        settings_from_environment(environment)

    assert "\n" not in str(refused.value)
