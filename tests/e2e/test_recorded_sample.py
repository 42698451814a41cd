"""The sample that ships is what its recorder records: nobody typed or edited it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.control_plane import ControlPlane
from tools.record_sample import dump, run_sample

SAMPLE = Path(__file__).parent.parent.parent / "exporter" / "sample"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new recording; on a control plane of its own, because daemons run on every node there is."""
    folder = tmp_path_factory.mktemp("sample")
    with ControlPlane() as control_plane:
        asyncio.run(run_sample(control_plane))
        dump(control_plane.kubeconfig, folder)
    return folder


def test_the_shipped_sample_is_what_is_recorded_anew(recording: Path) -> None:
    assert what_is_shown(SAMPLE) == what_is_shown(recording)


def test_the_sample_tells_nothing_of_the_machine_that_recorded_it() -> None:
    text = "\n".join(file.read_text() for file in SAMPLE.iterdir())

    assert [line for line in text.splitlines() if "/tmp" in line or "/home" in line] == []  # noqa: S108 - looked for
    assert Path.cwd().as_posix() not in text


def what_is_shown(folder: Path) -> dict[str, list[Document]]:
    """Each file's items without what every recording makes anew: UIDs, times, random names, addresses."""
    return {
        file.name: sorted((stable(item) for item in document.get("items", [document])), key=yaml.dump)
        for file in sorted(folder.iterdir())
        for document in [yaml.safe_load(file.read_text())]
    }


def stable(item: Document) -> Document:
    metadata, spec, status = (item.get(key, {}) for key in ("metadata", "spec", "status"))
    pod_spec = spec.get("template", {}).get("spec", spec)
    return {
        "kind": item.get("kind"),
        "name": metadata.get("generateName", metadata.get("name")),
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "data": item.get("data"),
        "replicas": [spec.get("replicas"), status.get("readyReplicas"), status.get("numberReady")],
        "images": [container["image"] for container in pod_spec.get("containers", [])],
        "running": [
            [container[key] for key in ("name", "imageID", "ready", "restartCount")]
            for container in status.get("containerStatuses", [])
        ],
        "ports": [port["port"] for port in spec.get("ports", [])],
        "node": [status.get("nodeInfo"), status.get("capacity")],
        "server": item.get("serverVersion", {}).get("gitVersion"),
    }
