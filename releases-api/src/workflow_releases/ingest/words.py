"""Steps 8 and 12: what the words of labels may be, and what becomes of those that nobody knows.

Three kinds: fixed words, where another one is refused; ids, which have a form and nothing else; and words
that a newer agent may know before this program does, which become `other`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from workflow_releases.ingest.allowlist import INSTANCE_ID
from workflow_releases.ingest.refusals import Reason, ReportRefusedError
from workflow_releases.ingest.vocabulary import OF_AGENT, Vocabulary

OTHER = "other"

AUDIENCES = ("customer", "staff", "ci", "test")
VERDICTS = ("current", "outdated", "ahead", "unversioned", "unknown", "missing", "absent")
BOUNDS = ("oldest", "newest")
ARCHITECTURES = (
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
    "riscv64", "s390x",
)  # fmt: skip

_TWO_DIGITS = "[0-9]{1,2}"
# Operating systems by what their images call themselves: the name, and the form of a release beside it.
_SYSTEMS: Mapping[str, str] = {
    "AlmaLinux": _TWO_DIGITS,
    "Alpine": "[0-9]{1,2}[.][0-9]{1,2}",
    "Amazon Linux": "20[0-9]{2}|[0-9]",
    "Arch Linux": "",
    "Azure Linux": _TWO_DIGITS,
    "Bottlerocket": "",
    "Buildroot": "",
    "CBL-Mariner": "",
    "CentOS": _TWO_DIGITS,
    "Container-Optimized OS": "",
    "CoreOS": "",
    "Debian": _TWO_DIGITS,
    "Docker Desktop": "",
    "Fedora": _TWO_DIGITS,
    "Fedora CoreOS": "",
    "Flatcar": "",
    "Gentoo": "",
    "LinuxKit": "",
    "NixOS": "[0-9]{2}[.][0-9]{2}",
    "Oracle Linux": _TWO_DIGITS,
    "Photon": "",
    "RHEL": _TWO_DIGITS,
    "RHEL CoreOS": "",
    "RancherOS": "",
    "Raspbian": _TWO_DIGITS,
    "Rocky Linux": _TWO_DIGITS,
    "SLE Micro": _TWO_DIGITS,
    "SLES": _TWO_DIGITS,
    "Talos": "",
    "Ubuntu": "[0-9]{2}[.](?:04|10)",
    "Ubuntu Core": _TWO_DIGITS,
    "Windows Server": "20[0-9]{2}",
    "k3OS": "",
    "openEuler": "[0-9]{2}[.][0-9]{2}",
    "openSUSE Leap": _TWO_DIGITS,
    "openSUSE Tumbleweed": "",
}

Knows = Callable[[Vocabulary, Mapping[str, str], str], bool]


@dataclass(frozen=True, slots=True)
class Word:
    """How one label's word is judged. `few`: so few can be known that remembering all of them is cheap."""

    kind: Literal["fixed", "id", "open"]
    knows: Knows
    few: bool


def _one_of(*words: str) -> Knows:
    known = frozenset(words)
    return lambda _vocabulary, _labels, word: word in known


def _form(pattern: str) -> Knows:
    compiled = re.compile(pattern)
    return lambda _vocabulary, _labels, word: compiled.fullmatch(word) is not None


def _systems() -> str:
    return "|".join(
        re.escape(name) + (f" (?:{release})" if release else "") for name, release in _SYSTEMS.items()
    )


def _version(vocabulary: Vocabulary, labels: Mapping[str, str], word: str) -> bool:
    """Of a component where the series names one, else of the platform as a whole."""
    return vocabulary.knows_version(labels.get("component", ""), word)


WORDS: Mapping[str, Word] = {
    INSTANCE_ID: Word("id", _form("[0-9a-f]{32}"), few=True),  # masked
    "cluster_id": Word("id", _form("[0-9a-f]{32}"), few=True),  # masked
    "audience": Word("fixed", _one_of(*AUDIENCES), few=True),
    "verdict": Word("fixed", _one_of(*VERDICTS), few=True),
    "bound": Word("fixed", _one_of(*BOUNDS), few=True),
    "platform": Word("open", lambda known, _, word: word in known.platforms, few=True),
    "train": Word("open", lambda known, _, word: word in known.trains, few=True),
    "component": Word("open", lambda known, _, word: word in known.components, few=True),
    "version": Word("open", _version, few=True),
    "exporter_version": Word("open", lambda known, _, word: known.knows_version(OF_AGENT, word), few=True),
    "kubernetes_version": Word("open", _form("[0-9]{1,2}[.][0-9]{1,3}"), few=False),
    "kubelet_version": Word("open", _form("[0-9]{1,2}[.][0-9]{1,3}[.][0-9]{1,3}"), few=False),
    "container_runtime": Word(
        "open", _form("(?:containerd|cri-o|docker) [0-9]{1,2}[.][0-9]{1,3}"), few=False
    ),
    "os_image": Word("open", _form(_systems()), few=False),
    "architecture": Word("open", _one_of(*ARCHITECTURES), few=True),
}


def check_words(metric: str, labels: Mapping[str, str], vocabulary: Vocabulary) -> None:
    """Refuses what is not printable ASCII, and other words than the fixed ones."""
    for name, value in labels.items():
        if not value.isascii() or not value.isprintable():
            raise ReportRefusedError(Reason.WORD, metric)
        word = WORDS.get(name)
        if word is not None and word.kind != "open" and not word.knows(vocabulary, labels, value):
            raise ReportRefusedError(Reason.FIXED_WORD, f"{metric}, {name}")


def unknown_words(labels: Mapping[str, str], vocabulary: Vocabulary) -> list[str]:
    """Names of the labels whose word is not known, and becomes `other`; labels sorted by name."""
    unknown: list[str] = []
    words = dict(labels)
    for name, value in labels.items():
        word = WORDS.get(name) if value != OTHER else None
        if word is not None and word.kind == "open" and not word.knows(vocabulary, words, value):
            words[name] = OTHER  # a version is judged beside the component as it will be told
            unknown.append(name)
    return unknown
