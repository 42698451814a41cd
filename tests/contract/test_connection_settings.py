"""Which settings make a connection, and what is told where none can be made."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kubeconfigs import kubeconfig
from workflow_exporter.cluster.connection import connect
from workflow_exporter.errors import ConnectionSettingsError

pytestmark = pytest.mark.anyio

_CA = str(Path(__file__).parent.parent / "data" / "tls" / "ca.crt")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: "", "there is no kubeconfig {path} and this is not a pod with a service account: "),
        (lambda path: path.write_text(""), "kubeconfig {path} is not usable: "),
        (lambda path: path.write_text("a: [b"), "kubeconfig {path} is not usable: "),
        (lambda path: path.write_text("[]"), "kubeconfig {path} is not usable: "),
        (lambda path: path.write_text("contexts: []\n"), "kubeconfig {path} is not usable: "),
        (lambda path: path.mkdir(), "kubeconfig {path} is not usable: "),
        (
            lambda path: kubeconfig(path.parent, "https://127.0.0.1", {}, {"certificate-authority": "/no"}),
            "kubeconfig {path} is not usable: File does not exist: /no",
        ),
        (
            lambda path: kubeconfig(
                path.parent, "https://127.0.0.1", {}, {"certificate-authority": __file__}
            ),
            "the certificates or the proxy address are not usable: ",
        ),
        (
            lambda path: kubeconfig(path.parent, "https://127.0.0.1", {}, {"proxy-url": "ftp://127.0.0.1"}),
            "the certificates or the proxy address are not usable: ",
        ),
        (
            lambda path: kubeconfig(
                path.parent, "https://127.0.0.1", {}, {"proxy-url": "socks5://127.0.0.1"}
            ),
            "SOCKS proxies need the Python package socksio: install it",
        ),
        (
            lambda path: kubeconfig(path.parent, "https://127.0.0.1", {}, {"proxy-url": {"url": "x"}}),
            "the certificates or the proxy address are not usable: ",
        ),
        (
            lambda path: path.write_text("{contexts: [5], clusters: [], users: [], current-context: x}"),
            "kubeconfig {path} is not usable: an entry is missing or not of the kind that belongs there (",
        ),
        (
            lambda path: kubeconfig(path.parent, "127.0.0.1:6443", {}),
            "kubeconfig {path}: the server 127.0.0.1:6443 is not an http:// or https:// address",
        ),
    ],
)
def test_settings_that_cannot_work_are_told_in_one_line(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "config"
    make(path)

    with pytest.raises(ConnectionSettingsError) as told:
        connect(str(path), environment={})

    assert str(told.value).startswith(reason.format(path=path))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "path", ["~nobody-of-that-name/config", "a" * 5000], ids=["no such home", "too long"]
)
def test_kubeconfig_that_cannot_even_be_looked_for_is_not_there(path: str) -> None:
    with pytest.raises(ConnectionSettingsError) as told:
        connect(path, environment={})

    assert str(told.value).startswith(f"there is no kubeconfig {path} and this is not a pod")


async def test_proxy_without_an_address_is_none(tmp_path: Path) -> None:
    connection = connect(
        str(kubeconfig(tmp_path, "https://127.0.0.1", {}, {"proxy-url": ""})), environment={}
    )

    assert connection.http.base_url.host == "127.0.0.1"
    await connection.aclose()


def test_cluster_without_a_server_is_told(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "unused", {})
    document = yaml.safe_load(path.read_text())
    del document["clusters"][0]["cluster"]["server"]
    path.write_text(yaml.safe_dump(document))

    with pytest.raises(ConnectionSettingsError) as told:
        connect(str(path), environment={})

    assert str(told.value) == f"kubeconfig {path}: the context's cluster names no server"


async def test_first_that_applies_is_taken(tmp_path: Path) -> None:
    given, named, home = (tmp_path / name for name in ("given", "named", "home"))
    for folder in (given, named, home / ".kube"):
        folder.mkdir(parents=True)
    paths = {
        folder.name: str(kubeconfig(folder, f"http://{folder.name}.test", {})) for folder in (given, named)
    }
    kubeconfig(home / ".kube", "http://home.test", {})
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    (tmp_path / "token").write_text("token")
    (tmp_path / "ca.crt").symlink_to(_CA)

    hosts = []
    for path, environment in (
        (paths["given"], {"KUBECONFIG": paths["named"], **pod, "HOME": str(home)}),
        (None, {"KUBECONFIG": paths["named"], **pod, "HOME": str(home)}),
        (None, {**pod, "HOME": str(home)}),
        (None, {"HOME": str(home)}),
    ):
        connection = connect(path, environment=environment, service_account_folder=tmp_path)
        hosts.append(connection.http.base_url.host)
        await connection.aclose()

    assert hosts == ["given.test", "named.test", "10.0.0.1", "home.test"]


def test_pod_without_a_token_is_told(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

    with pytest.raises(ConnectionSettingsError) as told:
        connect(environment=environment, service_account_folder=tmp_path)

    assert str(told.value) == (
        "the pod's service account is not usable: Service token file does not exist. Mount its token "
        "(automountServiceAccountToken: true) or name a kubeconfig"
    )
