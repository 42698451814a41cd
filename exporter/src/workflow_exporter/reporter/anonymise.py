"""Text of a cluster -> one of the words that a report may hold. Pure, and it fails closed.

Each function copies nothing but what its pattern captures, and what no pattern knows becomes `other`:
so a text that nobody thought of cannot get through, however it looks.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from workflow_exporter.version import version_or_none

OTHER = "other"

AUDIENCES = ("customer", "staff", "ci", "test")
# Values of GOARCH that Kubernetes and Go's Linux ports know: `go tool dist list`.
ARCHITECTURES = (
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
    "riscv64", "s390x",
)  # fmt: skip
CONTAINER_RUNTIMES = ("containerd", "cri-o", "docker")

# Numbers of at most five digits, so that none can be a date with a time, a serial or an account number.
VERSION_FORM = r"v[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}(?:-(?:alpha|beta|rc)\.?[0-9]{1,5})?"
MINOR_VERSION_FORM = r"[0-9]{1,2}\.[0-9]{1,3}"
PATCH_VERSION_FORM = r"[0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3}"
ID_FORM = r"[0-9a-f]{32}"

_VERSION = re.compile(VERSION_FORM)
_MINOR = re.compile(rf"v?({MINOR_VERSION_FORM})(?![0-9])")
_PATCH = re.compile(rf"v?({PATCH_VERSION_FORM})(?![0-9])")
_RUNTIME = re.compile(rf"({'|'.join(CONTAINER_RUNTIMES)})://v?({MINOR_VERSION_FORM})(?![0-9])")


class System(NamedTuple):
    """One family of operating systems: how its image names itself, and what becomes of that."""

    begins: str  # pattern; the text after the match is never looked at
    name: str  # as reported
    release: str = ""  # pattern of the release that is reported beside the name; empty: none is


# What `osImage` of a node says, which is PRETTY_NAME of /etc/os-release, os-release(5).
SYSTEMS = (
    System("Ubuntu Core ", "Ubuntu Core", r"[0-9]{2}"),
    System("Ubuntu ", "Ubuntu", r"[0-9]{2}\.(?:04|10)"),
    System("Debian GNU/Linux ", "Debian", r"[0-9]{1,2}"),
    System("Raspbian GNU/Linux ", "Raspbian", r"[0-9]{1,2}"),
    System("Flatcar Container Linux", "Flatcar"),
    System("Container Linux by CoreOS|CoreOS ", "CoreOS"),
    System("Fedora CoreOS", "Fedora CoreOS"),
    System("Fedora (?:Linux )?", "Fedora", r"[0-9]{2}"),
    System("Red Hat Enterprise Linux CoreOS", "RHEL CoreOS"),
    System("Red Hat Enterprise Linux (?:Server )?", "RHEL", r"[0-9]{1,2}"),
    System("CentOS (?:Linux|Stream) ", "CentOS", r"[0-9]{1,2}"),
    System("Rocky Linux ", "Rocky Linux", r"[0-9]{1,2}"),
    System("AlmaLinux ", "AlmaLinux", r"[0-9]{1,2}"),
    System("Oracle Linux Server (?:release )?", "Oracle Linux", r"[0-9]{1,2}"),
    System("Amazon Linux (?:AMI )?", "Amazon Linux", r"(?:20[0-9]{2}|[0-9])"),
    System("Bottlerocket OS", "Bottlerocket"),
    System("Container-Optimized OS", "Container-Optimized OS"),
    System("Talos", "Talos"),
    System("SUSE Linux Enterprise Server ", "SLES", r"[0-9]{1,2}"),
    System("SUSE Linux Enterprise Micro ", "SLE Micro", r"[0-9]"),
    System("openSUSE Leap ", "openSUSE Leap", r"[0-9]{2}"),
    System("openSUSE Tumbleweed", "openSUSE Tumbleweed"),
    System("Alpine Linux v", "Alpine", r"[0-9]\.[0-9]{1,2}"),
    System("(?:Microsoft )?Azure Linux ", "Azure Linux", r"[0-9]"),
    System("CBL-Mariner", "CBL-Mariner"),
    System("VMware Photon", "Photon"),
    System("openEuler ", "openEuler", r"[0-9]{2}\.[0-9]{2}"),
    System("RancherOS", "RancherOS"),
    System("k3OS", "k3OS"),
    System("Buildroot ", "Buildroot"),
    System("Docker Desktop", "Docker Desktop"),
    System("Docker for Mac|LinuxKit", "LinuxKit"),
    System("Arch Linux", "Arch Linux"),
    System("Gentoo", "Gentoo"),
    System("NixOS ", "NixOS", r"[0-9]{2}\.[0-9]{2}"),
    System("Windows Server ", "Windows Server", r"20[0-9]{2}"),
)
_SYSTEMS = tuple(
    (re.compile(f"(?:{one.begins})" + (f"({one.release})(?![0-9])" if one.release else "")), one.name)
    for one in SYSTEMS
)


def word(raw: str | None, known: Collection[str]) -> str:
    """`raw` where it is one of the known words."""
    return raw if raw is not None and raw in known else OTHER


def version(raw: str | None) -> str:
    """`v1.2.3` or `v1.2.3-rc1`; build metadata is left out, and of pre-releases only the usual are kept."""
    parsed = version_or_none(raw)
    return parsed.canonical if parsed and _VERSION.fullmatch(parsed.canonical) else OTHER


def minor_version(raw: str | None) -> str:
    """`1.31` of `v1.31.2-gke.100`."""
    found = _MINOR.match(raw or "")
    return found[1] if found else OTHER


def patch_version(raw: str | None) -> str:
    """`1.31.2` of `v1.31.2+k3s1`."""
    found = _PATCH.match(raw or "")
    return found[1] if found else OTHER


def container_runtime(raw: str | None) -> str:
    """`containerd 1.7` of `containerd://1.7.22-k3s1`."""
    found = _RUNTIME.match(raw or "")
    return f"{found[1]} {found[2]}" if found else OTHER


def os_image(raw: str | None) -> str:
    """`Ubuntu 22.04` of `Ubuntu 22.04.5 LTS`; families without telling releases have only their name."""
    for pattern, name in _SYSTEMS:
        found = pattern.match(raw or "")
        if found:
            return " ".join((name, *found.groups()))
    return OTHER


def os_image_form() -> str:
    """A pattern of everything that `os_image` can answer."""
    names = (re.escape(one.name) + (f" {one.release}" if one.release else "") for one in SYSTEMS)
    return "|".join((*names, OTHER))
