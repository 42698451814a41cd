"""Clusters as files that the agent reads with `--from`, told apart as much as one likes."""

import json
import re
import uuid
from pathlib import Path

import clusters

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def recording(folder: Path, cluster: str, *, nodes_called: str = "node", redraw_uids: bool = False) -> Path:
    """A file that holds the cluster; `redraw_uids` as if another control plane had drawn them."""
    text = json.dumps({"kind": "List", "items": clusters.as_running_objects(clusters.manifests(cluster))})
    if redraw_uids:
        text = _UID.sub(lambda match: str(uuid.uuid5(uuid.NAMESPACE_OID, match[0])), text)
    folder.mkdir()
    path = folder / "cluster.json"
    path.write_text(text.replace('"node-', f'"{nodes_called}-'))
    return path
