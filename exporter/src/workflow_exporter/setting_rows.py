"""The table of settings, from which `--help` and docs/settings.md are made, so that all three agree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflow_exporter import setting_values as values
from workflow_exporter.web_address import parse_web_address


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
        "Namespace of the platform. Empty: that of the profiles' namespaces (deis, drycc) with most "
        "workloads of a platform, else the first that exists. A recording is searched in all its namespaces.",
        values.namespace,
        ("DEIS_NAMESPACE", "DRYCC_NAMESPACE"),
    ),
    Setting(
        "platform",
        "PLATFORM",
        "auto",
        "Profile: deis, hephy, drycc, or auto, which decides by annotations, names, namespace, versions and "
        "images.",
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
        "not missing. component/workload names one workload: monitor/grafana.",
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
        "reporting_enabled",
        "REPORTING_ENABLED",
        "false",
        "Whether usage is reported, once an hour, to REPORT_URL. Off, because it is yours to offer: "
        "PRIVACY.md says what a report holds, and /report shows yours.",
        values.switch,
    ),
    Setting(
        "report_url",
        "REPORT_URL",
        "",
        "Where reports go, as a whole address: an ingest gateway, or any receiver of Prometheus Remote Write "
        "1.0. HTTPS_PROXY, HTTP_PROXY, NO_PROXY and CA_BUNDLE_FILE are honoured, redirects are not followed. "
        "Empty: nothing is sent; there is no built-in address.",
        parse_web_address,
        secret=True,
    ),
    Setting(
        "report_bearer_token_file",
        "REPORT_BEARER_TOKEN_FILE",
        "",
        "File with the bearer token of a receiver of your own, read again for each report. Empty: the "
        "installation's own secret, by which a gateway knows that an id is not forged.",
        values.file,
    ),
    Setting(
        "report_audience",
        "REPORT_AUDIENCE",
        "customer",
        "customer, staff, ci or test: whom this installation serves, so that trials do not count as "
        "customers.",
        values.one_of("customer", "staff", "ci", "test"),
    ),
    Setting(
        "report_allow_http",
        "REPORT_ALLOW_HTTP",
        "false",
        "Whether REPORT_URL may be plain http:// beyond loopback. Off, because whoever listens could take "
        "the secret and report in this installation's name.",
        values.switch,
    ),
    Setting(
        "do_not_track",
        "DO_NOT_TRACK",
        "false",
        "true or 1 keeps reporting off, whatever REPORTING_ENABLED says (consoledonottrack.com).",
        values.switch,
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
