"""A real Kubernetes control plane on loopback, without containers: what tests take for a cluster.

etcd and kube-apiserver always; controllers, scheduler and kwok (which plays all kubelets) where asked
for. Everything lies in one temporary folder and ends with the test process. Nodes come from whoever
uses it: without one nothing is scheduled.
"""

import asyncio
import base64
import secrets
import shutil
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from e2e import commands
from e2e.commands import Part, Site
from e2e.processes import Program, ProgramError, free_ports
from e2e.rbac import grant
from e2e.rest import Object, Rest

EVERYTHING = frozenset(Part)
API_ONLY: frozenset[Part] = frozenset()

_START_SECONDS = 90  # 6 s on an idle machine; others may be compiling beside us
_POLL_SECONDS = 0.05
_USERS = 256  # tokens are fixed when the API server starts; each token_with_rights takes one


class ControlPlane:
    """Implements `api_server.ApiServer`. `start()` and `stop()` need no event loop; `with` calls both.

    Start it from a thread that lives as long as it should (see processes.py).
    """

    name = "real"

    def __init__(self, parts: Collection[Part] = EVERYTHING, *, heartbeats: bool = True) -> None:
        """`heartbeats` False: nodes never renew their status. With CONTROLLERS they would be found dead
        after 40 s."""
        self.parts = frozenset(parts)
        self.admin_token = secrets.token_hex(16)
        self._user_tokens = [secrets.token_hex(16) for _ in range(_USERS)]
        self._users_taken = 0
        self._site = Site(Path(tempfile.mkdtemp(prefix="control-plane-")), *free_ports(3))
        self.folder = self._site.folder  # temporary; what a test adds is removed with it
        self.url = self._site.url
        self.ca_file: Path | None = self._site.ca_file
        self.kubeconfig = self._site.kubeconfig  # the administrator's
        self._etcd = commands.etcd(self._site)
        self._server = commands.api_server(self._site)
        self._others = [
            commands.part(self._site, part, heartbeats=heartbeats) for part in Part if part in self.parts
        ]
        self._tls: ssl.SSLContext | None = None

    # Its life

    def start(self) -> Self:
        """Returns when the API is ready, its first namespaces exist and all programs run."""
        try:
            commands.write_credentials(self._site, self.admin_token, self._user_tokens)
            self._etcd.start()
            self._wait(self._etcd, self._etcd_healthy)
            self._server.start()
            self._wait(self._server, self._ready)
            for program in self._others:
                program.start()
            self._wait(self._server, self._first_namespaces_exist)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Kills everything and removes the folder; may be called twice."""
        for program in self.programs:
            program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def programs(self) -> tuple[Program, ...]:
        """In the order to end them: whoever uses a server before the server."""
        return (*reversed(self._others), self._server, self._etcd)

    # Access

    def rest(self, token: str | None = None) -> Rest:
        """The API as the administrator sees it, or the holder of `token`."""
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._site.ca_file)
        return Rest(self.url, self._tls, token or self.admin_token)

    def write_kubeconfig(self, path: Path, token: str | None = None, namespace: str = "default") -> Path:
        """A kubeconfig for the administrator, or the holder of `token`."""
        commands.write_kubeconfig(self._site, path, token or self.admin_token, namespace)
        return path

    async def token_with_rights(self, name: str, rights: list[Object]) -> str:
        """See ApiServer; each call makes another user, called `user-<number>` in messages.

        Returns once the server has learnt the rights. A namespaced rule needs its namespace to exist.
        """
        if self._users_taken == _USERS:
            raise ProgramError(f"all {_USERS} users of this control plane are taken")
        number, self._users_taken = self._users_taken, self._users_taken + 1
        token = self._user_tokens[number]
        role = f"{name}-{number}"
        await grant(self.rest(), self.rest(token), role=role, user_name=f"user-{number}", rights=rights)
        return token

    # Objects

    async def get(self, path: str) -> Object:
        return await self.rest().get(path)

    async def create(self, path: str, obj: Object) -> Object:
        return await self.rest().create(path, obj)

    async def patch(self, path: str, merge_patch: Object) -> Object:
        return await self.rest().patch(path, merge_patch)

    async def patch_status(self, path: str, merge_patch: Object) -> Object:
        return await self.rest().patch_status(path, merge_patch)

    async def delete(self, path: str) -> None:
        """Returns when the object is gone. Without kubelets nobody ends a pod, so then it gets no grace."""
        await self.rest().delete(path, grace_seconds=None if Part.KUBELETS in self.parts else 0)

    async def delete_namespace(self, name: str) -> None:
        """With all that is in it; needs CONTROLLERS and KUBELETS."""
        await self.rest().delete_namespace(name)

    async def apply(self, manifests: Iterable[Object]) -> None:
        """Creates or changes each by server-side apply."""
        await self.rest().apply(manifests)

    async def wait_until_running(self, namespace: str, seconds: float = 60) -> None:
        """Returns when each workload in `namespace` has all the ready pods it asks for."""
        await self.rest().wait_until_running(namespace, seconds)

    @asynccontextmanager
    async def installed(self, manifests: Iterable[Object], seconds: float = 60) -> AsyncIterator[None]:
        """A whole cluster while the context lasts: applied and running; afterwards only empty namespaces
        are left of it, because their end takes 5 s."""
        every = list(manifests)
        namespaces = {m["metadata"]["namespace"] for m in every if "namespace" in m["metadata"]}
        await self.apply(every)
        try:
            for namespace in namespaces:
                await self.wait_until_running(namespace, seconds)
            yield
        finally:
            for namespace in namespaces:
                await self.rest().clear_namespace(namespace)
            for name in (m["metadata"]["name"] for m in every if m["kind"] == "Node"):
                await self.delete(f"/api/v1/nodes/{name}")

    # Disturbances

    async def kill(self) -> None:
        self._server.kill()

    async def restart(self) -> None:
        """Returns when the API server is ready again; the other programs find it by themselves."""
        self._server.kill()
        self._server.start()
        await asyncio.to_thread(self._wait, self._server, self._ready)

    async def pause(self) -> None:
        self._server.pause()

    async def resume(self) -> None:
        """Ends a pause, or a kill: whatever was done to it, it is ready again."""
        if self._server.running:
            self._server.resume()
        else:
            self._server.start()
        await asyncio.to_thread(self._wait, self._server, self._ready)

    async def forget_history(self) -> None:
        """Compacts etcd at a new revision and restarts the API server, which breaks open watches.

        Measured on 1.37.2: after compaction alone old watches, exact lists and `continue` tokens are
        still answered, from the server's cache; after a restart alone the last version still resumes.
        """
        revision = self._ask_etcd("kv/put", key=_base64("moved on"))["header"]["revision"]
        self._ask_etcd("kv/compaction", revision=revision, physical=True)
        await self.restart()

    # Readiness

    def _wait(self, program: Program, holds: Callable[[], bool]) -> None:
        """Raises ProgramError if the program ended, or after _START_SECONDS."""
        deadline = time.monotonic() + _START_SECONDS
        while not _answered(holds):
            program.check_running()
            if time.monotonic() > deadline:
                raise ProgramError(f"{program.name} is not ready in {_START_SECONDS} s\n{program.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def _etcd_healthy(self) -> bool:
        return httpx.get(f"{self._site.etcd_url}/health", trust_env=False).is_success

    def _ready(self) -> bool:
        return self._site.ca_file.exists() and self._api_says("/readyz")

    def _first_namespaces_exist(self) -> bool:
        return all(self._api_says(f"/api/v1/namespaces/{name}") for name in ("kube-system", "default"))

    def _api_says(self, path: str) -> bool:
        with self.rest().blocking_client(timeout_seconds=2) as client:
            return client.get(path).is_success

    def _ask_etcd(self, call: str, **arguments: Any) -> Object:
        answer = httpx.post(f"{self._site.etcd_url}/v3/{call}", json=arguments, trust_env=False)
        answer.raise_for_status()
        parsed: Object = answer.json()
        return parsed


def _answered(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except httpx.TransportError:
        return False  # not listening yet


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
