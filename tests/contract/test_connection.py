"""A connection by everything that a kubeconfig or a pod may say, over real sockets and real TLS."""

import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.connect_proxy import ConnectProxy
from fakes.kubernetes import FakeApiServer
from kubeconfigs import kubeconfig
from workflow_exporter.cluster.addresses import VERSION_ADDRESS, namespace_address
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.api_errors import UnreachableError
from workflow_exporter.cluster.connection import connect
from workflow_exporter.errors import ClusterError, ConnectionSettingsError

pytestmark = pytest.mark.anyio

_TLS = Path(__file__).parent.parent / "data" / "tls"
_CA = str(_TLS / "ca.crt")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def server_tls(name: str, *, asks_for_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=_CA)
    context.load_cert_chain(_TLS / f"{name}.crt", _TLS / f"{name}.key")
    context.verify_mode = ssl.CERT_REQUIRED if asks_for_certificate else ssl.CERT_NONE
    return context


@asynccontextmanager
async def tls_server(
    name: str = "loopback", *, asks_for_certificate: bool = False
) -> AsyncIterator[FakeApiServer]:
    tls = server_tls(name, asks_for_certificate=asks_for_certificate)
    async with FakeApiServer(tls=tls).running() as server:
        yield server


async def outcome(path: Path, context: str | None = None, **more: Any) -> str:
    """The version that the server tells, or why it does not."""
    connection = connect(str(path), context, **{"environment": {}, **more})
    try:
        return (await ApiClient(connection.http, silence_seconds=5).get(VERSION_ADDRESS)).decode()
    except ClusterError as error:
        return str(error)
    finally:
        await connection.aclose()


@pytest.mark.parametrize(
    ("server_name", "cluster", "works"),
    [
        ("loopback", {"certificate-authority": _CA}, True),
        ("loopback", {}, False),  # signed by nobody the system knows
        ("named", {"certificate-authority": _CA}, False),  # a certificate for another name
        ("named", {"certificate-authority": _CA, "tls-server-name": "kubernetes.test"}, True),
        ("named", {"certificate-authority": _CA, "tls-server-name": "other.test"}, False),
        ("named", {"insecure-skip-tls-verify": True}, True),
    ],
)
async def test_server_is_verified_as_the_kubeconfig_says(
    tmp_path: Path, server_name: str, cluster: dict[str, Any], works: bool
) -> None:
    async with tls_server(server_name) as server:
        told = await outcome(kubeconfig(tmp_path, server.url, {"token": server.admin_token}, cluster))

    assert ("v1.37.2" in told) is works
    assert works or told == "the API server's certificate is not trusted: wrong CA, name or date"


async def test_client_certificate_is_shown(tmp_path: Path) -> None:
    certificate = {
        "client-certificate": str(_TLS / "agent.crt"),
        "client-key": str(_TLS / "agent.key"),
    }
    async with tls_server(asks_for_certificate=True) as server:
        token, ca = {"token": server.admin_token}, {"certificate-authority": _CA}
        told = [
            await outcome(kubeconfig(tmp_path, server.url, user, ca))
            for user in ({**token, **certificate}, token)
        ]

    assert "v1.37.2" in told[0]
    assert told[1] == "the connection to the API server broke off"


async def test_certificate_that_was_renewed_on_disk_is_used_after_a_401(tmp_path: Path) -> None:
    key, certificate, token = (tmp_path / name for name in ("key", "crt", "token"))
    key.write_bytes((_TLS / "agent.key").read_bytes())
    certificate.write_bytes((_TLS / "agent.crt").read_bytes())
    token.write_text("expired")
    user = {"client-certificate": str(certificate), "client-key": str(key), "tokenFile": str(token)}
    async with tls_server(asks_for_certificate=True) as server:
        path = kubeconfig(tmp_path, server.url, user, {"certificate-authority": _CA})
        connection = connect(str(path), environment={})
        token.write_text(server.admin_token)
        certificate.write_bytes((_TLS / "loopback.crt").read_bytes())
        key.write_bytes((_TLS / "loopback.key").read_bytes())

        # The retry goes over a new connection: not a client's certificate any more, the server hangs up.
        with pytest.raises(UnreachableError):
            await ApiClient(connection.http).get(VERSION_ADDRESS)
        await connection.aclose()


async def test_context_is_chosen(tmp_path: Path) -> None:
    async with FakeApiServer().running() as server:
        path = kubeconfig(tmp_path, server.url, {"token": server.admin_token})
        told = [await outcome(path, context) for context in (None, "test", "other")]

    assert ["v1.37.2" in text for text in told] == [True, True, False]
    assert told[2] == "the API server does not accept the credentials (401): they expired or were revoked"


async def test_path_prefix_of_the_server_is_kept(tmp_path: Path) -> None:
    async with FakeApiServer().running() as server:
        connection = connect(
            str(kubeconfig(tmp_path, f"{server.url}/k8s/clusters/c-1/", {"token": server.admin_token})),
            environment={},
        )
        with pytest.raises(ClusterError):
            await ApiClient(connection.http).get(namespace_address("deis"))
        await connection.aclose()

        assert server.requests == ["GET /k8s/clusters/c-1/api/v1/namespaces/deis"]


async def test_plugin_is_run_by_the_kubeconfig_and_its_failure_is_told(tmp_path: Path) -> None:
    program = (
        "import json, sys; print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',"
        " 'kind': 'ExecCredential', 'status': {'token': sys.argv[1]}}))"
    )

    def user(*arguments: str) -> dict[str, Any]:
        plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable}
        return {"exec": {**plugin, "args": ["-I", "-S", *arguments], "interactiveMode": "Never"}}

    async with FakeApiServer().running() as server:
        told = await outcome(kubeconfig(tmp_path, server.url, user("-c", program, server.admin_token)))
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", user("-c", "raise SystemExit(3)"))
    with pytest.raises(ConnectionSettingsError) as failed:
        connect(str(path), environment={})

    assert "v1.37.2" in told
    assert str(failed.value) == (
        f"kubeconfig {path}: the credential plug-in of user test gave no credentials: run it by hand"
    )


async def test_plugin_that_stops_working_while_running_names_no_user_in_the_reason(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = (
        f"import json, pathlib; pathlib.Path({str(mark)!r}).touch(exist_ok=False);"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',"
        " 'kind': 'ExecCredential', 'status': {'token': 'revoked'}}))"
    )
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable}
    user = {"exec": {**plugin, "args": ["-I", "-S", "-c", program], "interactiveMode": "Never"}}
    async with FakeApiServer().running() as server:
        told = await outcome(kubeconfig(tmp_path, server.url, user))

    assert mark.exists()
    assert told == "the kubeconfig or the service account gives no usable credentials: the log says why"


async def test_proxy_of_the_kubeconfig_is_used_with_the_servers_own_name(tmp_path: Path) -> None:
    async with tls_server("named") as server, ConnectProxy(server.port).running() as proxy:
        token = {"token": server.admin_token}
        common = {"certificate-authority": _CA, "proxy-url": proxy.url}
        told = [
            await outcome(kubeconfig(tmp_path, "https://kubernetes.test:6443", token, common)),
            await outcome(
                kubeconfig(
                    tmp_path,
                    "https://10.0.0.1:443",
                    token,
                    {**common, "tls-server-name": "kubernetes.test"},
                )
            ),
        ]

    assert ["v1.37.2" in text for text in told] == [True, True]
    assert proxy.asked == [
        "CONNECT kubernetes.test:6443 HTTP/1.1",
        "CONNECT 10.0.0.1:443 HTTP/1.1",
    ]


@pytest.mark.parametrize(
    ("environment", "proxied"),
    [
        ({}, False),
        ({"https_proxy": "PROXY"}, True),
        ({"all_proxy": "PROXY"}, True),
        ({"http_proxy": "PROXY"}, False),  # for plain http only
        ({"https_proxy": "PROXY", "no_proxy": "10.0.0.0/8,.cluster.local"}, True),
        (
            {"https_proxy": "PROXY", "no_proxy": "127.0.0.0/8"},
            False,
        ),  # networks count, as clusters write them
        ({"https_proxy": "PROXY", "no_proxy": "*"}, False),
    ],
)
async def test_proxies_of_the_environment_are_honoured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], proxied: bool
) -> None:
    async with tls_server() as server, ConnectProxy(server.port).running() as proxy:
        for variable in _PROXY_VARIABLES:
            monkeypatch.delenv(variable, raising=False)
            monkeypatch.delenv(variable.upper(), raising=False)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value.replace("PROXY", proxy.url))
        path = kubeconfig(tmp_path, server.url, {"token": server.admin_token}, {"certificate-authority": _CA})

        assert "v1.37.2" in await outcome(path)
        assert bool(proxy.asked) is proxied


async def test_ca_of_the_environment_does_not_replace_the_clusters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(_TLS / "agent.crt"))
    async with tls_server() as server:
        path = kubeconfig(tmp_path, server.url, {"token": server.admin_token}, {"certificate-authority": _CA})

        assert "v1.37.2" in await outcome(path)


async def test_pod_reads_by_its_service_account_and_takes_up_a_new_token(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").symlink_to(_CA)
    token = tmp_path / "token"
    async with tls_server() as server:
        token.write_text(f"{server.admin_token}\n")
        environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port)}
        connection = connect(environment=environment, service_account_folder=tmp_path)
        client = ApiClient(connection.http)
        await client.get(VERSION_ADDRESS)
        token.write_text(await server.token_with_rights("agent", []))
        server.expire_token(server.admin_token)
        told = await client.get(VERSION_ADDRESS)
        await connection.aclose()

    assert connection.origin == "the pod's service account"
    assert b"v1.37.2" in told


async def test_user_agent_is_the_product_and_nothing_else(tmp_path: Path) -> None:
    connection = connect(str(kubeconfig(tmp_path, "http://kubernetes.test", {})), environment={})
    headers = dict(connection.http.headers)
    await connection.aclose()

    assert headers["user-agent"].startswith("workflow-exporter/")
    assert headers["accept-encoding"] == "identity"
    assert isinstance(connection.http, httpx.AsyncClient)
