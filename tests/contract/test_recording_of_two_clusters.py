"""A recording that was made of two clusters is judged as one, and a notice says what was noticed."""

import json
from pathlib import Path

import pytest

import clusters
from workflow_exporter.cli import run


@pytest.mark.parametrize(("suffix", "noticed"), [("", False), ("0", True)])
def test_objects_with_several_uids_are_told_by_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str, *, noticed: bool
) -> None:
    one = clusters.as_running_objects(clusters.manifests("deis-v2.18.0"))
    other = json.loads(json.dumps(one))
    for obj in other:
        obj["metadata"]["uid"] += suffix
    for name, objects in (("one", one), ("other", other)):
        document = {"apiVersion": "v1", "kind": "List", "items": objects}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))

    run(["check", "--from", str(tmp_path)], {})

    text = capsys.readouterr().out
    assert ("Warning: Objects that are recorded with several UIDs: " in text) is noticed
