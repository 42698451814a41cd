"""Updates of nodes at an even pace, as kubelets send them."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec

from e2e.control_plane import ControlPlane
from tools.big_cluster import large_node

_CONDITION_TIME = "%Y-%m-%dT%H:%M:%SZ"
Change = Callable[[int, list[dict[str, Any]]], None]  # number of the update, conditions to change in place


def heartbeat(_: int, conditions: list[dict[str, Any]]) -> None:
    """What each kubelet sends: new times, and nothing that is shown."""
    now = datetime.now(UTC).strftime(_CONDITION_TIME)
    for condition in conditions:
        condition["lastHeartbeatTime"] = now


def flip(number: int, conditions: list[dict[str, Any]]) -> None:
    """A change that is shown: every node's first time makes it not ready, the second ready again."""
    heartbeat(number, conditions)
    conditions[-1]["status"] = "True" if conditions[-1]["status"] == "False" else "False"


class Nodes:
    """The nodes of a filled control plane, to be updated one after the other. Not for threads."""

    def __init__(self, control_plane: ControlPlane, count: int) -> None:
        self._control_plane = control_plane
        manifests = [large_node(number) for number in range(count)]
        self._names = [str(manifest["metadata"]["name"]) for manifest in manifests]
        self._conditions = [[dict(c) for c in m["status"]["conditions"]] for m in manifests]
        self._next = itertools.count()

    @property
    def not_ready(self) -> int:
        """How many were left so by what was sent."""
        return sum(conditions[-1]["status"] == "False" for conditions in self._conditions)

    def send(self, change: Change, count: int, per_second: float) -> float:
        """Sends `count` updates; returns the seconds they took, more than planned on a slow server."""
        began = time.monotonic()
        with closing(self._connection()) as connection:
            for sent in range(count):
                number = next(self._next)
                self._put(connection, change, number)
                time.sleep(max(0.0, began + (sent + 1) / per_second - time.monotonic()))
        return time.monotonic() - began

    def send_fast(self, changes: Iterator[Change], count: int, connections: int = 4) -> float:
        """Sends `count` updates as fast as the server takes them."""
        began = time.monotonic()
        jobs = iter([(next(self._next), next(changes)) for _ in range(count)])
        threads = [threading.Thread(target=self._work, args=(jobs,)) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - began

    def _work(self, jobs: Iterator[tuple[int, Change]]) -> None:
        with closing(self._connection()) as connection:
            for number, change in jobs:  # taking the next one is a single step of the interpreter
                self._put(connection, change, number)

    def _put(self, connection: HTTPSConnection, change: Change, number: int) -> None:
        index = number % len(self._names)
        conditions = self._conditions[index]
        change(number, conditions)
        headers = {
            "Authorization": f"Bearer {self._control_plane.admin_token}",
            "Content-Type": "application/merge-patch+json",
        }
        body = msgspec.json.encode({"status": {"conditions": conditions}})
        connection.request("PATCH", f"/api/v1/nodes/{self._names[index]}/status", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{self._names[index]}: {answer.status} {text.decode()}")

    def _connection(self) -> HTTPSConnection:
        server = urlsplit(self._control_plane.url)
        return HTTPSConnection(server.netloc, context=self._control_plane.rest().tls, timeout=60)
