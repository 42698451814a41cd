"""What tests of the releases API's chart need: helm, namespaces, volumes, Secrets, and the program as its
Deployment starts it."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from e2e.control_plane import ControlPlane
from e2e.processes import Program, free_ports, tool
from e2e.rest import Object

OPERATOR = (
    ("monitoring.coreos.com", "ServiceMonitor", "servicemonitors"),
    ("monitoring.coreos.com", "PrometheusRule", "prometheusrules"),
)
GATEWAY = (("gateway.networking.k8s.io", "HTTPRoute", "httproutes"),)
CHART = Path(__file__).parents[2] / "helm" / "workflow-releases"
STORAGE_CLASS = "made-beforehand"
_HELM_SECONDS = 240  # installing on a busy machine


class HelmError(RuntimeError):
    """helm ended with an error; the text is what it printed."""


class Helm:
    """helm with a control plane's administrator, and nobody's configuration or cache."""

    def __init__(self, control_plane: ControlPlane, folder: Path, program: str = "helm") -> None:
        self._kubeconfig = control_plane.kubeconfig
        self._folder = folder
        self._program = tool(program)

    def __call__(self, *arguments: str | Path, namespace: str) -> str:
        """What it prints; raises HelmError."""
        done = subprocess.run(
            [self._program, *arguments, "--namespace", namespace, "--kubeconfig", self._kubeconfig],
            env={"PATH": os.defpath, "HOME": str(self._folder)},
            capture_output=True,
            text=True,
            timeout=_HELM_SECONDS,
            check=False,
        )
        if done.returncode:
            raise HelmError(f"{done.stdout}{done.stderr}")
        return done.stdout

    def install(self, name: str, namespace: str, *arguments: str) -> str:
        """Returns when everything is ready, with the notes."""
        return self("install", name, CHART, "--wait", *arguments, namespace=namespace)

    def statuses(self, name: str, namespace: str) -> list[str]:
        """Of each revision, oldest first."""
        history = json.loads(self("history", name, "--output", "json", namespace=namespace))
        return [revision["status"] for revision in history]


def restricted_namespace(name: str) -> Object:
    """One in which the API server refuses every pod that Pod Security's strictest level does not allow."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def volumes(names: Iterable[str]) -> list[Object]:
    """A storage class of volumes that somebody made, the cluster's default one, and such volumes."""
    storage_class: Object = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
    }
    return [storage_class, *(_volume(name) for name in names)]


def _volume(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": STORAGE_CLASS,
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": f"/volumes/{name}"},  # of kwok's nodes, which have no disk
        },
    }


@contextmanager
def custom_kinds(control_plane: ControlPlane, *kinds: tuple[str, str, str]) -> Iterator[None]:
    """Serves them, each by group, kind and plural, for as long: other tests are about clusters without."""
    made = [definition(group, "v1", kind, plural) for group, kind, plural in kinds]
    asyncio.run(control_plane.apply(made))
    try:
        _wait_until_served(control_plane, kinds, served=True)
        yield
    finally:
        for each in made:
            path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{each['metadata']['name']}"
            asyncio.run(control_plane.delete(path))
        _wait_until_served(control_plane, kinds, served=False)


def _wait_until_served(
    control_plane: ControlPlane, kinds: Iterable[tuple[str, str, str]], *, served: bool
) -> None:
    """Each of them, or none; the API server follows its own watch."""
    deadline = time.monotonic() + _HELM_SECONDS
    with control_plane.rest().blocking_client() as client:
        while {_serves(client, group, kind) for group, kind, _plural in kinds} != {served}:
            if time.monotonic() > deadline:
                raise AssertionError(f"served should be {served}: {kinds}")
            time.sleep(0.1)  # the interval of polling, not a wait for luck


def _serves(client: httpx.Client, group: str, kind: str) -> bool:
    answer = client.get(f"/apis/{group}/v1")
    return answer.is_success and kind in {resource["kind"] for resource in answer.json()["resources"]}


def definition(group: str, version: str, kind: str, plural: str) -> Object:
    """A kind of custom resource that takes any content."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {**anything, "properties": {"spec": anything}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Groups of Kubernetes' own need it; what it says is not looked at.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test's own"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


def secret(namespace: str, name: str, **content: str) -> Object:
    data = {
        key.replace("__", "."): base64.b64encode(value.encode()).decode() for key, value in content.items()
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "data": data,
    }


def content(control_plane: ControlPlane, namespace: str) -> set[str]:
    """`kind/name` of everything in a namespace but its account `default` and events."""
    found: set[str] = set()
    with control_plane.rest().blocking_client() as client:

        def get(path: str) -> Object:
            answer: Object = client.get(path).raise_for_status().json()
            return answer

        groups = [group["preferredVersion"]["groupVersion"] for group in get("/apis")["groups"]]
        for prefix in ("/api/v1", *(f"/apis/{group}" for group in groups)):
            for resource in get(prefix)["resources"]:
                if resource["namespaced"] and "list" in resource["verbs"] and resource["kind"] != "Event":
                    items = get(f"{prefix}/namespaces/{namespace}/{resource['name']}")["items"]
                    found |= {f"{resource['kind']}/{item['metadata']['name']}" for item in items}
    return found - {"ServiceAccount/default"}


def dry_run(control_plane: ControlPlane, namespace: str, obj: Object) -> None:
    """Fails with the API server's reason."""
    version = obj["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    with control_plane.rest().blocking_client() as client:
        resources = client.get(root).raise_for_status().json()["resources"]
        (plural,) = [r["name"] for r in resources if r["kind"] == obj["kind"] and "/" not in r["name"]]
        answer = client.post(
            f"{root}/namespaces/{namespace}/{plural}",
            params={"dryRun": "All", "fieldValidation": "Strict"},
            json=obj,
        )
    assert answer.status_code == 201, answer.text


class AsRendered:
    """The program with the command, environment, ports and files that a pod's spec in the cluster gives it.

    What differs, because there is no container: it listens on loopback, a free port stands for each of the
    container's, and each mount is a folder under `folder`.
    """

    def __init__(self, control_plane: ControlPlane, namespace: str, pod: Object, folder: Path) -> None:
        self._plane, self._namespace, self._pod, self._folder = control_plane, namespace, pod, folder
        (self.container,) = pod["containers"]
        self.ports = dict(zip(("http", "metrics"), free_ports(2), strict=True))  # by the container's names

    def environment(self) -> dict[str, str]:
        """As the kubelet would make it: references resolved, no service links."""
        made: dict[str, str] = {}
        for variable in self.container["env"]:
            text = variable["value"] if "value" in variable else self._referenced(variable)
            made[variable["name"]] = _expanded(text, {**self.api_server(), **made})
        return made

    def api_server(self) -> dict[str, str]:
        """The variables that every container is given, whatever its spec says."""
        server = urlsplit(self._plane.url)
        return {
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(server.port),
        }

    def program(self, name: str) -> Program:
        """Not started yet; its mounts are there."""
        self._folder.mkdir(exist_ok=True)
        self._mount()
        argv = [sys.executable, "-m", "workflow_releases", *self.container["args"]]
        base = {"PATH": os.defpath, "HOME": str(self._folder)}
        return Program(name, argv, self._folder, {**base, **self._settings()})

    def _settings(self) -> dict[str, str]:
        """The environment, on this machine: PORT and METRICS_PORT must be ports of the container."""
        given = {name: self._here(value) for name, value in self.environment().items()}
        free = {
            str(port["containerPort"]): self.ports[port["name"]] for port in self.container.get("ports", [])
        }
        listening = {name: str(free[given[name]]) for name in ("PORT", "METRICS_PORT") if free}
        return {**given, **listening, "HOST": "127.0.0.1"}

    def probe(self, kind: str) -> int | None:
        """The status of a probe's request; None while nothing listens."""
        request = self.container[kind]["httpGet"]
        return self.answers(request["port"], request["path"])

    def answers(self, port: str, path: str) -> int | None:
        try:
            return self.get(port, path).status_code
        except httpx.TransportError:
            return None

    def get(self, port: str, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.ports[port]}{path}", trust_env=False, timeout=30)

    def _referenced(self, variable: Object) -> str:
        reference = variable["valueFrom"]["secretKeyRef"]
        return self._secret(reference["name"])[reference["key"]]

    def _secret(self, name: str) -> dict[str, str]:
        with self._plane.rest().blocking_client() as client:
            answer = client.get(f"/api/v1/namespaces/{self._namespace}/secrets/{name}").raise_for_status()
        return {key: base64.b64decode(value).decode() for key, value in answer.json()["data"].items()}

    def _mount(self) -> None:
        sources = {volume["name"]: volume for volume in self._pod.get("volumes", [])}
        for mount in self.container.get("volumeMounts", []):
            folder = Path(self._here(mount["mountPath"]))
            folder.mkdir(parents=True, exist_ok=True)
            projected = sources[mount["name"]].get("secret")
            if projected:
                content = self._secret(projected["secretName"])
                for item in projected["items"]:
                    (folder / item["path"]).write_text(content[item["key"]])

    def _here(self, text: str) -> str:
        """A path of a mount, in an address too, as it is on this machine."""
        for mount in self.container.get("volumeMounts", []):
            if mount["mountPath"] in text:
                return text.replace(mount["mountPath"], f"{self._folder}{mount['mountPath']}")
        return text


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` by the variable of that name, where there is one."""
    return re.sub(r"\$\((\w+)\)", lambda found: known.get(found[1], found[0]), text)
