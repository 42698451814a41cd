"""Versions: SemVer 2.0 with an optional leading `v`, in SemVer's order; and what image tags make of them.

Deis and Hephy write `v2.18.0`, Drycc writes `1.8.1` in images and `v1.8.1` in its catalog: both spell
the same version. A catalog's versions are SemVer and nothing else: `parse_version`. Tags and annotations
are read as makers write them: `read_version`. SemVer calls everything behind a hyphen a pre-release, but
image builders write there what a release was rebuilt on (`-alpine`), and git how far a build is past it.

Tags that name a branch or a build and no version (`canary`, `main`, `git-1a2b3c4`), or a release line and no
release (`v2`, `2.19-alpine`), are told apart from text that is simply broken, because they are somebody's
choice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering
from typing import NamedTuple

import semver

from workflow_exporter.errors import VersionError

_MAX_LENGTH = 128  # an image tag's most, OCI distribution grammar


def _words(text: str) -> str:
    return "|".join(text.split())


_NUMBERS = r"[0-9]+(?:\.[0-9]+)*"
_DAY = r"20[0-9]{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12][0-9]|3[01])(?:[t-]?[0-9]{4}(?:[0-9]{2})?z?)?"
_FLAGS = re.IGNORECASE | re.ASCII

# What an image is rebuilt on, as Docker's official images, Bitnami and others write it: `debian-12`, `ubi9`,
# `alpine3.19`, and packages' `1.el7`. Then that system's own words: code names, variants.
_SYSTEMS = _words(
    "al alma(?:linux)? alpine amazonlinux amzn anolis archlinux azl azurelinux bci busybox centos chainguard "
    "cm darwin deb debian el fc fedora freebsd gentoo glibc gnu leap linux ltsc macos mariner minideb musl "
    "nanoserver nixos oe ol openeuler opensuse oracle(?:linux)? photon redhat rhel rocky(?:linux)? "
    "servercore sles? suse tumbleweed ubi ubuntu win(?:dows(?:servercore)?)? wolfi"
)
_CODE_NAMES = _words(
    "wheezy jessie stretch buster bullseye bookworm trixie forky duke sid precise trusty xenial bionic focal "
    "hirsute impish jammy kinetic lunar mantic noble oracular plucky questing"
)
_ROLLING = "edge|rolling|testing|unstable"  # behind a system they name its newest state: `alpine-edge`
_ARCHITECTURES = _words(
    "(?:amd64|x86[_-]64|x64)(?:[-_]?v[1-4])? x86 i[36]86 386 armhf armel aarch64 "
    "arm(?:32|64)?(?:[-_.]?v[5-9](?:l|a|hf)?)? ppc64(?:le|el)? powerpc64(?:le)? s390x riscv64 "
    "mips(?:64)?(?:le|el)? loong(?:arch)?64 wasm noarch (?:multi|all)[-_]?arch multi "
    "unknown-linux-(?:gnu|musl)(?:eabi(?:hf)?)? pc-windows-(?:gnu|msvc) apple-darwin"
)
_VARIANTS = _words(
    "backports base chiseled composite cpu debug dind distroless extra fat fips(?:-?140[.-]?[23])? full gpu "
    "hardened init light lite micro minimal non-?root root(?:less)? runtime scratch slim standard static "
    "unprivileged cli fpm management oss (?:ce|ee)(?:\\.[0-9]+)? community enterprise"
)
_LIBRARIES = _words(
    "cuda cudnn rocm boringssl libressl openssl apache nginx otel s6 tini corretto dotnet go golang graalvm "
    "java jdk jre node openjdk perl php python ruby (?:eclipse-)?temurin zulu"
)
_DISTRIBUTORS = _words(
    "aks bitnami eks(?:build)? gke k3s mirantis ocp okd openshift rancher rke2r tanzu vmware"
)
_FINISHED = _words("final ga lts prod production release stable")
_REVISION = r"(?:r|ls)[0-9]+|rev[.-]?[0-9]+|build[.-]?[0-9]+"
_REBUILD_WORD = (
    rf"(?:(?:[0-9]+[._]?)?(?:{_SYSTEMS})(?:[.-]?(?:{_NUMBERS}|ltsc[0-9]+)|-(?:{_ROLLING}))?(?:u[0-9]+)?"
    rf"|(?:{_LIBRARIES}|{_DISTRIBUTORS})[.-]?(?:{_NUMBERS})?"
    rf"|{_CODE_NAMES}|{_ARCHITECTURES}|{_VARIANTS}|{_FINISHED}|{_REVISION})(?![^-_.])"
)
# Days and numbers belong to the rebuild that they follow: `-bookworm-20240101`, `-ubi9.3-1`, but not
# `-nightly-20240101`; three numbers are a version. Atomic, since a day can also be read as numbers.
_COUNT = r"[0-9]+(?:\.[0-9]+)?(?![^-_.]|\.[0-9])"
_REBUILD = re.compile(
    rf"[-_]{_REBUILD_WORD}(?:[-_.](?>{_REBUILD_WORD}|{_DAY}(?![^-_.])|{_COUNT}))*+(?![^-_])", _FLAGS
)
_REBUILD_DAY = re.compile(f"-{_DAY}(?:[-_.][0-9]+)?", _FLAGS)

# What makes a build later than its version: commits that `git describe` counts (or runs that CI counts), a
# commit, uncommitted changes, a fix. A bare hash has letters and digits, so that no word or number passes
# for one; behind 14 digits it belongs to a pseudo-version of Go, which is a pre-release.
_BARE_HASH = r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}"
_AFTER = re.compile(
    rf"(?:-(?!{_DAY}-)(?P<commits>[0-9]{{1,9}})[-.](?:g[0-9a-f]{{4,64}}|{_BARE_HASH})"
    r"|-(?:(?:git|sha|commit)[-_.]?|g)[0-9a-f]{7,64}"
    rf"|(?!(?<=[0-9]{{14}})-[0-9a-f]{{12}}(?![^-_]))-(?:(?:build|ci|rev)[-_.]?)?{_BARE_HASH}"
    r"|[-_.](?:dirty|broken|modified)|-(?:post|patch(?:ed)?|(?:hot|bug)?fix|security|cve-[0-9]+)[0-9]*)(?![^-_.])"
    rf"(?:[-_.](?>{_DAY}|{_NUMBERS}(?!-g[0-9a-f]{{4}}))(?![^-_]))*+",
    _FLAGS,
)
# `_` stands for the `+` that no tag may have.
_TAG = re.compile(
    r"[vV]?(?P<numbers>[0-9]+\.[0-9]+\.[0-9]+)(?P<suffix>-[^+]+)?(?P<build>\+.+|_[\w.-]+)?", re.ASCII
)

_BRANCHES = _words(
    "main master mainline trunk head tip edge dev devel develop development nightly weekly daily stable "
    "testing test unstable experimental staging stage prod production releases? canary latest current next "
    "rolling snapshot preview prerelease pre alpha beta rc candidate ci builds? branch local wip qa uat "
    "integration feature feat fix bugfix hotfix issue pr pull mr merge refs renovate dependabot"
)
# A name and anything behind it but a whole version: that of `release-2.19.0` is not left unread by choice.
_NO_WHOLE_VERSION = r"(?!.*[0-9]\.[0-9]+\.[0-9])"
_MORE_WORDS = r"(?:[-_.]+[a-z0-9]+)*"
_BUILD_NAME = re.compile(
    rf"{_NO_WHOLE_VERSION}(?:(?:{_BRANCHES})[0-9]*"
    rf"|(?:(?:git|sha|commit)[-_.]?|g)?[0-9a-f]{{7,64}}|v?{_DAY}){_MORE_WORDS}",
    _FLAGS,
)
# A release line: `v2`, `2.19`, `2.x`, `v2.19-latest`. A number of six digits is no release line.
_LINE = re.compile(
    rf"{_NO_WHOLE_VERSION}v?[0-9]{{1,5}}(?:\.[0-9]{{1,5}})?(?:\.x)?(?:-(?:{_DAY}|(?:{_BRANCHES})[0-9]*{_MORE_WORDS}))?",
    _FLAGS,
)

# Identifiers of a pre-release: numbers below words (item 11.4.3); a release is above all its pre-releases.
_Identifier = tuple[int, int, str]


class After(NamedTuple):
    """How much later than its version a build is; the least is the version itself.

    Builds of as many commits are told apart by their hash, and have no order that means anything.
    """

    commits: int = 0
    text: str = ""  # `-63-gc1cfb68-dirty`; empty: the version itself


_ITSELF = After()
_Precedence = tuple[int, int, int, bool, tuple[_Identifier, ...], After]


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version; `str()` is the text as written. Equality and order are SemVer's precedence, then `after`.

    So `v1.2.3`, `1.2.3` and `1.2.3+build` are equal: neither a leading v nor build metadata
    takes part in precedence (semver.org, item 10).
    """

    text: str
    semver: semver.Version  # without what names a rebuild
    after: After = _ITSELF
    # Worked out once: a snapshot compares and hashes versions thousands of times.
    precedence: _Precedence = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "precedence", _precedence(self.semver, self.after))

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.precedence == other.precedence

    def __lt__(self, other: "Version") -> bool:
        return self.precedence < other.precedence

    def __hash__(self) -> int:
        return hash(self.precedence)

    @property
    def canonical(self) -> str:
        """`vX.Y.Z[-pre]`: with v, without build metadata and the names of rebuilds.

        Only of a build after a version there is more, so that it never passes for that version.
        """
        return f"v{self.semver.replace(build=None)}{self.after.text}"

    @property
    def release_line(self) -> tuple[int, int, int]:
        """major, minor, patch: what a pre-release and the release it leads to have in common."""
        return (self.semver.major, self.semver.minor, self.semver.patch)

    @property
    def is_prerelease(self) -> bool:
        return self.semver.prerelease is not None


def _precedence(version: semver.Version, after: After) -> _Precedence:
    """SemVer 2.0, item 11, as a tuple that sorts; build metadata has no part in it."""
    words = version.prerelease.split(".") if version.prerelease else ()
    identifiers = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)
    return (version.major, version.minor, version.patch, not words, identifiers, after)


@lru_cache(maxsize=1024)
def parse_version(text: str) -> Version:
    """The version that `text` spells; raises VersionError for anything that is not SemVer 2.0."""
    _check_characters(text)
    try:
        return Version(text, semver.Version.parse(text.removeprefix("v")))
    except ValueError as error:
        raise VersionError(f"{text!r} is not a SemVer version") from error


@lru_cache(maxsize=1024)
def read_version(text: str) -> Version:
    """The version that a tag or annotation means; raises VersionError where it means none.

    `v2.20.0-alpine` and `v2.20.0-debian-12-r5` are rebuilds of v2.20.0 and equal it, `v2.20.0-rc.1-alpine`
    equals v2.20.0-rc.1. `v2.19.0-63-gc1cfb68`, `v2.19.0-c1cfb68` and `v2.19.0-dirty` are later than v2.19.0
    and earlier than whatever follows it. Any other suffix is SemVer's: a pre-release. `V2.19.0` is v2.19.0.
    """
    _check_characters(text)
    found = _TAG.fullmatch(text)
    if found is None:
        return parse_version(text)
    suffix, build = found["suffix"] or "", found["build"] or ""
    prerelease = _without_rebuild(_AFTER.sub("", suffix))
    spelled = found["numbers"] + prerelease + (build if build.startswith("+") else "")
    try:
        return Version(text, semver.Version.parse(spelled), _after(_AFTER.finditer(suffix)))
    except ValueError:  # without those words nothing is left that SemVer knows
        return Version(text, parse_version(re.sub("^V", "v", text)).semver)


def _check_characters(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise VersionError(f"version is longer than {_MAX_LENGTH} characters")
    if not text.isascii():  # `semver` 3.0 accepts other scripts' digits
        raise VersionError("version has characters outside ASCII")


def _without_rebuild(suffix: str) -> str:
    rest = _REBUILD.sub("", suffix)
    return "" if _REBUILD_DAY.fullmatch(rest) else rest


def _after(marks: Iterable[re.Match[str]]) -> After:
    """`git describe --long` counts 0 commits at the version itself.

    A hash alone does not say that it is the release's commit, so the build never passes for the release.
    """
    later = [mark for mark in marks if mark["commits"] is None or int(mark["commits"])]
    return After(sum(int(mark["commits"] or 0) for mark in later), "".join(mark[0].lower() for mark in later))


def version_or_none(text: str | None) -> Version | None:
    """The version that a tag or annotation means, None where it means none."""
    try:
        return None if text is None else read_version(text)
    except VersionError:
        return None


def is_development_tag(tag: str) -> bool:
    """Whether a tag names a branch or build by choice, rebuilt or not, and no version.

    `canary`, `latest`, `main-1a2b3c4`, `pr-12`, `git-1a2b3c4`, a bare git hash, a day, `alpine`.
    """
    if not 0 < len(tag) <= _MAX_LENGTH:
        return False
    bare = _without_rebuild(f"-{tag}").removeprefix("-")
    return not bare or any(_BUILD_NAME.fullmatch(name) for name in (tag, bare))


def is_floating_tag(tag: str) -> bool:
    """Whether a tag names a release line by choice, rebuilt or not, and no release of it.

    `v2`, `2.19`, `2.x`, `2.19-alpine`, `v2.19-latest`.
    """
    if len(tag) > _MAX_LENGTH or is_development_tag(tag):  # `386` is an architecture
        return False
    return _LINE.fullmatch(_without_rebuild(_AFTER.sub("", tag))) is not None
