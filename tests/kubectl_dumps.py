"""Recordings written for a test, and read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from clusters import Manifest, as_running_objects, manifests
from workflow_exporter.cluster.objects import ClusterObjects
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = shipped_profiles()
DEIS = PROFILES[0]
READ_AT = datetime(2026, 2, 1, tzinfo=UTC)
VERSION = {"clientVersion": {"gitVersion": "v1.30.0"}, "serverVersion": {"gitVersion": "v1.31.4"}}
OLD_GROUPS = {"apps/v1": "extensions/v1beta1", "batch/v1": "batch/v1beta1"}


class _Dumper(yaml.CSafeDumper):
    """Writes no aliases, as kubectl does not."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def as_yaml(*documents: Any) -> str:
    return yaml.dump_all(documents, Dumper=_Dumper)


def listed(*objects: Manifest, kind: str = "List") -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "items": list(objects), "metadata": {"resourceVersion": ""}}


def recorded(path: Path, namespace: str | None = None) -> RecordedCluster:
    return RecordedCluster(path, PROFILES, namespace=namespace, read_at=READ_AT)


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def up(cluster: RecordedCluster) -> set[str]:
    return {state.source for state in cluster.view().sources if state.up}


DEIS_RUNNING = as_running_objects(manifests("deis-v2.18.0"))


def whole(cluster: RecordedCluster) -> ClusterObjects:
    return cluster.view().objects
