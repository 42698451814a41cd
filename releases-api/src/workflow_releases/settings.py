"""Settings: one frozen object, read once from the environment; wrong values stop the start.

`SETTINGS` is the table from which `--help` and the README's table are made, so that all three agree.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from workflow_releases.errors import SettingsError
from workflow_releases.web_address import WebAddress, parse_web_address

_SERVICE_LINK = re.compile(r"[a-z]+://")  # `PORT=tcp://10.0.0.7:80`, as Kubernetes injects for Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. `None` means: not set, with the consequence that SETTINGS states."""

    host: str
    port: int
    metrics_port: int
    database_url: str = field(repr=False)  # may hold a password
    signing_key_file: Path | None
    legacy_platform: str
    upstream_write_url: WebAddress | None  # None: no ingest
    upstream_bearer_token_file: Path | None
    trusted_proxy_count: int
    ingest_source_rate_per_minute: int
    ingest_instance_rate_per_hour: int
    ingest_new_instance_rate_per_hour: int | None  # None: half of the source's rate per minute
    log_level: str
    log_format: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the settings table."""

    field: str  # attribute of Settings
    name: str  # environment variable
    default: str  # as one would write it; empty: not set
    meaning: str  # with unit, what empty means, and why this default
    parse: Callable[[str], Any]
    secret: bool = False  # never repeated in a message


def settings_from_environment(environment: Mapping[str, str]) -> Settings:
    """Reads every setting; raises SettingsError with one line for the first that is wrong."""
    settings = Settings(**{row.field: _value(row, environment) for row in SETTINGS})
    if settings.port == settings.metrics_port and settings.port != 0:
        raise SettingsError(
            f"PORT and METRICS_PORT are both {settings.port}: the catalog is public and the metrics are not, "
            "so they need two ports"
        )
    if settings.upstream_bearer_token_file is not None and settings.upstream_write_url is None:
        raise SettingsError("UPSTREAM_BEARER_TOKEN_FILE is set, but not UPSTREAM_WRITE_URL that it is for")
    return settings


def _value(row: Setting, environment: Mapping[str, str]) -> Any:
    raw = environment.get(row.name, "").strip() or row.default
    if not raw:
        return None
    try:
        return row.parse(raw)
    except ValueError as error:
        link = ""
        if _SERVICE_LINK.match(raw) and row.parse is _port:
            link = " (this looks like a Kubernetes service link: set enableServiceLinks: false on the pod)"
        shown = row.name if row.secret else f"{row.name}={raw!r}"
        raise SettingsError(f"{shown} {error}{link}") from error


def _port(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or int(raw) > 65535:
        raise ValueError("is not a port: a number from 1 to 65535, or 0 for any free one")
    return int(raw)


def _address(raw: str) -> str:
    try:
        return str(ipaddress.ip_address(raw.removeprefix("[").removesuffix("]")))
    except ValueError:
        if raw == "localhost":
            return raw
        raise ValueError("is not an IP address to listen on (0.0.0.0 and :: listen on all)") from None


def _count(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or len(raw) > 9 or not lowest <= int(raw) <= highest:
            raise ValueError(f"is not a whole number from {lowest} to {highest}")
        return int(raw)

    return parse


def _word(raw: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", raw):
        raise ValueError("is not the name of a platform: lower-case letters, digits, - between them")
    return raw


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return raw.lower()

    return parse


def _text(raw: str) -> str:
    return raw


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "host",
        "HOST",
        "0.0.0.0",  # noqa: S104 - in a pod, all addresses are the pod's own
        "IP address that both ports listen on. All, because a pod's own address is not known beforehand.",
        _address,
    ),
    Setting(
        "port",
        "PORT",
        "8090",
        "Port of the catalogs, of publishing, and of the page. Public; put TLS in front of it.",
        _port,
    ),
    Setting(
        "metrics_port",
        "METRICS_PORT",
        "8091",
        "Port of /metrics, for Prometheus; it lists the marked instances, so never route it.",
        _port,
    ),
    Setting(
        "database_url",
        "DATABASE_URL",
        "sqlite:///releases.db",
        "Where catalogs are stored: sqlite:///FILE for one replica (`serve` makes and migrates the file), "
        "postgresql://user:password@host/name for several.",
        _text,
        secret=True,
    ),
    Setting(
        "signing_key_file",
        "CATALOG_SIGNING_KEY_FILE",
        "",
        "PEM file of one or, while keys rotate, several Ed25519 private keys that sign every catalog. "
        "Empty: catalogs are not signed.",
        Path,
    ),
    Setting(
        "legacy_platform",
        "LEGACY_PLATFORM",
        "deis",
        "Platform whose releases the first Workflow Manager's routes answer with.",
        _word,
    ),
    Setting(
        "upstream_write_url",
        "UPSTREAM_WRITE_URL",
        "",
        "Address of the Prometheus (or another Remote Write 1.0 receiver) that reports are forwarded to. "
        "Empty: reports are not taken.",
        parse_web_address,
        secret=True,
    ),
    Setting(
        "upstream_bearer_token_file",
        "UPSTREAM_BEARER_TOKEN_FILE",
        "",
        "File with the bearer token for that address, read again each minute. Empty: no token is sent.",
        Path,
    ),
    Setting(
        "trusted_proxy_count",
        "TRUSTED_PROXY_COUNT",
        "0",
        "How many proxies of your own stand in front, each adding to X-Forwarded-For: so many of its last "
        "entries are believed when requests of one source are counted. Too many lets senders choose theirs.",
        _count(0, 16),
    ),
    Setting(
        "ingest_source_rate_per_minute",
        "INGEST_SOURCE_RATE_PER_MINUTE",
        "120",
        "Reports that one IPv4 address or IPv6 /64 may send in a minute, and at once: a whole company may "
        "share an address.",
        _count(1, 1_000_000),
    ),
    Setting(
        "ingest_instance_rate_per_hour",
        "INGEST_INSTANCE_RATE_PER_HOUR",
        "12",
        "Reports that one instance may send in an hour, and at once: one is needed, the rest are retries.",
        _count(1, 1_000_000),
    ),
    Setting(
        "ingest_new_instance_rate_per_hour",
        "INGEST_NEW_INSTANCE_RATE_PER_HOUR",
        "",
        "Instances that are new to this replica, or have other labels than before, which one source may "
        "report of in an hour, and at once; further ones are asked to come again. Empty: half of "
        "INGEST_SOURCE_RATE_PER_MINUTE (60 as shipped), enough for 120 clusters behind one address in the "
        "hour after a restart, and raised with that rate.",
        _count(1, 1_000_000),
    ),
    Setting(
        "log_level",
        "LOG_LEVEL",
        "info",
        "debug, info, warning or error.",
        _one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "log_format",
        "LOG_FORMAT",
        "text",
        "text for people, json for log collectors; one line each.",
        _one_of("text", "json"),
    ),
)

if {row.field for row in SETTINGS} != {item.name for item in fields(Settings)}:
    raise AssertionError("SETTINGS and Settings name different settings")
