"""A fake Kubernetes API server: enough of the wire to read from, with the behaviours of a real 1.37.2.

Implements `api_server.ApiServer` over loopback. The suite in tests/contract/test_kubernetes_reading.py
passes on this one and on a real one, so this one cannot lie.
"""

import asyncio
import base64
import json
import logging
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from fakes import kubernetes_answers as answers
from fakes.kubernetes_answers import Answer
from fakes.kubernetes_requests import Target, allowed, target_of
from fakes.kubernetes_store import Object, Store
from fakes.kubernetes_watch import watch_lines

MODERN_GROUPS = frozenset({"api/v1", "apis/apps/v1", "apis/batch/v1"})
# Kubernetes 1.8: what Deis Workflow ran on.
OLD_GROUPS = frozenset({"api/v1", "apis/extensions/v1beta1", "apis/apps/v1beta1", "apis/batch/v1beta1"})
_LIST_KINDS = {
    "configmaps": "ConfigMapList",
    "cronjobs": "CronJobList",
    "daemonsets": "DaemonSetList",
    "deployments": "DeploymentList",
    "namespaces": "NamespaceList",
    "nodes": "NodeList",
    "pods": "PodList",
    "replicationcontrollers": "ReplicationControllerList",
    "secrets": "SecretList",
    "services": "ServiceList",
    "statefulsets": "StatefulSetList",
}
_INCONSISTENT = -1  # revision in the token that an expired one is answered with: whatever is there now
_EVERYTHING = [{"namespace": None, "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


class FakeApiServer:
    """Use `running()`; objects survive `kill`, as they do in etcd."""

    name = "fake"
    ca_file: Path | None = None

    def __init__(
        self,
        *,
        groups: Collection[str] = MODERN_GROUPS,
        last_bookmark_seconds: float = 0.2,
        git_version: str = "v1.37.2",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`last_bookmark_seconds`: how long before the end of a watch; 2 in a real one, for which tests
        would have to wait."""
        self.admin_token = secrets.token_hex(16)
        self.store = Store()
        self.requests: list[str] = []  # "GET path?query" of each, in order
        self._users: dict[str, tuple[str, list[dict[str, Any]]]] = {self.admin_token: ("admin", _EVERYTHING)}
        self._groups = groups
        self._last_bookmark_seconds = last_bookmark_seconds
        self._git_version = git_version
        self._tls = tls
        # Bound for as long as this lives, listening or not: another program could take the port of one that
        # is down, or a client that reconnects could get it as its own and connect to itself.
        self._port = _bound(0)
        self.port = self._port.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._server: asyncio.Server | None = None
        self._state = ServerState()
        self._running = asyncio.Event()  # cleared while paused
        self._faults: list[Exception] = []  # of the fake itself
        self._pages: set[str] | None = None  # paths that were answered with a page; None: none is to be
        self._run = 0  # which life; a watch of an earlier one breaks off
        for namespace in ("kube-system", "default"):
            self.store.create("/api/v1/namespaces", {"metadata": {"name": namespace}})

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeApiServer"]:
        await self._listen()
        try:
            yield self
        finally:
            await self.kill()
            self._port.close()
        if self._faults:  # uvicorn answers 500, which a test may take for the disturbance it asked for
            raise ExceptionGroup("the fake API server failed", self._faults)

    # ApiServer

    async def create(self, path: str, obj: Object) -> Object:
        return self.store.create(path, obj)

    async def patch(self, path: str, merge_patch: Object) -> Object:
        return self.store.patch(path, merge_patch)

    async def patch_status(self, path: str, merge_patch: Object) -> Object:
        return self.store.patch(path, {"status": merge_patch["status"]})

    async def delete(self, path: str) -> None:
        self.store.delete(path)

    async def token_with_rights(self, name: str, rights: list[dict[str, Any]]) -> str:
        token = secrets.token_hex(16)
        self._users[token] = (name, rights)
        return token

    async def kill(self) -> None:
        self._run += 1
        self._running.set()
        self.store.wake()
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            connection.transport.close()  # without the last chunk: the body has no end
        if self._state.tasks:
            await asyncio.wait(self._state.tasks)
        for connection in list(self._state.connections):
            connection.transport.abort()  # where closing waits for a client that does not read
        await asyncio.sleep(0)  # connection_lost is called in the loop's next turn
        if self._server is not None:
            self._port = _bound(self.port)
        self._server = None

    async def restart(self) -> None:
        await self.kill()
        # A watch cache is filled at the start: only the very last revision can be resumed.
        self.store.oldest = self.store.revision
        await self._listen()

    async def pause(self) -> None:
        self._running.clear()

    async def resume(self) -> None:
        self._running.set()

    async def forget_history(self) -> None:
        """As with the real one, open watches break: its history outlives a compaction only in memory."""
        self.store.forget()
        await self.restart()

    # What only a fake can do

    def expire_token(self, token: str) -> None:
        """The token is answered with 401 from now on; open watches go on, as in the real one."""
        del self._users[token]

    def send_garbage(self, collection: str, line: bytes) -> None:
        """Writes a line that is no event into the open watches of a collection."""
        self.store.put_garbage(collection, line)

    def answer_first_with_page(self) -> None:
        """The next request of each path is answered by a proxy: 200, and a page to sign in."""
        self._pages = set()

    def restore_backup(self, revision: int) -> None:
        """As etcd restored from a backup: revisions begin again at an earlier one. Kill the server first."""
        self.store.roll_back(revision)

    def watches(self, collection: str) -> int:
        """Watches of a collection asked for so far."""
        return sum(r.startswith(f"GET {collection}?") and "watch=true" in r for r in self.requests)

    # HTTP

    async def _listen(self) -> None:
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            log_level=logging.CRITICAL,  # it reports each body that `kill` leaves without an end
        )
        config.load()
        self._state = state = ServerState()
        self._running.set()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}),
            sock=self._port,
            ssl=self._tls,
        )

    async def _app(self, scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, send)
        except Exception as error:
            self._faults.append(error)
            raise

    async def _serve(self, scope: Scope, send: Send) -> None:
        run = self._run
        await self._running.wait()
        if run != self._run:
            return
        query_text = scope["query_string"].decode()
        self.requests.append(f"GET {scope['path']}" + (f"?{query_text}" if query_text else ""))
        query = dict(parse_qsl(query_text))
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if self._pages is not None and scope["path"] not in self._pages:
            self._pages.add(scope["path"])
            await _send(send, Answer(200, "<!doctype html><title>Sign in</title>"))
            return
        answer = self._answer(scope["path"], query, headers.get("authorization", ""))
        if isinstance(answer, Target):
            await self._watch(answer, query, send)
        else:
            await _send(send, answer)

    def _answer(self, path: str, query: dict[str, str], authorization: str) -> Answer | Target:
        """The whole answer, or the target of a watch to stream."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token not in self._users:
            return answers.unauthorized()
        if path == "/version":
            return Answer(200, {"major": "1", "minor": "37", "gitVersion": self._git_version})
        target = target_of(path, query)
        user, rights = self._users[token]
        if target is not None and not allowed(target, rights):
            return answers.forbidden(
                user, target.verb, target.group, target.resource, target.namespace, target.name
            )
        if target is None or target.root not in self._groups:
            return answers.not_served()
        return self._allowed_answer(target, query)

    def _allowed_answer(self, target: Target, query: dict[str, str]) -> Answer | Target:
        match target.verb:
            case "get":
                found = self.store.get(target.path)
                return Answer(200, found) if found else answers.not_found(target.resource, target.name)
            case "list":
                return self._list(target, query)
            case _:
                return target

    def _list(self, target: Target, query: dict[str, str]) -> Answer:
        current, asked = self.store.revision, query.get("resourceVersion", "")
        if "continue" in query:
            return self._continued(target, query)
        if asked in {"", "0"}:
            # From its cache the real one answers without looking at the limit.
            return self._page(target.path, current, "", {} if asked == "0" else query)
        if int(asked) > current:
            return answers.version_from_the_future(int(asked), current)
        exact = query.get("resourceVersionMatch") == "Exact"
        if exact and int(asked) < self.store.oldest:
            return answers.expired_list()
        return self._page(target.path, int(asked) if exact else current, "", query)

    def _continued(self, target: Target, query: dict[str, str]) -> Answer:
        try:
            token = json.loads(base64.urlsafe_b64decode(query["continue"]))
            revision, start = token["rv"], token["start"]
        except ValueError:
            return answers.bad_continue_token()
        if revision == _INCONSISTENT:
            return self._page(target.path, self.store.revision, start, query)
        if revision < self.store.oldest:
            return answers.expired_continue_token(_continue_token(_INCONSISTENT, start))
        return self._page(target.path, revision, start, query)

    def _page(self, collection: str, revision: int, start: str, query: dict[str, str]) -> Answer:
        limit = int(query.get("limit", "0"))
        items = [o for o in self.store.at(collection, revision) if o["metadata"]["name"] > start]
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        if limit and len(items) > limit:
            metadata["continue"] = _continue_token(revision, items[limit - 1]["metadata"]["name"])
            metadata["remainingItemCount"] = len(items) - limit
            items = items[:limit]
        head = {"kind": _LIST_KINDS[collection.rpartition("/")[2]], "apiVersion": _api_version(collection)}
        return Answer(200, {**head, "metadata": metadata, "items": items})

    # Watching

    async def _watch(self, target: Target, query: dict[str, str], send: Send) -> None:
        """Returns without an end of the body when the server is killed: uvicorn then cuts the connection."""
        run = self._run
        await send(_start(200, "application/json"))
        lines = watch_lines(self.store, target.path, query, last_bookmark_seconds=self._last_bookmark_seconds)
        async with aclosing(lines):
            async for body in lines:
                await self._running.wait()
                if run != self._run:
                    return
                # An empty one at the start sends the headers, as the real one does at once.
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _api_version(collection: str) -> str:
    """`apps/v1` of `/apis/apps/v1/namespaces/deis/deployments`, `v1` of `/api/v1/nodes`."""
    parts = collection.split("/")
    return parts[2] if parts[1] == "api" else "/".join(parts[2:4])


def _continue_token(revision: int, start: str) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": revision, "start": start}
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode()


def _start(status: int, content_type: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    every = {"Content-Type": content_type, **(headers or {})}
    raw = [(name.lower().encode(), value.encode()) for name, value in every.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


async def _send(send: Send, answer: Answer) -> None:
    is_text = isinstance(answer.body, str)
    body = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
    content_type = "text/plain; charset=utf-8" if is_text else "application/json"
    await send(_start(answer.status, content_type, answer.headers))
    await send({"type": "http.response.body", "body": body})
