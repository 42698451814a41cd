"""Settings: one frozen object, read once from the environment; wrong values stop the start.

Names of the first Workflow Manager keep working as aliases.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from workflow_exporter import setting_values as values
from workflow_exporter.errors import SettingsError
from workflow_exporter.setting_rows import SETTINGS, Setting
from workflow_exporter.web_address import WebAddress, parse_web_address

# `METRICS_PORT=tcp://10.0.0.7:80`, injected for a Service `metrics`; or an address where a path may stand.
_WITH_SCHEME = re.compile(r"[A-Za-z]+://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the agent. `None` means: not set, with the consequence that SETTINGS states."""

    host: str
    port: int
    metrics_port: int
    namespace: str | None
    platform: str
    profile_file: Path | None
    off_cluster: frozenset[str]
    check_versions: bool
    versions_api_url: WebAddress | None
    catalog_file: Path | None
    catalog_public_keys: tuple[bytes, ...]  # 32 bytes each; empty: catalogs need no signature
    ca_bundle_file: Path | None
    train: str
    poll_interval_seconds: int
    reporting_enabled: bool
    report_url: WebAddress | None
    report_bearer_token_file: Path | None
    report_audience: str  # customer, staff, ci or test
    report_allow_http: bool
    do_not_track: bool
    id_key_file: Path | None
    log_level: str
    log_format: str
    revision: str


def settings_from_environment(environment: Mapping[str, str]) -> Settings:
    """Reads every setting; raises SettingsError with one line for the first that is wrong."""
    settings = Settings(**{row.field: _value(row, environment) for row in SETTINGS})
    if settings.port == settings.metrics_port and settings.port != 0:
        raise SettingsError(
            f"PORT and METRICS_PORT are both {settings.port}: the page may be routed in public and "
            "the metrics must not be, so they need two ports"
        )
    if settings.versions_api_url and settings.catalog_file:
        raise SettingsError(
            "VERSIONS_API_URL and CATALOG_FILE are both set, and the catalog comes from one place: "
            "drop CATALOG_FILE to ask the releases API, or VERSIONS_API_URL to read the file"
        )
    _check_transport("VERSIONS_API_URL", settings)
    _check_report_url(settings)
    return settings


def with_catalog(settings: Settings, place: str) -> Settings:
    """`settings` with the catalog from `place`, an address or a path, whatever they named themselves."""
    if not _WITH_SCHEME.match(place):
        return replace(settings, catalog_file=Path(place), versions_api_url=None)
    try:
        address = parse_web_address(place)
    except ValueError as error:
        raise SettingsError(f"--catalog {error}") from error
    changed = replace(settings, versions_api_url=address, catalog_file=None)
    _check_transport("--catalog", changed)
    return changed


def _check_transport(name: str, settings: Settings) -> None:
    """Plain http only where nobody can stand between, or where a signature would show it."""
    address = settings.versions_api_url
    if not address or address.encrypted or address.is_near or settings.catalog_public_keys:
        return
    raise SettingsError(
        f"{name} is {address}, and over plain http anybody on the way can change the catalog: "
        "use https, or set CATALOG_PUBLIC_KEYS so that only a signed one is believed"
    )


def _check_report_url(settings: Settings) -> None:
    """Even where reporting is off: a fault should show when it is made, and not when it is switched on."""
    address = settings.report_url
    if address is None:
        return
    if address.userinfo is not None:
        raise SettingsError(
            "REPORT_URL holds a user name: a receiver is told who sends by REPORT_BEARER_TOKEN_FILE, or by "
            "the installation's own secret"
        )
    if not address.path:
        raise SettingsError(f"REPORT_URL is {address}, without a path: a gateway's is {address}/api/v1/write")
    if not (address.encrypted or address.is_loopback or settings.report_allow_http):
        raise SettingsError(
            f"REPORT_URL is {address}, and over plain http anybody on the way can report in this "
            "installation's name: use https, or set REPORT_ALLOW_HTTP=true"
        )


def _value(row: Setting, environment: Mapping[str, str]) -> Any:
    name, raw = row.name, row.default
    for candidate in (row.name, *row.aliases):
        if environment.get(candidate, "").strip():
            name, raw = candidate, environment[candidate].strip()
            break
    if not raw:
        return row.empty
    try:
        return row.parse(raw)
    except ValueError as error:
        link = ""
        if _WITH_SCHEME.match(raw) and row.parse is values.port:
            link = " (this looks like a Kubernetes service link: set enableServiceLinks: false on the pod)"
        shown = name if row.secret else f"{name}={raw!r}"
        raise SettingsError(f"{shown} {error}{link}") from error


if {row.field for row in SETTINGS} != {field.name for field in fields(Settings)}:
    raise AssertionError("SETTINGS and Settings name different settings")
