"""Kubeconfigs as tests need them."""

from pathlib import Path
from typing import Any

import yaml

from api_server import ApiServer


def write_kubeconfig(folder: Path, server: ApiServer, user: dict[str, Any]) -> Path:
    """For a server of the suite. `user` as in the file: `{"token": …}`, `{"tokenFile": …}`, `{"exec": …}`."""
    ca = {"certificate-authority": str(server.ca_file)} if server.ca_file else {}
    return kubeconfig(folder, server.url, user, ca)


def kubeconfig(
    folder: Path, server: str, user: dict[str, Any], cluster: dict[str, Any] | None = None
) -> Path:
    """With a context `test` for this user, which is the current one, and one `other` for nobody's token."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [
            {"name": "test", "context": {"cluster": "test", "user": "test"}},
            {"name": "other", "context": {"cluster": "test", "user": "nobody"}},
        ],
        "clusters": [{"name": "test", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "test", "user": user}, {"name": "nobody", "user": {"token": "nobodys"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return path
