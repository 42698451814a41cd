"""The variables of a shell that would steer the two programs, or a request of a test.

`make run` and the tests start from an environment without them: what a person has exported for other
programs (PORT, KUBECONFIG, a proxy) changes nothing.
"""

from collections.abc import Mapping

from workflow_exporter.setting_rows import SETTINGS as AGENT_SETTINGS
from workflow_releases.settings import SETTINGS as RELEASES_SETTINGS

# Read in both cases by curl, httpx, urllib and Go.
PROXIES = frozenset(
    spelling
    for scheme in ("HTTP", "HTTPS", "ALL", "FTP", "NO")
    for spelling in (f"{scheme}_PROXY", f"{scheme}_proxy".lower())
)
_SETTINGS = frozenset(
    {name for row in AGENT_SETTINGS for name in (row.name, *row.aliases)}
    | {row.name for row in RELEASES_SETTINGS}
)
_OF_MAKE = frozenset({"API_PORT", "API_METRICS_PORT", "RUN_FOLDER", "FROM", "CATALOG"})
_OF_TERMINALS = frozenset({"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"})
_OF_UVICORN = frozenset({"WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"})
_NAMES = PROXIES | _SETTINGS | _OF_MAKE | _OF_TERMINALS | _OF_UVICORN
# KUBECONFIG and KUBERNETES_SERVICE_HOST say which cluster, HELM_NAMESPACE where helm installs, RELEASES_URL
# where to publish, PGHOST which database.
_PREFIXES = ("KUBE", "HELM_", "RELEASES_", "PG")


def steers(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)


def without_steering(environment: Mapping[str, str], *, keep: frozenset[str] = frozenset()) -> dict[str, str]:
    """The environment without what would steer a program, but with `keep`."""
    return {name: value for name, value in environment.items() if name in keep or not steers(name)}
