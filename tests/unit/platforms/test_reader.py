from pathlib import Path

import pytest

from workflow_exporter.errors import ProfileError
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.profile import (
    ConfigMapRow,
    Generation,
    Profile,
    ProfileComponent,
    ServiceRow,
    WorkloadRow,
)
from workflow_exporter.platforms.reader import load_profile, profile_from_file, shipped_profiles
from workflow_exporter.version import parse_version

PROFILE = """\
name: acme
title: Acme Platform
namespace: acme
version_annotations: [acme.example/version]
image_organisations: [acme]
generations:
  - new
  - {name: old, first_versions: {api: v1.0.0}, last_versions: {api: v1.9.0}}
jobs: [acme-upgrade]
build_pod_prefixes: [build-]
components:
  api:
    title: API
    description: What users talk to.
    required: true
    first_version: v1.2.0
    images: [registry.example/acme/api]
    workloads:
      - name: acme-api
        kinds: [StatefulSet, Deployment]
        container: api-*
        pod_labels: {app: acme-api}
        generations: [new]
      - name: acme-api-cache
        kinds: [Deployment]
        required: false
        optional_in: [old]
  builder:
    title: Builder
    description: Builds.
    required: true
    config_map: {name: builder-config, key: image, generations: [new]}
    services:
      - {name: builder-replica, selector: {app: builder, role: replica}}
      - name: builder-head
  secretive:
    title: Secretive
    description: Known, never read.
    required: true
    observed: false
"""


def test_profile_is_read_whole() -> None:
    read = load_profile(PROFILE, "acme.yaml")

    assert read == Profile(
        name="acme",
        title="Acme Platform",
        namespace="acme",
        version_annotations=("acme.example/version",),
        image_organisations=("acme",),
        generations=(
            Generation("new"),
            Generation("old", {"api": parse_version("v1.0.0")}, {"api": parse_version("v1.9.0")}),
        ),
        jobs=("acme-upgrade",),
        build_pod_prefixes=("build-",),
        components={
            "api": ProfileComponent(
                name="api",
                title="API",
                description="What users talk to.",
                required=True,
                observed=True,
                images=("registry.example/acme/api",),
                first_version="v1.2.0",
                rows=(
                    WorkloadRow(
                        component="api",
                        name="acme-api",
                        kinds=(WorkloadKind.STATEFUL_SET, WorkloadKind.DEPLOYMENT),
                        required=True,
                        container="api-*",
                        pod_labels={"app": "acme-api"},
                        generations=("new",),
                    ),
                    WorkloadRow(
                        "api",
                        "acme-api-cache",
                        (WorkloadKind.DEPLOYMENT,),
                        required=False,
                        optional_in=("old",),
                    ),
                ),
            ),
            "builder": ProfileComponent(
                name="builder",
                title="Builder",
                description="Builds.",
                required=True,
                observed=True,
                images=(),
                config_map=ConfigMapRow("builder", "builder-config", "image", True, ("new",)),
                services=(
                    ServiceRow("builder-replica", {"app": "builder", "role": "replica"}),
                    ServiceRow("builder-head", {}),
                ),
            ),
            "secretive": ProfileComponent(
                name="secretive",
                title="Secretive",
                description="Known, never read.",
                required=True,
                observed=False,
                images=(),
            ),
        },
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("title: Acme Platform\n", "", "Object missing required field `title`"),
        ("namespace: acme\n", "namespce: acme\n", "Object contains unknown field `namespce`"),
        ("namespace: acme\n", "namespace: acme\nnamesapce: x\n", "Object contains unknown field `namesapce`"),
        (
            "    description: Builds.\n",
            "    descriptoin: Builds.\n",
            "components.builder: Object contains unknown field `descriptoin`",
        ),
        (
            "        required: false\n",
            "        requird: false\n",
            "components.api.workloads[1]: Object contains unknown field `requird`",
        ),
        ("[StatefulSet, Deployment]", "[Statefulset]", "components.api.workloads[0].kinds[0]: "),
        ("[StatefulSet, Deployment]", "[]", "components.api.workloads[0].kinds: is empty"),
        (
            "[StatefulSet, Deployment]",
            "[ConfigMap]",
            "components.api.workloads[0].kinds: a ConfigMap is named by config_map, not here",
        ),
        (
            "name: acme-api-cache",
            "name: acme-api",
            "components.api.workloads[1]: Deployment acme-api is claimed by components.api.workloads[0]",
        ),
        (
            "generations: [new]\n      -",
            "generations: [newer]\n      -",
            "components.api.workloads[0].generations: 'newer' is none of the profile's generations",
        ),
        (
            "key: image, generations: [new]",
            "key: image, generations: [x]",
            "components.builder.config_map.generations: 'x' is none of the profile's generations",
        ),
        ("  - new\n", "  - old\n", "generations: 'old' is there twice"),
        ("{api: v1.0.0}", "{apy: v1.0.0}", "generations.old.first_versions: 'apy' is no component"),
        ("{api: v1.0.0}", "{api: canary}", "generations.old.first_versions.api: 'canary' is not a SemVer"),
        ("{api: v1.9.0}", "{apy: v1.9.0}", "generations.old.last_versions: 'apy' is no component"),
        ("first_versions", "versions", "generations[1]: Object contains unknown field `versions`"),
        ("name: builder-head", "nam: x", "components.builder.services[1]: Object contains unknown field"),
        ("[old]", "[older]", "components.api.workloads[1].optional_in: 'older' is none of the profile's"),
        ("v1.2.0", "canary", "components.api.first_version: 'canary' is not a SemVer version"),
        (
            "    observed: false\n",
            "",
            "components.secretive: has neither workloads nor a config_map, and is observed",
        ),
        (
            "    required: true\n    observed",
            "    required: yes please\n    observed",
            "components.secretive.required: ",
        ),
        ("  secretive:\n", "  api:\n", "not YAML: key 'api' is there twice"),
        (PROFILE, "", "Expected `object`, got `null`"),
        (PROFILE, "{", "not YAML: "),
        (PROFILE[PROFILE.index("  api:") :], "  {}\n", "components: is empty"),
    ],
)
def test_faulty_profile_is_refused_with_the_place_in_one_line(old: str, new: str, fault: str) -> None:
    assert PROFILE.count(old) == 1

    with pytest.raises(ProfileError) as refusal:
        load_profile(PROFILE.replace(old, new), "acme.yaml")

    assert str(refusal.value).startswith(f"profile acme.yaml: {fault}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("name: acme\n", "name: ../../x\n", "name: '../../x'"),
        ("name: acme\n", "name: Acme\n", "name: 'Acme'"),
        ("namespace: acme\n", "namespace: foo/../../bar\n", "namespace: 'foo/../../bar'"),
        ("namespace: acme\n", 'namespace: "acme\\n"\n', r"namespace: 'acme\n'"),
        ("  secretive:\n", '  "a\\"b\\nc":\n', "components: 'a\"b\\nc'"),
        ("  secretive:\n", f"  {'x' * 64}:\n", "components: 'xxxx"),
        ("name: builder-config", "name: ../secrets/s", "components.builder.config_map.name: '../secrets/s'"),
        ("name: builder-config", f"name: {'a.' * 126}aa", "components.builder.config_map.name: 'a.a.a."),
        ("key: image,", "key: a/b,", "components.builder.config_map.key: 'a/b'"),
        ("name: builder-head", "name: a/b", "components.builder.services[1].name: 'a/b'"),
        ("name: acme-api-cache", "name: acme_api", "components.api.workloads[1].name: 'acme_api'"),
    ],
)
def test_name_that_could_leave_its_place_in_an_address_or_a_label_is_refused(
    old: str, new: str, fault: str
) -> None:
    assert f" {PROFILE}".count(old) >= 1

    with pytest.raises(ProfileError) as refusal:
        load_profile(PROFILE.replace(old, new, 1), "acme.yaml")

    assert str(refusal.value).startswith(f"profile acme.yaml: {fault}")
    assert str(refusal.value).endswith("is not a name that Kubernetes allows there")
    assert "\n" not in str(refusal.value)


def test_workload_may_have_a_dotted_name_as_kubernetes_allows() -> None:
    read = load_profile(PROFILE.replace("name: acme-api-cache", "name: cache.acme.example"), "acme.yaml")

    assert [row.name for row in read.components["api"].rows] == ["acme-api", "cache.acme.example"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: " + "[" * 200_000, "more than 200 levels"),
        ("name: !!int ''", "string index out of range"),
        ("name: !!bool perhaps", "'perhaps'"),
    ],
)
def test_profile_that_yaml_cannot_build_is_refused_and_ends_no_process(text: str, fault: str) -> None:
    with pytest.raises(ProfileError, match=f"^profile acme.yaml: not YAML: {fault}"):
        load_profile(text, "acme.yaml")


def test_two_generations_may_give_one_workload_to_different_components() -> None:
    profiles = {profile.name: profile for profile in shipped_profiles()}

    rows = [row for row in profiles["drycc"].rows if row.name == "drycc-kube-state-metrics"]

    assert {row.component: row.generations for row in rows} == {
        "victoriametrics": ("newest_commit", "v1.8.3", "v1.8.2"),
        "prometheus": ("v1.8.1", "v1.7.12", "v1.7.5", "v1.7.0"),
    }


def test_shipped_profiles_are_readable() -> None:
    assert [profile.name for profile in shipped_profiles()] == ["deis", "hephy", "drycc"]


def test_profile_of_an_operator_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(PROFILE)

    assert profile_from_file(file).name == "acme"


def test_profile_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00name")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (1024 * 1024 + 1))
    expected = {
        tmp_path / "absent.yaml": "No such file or directory",
        tmp_path: "Is a directory",
        binary: "begins as UTF-16 text, and is not UTF-16 throughout",
        large: "larger than 1048576 bytes",
    }

    for path, reason in expected.items():
        with pytest.raises(ProfileError) as refusal:
            profile_from_file(path)
        assert str(refusal.value) == f"profile {path}: {reason}"
