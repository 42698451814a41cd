"""Words: which are known, whichever series they stand in."""

import pytest

from gateways import all_forms
from releases_factories import make_catalog
from workflow_releases.ingest.allowlist import RULES
from workflow_releases.ingest.vocabulary import vocabulary_of
from workflow_releases.ingest.words import WORDS, unknown_words

KNOWN: dict[str, list[str]] = {
    "kubernetes_version": ["1.9", "1.31", "2.0", "other"],
    "kubelet_version": ["1.31.2", "1.9.11", "other"],
    "container_runtime": ["containerd 1.7", "cri-o 1.31", "docker 17.03", "other"],
    "os_image": ["Ubuntu 22.04", "Debian 12", "Flatcar", "Ubuntu Core 22", "RHEL 9", "other"],
    "architecture": ["amd64", "arm64", "other"],
    "platform": ["deis", "other"],
    "train": ["stable", "other"],
    "component": ["router", "other"],
    "version": ["v2.0.0", "v7.7.7", "other"],
    "exporter_version": ["v0.1.0", "other"],
}
UNKNOWN: dict[str, list[str]] = {
    "kubernetes_version": ["1", "1.31.2", "v1.31", "1.31+", "100.1"],
    "kubelet_version": ["1.31", "v1.31.2", "1.31.2-gke.100", "1.31.2+k3s1"],
    "container_runtime": ["containerd", "containerd://1.7.2", "containerd 1.7.2", "docker 17.03-ce"],
    "os_image": ["Ubuntu", "Ubuntu 22.04.5 LTS", "Ubuntu 22.05", "Flatcar 3510", "ubuntu 22.04", "Acme"],
    "architecture": ["x86_64", "AMD64"],
    "platform": ["acme", "Deis"],
    "train": ["nightly"],
    "component": ["acme-shop", "Router"],
    "version": ["2.0.0", "canary", "latest"],
    "exporter_version": ["0.1.0", "v0.1.0+acme"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, many in KNOWN.items() for value in many])
def test_known_word_stays(name: str, value: str) -> None:
    assert unknown_words({name: value}, vocabulary_of([make_catalog()], all_forms())) == []


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, many in UNKNOWN.items() for value in many]
)
def test_unknown_word_becomes_other(name: str, value: str) -> None:
    assert unknown_words({name: value}, vocabulary_of([make_catalog()], all_forms())) == [name]


def test_every_label_of_the_allow_list_has_its_words_and_there_are_no_more() -> None:
    assert set(WORDS) == {name for rule in RULES.values() for name in rule.label_names}
    assert {name for name, word in WORDS.items() if word.kind == "open"} == set(KNOWN) == set(UNKNOWN)
