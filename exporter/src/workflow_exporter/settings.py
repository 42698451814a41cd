"""Settings: one frozen object, read once from the environment; wrong values stop the start.

`SETTINGS` is the table from which `--help` and docs/settings.md are made, so that all three agree.
Names of the first Workflow Manager keep working as aliases.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workflow_exporter.errors import SettingsError

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123, as Kubernetes names namespaces
_SERVICE_LINK = re.compile(r"[a-z]+://")  # `METRICS_PORT=tcp://10.0.0.7:80`, injected for a Service `metrics`


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
    catalog_file: Path | None
    train: str
    poll_interval_seconds: int
    id_key_file: Path | None
    log_level: str
    log_format: str
    revision: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the settings table."""

    field: str  # attribute of Settings
    name: str  # environment variable
    default: str  # as one would write it; empty: not set
    meaning: str  # with unit, what empty means, and why this default
    parse: Callable[[str], Any]
    aliases: tuple[str, ...] = ()  # older names, asked in this order when `name` is not set


def settings_from_environment(environment: Mapping[str, str]) -> Settings:
    """Reads every setting; raises SettingsError with one line for the first that is wrong."""
    values = {row.field: _value(row, environment) for row in SETTINGS}
    settings = Settings(**values)
    if settings.port == settings.metrics_port and settings.port != 0:
        raise SettingsError(
            f"PORT and METRICS_PORT are both {settings.port}: the page may be routed in public and "
            "the metrics must not be, so they need two ports"
        )
    return settings


def _value(row: Setting, environment: Mapping[str, str]) -> Any:
    name, raw = row.name, row.default
    for candidate in (row.name, *row.aliases):
        if environment.get(candidate, "").strip():
            name, raw = candidate, environment[candidate].strip()
            break
    if not raw:
        return frozenset() if row.parse is _names else None
    try:
        return row.parse(raw)
    except ValueError as error:
        link = ""
        if _SERVICE_LINK.match(raw) and row.parse is _port:
            link = " (this looks like a Kubernetes service link: set enableServiceLinks: false on the pod)"
        raise SettingsError(f"{name}={raw!r} {error}{link}") from error


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


def _switch(raw: str) -> bool:
    lowered = raw.lower()
    if lowered in {"true", "1", "yes", "on"}:
        return True
    if lowered in {"false", "0", "no", "off"}:
        return False
    raise ValueError("is neither true nor false")


def _poll_interval(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or not 60 <= int(raw) <= 43200:
        raise ValueError("is not a number of seconds from 60 (a minute) to 43200 (12 hours)")
    return int(raw)


def _namespace(raw: str) -> str:
    if not _DNS_LABEL.fullmatch(raw):
        raise ValueError("is not the name of a Kubernetes namespace")
    return raw


def _word(raw: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", raw):
        raise ValueError("is not a name: lower-case letters, digits, and - . _ between them")
    return raw


def _names(raw: str) -> frozenset[str]:
    return frozenset(_word(part.strip()) for part in raw.split(",") if part.strip())


def _file(raw: str) -> Path:
    path = Path(raw)
    if not path.is_file():
        raise ValueError("is not a file that can be read here")
    return path


def _path(raw: str) -> Path:
    return Path(raw)


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return raw.lower()

    return parse


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
        "8080",
        "Port of the page and the JSON API. May be routed in public: it shows no id, node name or registry.",
        _port,
    ),
    Setting(
        "metrics_port",
        "METRICS_PORT",
        "8081",
        "Port of /metrics and the node list. For inside the cluster; never route it.",
        _port,
    ),
    Setting(
        "namespace",
        "WORKFLOW_NAMESPACE",
        "",
        "Namespace of the platform. Empty: the first of the profiles' namespaces that exists (deis, drycc).",
        _namespace,
        ("DEIS_NAMESPACE", "DRYCC_NAMESPACE"),
    ),
    Setting(
        "platform",
        "PLATFORM",
        "auto",
        "Profile: deis, hephy, drycc, or auto, which decides by namespace, annotations, images and versions.",
        _word,
    ),
    Setting(
        "profile_file",
        "PROFILE_FILE",
        "",
        "File with a profile of your own platform, used instead of PLATFORM. Empty: a shipped profile.",
        _file,
    ),
    Setting(
        "off_cluster",
        "OFF_CLUSTER",
        "",
        "Components that run outside the cluster, by comma: database,registry. They are then absent, "
        "not missing.",
        _names,
    ),
    Setting(
        "check_versions",
        "CHECK_VERSIONS",
        "true",
        "Whether versions are compared with the catalog. It tells nobody anything; false makes every "
        "verdict unknown.",
        _switch,
        ("WORKFLOW_MANAGER_CHECK_VERSIONS",),
    ),
    Setting(
        "catalog_file",
        "CATALOG_FILE",
        "",
        "Catalog of releases, a JSON file; read again when it changes. Empty: nobody to ask, and the "
        "page says so.",
        _path,
    ),
    Setting(
        "train",
        "TRAIN",
        "stable",
        "Release train to follow.",
        _word,
    ),
    Setting(
        "poll_interval_seconds",
        "POLL_INTERVAL_SEC",
        "43200",
        "Seconds between two looks at the catalog, 60 to 43200 (12 h): releases are rare.",
        _poll_interval,
    ),
    Setting(
        "id_key_file",
        "ID_KEY_FILE",
        "",
        "File of at least 32 random bytes that makes this cluster's ids unguessable. Empty: a public "
        "constant.",
        _path,
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
    Setting(
        "revision",
        "REVISION",
        "unknown",
        "Commit that the program was built from, for workflow_exporter_build_info. Images set it.",
        _word,
    ),
)

if {row.field for row in SETTINGS} != {field.name for field in fields(Settings)}:
    raise AssertionError("SETTINGS and Settings name different settings")
