"""From a kubeconfig or a pod's service account to an HTTP client for that API server.

The `kubernetes` package reads the settings and runs credential plug-ins; requests go through httpx.
"""

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from workflow_exporter import __version__
from workflow_exporter.cluster.credentials import Credentials
from workflow_exporter.cluster.streams import DirectTransport
from workflow_exporter.errors import ConnectionSettingsError

# Where Kubernetes mounts a pod's token and CA, kubernetes.io/docs/tasks/run-application/access-api-from-pod.
SERVICE_ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")

# Reads have deadlines of their own at each call; 30 s is for those that have none.
_TIMEOUT = httpx.Timeout(30, connect=10, write=10, pool=10)
# One connection for each of the 8 watches, and as many again for lists and single objects at the same time.
_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=90)
_HEADERS = {
    "Accept": "application/json",
    # Compressing would cost the API server more time than the network saves within a cluster.
    "Accept-Encoding": "identity",
    "User-Agent": f"workflow-exporter/{__version__}",
}

_Configuration = Any  # kubernetes.client.Configuration, which only a live cluster may import


@dataclass(frozen=True, slots=True)
class Connection:
    """An HTTP client whose relative paths are the API's; close it with `aclose`."""

    http: httpx.AsyncClient
    origin: str  # where the settings came from, for the log; no secret

    async def aclose(self) -> None:
        await self.http.aclose()


def connect(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    service_account_folder: Path = SERVICE_ACCOUNT_FOLDER,
) -> Connection:
    """A connection by the first that applies: `kubeconfig`, `$KUBECONFIG`, the pod's service account,
    `~/.kube/config`. `context` None is the kubeconfig's current one.

    Blocks for about a second (it imports `kubernetes` and may run a credential plug-in) but sends no request.
    Raises ConnectionSettingsError with a sentence that says what to do.
    """
    load, origin = _choose(kubeconfig, context, environment, service_account_folder)
    settings = _Settings(load)
    http = httpx.AsyncClient(
        base_url=settings.host,
        transport=settings.transport,
        auth=Credentials(settings),
        headers=_HEADERS,
        timeout=_TIMEOUT,
        # The environment's proxies are honoured by `kubernetes`, with its reading of NO_PROXY (networks in
        # CIDR form count, as clusters write them). httpx reads them otherwise, and SSL_CERT_FILE would
        # replace the cluster's own CA.
        trust_env=False,
    )
    return Connection(http, origin)


class _Settings:
    """The configuration in force, and the transport that its certificates made."""

    def __init__(self, load: Callable[[], _Configuration]) -> None:
        self._load = load
        self._configuration = load()
        self.host: str = self._configuration.host
        self.transport = _ReplaceableTransport(_transport(self._configuration))

    def authorization(self) -> str | None:
        from kubernetes.config import ConfigException  # noqa: PLC0415  see _from_kubeconfig

        try:
            token = self._configuration.auth_settings().get("BearerToken")
        except ConfigException as error:
            raise ConnectionSettingsError(f"the credentials could not be read: {error}") from error
        # A token file may end with a newline, which no header may.
        return token["value"].strip() if token and token["value"] else None

    def renew(self) -> None:
        self._configuration = self._load()
        if self._configuration.cert_file:  # read anew: certificates of plug-ins live for minutes
            self.transport.replace(_transport(self._configuration))


class _ReplaceableTransport(httpx.AsyncBaseTransport):
    """A transport that can be replaced while requests are under way: those end on the old one."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._retired: list[httpx.AsyncBaseTransport] = []

    def replace(self, transport: httpx.AsyncBaseTransport) -> None:
        self._retired.append(self._transport)
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # By the time of a second renewal the watches on the first transport have reached their deadlines.
        while len(self._retired) > 1:
            await self._retired.pop(0).aclose()
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        for transport in (*self._retired, self._transport):
            await transport.aclose()


def _choose(
    kubeconfig: str | None, context: str | None, environment: Mapping[str, str], service_account_folder: Path
) -> tuple[Callable[[], _Configuration], str]:
    files = kubeconfig or environment.get("KUBECONFIG")
    in_cluster = "KUBERNETES_SERVICE_HOST" in environment
    if not files and context is None and in_cluster:
        load = partial(_from_service_account, environment, service_account_folder)
        return load, "the pod's service account"
    files = files or str(Path(environment.get("HOME", "~")) / ".kube" / "config")
    if not any(_exists(part) for part in files.split(os.pathsep) if part):
        raise ConnectionSettingsError(
            f"there is no kubeconfig {files} and this is not a pod with a service account: "
            "name a kubeconfig with --kubeconfig or KUBECONFIG, or read files with --from"
        )
    where = f"kubeconfig {files}" + (f", context {context}" if context else "")
    return partial(_from_kubeconfig, files, context), where


def _exists(file: str) -> bool:
    """False too where nobody can look: in a folder that may not be entered, in the home of `~nobody`."""
    try:
        return Path(file).expanduser().exists()
    except (OSError, RuntimeError):
        return False


def _from_service_account(environment: Mapping[str, str], folder: Path) -> _Configuration:
    # Imported here: 50 MB and 0.7 s that only a live cluster needs.
    from kubernetes.client import Configuration  # noqa: PLC0415  see above
    from kubernetes.config import ConfigException  # noqa: PLC0415  see above
    from kubernetes.config.incluster_config import InClusterConfigLoader  # noqa: PLC0415  see above

    configuration = Configuration()
    try:
        loader: Any = InClusterConfigLoader(  # type: ignore[no-untyped-call]  # the package types only its client
            token_filename=str(folder / "token"), cert_filename=str(folder / "ca.crt"), environ=environment
        )
        loader.load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise ConnectionSettingsError(
            f"the pod's service account is not usable: {error} Mount its token "
            "(automountServiceAccountToken: true) or name a kubeconfig"
        ) from error
    return configuration


def _from_kubeconfig(files: str, context: str | None) -> _Configuration:
    # Imported here: 50 MB and 0.7 s that only a live cluster needs.
    from kubernetes.client import Configuration  # noqa: PLC0415  see above
    from kubernetes.config import ConfigException  # noqa: PLC0415  see above
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415  see above

    configuration = Configuration()
    try:
        merged: Any = KubeConfigMerger(files).config  # type: ignore[no-untyped-call]  # as above
        if merged is None:
            raise ConnectionSettingsError(f"kubeconfig {files} is empty")
        loader: Any = KubeConfigLoader(  # type: ignore[no-untyped-call]  # as above
            config_dict=merged, active_context=context, config_base_path=None
        )
        # Without a persister nothing is written back: the agent changes no file of its operator.
        loader.load_and_set(configuration)
        _check_complete(loader, merged, configuration, files)
    except (
        ConfigException,
        OSError,
        yaml.YAMLError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
    ) as error:
        # Malformed files surface from the package as whatever Python says of them.
        what = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, KeyError | TypeError | AttributeError):
            what = f"an entry is missing or not of the kind that belongs there ({what})"
        raise ConnectionSettingsError(f"kubeconfig {files} is not usable: {what}") from error
    return configuration


def _check_complete(loader: Any, merged: Any, configuration: _Configuration, files: str) -> None:
    if "host" not in vars(loader):
        raise ConnectionSettingsError(f"kubeconfig {files}: the context's cluster names no server")
    if not configuration.host.startswith(("http://", "https://")):
        raise ConnectionSettingsError(
            f"kubeconfig {files}: the server {configuration.host} is not an http:// or https:// address"
        )
    user = loader.current_context["context"].get("user")
    has_plugin = any("exec" in (u["user"] or {}) for u in merged["users"].value if u["name"] == user)
    # The package logs a plug-in's failure and goes on without credentials.
    if has_plugin and not configuration.api_key and not configuration.cert_file:
        raise ConnectionSettingsError(
            f"kubeconfig {files}: the credential plug-in of user {user} gave no credentials: run it by hand"
        )


def _transport(configuration: _Configuration) -> httpx.AsyncBaseTransport:
    from kubernetes.client.rest import should_bypass_proxies  # noqa: PLC0415  see _from_kubeconfig

    proxy = configuration.proxy or None  # `proxy-url: ""` means none, as to kubectl
    if proxy and should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
        proxy = None
    try:
        tls = _tls(configuration) if configuration.host.startswith("https") else ssl.create_default_context()
        if proxy is None:
            return DirectTransport(tls, _LIMITS)
        return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=_LIMITS, proxy=proxy)
    # ssl.SSLError is an OSError; a kubeconfig may have anything where text belongs.
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConnectionSettingsError(
            f"the certificates or the proxy address are not usable: {error}"
        ) from error
    except ImportError as error:
        raise ConnectionSettingsError("SOCKS proxies need the Python package socksio: install it") from error


def _tls(configuration: _Configuration) -> ssl.SSLContext:
    # Not create_default_context: from Python 3.13 on it demands certificate extensions that the CAs of
    # older clusters lack and kubectl does not ask for.
    tls = _NamedTls(ssl.PROTOCOL_TLS_CLIENT) if configuration.tls_server_name else _plain_tls()
    if isinstance(tls, _NamedTls):
        tls.server_name = configuration.tls_server_name
    if configuration.ssl_ca_cert or configuration.ca_cert_data:
        tls.load_verify_locations(cafile=configuration.ssl_ca_cert, cadata=configuration.ca_cert_data)
    else:
        tls.load_default_certs()
    if not configuration.verify_ssl:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    return tls


def _plain_tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _NamedTls(ssl.SSLContext):
    """Asks for and verifies `server_name` instead of the address's host, through a proxy as well."""

    server_name: str | None = None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        name = self.server_name or server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, name, session)
