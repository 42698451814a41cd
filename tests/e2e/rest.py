"""The Kubernetes API as tests use it to set a scene: plain JSON over HTTP, nothing of the agent's.

Objects are dicts as `kubectl get -o json` shows them; paths are the API's own. A client is made for each
call, because each test has an event loop of its own and connections belong to one loop.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx

from e2e.waiting import not_ready

Object = dict[str, Any]

_FIELD_MANAGER = "tests"
_POLL_SECONDS = 0.1
# What wait_until_running looks at: collection -> API prefix.
_WATCHED = {
    "deployments": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "replicationcontrollers": "/api/v1",
    "pods": "/api/v1",
}
# What clear_namespace deletes, whatever makes pods first.
_CONTENT = {
    "cronjobs": "/apis/batch/v1",
    "jobs": "/apis/batch/v1",
    "deployments": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "replicationcontrollers": "/api/v1",
    "pods": "/api/v1",
    "services": "/api/v1",
    "configmaps": "/api/v1",
}


class RefusedError(RuntimeError):
    """The API server answered with an error; `status` is its HTTP status."""

    def __init__(self, method: str, path: str, response: httpx.Response) -> None:
        super().__init__(f"{method} {path}: {response.status_code} {response.text}")
        self.status = response.status_code


async def until(holds: Callable[[], Awaitable[str | None]], seconds: float) -> None:
    """Asks `holds` until it gives None; raises TimeoutError with its last answer after `seconds`."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while (missing := await holds()) is not None:
        if clock() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s still: {missing}")
        await asyncio.sleep(_POLL_SECONDS)


class Rest:
    """One user's view of one API server."""

    def __init__(self, url: str, tls: ssl.SSLContext, token: str) -> None:
        self.url = url
        self.tls = tls
        self._token = token
        self._kinds: dict[
            str, dict[str, tuple[str, bool]]
        ] = {}  # group version -> kind -> plural, namespaced

    def client(self, timeout_seconds: float = 10, connections: int = 10) -> httpx.AsyncClient:
        """For many calls in a row; the caller closes it. Errors are answers, not exceptions."""
        return httpx.AsyncClient(
            base_url=self.url,
            verify=self.tls,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,  # no proxy between a test and loopback
        )

    def blocking_client(self, timeout_seconds: float = 10) -> httpx.Client:
        """The same for callers without an event loop."""
        return httpx.Client(
            base_url=self.url,
            verify=self.tls,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=timeout_seconds,
            trust_env=False,
        )

    async def get(self, path: str) -> Object:
        return await self._call("GET", path)

    async def create(self, path: str, obj: Object) -> Object:
        """`path` is the collection's, as in POST."""
        return await self._call("POST", path, obj)

    async def patch(self, path: str, merge_patch: Object) -> Object:
        return await self._call("PATCH", path, merge_patch, "application/merge-patch+json")

    async def patch_status(self, path: str, merge_patch: Object) -> Object:
        return await self.patch(f"{path}/status", merge_patch)

    async def delete(self, path: str, *, grace_seconds: int | None = None, seconds: float = 30) -> None:
        """Returns when this very object is gone; one of the same name that its owner made is another."""
        uid = (await self.get(path))["metadata"]["uid"]
        options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        await self._call("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", **options})

        async def still_there() -> str | None:
            try:
                found = await self.get(path)
            except RefusedError as error:
                if error.status == 404:
                    return None
                raise
            return f"{path} exists" if found["metadata"]["uid"] == uid else None

        await until(still_there, seconds)

    async def clear_namespace(self, name: str, seconds: float = 60) -> None:
        """Returns when no workload, pod, service or config map is left; needs controllers and kubelets."""
        background = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        for collection, prefix in _CONTENT.items():
            await self._call("DELETE", f"{prefix}/namespaces/{name}/{collection}", background)

        async def pods() -> str | None:
            items = (await self.get(f"/api/v1/namespaces/{name}/pods"))["items"]
            return ", ".join(item["metadata"]["name"] for item in items) or None

        await until(pods, seconds)

    async def delete_namespace(self, name: str, seconds: float = 60) -> None:
        """Returns when it is gone with all its content. Takes 5 s, its controller's constant.

        The content goes first: a namespace whose pods still have their grace is looked at again only
        15 s later.
        """
        await self.clear_namespace(name, seconds)
        await self.delete(f"/api/v1/namespaces/{name}", seconds=seconds)

    async def apply(self, manifests: Iterable[Object]) -> None:
        """Creates or changes each by server-side apply; namespaces first, the rest in the given order.

        What brings a status (a node's facts) is created with it, before kwok can make one up.
        """
        ordered = sorted(manifests, key=lambda manifest: manifest["kind"] != "Namespace")
        for manifest in ordered:
            path = await self._path_of(manifest)
            if "status" in manifest:
                await self._create_or_patch(path, manifest)
            else:
                query = f"fieldManager={_FIELD_MANAGER}&force=true"
                await self._call("PATCH", f"{path}?{query}", manifest, "application/apply-patch+yaml")

    async def wait_until_running(self, namespace: str, seconds: float = 60) -> None:
        """Returns when each workload in `namespace` has all the ready pods it asks for."""

        async def missing() -> str | None:
            objects = []
            for collection, prefix in _WATCHED.items():
                answer = await self.get(f"{prefix}/namespaces/{namespace}/{collection}")
                objects += [{**item, "kind": answer["kind"].removesuffix("List")} for item in answer["items"]]
            return "; ".join(not_ready(objects)) or None

        await until(missing, seconds)

    async def _create_or_patch(self, path: str, manifest: Object) -> None:
        try:
            await self.create(path.rpartition("/")[0], manifest)
        except RefusedError as error:
            if error.status != 409:  # AlreadyExists
                raise
            await self.patch(path, {key: value for key, value in manifest.items() if key != "status"})
            await self.patch_status(path, {"status": manifest["status"]})

    async def _path_of(self, manifest: Object) -> str:
        version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self._kinds:
            resources = (await self.get(root))["resources"]
            self._kinds[version] = {
                r["kind"]: (r["name"], r["namespaced"]) for r in resources if "/" not in r["name"]
            }
        plural, namespaced = self._kinds[version][kind]
        namespace = f"/namespaces/{metadata['namespace']}" if namespaced else ""
        return f"{root}{namespace}/{plural}/{metadata['name']}"

    async def _call(
        self, method: str, path: str, body: Object | None = None, content_type: str = "application/json"
    ) -> Object:
        async with self.client() as client:
            response = await client.request(
                method, path, json=body, headers={"Content-Type": content_type} if body is not None else None
            )
        if response.is_error:
            raise RefusedError(method, path, response)
        answer: Object = response.json()
        return answer
