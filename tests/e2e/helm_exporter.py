"""What tests of the agent's chart need beside helm_releases: its account's token, the agent as started."""

import base64
import os
import sys
from pathlib import Path

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
        argv = [sys.executable, "-c", _START, str(self._account_folder), *self.container.get("args", [])]
        base = {"PATH": os.defpath, "HOME": str(self._folder)}
        return Program(name, argv, self._folder, {**base, **self.api_server(), **self._settings()})

    def _mount(self) -> None:
        """Some keys of a Secret or a config map under other names, or all; an id key is no text."""
        sources = {volume["name"]: volume for volume in self._pod.get("volumes", [])}
        for mount in self.container.get("volumeMounts", []):
            folder = Path(self._here(mount["mountPath"]))
            folder.mkdir(parents=True)
            content, items = self._projected(sources[mount["name"]])
            for item in items or [{"key": key, "path": key} for key in content]:
                (folder / item["path"]).write_bytes(content[item["key"]])

    def _projected(self, volume: Object) -> tuple[dict[str, bytes], list[dict[str, str]]]:
        """What a volume takes its files from, and which of it."""
        if "secret" in volume:
            data = self._data("secrets", volume["secret"]["secretName"])
            content = {key: base64.b64decode(value) for key, value in data.items()}
            return content, volume["secret"].get("items", [])
        data = self._data("configmaps", volume["configMap"]["name"])
        return {key: text.encode() for key, text in data.items()}, volume["configMap"].get("items", [])

    def _mount_account(self) -> None:
        if not self._pod["automountServiceAccountToken"]:
            return
        self._account_folder.mkdir()
        token = token_of(self._plane, self._namespace, self._pod["serviceAccountName"])
        (self._account_folder / "token").write_text(token)
        (self._account_folder / "ca.crt").write_bytes((self._plane.ca_file or Path()).read_bytes())
        (self._account_folder / "namespace").write_text(self._namespace)

    def _data(self, collection: str, name: str) -> dict[str, str]:
        with self._plane.rest().blocking_client() as client:
            answer = client.get(
                f"/api/v1/namespaces/{self._namespace}/{collection}/{name}"
            ).raise_for_status()
        content: dict[str, str] = answer.json()["data"]
        return content
