"""The release workflow: nothing unproven, unsigned or unpinned leaves, and no job may more than it needs."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockerfiles import ROOT
from workflows import FOLDER, read_workflow, shell

TEXT = (FOLDER / "release.yml").read_text("utf-8")
WORKFLOW = read_workflow("release.yml")
VERSION = tomllib.loads((ROOT / "exporter" / "pyproject.toml").read_text())["project"]["version"]
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]


def step(job: str, of: str) -> dict[str, Any]:
    """The one step of a job that uses an action."""
    (found,) = [s for s in JOBS[job]["steps"] if s.get("uses", "").startswith(f"{of}@")]
    return dict(found)


def commands(job: str) -> str:
    return "\n".join(s["run"] for s in JOBS[job]["steps"] if "run" in s)


def test_only_a_version_tag_releases() -> None:
    assert WORKFLOW[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}


def test_images_wait_for_the_proof_and_charts_for_the_images() -> None:
    assert {name: job.get("needs") for name, job in JOBS.items()} == {
        "proof": None,
        "images": "proof",
        "charts": "images",
    }
    assert ".ci/run" in commands("proof")


def test_each_job_may_only_what_it_needs() -> None:
    publishing = {"contents": "read", "packages": "write", "id-token": "write"}

    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "proof": {"contents": "read"},
        "images": publishing,
        "charts": publishing,
    }


def test_images_that_build_ours_are_pinned_by_digest() -> None:
    emulator = step("images", "docker/setup-qemu-action")["with"]["image"]
    builder = step("images", "docker/setup-buildx-action")["with"]["driver-opts"]

    for image in (emulator, builder.removeprefix("image=")):
        assert re.fullmatch(r"docker\.io/[\w/]+:[\w.-]+@sha256:[0-9a-f]{64}", image)


def test_helm_is_built_from_modules_whose_hashes_are_in_the_repository() -> None:
    tools = ROOT / "tests" / "tools"
    (build,) = [s["run"] for s in JOBS["charts"]["steps"] if "GITHUB_PATH" in s.get("run", "")]
    required = re.findall(r"^\t(\S+ v\S+)", (tools / "helm3" / "go.mod").read_text("utf-8"), re.MULTILINE)
    hashed = {
        line.rpartition(" ")[0] for line in (tools / "helm3" / "go.sum").read_text("utf-8").splitlines()
    }

    assert build.startswith('make -C tests/tools "$PWD/tests/tools/bin/helm3"\n')
    assert "$(BIN)/helm3: helm3/go.mod helm3/go.sum\n\tcd helm3 && go build -mod=readonly" in (
        tools / "Makefile"
    ).read_text("utf-8")
    assert any(module.startswith("helm.sh/helm/v3 ") for module in required)
    assert [module for module in required if f"{module}/go.mod" not in hashed] == []


def test_nothing_is_downloaded_that_no_hash_holds() -> None:
    fetching = r"\b(curl|wget|go install|pip install|npm|npx)\b|setup-helm"

    assert re.findall(fetching, TEXT) == []


def test_both_programs_are_built_for_both_platforms_with_sbom_and_provenance() -> None:
    built = step("images", "docker/build-push-action")["with"]

    assert JOBS["images"]["strategy"]["matrix"]["include"] == [
        {"program": "exporter", "image": "workflow-exporter"},
        {"program": "releases-api", "image": "workflow-releases"},
    ]
    assert built["file"] == "${{ matrix.program }}/Dockerfile"
    assert (built["platforms"], built["push"], built["sbom"], built["provenance"]) == (
        "linux/amd64,linux/arm64",
        True,
        True,
        "mode=max",
    )
    assert built["build-args"].split() == [
        "VERSION=${{",
        "steps.name.outputs.version",
        "}}",
        "REVISION=${{",
        "github.sha",
        "}}",
    ]


def test_what_is_pushed_is_signed_by_digest_and_without_a_key() -> None:
    (sign,) = [s for s in JOBS["images"]["steps"] if "cosign sign" in s.get("run", "")]

    assert sign["run"] == 'cosign sign --yes --recursive "$SIGNED"'
    assert sign["env"]["SIGNED"] == "${{ steps.name.outputs.image }}@${{ steps.build.outputs.digest }}"
    assert 'cosign sign --yes "$charts/$CHART@$digest"' in commands("charts")
    assert "--key" not in TEXT


def test_both_charts_are_pushed_as_oci_artifacts() -> None:
    assert JOBS["charts"]["strategy"]["matrix"]["chart"] == ["workflow-exporter", "workflow-releases"]
    assert 'helm push packaged/*.tgz "oci://$charts"' in commands("charts")


def test_registry_and_owner_are_variables() -> None:
    assert WORKFLOW["env"] == {
        "REGISTRY": "${{ vars.REGISTRY || 'ghcr.io' }}",
        "OWNER": "${{ vars.OWNER || github.repository_owner }}",
    }


@pytest.mark.parametrize(("tag", "fits"), [(f"v{VERSION}", True), ("v9.9.9", False), ("v0.1", False)])
def test_a_tag_that_is_not_the_version_of_programs_and_charts_stops_the_release(tag: str, fits: bool) -> None:
    (compare,) = [s["run"] for s in JOBS["proof"]["steps"] if "GITHUB_REF_NAME" in s.get("run", "")]

    assert (shell(compare, ROOT, GITHUB_REF_NAME=tag) == 0) is fits


@pytest.mark.parametrize("chart", ["workflow-exporter", "workflow-releases"])
def test_the_chart_is_packaged_with_the_registry_and_owner_of_the_release(chart: str, tmp_path: Path) -> None:
    (package,) = [s["run"] for s in JOBS["charts"]["steps"] if "helm package" in s.get("run", "")]
    shutil.copytree(ROOT / "helm" / chart, tmp_path / "helm" / chart)
    before_packaging = package.partition("helm package")[0]

    status = shell(before_packaging, tmp_path, CHART=chart, REGISTRY="Registry.example", OWNER="Some-Owner")

    values = yaml.safe_load((tmp_path / "helm" / chart / "values.yaml").read_text("utf-8"))
    assert (status, values["image"]["repository"]) == (0, f"registry.example/some-owner/{chart}")
