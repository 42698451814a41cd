"""What tags and annotations mean: rebuilds of a release, builds after it, builds without a version."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_exporter.errors import VersionError
from workflow_exporter.version import (
    is_development_tag,
    is_floating_tag,
    parse_version,
    read_version,
    version_or_none,
)

no_deadline = settings(deadline=None)  # a busy machine is no failure

# Forms of Docker's official images, Bitnami, Red Hat, Microsoft, Rancher, GitLab and Chainguard.
REBUILDS = """
-alpine -alpine3 -alpine3.19 -alpine-3.19 -slim -bookworm -bookworm-slim -bullseye -slim-bullseye -jammy
-debian -debian-12 -debian-12-r5 -debian-11-r05 -ubuntu22.04 -ubuntu-22.04 -focal -ubi9 -ubi8.10
-ubi9-minimal -ubi-9 -ol-7-r9 -photon-5-r3 -rockylinux9 -el8 -1.el7 -1ubuntu2 -amazonlinux2023 -wolfi
-distroless -scratch -static -busybox -amd64 -arm64 -linux-amd64 -linux-arm64 -linux_amd64 -linux-arm-v7
-arm64v8 -arm32v7 -armv7 -armhf -aarch64 -x86_64 -x86-64 -ppc64le -s390x -riscv64 -alpine-arm64v8
-alpine-amd64 -windows -windows-amd64 -windows-ltsc2022 -windowsservercore-ltsc2022 -nanoserver-1809
-nanoserver-ltsc2022 -r0 -r1 -r12 -rev2 -build20231009 -build.7 -rke2r1-build20231018 -k3s1 -gke.100
-eksbuild.4 -fips -fips140-2 -nonroot -non-root -rootless -unprivileged -debug -ce.0 -ee -oss -lts -jdk17
-python3.11 -python3.11-alpine3.19 -management-alpine -20240101 -20240101T1200Z -2024-01-01
-bookworm-20240101 -alpine-r1-20240101 -ALPINE -Final -ga -stable _amd64 _k3s1 -ubi9.3-1
-ubi8.9-1107.1706795067 -ubi9-20240101 -ubi9-init -rhel9 -rhel-9.4 -el7.centos -1.el9 -1.el9_3 -1.el9.x86_64
-3.el8_10.noarch -1.fc39.aarch64 -0ubuntu1.22.04 -1_deb12u1 -al2 -al2023 -1.amzn2 -1.cm2 -azl3
-linux-amd64-v3 -amd64v2 -x86_64_v4 -arm64-v8 -linux_arm_v6 -armv7l -armv7hf -ppc64el -mips64le -loong64
-multi -multi-arch -noarch -all-arch -alpine_amd64 -alpine.amd64 -alpine3.19_arm64 -bookworm_slim
-debian-12-r5_arm64 -openssl3 -openssl-3.0 -boringssl -cuda12 -amd64-cuda12
-cuda12.4.1-cudnn9-runtime-ubuntu22.04 -rocm6.1 -java17 -dotnet8 -debug-nonroot -trixie-slim
-bullseye-20240101 -noble -plucky -wheezy -glibc -musl -perl -rancher1 -vmware.1 -bitnami -openshift
-ocp4.14 -r1.2 -r5.20240101 -20240101.1 -20240101-2 -final.1 -slim.20240101 -k3s1.1
-alpine-edge -debian-unstable -debian-testing-slim -bookworm-backports -win64 -linux64
-x86_64-unknown-linux-musl -armv7-unknown-linux-gnueabihf -aarch64-apple-darwin -x86_64-pc-windows-msvc
-arm64.v8 -jammy-chiseled -noble-chiseled-extra -azurelinux3.0-distroless-composite -jdk21-corretto
-eclipse-temurin-17 -zulu17 -graalvm -dind -dind-rootless -nginx1.25 -fips140.2 -ls123 -tini -otel
""".split()  # noqa: SIM905  a corpus reads better as words

PRE_RELEASES = """
-alpha -alpha.1 -beta.2 -beta2 -rc.1 -rc1 -rc-1 -pre.1 -preview.3 -dev -dev.5 -SNAPSHOT -nightly
-nightly-20240101 -nightly.20240101 -snapshot-20240101 -canary -edge -0.20240101120000-abcdef123456
-20240101120000-abcdef123456 -1 -2.3 -custom -acme.1 -1234567 -1700000000 -deadbeef -alpine.acme -jdk17.acme
-rc.0.20240101120000-abcdef123456 -openssl3x -multiple -all
-main -main.5 -pr.12
""".split()  # noqa: SIM905  a corpus reads better as words

# What `git describe` and CI write behind a release: commits, hashes, uncommitted changes, fixes.
LATER = """
-63-gc1cfb68 -63-gc1cfb6864 -63-gc1cfb68-dirty -63-gc1cfb68.20240101 -63-gc1cfb68-20240101t1200z
-63-gc1cfb68.5 -63-gc1cfb68-1 -63.gc1cfb68 -gc1cfb68 -c1cfb68 -1a2b3c4d5e6f -sha.1a2b3c4 -sha-1a2b3c4
-sha1a2b3c4 -sha-1234567 -git.1a2b3c4 -git-1a2b3c4 -git1a2b3c4 -commit-1a2b3c4 -build-1a2b3c4 -ci.1a2b3c4
-rev-1a2b3c4 -c1cfb68-dirty -c1cfb68.20240101 -c1cfb68-1700000000 -dirty -broken -modified -dirty-20240101
-dirty.1 -hotfix -hotfix.1 -patch2 -post1 -post.1 -fix-2 -bugfix.3 -hotfix.1-63-gc1cfb68
-63-c1cfb68 -63.c1cfb68 -12345-c1cfb68 -patched -security -security.1 -cve-2024-1234
""".split()  # noqa: SIM905  a corpus reads better as words

# They name a release line and move on with it.
FLOATING = """
v2 V2 2 2.19 v2.19 v2.12 2.12 22.04 v2-latest v2.19-latest 2.19-alpine 2-alpine3.19 v2.19-debian-12-r5
2.19-slim-bookworm 2.19_amd64 v2.19-edge 2.19-rc1 v2.19-nightly-20240101 2.19-20240101 2.19-63-gc1cfb68
v2.19-c1cfb68 2.x v2.x v2.12.x 2.x-alpine 2.19.x-latest
""".split()  # noqa: SIM905  a corpus reads better as words

BUILDS = """
main master trunk mainline head HEAD tip edge dev devel develop development nightly weekly stable testing
test unstable experimental staging production release canary Canary canary2 latest rolling snapshot preview
next ci local rc1 main-1a2b3c4 main_1a2b3c4 main-1a2b3c4-1700000000 master-amd64 main-alpine3.19 dev-arm64
latest-alpine latest-debian-12 nightly-20240101 nightly20240101 main-63-gc1cfb68 release-1.2 stable-2.19
feature-new-router pr-12 PR-12 pull-12-merge mr-3 build-123 build123 sha-1a2b3c4 commit-1a2b3c4 git-1a2b3c4
git-1a2b3c4-dirty c1cfb68 c1cfb68-dirty gc1cfb68 1234567 9e1077f 20240101 20240101.1 v20240101-1a2b3c4
2024-01-01 alpine slim bookworm arm64
""".split()  # noqa: SIM905  a corpus reads better as words

BROKEN = """
git-xyz git-1a2b3 123456 foo my-router release-2.19.0 version-2.19.0 cli-2.19.0 v2.19.0- v2. v2.19. v x
2.19-foo 2.19.0.x v2.19-alpine.acme 2-19-0 v2.19.0-alpine..1 -main main- 2024.01.01 VV2.19.0 v2.19.0-rc_1
${VERSION} {{version}}
""".split()  # noqa: SIM905  a corpus reads better as words

_numbers = st.tuples(*[st.integers(0, 30)] * 3).map(lambda numbers: ".".join(map(str, numbers)))
_pre_releases = st.sampled_from(["", "-alpha", "-beta.2", "-rc.1", "-rc10", "-custom", "-dev.3"])
_versions = st.builds("{}{}{}".format, st.sampled_from(["", "v"]), _numbers, _pre_releases)
# Without days: behind the word of a pre-release they are a part of it.
_rebuilds = st.lists(
    st.sampled_from([word for word in REBUILDS if word[0] == "-" and "2024" not in word]), max_size=3
).map("".join)
_describes = st.builds("-{}-g{:07x}".format, st.integers(1, 999), st.integers(0, 16**7 - 1))


@pytest.mark.parametrize("suffix", REBUILDS)
def test_rebuild_equals_what_it_rebuilds_and_is_printed_as_written(suffix: str) -> None:
    found = read_version(f"v2.20.0{suffix}")

    assert (found, str(found), found.canonical) == (read_version("2.20.0"), f"v2.20.0{suffix}", "v2.20.0")
    assert not found.is_prerelease


@pytest.mark.parametrize("suffix", [one for one in REBUILDS if one[0] == "-" and "20" not in one])
def test_rebuild_of_a_pre_release_is_that_pre_release(suffix: str) -> None:
    found = read_version(f"2.20.0-rc.1{suffix}")

    assert (found.canonical, found.is_prerelease) == ("v2.20.0-rc.1", True)
    assert found == parse_version("v2.20.0-rc.1")


@pytest.mark.parametrize("suffix", PRE_RELEASES)
def test_pre_release_stays_what_semver_makes_of_it(suffix: str) -> None:
    text = f"v2.20.0{suffix}"

    assert read_version(text).precedence == parse_version(text).precedence
    assert read_version("v2.19.9") < read_version(text) < read_version("v2.20.0")


def test_builds_of_git_describe_stand_between_their_version_and_the_next() -> None:
    ordered = [
        *("v2.19.0-rc.1", "v2.19.0-rc.1-1-gc1cfb68", "v2.19.0-rc.1-12-gc1cfb68", "v2.19.0-rc.2", "v2.19.0"),
        *(
            "v2.19.0-dirty",
            "v2.19.0-9-gc1cfb68",
            "v2.19.0-63-gc1cfb68",
            "v2.19.0-63-gc1cfb68-dirty",
            "v2.19.1-rc.1",
        ),
    ]

    versions = [read_version(text) for text in ordered]

    for (i, left), (j, right) in itertools.product(enumerate(versions), repeat=2):
        assert (left < right, left == right, left > right) == (i < j, i == j, i > j), (left, right)
    assert [one.is_prerelease for one in versions] == [True] * 4 + [False] * 5 + [True]


def test_git_describe_counts_no_commits_at_the_release_itself() -> None:
    assert read_version("v2.19.0-0-gc1cfb68") == read_version("v2.19.0")
    assert read_version("v2.19.0-0-c1cfb68") == read_version("v2.19.0")
    assert read_version("v2.19.0-0-gc1cfb68-dirty") > read_version("v2.19.0")


def test_different_commits_of_one_count_differ() -> None:
    assert read_version("v2.19.0-63-gc1cfb68") != read_version("v2.19.0-63-g1a2b3c4")


@pytest.mark.parametrize("suffix", LATER)
def test_build_after_a_release_never_passes_for_it(suffix: str) -> None:
    found = read_version(f"v2.19.0{suffix}")

    assert read_version("v2.19.0") < found < read_version("v2.19.1-0")
    assert found.canonical == f"v2.19.0{suffix}"


@pytest.mark.parametrize(
    ("suffix", "later"),
    [
        ("-20240101-c1cfb68", "-c1cfb68"),
        ("-20240101120000-c1cfb68", "-c1cfb68"),
        ("-eks-a5565ad", "-a5565ad"),
        ("-alpine-63-gc1cfb68_amd64", "-63-gc1cfb68"),
        ("-63-gC1CFB68", "-63-gc1cfb68"),
        ("-C1CFB68", "-c1cfb68"),
        ("-c1cfb68-ubi9.3-1", "-c1cfb68"),
    ],
)
def test_rebuild_or_other_case_of_a_later_build_is_that_build(suffix: str, later: str) -> None:
    assert read_version(f"v2.19.0{suffix}") == read_version(f"v2.19.0{later}") > read_version("v2.19.0")


@pytest.mark.parametrize("suffix", ["-rc.1-c1cfb68", "-dev-c1cfb68", "-beta.1-gc1cfb68-alpine"])
def test_commit_behind_a_pre_release_does_not_make_a_release_of_it(suffix: str) -> None:
    found = read_version(f"v2.19.0{suffix}")

    assert found.is_prerelease
    assert read_version("v2.18.9") < found < read_version("v2.19.0")


def test_capital_v_spells_the_same_version() -> None:
    found = read_version("V2.19.0-rc.1-alpine")

    assert (found, str(found), found.canonical) == (
        read_version("v2.19.0-rc.1"),
        "V2.19.0-rc.1-alpine",
        "v2.19.0-rc.1",
    )
    assert read_version("V2.19.0-acme.1") == read_version("v2.19.0-acme.1")


@pytest.mark.parametrize("tag", FLOATING)
def test_tag_of_a_release_line_is_a_choice_and_says_no_release(tag: str) -> None:
    assert is_floating_tag(tag)
    assert not is_development_tag(tag)
    assert version_or_none(tag) is None


def test_tag_made_to_be_read_in_many_ways_does_not_hang() -> None:
    for piece in (
        "-alpine-2024-01-01",
        "-1.el9_3",
        "-63-gc1cfb68.1",
        "-2024-01-01",
        "-1.1",
        "-amd64-v3",
        "-1-1a2b3c4",
    ):
        text = ("v2.19.0" + piece * 20)[:126]

        assert version_or_none(text + "!") is None
        assert not is_floating_tag(text[4:] + "!")


@pytest.mark.parametrize("tag", BUILDS)
def test_tag_of_a_branch_or_build_is_a_choice_and_no_version(tag: str) -> None:
    assert is_development_tag(tag)
    assert not is_floating_tag(tag)
    assert version_or_none(tag) is None


@pytest.mark.parametrize("tag", [*BROKEN, "", "v2.19.0\n", "main\n", "main-" + "a" * 200], ids=repr)
def test_broken_text_is_neither_a_version_nor_a_choice(tag: str) -> None:
    assert not is_development_tag(tag)
    assert not is_floating_tag(tag)
    with pytest.raises(VersionError):
        read_version(tag)


@no_deadline
@given(_versions, _rebuilds)
def test_rebuilding_changes_nothing_but_the_text(version: str, rebuild: str) -> None:
    found = read_version(version + rebuild)

    assert (found, hash(found), found.canonical) == (
        read_version(version),
        hash(read_version(version)),
        parse_version(version).canonical,
    )
    assert str(found) == version + rebuild


@no_deadline
@given(_versions, _describes, st.sampled_from(["", "-dirty"]), _rebuilds)
def test_described_build_is_later_than_its_version_and_earlier_than_the_next(
    version: str, describe: str, dirty: str, rebuild: str
) -> None:
    found, base = read_version(version + describe + dirty + rebuild), read_version(version)

    assert base < found
    assert found.release_line == base.release_line
    assert base.is_prerelease == found.is_prerelease
    assert not base.is_prerelease or found < parse_version(".".join(map(str, base.release_line)))


@no_deadline
@given(
    st.from_regex(
        r"v?[0-9]{1,3}\.[0-9]\.[0-9]{1,2}(-[0-9A-Za-z.-]{1,20})?(\+[0-9a-z.]{1,9})?", fullmatch=True
    )
)
def test_whatever_is_semver_is_read(text: str) -> None:
    strict: object
    try:
        strict = parse_version(text)
    except VersionError:
        strict = None

    assert strict is None or str(read_version(text)) == text
    assert strict is None or not (is_development_tag(text) or is_floating_tag(text))


@no_deadline
@given(st.text(alphabet="v0123456789.-_+gabcdefxyz \nÄ", max_size=140))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = version_or_none(text)

    assert found is None or str(found) == text
    assert (found is not None) + is_development_tag(text) + is_floating_tag(text) <= 1
