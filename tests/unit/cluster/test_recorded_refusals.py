"""Recordings that kubectl did not print: refused in one line, or the odd object counted."""

from pathlib import Path

import pytest

from clusters import as_running_objects
from clusters.objects import node
from kubectl_dumps import (
    DEIS,
    DEIS_RUNNING,
    as_yaml,
    listed,
    recorded,
    whole,
    written,
)
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.errors import RecordingError


def test_object_that_cannot_be_decoded_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    odd = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "odd", "uid": "u"},
        "status": {"capacity": 4},
    }
    running = as_running_objects([node("even")])

    cluster = recorded(written(tmp_path, nodes__yaml=as_yaml(listed(odd, *running))))

    assert whole(cluster).malformed == {Resource.NODES: 1}
    assert [one.name for one in extract(whole(cluster), DEIS, "deis").nodes] == ["even"]


BREAKS_OFF = "has items and no kind after them, so the list breaks off: record it again"
ALIASES = "kind: List\na: &a [1]\nb: [*a, *a]\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (" \n---\n# nothing\n", "holds text, and no YAML or JSON"),
        ("No resources found in deis namespace.\n", "holds text, and no YAML or JSON"),
        ("error: You must be logged in to the server\n", "holds text, and no YAML or JSON"),
        ("{broken", "not JSON that kubectl prints: "),
        ('{"kind": "List"} trailing', "not JSON that kubectl prints: text follows it in line 1"),
        ('{"kind": "List",\n"items": [', "not JSON that kubectl prints: "),
        ('{"kind": "List"}\n{"kind": "List",\n', "not JSON that kubectl prints: "),
        ("a: [1,\nb: }", "not YAML that kubectl prints: "),
        (
            "a: !!python/object:os.system {}",
            "not YAML that kubectl prints: could not determine a constructor",
        ),
        (ALIASES, "not YAML that kubectl prints: an alias in line 2"),
        ("replicas: 3\n", "has no kind, so it is no Kubernetes object"),
        ("apiVersion: v1\nitems:\n- kind: Pod\n", BREAKS_OFF),
        ("apiVersion: v1\nitems:\n- kind: Pod\n  metadata:\n    na", BREAKS_OFF),
        ("apiVersion: v1\nitems:\n- kind: Pod\n  metadata:\n    name: x\nki", BREAKS_OFF),
        ("apiVersion: v1\nitems:\n", "has no kind, so it is no Kubernetes object"),
        ("apiVersion: v1\nitems: []\n", BREAKS_OFF),
        ('{"apiVersion": "v1", "items": []}', BREAKS_OFF),
        (
            "apiVersion: v1\nitems:\n- kind: Pod\napiVersion: v1\nitems: []\nkind: List\n",
            "document 1: " + BREAKS_OFF,
        ),
        ("kind: List\nitems: [3]\n", "an item is no Kubernetes object: "),
        ("kind: List\nitems: []\n", "holds no object that the agent reads"),
        ("kind: Secret\nmetadata: {name: s}\n", "holds no object that the agent reads"),
        ('{"a": ' + "[" * 100_000, "not JSON that kubectl prints: "),
        ("[" * 100_000, "holds text, and no YAML or JSON"),
        ("a: " + "[" * 3_000 + "]" * 3_000, "not YAML that kubectl prints: more than 200 levels in line 1"),
        ("a: " + "[" * 200_000, "not YAML that kubectl prints: more than 200 levels in line 1"),
        ("- " * 200_000, "not YAML that kubectl prints: more than 200 levels in line 1"),
        ('{"kind": "Node", "a": "\\ud800"}', "not JSON that kubectl prints: "),
        (
            "kind: List\nitems:\n- a: 1\n- b: ]\n",
            "not YAML that kubectl prints: did not find expected node content in line 4",
        ),
        (
            "Warning: old\nkind: List\n\nnoise\na: ]\n",
            "not YAML that kubectl prints: did not find expected node content in line 5",
        ),
        ("a: !!int ''\n", "not YAML that kubectl prints: "),
        ("a: !!bool perhaps\n", "not YAML that kubectl prints: "),
        ("a: !!timestamp soon\n", "not YAML that kubectl prints: "),
    ],
)
def test_file_that_kubectl_did_not_print_is_refused_in_one_line(
    tmp_path: Path, text: str, fault: str
) -> None:
    file = tmp_path / "dump.yaml"
    file.write_text(text)

    with pytest.raises(RecordingError) as refusal:
        recorded(file)

    assert str(refusal.value).startswith(f"{file}: {fault}")
    assert "\n" not in str(refusal.value)


def test_binary_absent_and_huge_files_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\xfa")
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    large = tmp_path / "large.yaml"
    large.write_text("a: " + "x" * 33 * 1024 * 1024)
    empty = tmp_path / "empty"
    empty.mkdir()
    expected = {
        binary: "is neither UTF-8 text nor UTF-16 with a byte order mark, so not what kubectl printed",
        huge: "larger than 256 MiB, is this what kubectl printed?",
        large: "larger than 32 MiB of YAML; record it with `-o json` instead",
        empty: "no file there ends in .yaml, .yml or .json",
        tmp_path / "absent": "No such file or directory",
    }

    for path, fault in expected.items():
        with pytest.raises(RecordingError) as refusal:
            recorded(path)
        assert str(refusal.value) == f"{path}: {fault}"


def test_fault_in_one_of_several_documents_names_its_number(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(as_yaml(DEIS_RUNNING[0], {"replicas": 3}))

    with pytest.raises(RecordingError, match=r"all\.yaml: document 2: has no kind"):
        recorded(file)
