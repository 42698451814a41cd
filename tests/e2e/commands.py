"""How each program of the control plane is called, and the files it reads.

Flags are those of Kubernetes 1.37, etcd 3.7 and kwok 0.8; each program's `--help` explains them.
"""

import json
import secrets
from base64 import encodebytes
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from e2e.processes import Program, tool

_KWOK_STAGES = Path(__file__).parent / "kwok"
_CONTROLLERS = (
    "deployment-controller,replicaset-controller,replicationcontroller-controller,daemonset-controller,"
    "statefulset-controller,cronjob-controller,job-controller,serviceaccount-controller,"
    "namespace-controller,garbage-collector-controller,endpoints-controller,"
    # Without node-lifecycle a new node keeps its not-ready taint and nothing is scheduled.
    "node-lifecycle-controller,persistentvolume-binder-controller,"
    # Ends a deleted claim once no pod uses it.
    "persistentvolumeclaim-protection-controller"
)


class Part(StrEnum):
    """What may run beside etcd and the API server."""

    CONTROLLERS = "kube-controller-manager"  # workloads get pods, deleted namespaces end
    SCHEDULER = "kube-scheduler"  # pods get nodes
    KUBELETS = "kwok"  # nodes become Ready, pods run, deleted pods end


@dataclass(frozen=True, slots=True)
class Site:
    """Where one control plane lives: a folder and three loopback ports."""

    folder: Path
    etcd_port: int
    peer_port: int
    port: int

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def etcd_url(self) -> str:
        return f"http://127.0.0.1:{self.etcd_port}"

    @property
    def ca_file(self) -> Path:
        """The API server writes it at its first start: its certificate, then the CA that signed it."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def tokens_file(self) -> Path:
        return self.folder / "tokens.csv"

    @property
    def signing_key(self) -> Path:
        return self.folder / "sa.key"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "admin.kubeconfig"


def etcd(site: Site) -> Program:
    # Nothing here outlives the tests, so nothing has to reach the disk.
    argv: list[str | Path] = [
        tool("etcd"),
        "--data-dir",
        site.folder / "etcd",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    argv += ["--listen-client-urls", site.etcd_url, "--advertise-client-urls", site.etcd_url]
    argv += ["--listen-peer-urls", f"http://127.0.0.1:{site.peer_port}"]
    argv += ["--quota-backend-bytes", str(6 * 1024**3)]  # 15,000 large nodes in several revisions
    return Program("etcd", argv, site.folder)


def api_server(site: Site) -> Program:
    argv: list[str | Path] = [
        tool("kube-apiserver"),
        f"--etcd-servers={site.etcd_url}",
        f"--secure-port={site.port}",
    ]
    # Without a reconciler this machine's address never becomes an object of the cluster.
    argv += ["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"]
    argv += [f"--cert-dir={site.ca_file.parent}", "--service-cluster-ip-range=10.0.0.0/16"]
    argv += [f"--service-account-key-file={site.signing_key}"]
    argv += [f"--service-account-signing-key-file={site.signing_key}"]
    argv += ["--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC"]
    argv += [f"--token-auth-file={site.tokens_file}", "--allow-privileged=true"]
    argv += ["--disable-admission-plugins=ServiceAccount"]  # pods need no account here
    return Program("kube-apiserver", argv, site.folder)


def part(site: Site, which: Part, *, heartbeats: bool) -> Program:
    argv: list[str | Path] = [tool(which), f"--kubeconfig={site.kubeconfig}"]
    if which is Part.CONTROLLERS:
        argv += ["--leader-elect=false", "--secure-port=0", f"--controllers={_CONTROLLERS}"]
        argv += [f"--service-account-private-key-file={site.signing_key}"]
        # On a busy machine kwok may be late by more than the usual 40 s. The node would be called unknown and
        # its pods not ready, which nobody takes back: there is no kubelet.
        argv += ["--node-monitor-grace-period=15m"]
    elif which is Part.SCHEDULER:
        argv += ["--leader-elect=false", "--secure-port=0"]
    else:
        argv += ["--manage-all-nodes=true", "--node-ip=127.0.0.1"]
        stages = sorted(_KWOK_STAGES.glob("*.yaml"))
        argv += [f"--config={file}" for file in stages if heartbeats or file.stem != "node-heartbeat"]
    return Program(which, argv, site.folder)


def write_credentials(site: Site, admin_token: str, user_tokens: Sequence[str]) -> None:
    """The files that the programs need before they start; user number n is called `user-<n>`."""
    users = [f"{token},user-{number},user-{number}" for number, token in enumerate(user_tokens)]
    site.tokens_file.write_text("\n".join([f'{admin_token},admin,admin,"system:masters"', *users]) + "\n")
    site.signing_key.write_text(_new_signing_key())
    write_kubeconfig(site, site.kubeconfig, admin_token, "default")


def write_kubeconfig(site: Site, path: Path, token: str, namespace: str) -> None:
    """JSON, which is YAML too; readable for its owner alone."""
    cluster = {"server": site.url, "certificate-authority": str(site.ca_file)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [
            {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}
        ],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=1))


def _new_signing_key() -> str:
    """A P-256 private key as PEM (RFC 5915, the public key left out: Go computes it)."""
    scalar = bytes([secrets.randbelow(127) + 1]) + secrets.token_bytes(31)  # below the curve's order, not 0
    der = bytes.fromhex("30310201010420") + scalar + bytes.fromhex("a00a06082a8648ce3d030107")
    return f"-----BEGIN EC PRIVATE KEY-----\n{encodebytes(der).decode()}-----END EC PRIVATE KEY-----\n"
