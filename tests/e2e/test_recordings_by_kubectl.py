"""What a real kubectl prints is read: every word that it leaves without quotes, and whole clusters."""

import asyncio
import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.agent import CATALOGS, ROOT, run
from e2e.control_plane import ControlPlane
from e2e.processes import tool
from tools.record_sample import NAMESPACE, run_sample
from workflow_exporter.cluster.recording_text import documents

# Characters of numbers, and of everything else that YAML gives a meaning to.
ALPHABETS = {"=<0x_.1-+~eby:": 4, "!&*%@`'\"#,[]{}|>?\\/ -:a0.~=yn": 3}
WORDS = """
y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE false False FALSE null Null NULL
1e3 1E3 1e+3 1e999 -1e999 0o17 0O17 0b101 0xff 0XFF 1_000 12:30 190:20:30 .inf -.inf +.INF .nan NaN
2026-01-05 2026-1-5 2026-01-05T12:00:00Z 18446744073709551615 18446744073709551616 0777 08 1. 1.5.2
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    with ControlPlane() as control_plane:
        asyncio.run(run_sample(control_plane))
        yield control_plane


def kubectl(*arguments: str | Path, home: Path) -> bytes:
    done = subprocess.run(
        [tool("kubectl"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={"HOME": str(home), "KUBECACHEDIR": str(home / "kubectl-cache")},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("values", [*ALPHABETS, "words"])
def test_every_word_that_kubectl_prints_is_read_as_it_was_meant(tmp_path: Path, values: str) -> None:
    strings = [*WORDS.split(), "9" * 400]
    if values != "words":
        lengths = range(1, ALPHABETS[values] + 1)
        strings = ["".join(parts) for n in lengths for parts in itertools.product(values, repeat=n)]
    keys = {f"k{number}": text for number, text in enumerate(strings)}
    (tmp_path / "values").write_text("".join(f"{key}={text}\n" for key, text in keys.items()))

    create = ("create", "configmap", "c", f"--from-env-file={tmp_path / 'values'}", "--dry-run=client")
    printed = kubectl(*create, "-o", "yaml", home=tmp_path)
    as_json = kubectl(*create, "-o", "json", home=tmp_path)

    (read,) = (json.loads(bytes(document)) for document in documents("c", printed).raw)
    meant = json.loads(as_json)["data"]
    assert len(meant) == len(strings)
    assert {key: read["data"][key] for key in meant if read["data"][key] != meant[key]} == {}


def verdicts(document: str) -> list[tuple[Any, ...]]:
    return [(one["component"], one["version"], one["verdict"]) for one in json.loads(document)["components"]]


def test_the_readmes_dump_is_judged_as_the_cluster_without_a_complaint(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    (command,) = re.findall(
        r"^\$ kubectl (get .*) > dump.yaml$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    dump = tmp_path / "dump.yaml"
    dump.write_bytes(kubectl("--kubeconfig", cluster.kubeconfig, *command.split(), home=tmp_path))
    catalog = ("--catalog", CATALOGS)

    recorded = run(tmp_path, "check", "--from", dump, *catalog, "--output", "json")
    live = run(tmp_path, "check", "--kubeconfig", cluster.kubeconfig, *catalog, "--output", "json")
    table = run(tmp_path, "check", "--from", dump, *catalog)

    assert verdicts(recorded.stdout) == verdicts(live.stdout)
    assert (recorded.returncode, table.returncode, table.stderr) == (live.returncode, live.returncode, "")
    assert [line for line in table.stdout.splitlines() if "down" in line or "recorded" in line] == []


@pytest.mark.parametrize("output", ["json", "yaml"])
@pytest.mark.parametrize("into", ["folder", "file"])
def test_dump_of_a_cluster_is_read(cluster: ControlPlane, tmp_path: Path, into: str, output: str) -> None:
    dump = tmp_path / "dump"
    arguments = ["cluster-info", "dump", f"--namespaces={NAMESPACE},kube-system", "-o", output]
    if into == "folder":
        arguments.append(f"--output-directory={dump}")
    printed = kubectl("--kubeconfig", cluster.kubeconfig, *arguments, home=tmp_path)
    if into == "file":
        dump.write_bytes(printed)

    recorded = run(tmp_path, "check", "--from", dump, "--catalog", CATALOGS, "--output", "json")
    live = run(
        tmp_path, "check", "--kubeconfig", cluster.kubeconfig, "--catalog", CATALOGS, "--output", "json"
    )

    told = verdicts(recorded.stdout)
    assert {one for one in told if one[2] not in {"unknown", "absent"}} <= set(verdicts(live.stdout))
    assert sum(verdict in {"current", "outdated", "ahead"} for _, _, verdict in told) >= 8
