"""The labels that a report may have: the first half of the allow-list, and what PRIVACY.md says of them.

A label's value is whatever its rule makes of the cluster's text, so none can pass by without one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workflow_exporter.freshness import Verdict
from workflow_exporter.report import LabelText
from workflow_exporter.reporter import anonymise
from workflow_exporter.reporter.anonymise import OTHER
from workflow_exporter.reporter.words import Words

Rule = Callable[[str | None, Words], str]  # a text of the cluster -> what may be said of it

INSTANCE_ID = "instance_id"
BOUNDS = ("oldest", "newest")
_VERDICTS = tuple(verdict.value for verdict in Verdict)


@dataclass(frozen=True, slots=True)
class Label:
    """`form` is a pattern of all that the rule can answer; None where that depends on known words."""

    text: LabelText
    rule: Rule
    form: str | None

    @property
    def name(self) -> str:
        return self.text.name


def _one_of(*words: str) -> Rule:
    return lambda raw, _: anonymise.word(raw, words)


def _by(function: Callable[[str | None], str]) -> Rule:
    return lambda raw, _: function(raw)


def _either(*words: str) -> str:
    return "|".join(words)


_ALL = (
    Label(
        LabelText(
            INSTANCE_ID,
            "this installation, as a number that only its own key could have made",
            "to count an installation once, however many reports it sends",
            "6f1ed002ab5595859014ebf0951522d9",
            "an address, a name or a UID; with a key file (ID_KEY_FILE) it cannot even be computed from UIDs",
        ),
        lambda raw, _: raw or "",  # checked before a report is begun
        anonymise.ID_FORM,
    ),
    Label(
        LabelText(
            "cluster_id",
            "the cluster, made in the same way",
            "to count clusters as well as installations",
            "ed23ae9c4a49e6d17f7f2dcf5c7fbb3b",
            "an address, a name or a UID",
        ),
        lambda raw, _: raw or "",  # checked before a report is begun
        anonymise.ID_FORM,
    ),
    Label(
        LabelText(
            "platform",
            "which platform it is",
            "to know who still runs which one",
            "hephy",
            "a name that you made up: only platforms with a shipped profile, or with a catalog",
        ),
        lambda raw, words: anonymise.word(raw, words.platforms),
        None,
    ),
    Label(
        LabelText(
            "train",
            "which train of releases it follows",
            "to know whether test releases are tested",
            "stable",
            "a name that the platform's catalog does not publish",
        ),
        lambda raw, words: anonymise.word(raw, words.trains),
        None,
    ),
    Label(
        LabelText(
            "component",
            "a component of the platform",
            "to know which parts are in use",
            "builder",
            "the name of an application, or of anything else that is not a part of the platform itself",
        ),
        lambda raw, words: anonymise.word(raw, words.components),
        None,
    ),
    Label(
        LabelText(
            "version",
            "the release that runs",
            "to know which releases must still be supported",
            "v2.22.1",
            "a tag of your own making: only three numbers, and `-alpha`, `-beta` or `-rc` with a number",
        ),
        _by(anonymise.version),
        _either(anonymise.VERSION_FORM, OTHER),
    ),
    Label(
        LabelText(
            "audience",
            "whether customers use it, by your own setting REPORT_AUDIENCE",
            "so that test installations do not count as customers",
            "customer",
            "anything but `customer`, `staff`, `ci` and `test`",
        ),
        _one_of(*anonymise.AUDIENCES),
        _either(*anonymise.AUDIENCES, OTHER),
    ),
    Label(
        LabelText(
            "exporter_version",
            "the version of this agent",
            "to know which agents must still be understood",
            "v0.1.0",
            "a build of your own: that is `other`",
        ),
        _by(anonymise.version),
        _either(anonymise.VERSION_FORM, OTHER),
    ),
    Label(
        LabelText(
            "kubernetes_version",
            "the cluster's Kubernetes, in two numbers",
            "to know which Kubernetes must be supported",
            "1.31",
            "the provider's suffix, or a patch level",
        ),
        _by(anonymise.minor_version),
        _either(anonymise.MINOR_VERSION_FORM, OTHER),
    ),
    Label(
        LabelText(
            "bound",
            "the oldest or the newest node",
            "to tell the two apart",
            "oldest",
            "anything but these two words",
        ),
        _one_of(*BOUNDS),
        _either(*BOUNDS, OTHER),
    ),
    Label(
        LabelText(
            "verdict",
            "how fresh a component is",
            "to know how many lag behind",
            "outdated",
            "anything but the seven verdicts that the page shows",
        ),
        _one_of(*_VERDICTS),
        _either(*_VERDICTS, OTHER),
    ),
    Label(
        LabelText(
            "os_image",
            "family and release of the nodes' operating system, from a fixed list",
            "to know which systems must be supported",
            "Ubuntu 22.04",
            "the name of an image of your own: that is `other`",
        ),
        _by(anonymise.os_image),
        anonymise.os_image_form(),
    ),
    Label(
        LabelText(
            "kubelet_version",
            "the nodes' kubelet, in three numbers",
            "to know which kubelets must be supported",
            "1.31.2",
            "the provider's suffix",
        ),
        _by(anonymise.patch_version),
        _either(anonymise.PATCH_VERSION_FORM, OTHER),
    ),
    Label(
        LabelText(
            "container_runtime",
            "the nodes' container runtime, in two numbers",
            "to know which runtimes must be supported",
            "containerd 1.7",
            "anything but containerd, cri-o and docker with two numbers",
        ),
        _by(anonymise.container_runtime),
        _either(f"(?:{_either(*anonymise.CONTAINER_RUNTIMES)}) {anonymise.MINOR_VERSION_FORM}", OTHER),
    ),
    Label(
        LabelText(
            "architecture",
            "the nodes' processor architecture",
            "to know for which ones images must be built",
            "amd64",
            "anything but the names that Go gives to architectures",
        ),
        _one_of(*anonymise.ARCHITECTURES),
        _either(*anonymise.ARCHITECTURES, OTHER),
    ),
)

LABELS: Mapping[str, Label] = {label.name: label for label in _ALL}
