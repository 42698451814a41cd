"""From a kubeconfig or a pod's service account to an HTTP client for that API server.

The `kubernetes` package reads the settings and runs credential plug-ins; requests go through httpx.
"""

import base64
import os
import re
import ssl
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from workflow_exporter import __version__
from workflow_exporter.cluster.credentials import Credentials
from workflow_exporter.cluster.exec_plugin import Status, has_expired, run_plugin
from workflow_exporter.cluster.streams import DirectTransport
from workflow_exporter.errors import ConnectionSettingsError
from workflow_exporter.text_encoding import utf8
from workflow_exporter.yaml_depth import check_depth, check_expansion

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

# A plug-in has 20 s of these; the rest is for reading, and for commands that `auth-provider` runs.
_LOAD_SECONDS = 28.0
_MOST_KUBECONFIG_BYTES = 2 * 1024 * 1024  # 2 MiB, 400 clusters; the package reads 100 KiB a second
_MOST_TOKEN_BYTES = 64 * 1024  # 64 KiB; a token with many claims has some 4 KiB
_MOST_EXPANDED = 16 * 1024 * 1024  # characters that a kubeconfig may have once its aliases are written out
_MOST_TOLD = 500  # characters of what the package says: it may quote the whole file
_HEADER_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")  # RFC 9110, 5.5

_Configuration = Any  # kubernetes.client.Configuration, which only a live cluster may import


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the settings say now."""

    configuration: _Configuration
    plugin: Status | None = None  # what a credential plug-in gave; None: there is none


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
    load_seconds: float = _LOAD_SECONDS,
) -> Connection:
    """A connection by the first that applies: `kubeconfig`, `$KUBECONFIG`, the pod's service account,
    `~/.kube/config`. `context` None is the kubeconfig's current one.

    Blocks for about a second (it imports `kubernetes`), and up to `load_seconds` for the commands of a
    kubeconfig, or as long as its plug-in asks at a terminal, but sends no request.
    Raises ConnectionSettingsError with a sentence that says what to do.
    """
    load, origin = _choose(kubeconfig, context, environment, service_account_folder, load_seconds)
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

    def __init__(self, load: Callable[[], _Loaded]) -> None:
        self._load = load
        self._loaded = load()
        configuration = self._loaded.configuration
        try:
            _check_address(configuration.host)
        except ValueError as error:
            raise ConnectionSettingsError(f"the API server's address is not usable: {error}") from error
        self.host: str = configuration.host
        self.transport = _ReplaceableTransport(_transport(configuration))
        self.authorization()

    def authorization(self) -> str | None:
        from kubernetes.config import ConfigException  # noqa: PLC0415  see _from_kubeconfig

        if self._loaded.plugin is not None and has_expired(self._loaded.plugin, datetime.now(UTC)):
            self.renew()
        try:
            token = self._loaded.configuration.auth_settings().get("BearerToken")
        except (ConfigException, OSError, ValueError) as error:
            raise ConnectionSettingsError(f"the credentials could not be read: {error}") from error
        # A token file may end with a newline, which no header may.
        value = token["value"].strip() if token and token["value"] else None
        if value is not None and not _HEADER_TEXT.fullmatch(value):
            raise ConnectionSettingsError("the token has characters that no HTTP header may have")
        return value

    def renew(self) -> None:
        self._loaded = self._load()
        if self._loaded.configuration.cert_file:  # read anew: certificates of plug-ins live for minutes
            self.transport.replace(_transport(self._loaded.configuration))


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
    kubeconfig: str | None,
    context: str | None,
    environment: Mapping[str, str],
    service_account_folder: Path,
    load_seconds: float,
) -> tuple[Callable[[], _Loaded], str]:
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
    load = partial(_from_kubeconfig, files, context)
    return partial(_in_time, load, load_seconds, f"kubeconfig {files} could not be read"), where


def _in_time(load: Callable[[Callable[[], None]], _Loaded], seconds: float, failure: str) -> _Loaded:
    """What `load` returns or raises; ConnectionSettingsError where that takes too long.

    In a thread that is left behind then: what the package waits for cannot be interrupted. There is no
    bound once `load` has called its argument: somebody at a terminal is asked, and can interrupt.
    """
    asked = threading.Event()
    outcome: list[_Loaded | BaseException] = []

    def run() -> None:
        try:
            outcome.append(load(asked.set))
        except BaseException as error:  # noqa: BLE001  raised below, where somebody waits
            outcome.append(error)

    thread = threading.Thread(target=run, name="kubeconfig", daemon=True)
    thread.start()
    thread.join(seconds)
    if asked.is_set():
        thread.join()
    if not outcome:
        raise ConnectionSettingsError(f"{failure} within {seconds:g} s")
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _exists(file: str) -> bool:
    """False too where nobody can look: in a folder that may not be entered, in the home of `~nobody`."""
    try:
        return Path(file).expanduser().exists()
    except (OSError, RuntimeError):
        return False


def _from_service_account(environment: Mapping[str, str], folder: Path) -> _Loaded:
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
    except (ConfigException, OSError, ValueError) as error:
        raise ConnectionSettingsError(
            f"the pod's service account is not usable: {error} Mount its token "
            "(automountServiceAccountToken: true) or name a kubeconfig"
        ) from error
    return _Loaded(configuration)


def _from_kubeconfig(files: str, context: str | None, asks: Callable[[], None]) -> _Loaded:
    # Imported here: 50 MB and 0.7 s that only a live cluster needs.
    from kubernetes.client import Configuration  # noqa: PLC0415  see above
    from kubernetes.config import ConfigException  # noqa: PLC0415  see above
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415  see above

    configuration = Configuration()
    try:
        for file in files.split(os.pathsep):
            _check_file(file)
        merged: Any = KubeConfigMerger(files).config  # type: ignore[no-untyped-call]  # as above
        if merged is None:
            raise ConnectionSettingsError(f"kubeconfig {files} is empty")
        _read_token_file(merged, context)
        plugin = _run_plugin(merged, context, files, asks)
        loader: Any = KubeConfigLoader(  # type: ignore[no-untyped-call]  # as above
            config_dict=merged, active_context=context, config_base_path=None
        )
        # Without a persister nothing is written back: the agent changes no file of its operator.
        loader.load_and_set(configuration)
        _check_complete(loader, configuration, files)
    except (
        ConfigException,
        OSError,
        yaml.YAMLError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
        RecursionError,
    ) as error:
        # Malformed files surface from the package as whatever Python says of them.
        what = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, KeyError | TypeError | AttributeError):
            what = f"an entry is missing or not of the kind that belongs there ({what})"
        raise ConnectionSettingsError(f"kubeconfig {files} is not usable: {what[:_MOST_TOLD]}") from error
    return _Loaded(configuration, plugin)


def _check_file(name: str) -> None:
    """Raises OSError, ValueError or yaml.YAMLError for what the package could not read with bounds."""
    path = Path(name).expanduser()
    if not name or not path.exists() or path.is_dir():  # which the package says itself
        return
    data = _content(path, _MOST_KUBECONFIG_BYTES, "it")
    check_depth(data)
    check_expansion(data, _MOST_EXPANDED)


def _content(path: Path, most_bytes: int, what: str) -> bytes:
    """All of a regular file; raises OSError, or ValueError where `what` is no such file or too large."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for ever, a device would never end
        raise ValueError(f"{what} is not a regular file")
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"{what} is larger than {_amount(most_bytes)}")
    return data


def _amount(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count // 1024} KiB"


def _user(merged: Any, context: str | None) -> Any:
    """The entry of the context's user; None: there is none."""
    name = _chosen(merged, context).safe_get("user")
    found = merged["users"].get_with_name(name, safe=True) if name and merged.safe_get("users") else None
    return None if found is None else found["user"]


def _chosen(merged: Any, context: str | None) -> Any:
    return merged["contexts"].get_with_name(context or merged["current-context"])["context"]


def _read_token_file(merged: Any, context: str | None) -> None:
    """Puts the token of the user's `tokenFile` in its place: the package would read it without bounds."""
    user = _user(merged, context)
    if user is None or "token" in user or not user.safe_get("tokenFile"):  # the package prefers `token`
        return
    path = Path(user.path).absolute().parent / user["tokenFile"]
    what = f"its tokenFile {path}"
    data = _content(path, _MOST_TOKEN_BYTES, what)
    try:
        user.value["token"] = utf8(data).decode()
    except ValueError as error:
        raise ValueError(f"{what} {error}") from error


def _run_plugin(merged: Any, context: str | None, files: str, asks: Callable[[], None]) -> Status | None:
    """Runs the plug-in of the context's user and puts what it gave in its place; None: there is none.

    The package would wait for it without end, and read all that it prints.
    """
    chosen, user = _chosen(merged, context), _user(merged, context)
    if user is None or "exec" not in user:
        return None
    fields = user.value
    raw_plugin = fields.pop("exec")
    if fields.get("token") or fields.get("tokenFile"):  # the package prefers these
        return None
    cluster = merged["clusters"].get_with_name(chosen["cluster"])["cluster"]
    folder = str(Path(cluster.path).absolute().parent)
    who = f"kubeconfig {files}: the credential plug-in of user {chosen['user']}"
    status = run_plugin(raw_plugin, cluster.value, folder, who, asks=asks)
    if status.token:
        fields["token"] = status.token
    if status.client_certificate_data and status.client_key_data:
        fields["client-certificate-data"] = _in_base64(status.client_certificate_data)
        fields["client-key-data"] = _in_base64(status.client_key_data)
    elif not status.token:
        raise ConnectionSettingsError(f"{who} gave no credentials: run it by hand")
    return status


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _check_complete(loader: Any, configuration: _Configuration, files: str) -> None:
    if "host" not in vars(loader):
        raise ConnectionSettingsError(f"kubeconfig {files}: the context's cluster names no server")
    if not configuration.host.startswith(("http://", "https://")):
        raise ConnectionSettingsError(
            f"kubeconfig {files}: the server {configuration.host} is not an http:// or https:// address"
        )


def _check_address(url: str) -> None:
    """Raises ValueError, without the address: a proxy's may hold a password."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error).partition(",")[0].partition(":")[0]) from error
    if not parsed.host or not (parsed.port is None or 1 <= parsed.port <= 65535):
        raise ValueError("it has no host, or a port that is not one from 1 to 65535")


def _transport(configuration: _Configuration) -> httpx.AsyncBaseTransport:
    from kubernetes.client.rest import should_bypass_proxies  # noqa: PLC0415  see _from_kubeconfig

    proxy = configuration.proxy or None  # `proxy-url: ""` means none, as to kubectl
    try:
        if proxy and should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
            proxy = None
        tls = _tls(configuration) if configuration.host.startswith("https") else ssl.create_default_context()
        if proxy is None:
            return DirectTransport(tls, _LIMITS)
        _check_address(proxy)
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
