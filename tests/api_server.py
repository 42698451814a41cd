"""The seam of the Kubernetes suite: a fake and the real control plane both are this.

Objects are plain dicts as `kubectl get -o json` shows them. Paths are the API's own, for example
`/apis/apps/v1/namespaces/deis/deployments`.
"""

from pathlib import Path
from typing import Any, Protocol


class ApiServer(Protocol):
    """An API server that a test may disturb. Methods return when the effect holds."""

    name: str  # "fake" or "real"
    url: str  # https:// for the real one
    ca_file: Path | None
    admin_token: str

    async def create(self, path: str, obj: dict[str, Any]) -> dict[str, Any]: ...
    async def patch(self, path: str, merge_patch: dict[str, Any]) -> dict[str, Any]: ...
    async def patch_status(self, path: str, merge_patch: dict[str, Any]) -> dict[str, Any]: ...
    async def delete(self, path: str) -> None: ...

    async def token_with_rights(self, name: str, rights: list[dict[str, Any]]) -> str:
        """A bearer token of a user with exactly these RBAC rules.

        A rule is `{"namespace": str | None, "apiGroups": [...], "resources": [...], "verbs": [...],
        "resourceNames": [...]}`; namespace None makes it cluster-wide.
        """
        ...

    async def kill(self) -> None:
        """Like kill -9: open watches break in the middle of the body."""
        ...

    async def restart(self) -> None:
        """Back on the same address with the same objects."""
        ...

    async def pause(self) -> None:
        """Like kill -STOP: accepts connections and says nothing."""
        ...

    async def resume(self) -> None: ...

    async def forget_history(self) -> None:
        """Compacts: every resourceVersion and `continue` token handed out so far has expired."""
        ...
