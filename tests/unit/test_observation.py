"""Which version is to be seen of one workload."""

import pytest

from factories import DIGEST, container, pod, workload
from workflow_exporter.inventory import Container, Pod, Workload, WorkloadKind
from workflow_exporter.observation import WorkloadVersions, differ, observe, oldest, read_image, read_tag
from workflow_exporter.version import Version


def by_precedence(version: Version) -> tuple[int, Version]:
    return (0, version)


def versions(*args: object, **fields: object) -> tuple[str | None, str | None, str | None]:
    """declared, template, running."""
    seen = observe(workload(*args, **fields), by_precedence)  # type: ignore[arg-type]  # a test's own fields
    return tuple(one.text if one else None for one in (seen.declared, seen.template, seen.running))  # type: ignore[return-value]  # three in, three out


def of(containers: list[Container], pods: list[Pod], main: str | None = None) -> WorkloadVersions:
    return observe(workload(containers=containers, pods=pods, main_container=main), by_precedence)


@pytest.mark.parametrize(
    ("image", "text", "version", "reason"),
    [
        ("quay.io/deis/builder:v2.12.0", "v2.12.0", "v2.12.0", None),
        ("registry.drycc.cc/drycc/builder:1.8.1", "1.8.1", "1.8.1", None),
        (f"quay.io/deis/builder:v2.12.0@{DIGEST}", "v2.12.0", "v2.12.0", None),
        ("deis/builder:canary", "canary", None, "canary is a build without a version"),
        ("deis/builder:git-1a2b3c4", "git-1a2b3c4", None, "git-1a2b3c4 is a build without a version"),
        ("deis/builder:1234567", "1234567", None, "1234567 is a build without a version"),
        (f"deis/builder@{DIGEST}", DIGEST, None, "the image is given by digest only"),
        ("deis/builder", "latest", None, "the image has no tag, which means latest"),
        ("deis/builder:main", "main", None, "main is a build without a version"),
        ("deis/builder:v2.12.0-alpine", "v2.12.0-alpine", "v2.12.0-alpine", None),
        ("deis/builder:foo", "foo", None, "'foo' is not a SemVer version"),
        ("deis/builder:v2.12", "v2.12", None, "v2.12 does not say which release"),
        ("deis/builder:2.12-alpine", "2.12-alpine", None, "2.12-alpine does not say which release"),
        ("deis/builder:V2.12.0", "V2.12.0", "V2.12.0", None),
        ("Deis/Builder:v2.12.0", None, None, "image repository is not a lower-case path"),
        ("", None, None, "image repository is not a lower-case path"),
    ],
)
def test_image_says_a_version_or_why_it_has_none(
    image: str, text: str | None, version: str | None, reason: str | None
) -> None:
    seen = read_image(image)

    assert (seen.text, str(seen.version) if seen.version else None, seen.reason) == (text, version, reason)


def test_annotation_longer_than_any_version_is_not_shown() -> None:
    assert read_tag("1.0.0-" + "a" * 200).text is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], None),
        (["v2.10.0", "v2.9.0", "v2.11.0"], "v2.9.0"),
        (["v2.9.0", "canary", "v2.11.0"], "canary"),
        (["v2.9.0", "canary", "foo"], "foo"),
        (["v2.9.0", "2.9.0"], "v2.9.0"),
        (["v2.9.0", "v2.9.0-rc.1"], "v2.9.0-rc.1"),
    ],
)
def test_oldest_is_what_cannot_be_compared_and_else_the_lowest(
    texts: list[str], expected: str | None
) -> None:
    found = oldest(map(read_tag, texts), by_precedence)

    assert (found.text if found else None) == expected


def test_spellings_of_one_version_do_not_differ() -> None:
    assert not differ([read_tag("v1.2.3"), None, read_tag("1.2.3+build")])
    assert differ([read_tag("v1.2.3"), read_tag("canary")])


@pytest.mark.parametrize(
    ("declared", "image", "expected"),
    [
        ("v2.11.0", "deis/builder:v2.12.0", "v2.11.0"),
        (None, "deis/builder:v2.12.0", "v2.12.0"),  # neither annotation nor label: the tag
    ],
)
def test_declared_is_the_annotation_or_else_the_tag(declared: str | None, image: str, expected: str) -> None:
    assert versions(image=image, declared=declared)[0] == expected


def test_running_is_the_oldest_of_the_pods_and_they_are_rolling() -> None:
    seen = observe(
        workload(
            image="deis/builder:v2.12.0",
            pods=[pod("deis/builder:v2.12.0"), pod("deis/builder:v2.9.0"), pod("deis/builder:v2.12.0")],
        ),
        by_precedence,
    )

    assert seen.running == read_tag("v2.9.0")
    assert (seen.rolling, seen.running_texts) == (True, ("v2.12.0", "v2.9.0"))
    assert seen.assessed == seen.running


@pytest.mark.parametrize(
    "unseen",
    [
        pod("deis/builder:v2.9.0", terminating=True),
        pod("deis/builder:v2.9.0", phase="Pending", digest=None),
        pod("deis/builder:v2.9.0", phase="Succeeded"),
        pod("deis/builder:v2.9.0", phase="Failed"),
        pod("deis/builder:v2.9.0", phase="Unknown"),
    ],
    ids=lambda one: "terminating" if one.terminating else one.phase,
)
def test_pod_that_runs_nothing_is_no_observation(unseen: Pod) -> None:
    image = "deis/builder:v2.12.0"

    assert versions(image=image, pods=[unseen]) == ("v2.12.0", "v2.12.0", None)
    assert versions(image=image, pods=[unseen, pod(image)]) == ("v2.12.0", "v2.12.0", "v2.12.0")


def test_pod_that_runs_but_is_not_ready_is_an_observation() -> None:
    crashing = pod("deis/builder:v2.13.0", ready=False, digest=None, restarts=7)

    assert versions(image="deis/builder:v2.13.0", pods=[crashing])[2] == "v2.13.0"


@pytest.mark.parametrize("kind", [WorkloadKind.CRON_JOB, WorkloadKind.CONFIG_MAP])
def test_workload_without_pods_is_judged_by_its_template(kind: WorkloadKind) -> None:
    seen = observe(workload(image="deis/slugrunner:v2.4.0", kind=kind, pods=[]), by_precedence)

    assert (seen.running, seen.assessed) == (None, read_tag("v2.4.0"))


def test_workload_without_containers_is_judged_by_its_annotation() -> None:
    seen = of([], [])
    declared = observe(workload(containers=[], pods=[], declared="v2.12.0"), by_precedence)

    assert (seen.declared, seen.template, seen.assessed) == (None, None, None)
    assert declared.assessed == read_tag("v2.12.0")


def test_main_container_decides_and_not_the_first() -> None:
    containers = [
        container("istio/proxyv2:1.20.0", "istio-proxy"),
        container("deis/builder:v2.12.0", "deis-builder"),
    ]
    seen = of(containers, [Pod("p", "Running", ready=True, containers=tuple(containers))], "deis-builder")

    assert (seen.template, seen.running, seen.mixed_containers) == (
        read_tag("v2.12.0"),
        read_tag("v2.12.0"),
        False,
    )


def test_first_container_decides_where_the_main_one_is_not_there() -> None:
    assert of([container("deis/builder:v2.12.0", "renamed")], [], "deis-builder").template == read_tag(
        "v2.12.0"
    )


def test_every_container_with_the_component_s_own_image_counts() -> None:
    containers = [
        container("registry.drycc.cc/drycc/valkey:1.5.1", "drycc-valkey-proxy"),
        container("registry.drycc.cc/drycc/valkey:1.5.0", "drycc-valkey-server"),
        container("registry.drycc.cc/drycc/fluentbit:0.0.1", "log-sidecar"),
    ]
    seen = of(
        containers, [Pod("p", "Running", ready=True, containers=tuple(containers))], "drycc-valkey-proxy"
    )

    assert (seen.template, seen.running) == (read_tag("1.5.0"), read_tag("1.5.0"))
    assert (seen.mixed_containers, seen.rolling) == (True, False)


def test_container_of_a_pod_is_known_by_name_while_the_registry_changes() -> None:
    seen = of(
        [container("mirror.example/deis/builder:v2.12.0", "deis-builder")],
        [pod("quay.io/old/deis-builder:v2.11.0", container_name="deis-builder")],
    )

    assert seen.running == read_tag("v2.11.0")


def test_container_of_a_pod_is_known_by_repository_while_its_name_changes() -> None:
    seen = of(
        [container("deis/builder:v2.12.0", "deis-builder")],
        [pod("quay.io/deis/builder:v2.11.0", container_name="builder")],
    )

    assert seen.running == read_tag("v2.11.0")


def test_injected_sidecar_of_a_pod_does_not_count() -> None:
    seen = of(
        [container("deis/builder:v2.12.0", "deis-builder")],
        [pod("deis/builder:v2.12.0", "istio/proxyv2:1.0.0")],
    )

    assert (seen.running, seen.rolling) == (read_tag("v2.12.0"), False)


def test_template_whose_image_cannot_be_read_does_not_count_its_sidecars() -> None:
    seen = of([container("{{ image }}", "deis-builder"), container("deis/builder:v1.0.0", "other")], [])

    assert seen.template == read_image("{{ image }}")


def test_workload_stays_the_one_observed() -> None:
    one: Workload = workload()

    assert observe(one, by_precedence).workload is one
