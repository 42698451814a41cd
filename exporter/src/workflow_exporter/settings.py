"""Settings: one frozen object, read once from the environment; wrong values stop the start.

`SETTINGS` is the table from which `--help` and docs/settings.md are made, so that all three agree.
Names of the first Workflow Manager keep working as aliases.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from workflow_exporter import setting_values as values
from workflow_exporter.errors import SettingsError
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
    empty: Any = None  # value when not set
    secret: bool = False  # may hold a password: never repeated in a message


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


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "host",
        "HOST",
        "0.0.0.0",  # noqa: S104 - in a pod, all addresses are the pod's own
        "IP address that both ports listen on. All, because a pod's own address is not known beforehand.",
        values.address,
    ),
    Setting(
        "port",
        "PORT",
        "8080",
        "Port of the page and the JSON API. May be routed in public: it shows no id, node name or registry.",
        values.port,
    ),
    Setting(
        "metrics_port",
        "METRICS_PORT",
        "8081",
        "Port of /metrics and the node list. For inside the cluster; never route it.",
        values.port,
    ),
    Setting(
        "namespace",
        "WORKFLOW_NAMESPACE",
        "",
        "Namespace of the platform. Empty: the first of the profiles' namespaces that exists (deis, drycc).",
        values.namespace,
        ("DEIS_NAMESPACE", "DRYCC_NAMESPACE"),
    ),
    Setting(
        "platform",
        "PLATFORM",
        "auto",
        "Profile: deis, hephy, drycc, or auto, which decides by namespace, annotations, images and versions.",
        values.word,
    ),
    Setting(
        "profile_file",
        "PROFILE_FILE",
        "",
        "File with a profile of your own platform, used instead of PLATFORM. Empty: a shipped profile.",
        values.file,
    ),
    Setting(
        "off_cluster",
        "OFF_CLUSTER",
        "",
        "Components that run outside the cluster, by comma: database,registry. They are then absent, "
        "not missing.",
        values.names,
        empty=frozenset(),
    ),
    Setting(
        "check_versions",
        "CHECK_VERSIONS",
        "true",
        "Whether versions are compared with the catalog. It tells nobody anything; false makes every "
        "verdict unknown.",
        values.switch,
        ("WORKFLOW_MANAGER_CHECK_VERSIONS",),
    ),
    Setting(
        "versions_api_url",
        "VERSIONS_API_URL",
        "",
        "Address of the releases API that serves the catalog. It is told the platform's name and nothing "
        "else. Plain http:// only on loopback, in the cluster (a name without a dot, or one that ends in "
        ".svc), or with CATALOG_PUBLIC_KEYS. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured. Empty: "
        "nobody is asked; there is no built-in address.",
        parse_web_address,
        secret=True,
    ),
    Setting(
        "catalog_file",
        "CATALOG_FILE",
        "",
        "Catalog of releases, a JSON file or a folder of them, instead of VERSIONS_API_URL; read again when "
        "it changes. With neither there is nobody to ask, and the page says so.",
        values.path,
    ),
    Setting(
        "catalog_public_keys",
        "CATALOG_PUBLIC_KEYS",
        "",
        "Ed25519 public keys in base64, by comma, as `workflow-releases key create` prints them. A catalog "
        "that none of them signed is refused; a file's signature is FILE.sig. Empty: no signature is needed.",
        values.public_keys,
        empty=(),
    ),
    Setting(
        "ca_bundle_file",
        "CA_BUNDLE_FILE",
        "",
        "File of certificates (PEM) that are trusted beside the system's, for a releases API or a proxy with "
        "a CA of its own; read again at each request. Empty: the system's alone.",
        values.file,
    ),
    Setting(
        "train",
        "TRAIN",
        "stable",
        "Release train to follow.",
        values.word,
    ),
    Setting(
        "poll_interval_seconds",
        "POLL_INTERVAL_SEC",
        "43200",
        "Seconds between two questions to the releases API, 60 to 43200 (12 h): releases are rare. A file is "
        "looked at every 10 s.",
        values.poll_interval,
    ),
    Setting(
        "id_key_file",
        "ID_KEY_FILE",
        "",
        "File of at least 32 random bytes that makes this cluster's ids unguessable. Empty: a public "
        "constant.",
        values.path,
    ),
    Setting(
        "log_level",
        "LOG_LEVEL",
        "info",
        "debug, info, warning or error.",
        values.one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "log_format",
        "LOG_FORMAT",
        "text",
        "text for people, json for log collectors; one line each.",
        values.one_of("text", "json"),
    ),
    Setting(
        "revision",
        "REVISION",
        "unknown",
        "Commit that the program was built from, for workflow_exporter_build_info. Images set it.",
        values.word,
    ),
)

if {row.field for row in SETTINGS} != {field.name for field in fields(Settings)}:
    raise AssertionError("SETTINGS and Settings name different settings")
