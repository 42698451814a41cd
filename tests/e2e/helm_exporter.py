"""What tests of the agent's chart need beside helm_releases: its account's token, and the agent as it is started."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from charts import EXPORTER
from e2e.control_plane import ControlPlane
from e2e.helm_releases import AsRendered
from e2e.processes import Program
from e2e.rest import Object

CHART = EXPORTER.folder
# The one path that no setting names is the kubelet's own mount, which only root could make here.
_START = """
import sys
from pathlib import Path
from workflow_exporter.cluster.connection import connect
connect.__kwdefaults__["service_account_folder"] = Path(sys.argv.pop(1))
from workflow_exporter.cli import main
main()
"""


def token_of(control_plane: ControlPlane, namespace: str, account: str) -> str:
    """A token as the kubelet asks for it (TokenRequest)."""
    with control_plane.rest().blocking_client() as client:
        answer = client.post(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
            json={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        )
    return str(answer.raise_for_status().json()["status"]["token"])


class AgentAsRendered(AsRendered):
    """The agent with what a pod's spec in the cluster gives it, and the token of the pod's account.

    What differs is told at AsRendered.
    """

    def __init__(self, control_plane: ControlPlane, namespace: str, pod: Object, folder: Path) -> None:
        super().__init__(control_plane, namespace, pod, folder)
        self._account_folder = folder / "serviceaccount"

    def program(self, name: str) -> Program:
        """Not started yet; its mounts are there, and what every container is given: token, CA, API server."""
        self._folder.mkdir()
        self._mount()
        self._mount_account()
        server = urlsplit(self._plane.url)
        kubelet = {
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(server.port),
        }
        listening = {"HOST": "127.0.0.1"}
        listening |= {"PORT": str(self.ports["http"]), "METRICS_PORT": str(self.ports["metrics"])}
        settings = {key: self._here(value) for key, value in self.environment().items()}
        argv = [sys.executable, "-c", _START, str(self._account_folder), *self.container.get("args", [])]
        base = {"PATH": os.defpath, "HOME": str(self._folder)}
        return Program(name, argv, self._folder, {**base, **kubelet, **settings, **listening})

    def _mount(self) -> None:
        """Secrets, and config maps: some keys under other names, or all."""
        super()._mount()
        sources = {volume["name"]: volume for volume in self._pod.get("volumes", [])}
        for mount in self.container.get("volumeMounts", []):
            if reference := sources[mount["name"]].get("configMap"):
                content = self._config_map(reference["name"])
                items = reference.get("items") or [{"key": key, "path": key} for key in content]
                for item in items:
                    Path(self._here(mount["mountPath"]), item["path"]).write_text(content[item["key"]])

    def _mount_account(self) -> None:
        if not self._pod["automountServiceAccountToken"]:
            return
        self._account_folder.mkdir()
        token = token_of(self._plane, self._namespace, self._pod["serviceAccountName"])
        (self._account_folder / "token").write_text(token)
        (self._account_folder / "ca.crt").write_bytes((self._plane.ca_file or Path()).read_bytes())
        (self._account_folder / "namespace").write_text(self._namespace)

    def _config_map(self, name: str) -> dict[str, str]:
        with self._plane.rest().blocking_client() as client:
            answer = client.get(f"/api/v1/namespaces/{self._namespace}/configmaps/{name}").raise_for_status()
        content: dict[str, str] = answer.json()["data"]
        return content
