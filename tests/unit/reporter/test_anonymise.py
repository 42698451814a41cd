import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_exporter.reporter import anonymise
from workflow_exporter.reporter.labels import LABELS
from workflow_exporter.reporter.words import Words

OTHER = "other"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("v2.18.0", "v2.18.0"),
        ("2.18.0", "v2.18.0"),
        ("v1.8.1+build.5", "v1.8.1"),
        ("v2.0.0-rc1", "v2.0.0-rc1"),
        ("v2.0.0-beta.12", "v2.0.0-beta.12"),
        ("99999.99999.99999", "v99999.99999.99999"),
        ("v100000.0.0", OTHER),
        ("v20260908.1112.123456", OTHER),
        ("v2.18.0-acme", OTHER),
        ("v2.18.0-rc1.acme", OTHER),
        ("v2.18.0-rc", OTHER),
        ("v2.18.0-dev.3", OTHER),
        ("v2.18.0-alpine", "v2.18.0"),  # a rebuild is told as what it rebuilds
        ("2.18.0-rc.1-debian-12-r5", "v2.18.0-rc.1"),
        ("v2.18.0-acme-alpine", OTHER),
        ("v2.18.0-63-gc1cfb68", OTHER),
        ("v2.18.0-dirty", OTHER),
        ("main", OTHER),
        ("v2.18", OTHER),
        ("git-1a2b3c4", OTHER),
        ("canary", OTHER),
        ("v2.18.0\n", OTHER),
        ("v２.18.0", OTHER),
        ("", OTHER),
        (None, OTHER),
    ],
)
def test_version_is_three_numbers_with_v_and_at_most_a_usual_pre_release(raw: str | None, said: str) -> None:
    assert anonymise.version(raw) == said


@pytest.mark.parametrize(
    ("raw", "minor", "patch"),
    [
        ("v1.31.2", "1.31", "1.31.2"),
        ("1.7.5", "1.7", "1.7.5"),
        ("v1.27.3-gke.100", "1.27", "1.27.3"),
        ("v1.28.4+k3s1", "1.28", "1.28.4"),
        ("v1.31", "1.31", OTHER),
        ("v1.31.", "1.31", OTHER),
        ("v1.1234.5", OTHER, OTHER),
        ("v123.1.5", OTHER, OTHER),
        ("v1.31.20260908", "1.31", OTHER),
        ("acme-v1.31.2", OTHER, OTHER),
        ("", OTHER, OTHER),
        (None, OTHER, OTHER),
    ],
)
def test_kubernetes_has_two_numbers_and_a_kubelet_three(raw: str | None, minor: str, patch: str) -> None:
    assert (anonymise.minor_version(raw), anonymise.patch_version(raw)) == (minor, patch)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("containerd://1.7.22", "containerd 1.7"),
        ("containerd://1.7.1-k3s1", "containerd 1.7"),
        ("cri-o://1.28.1", "cri-o 1.28"),
        ("docker://20.10.7", "docker 20.10"),
        ("docker://v1.12.6", "docker 1.12"),
        ("containerd://Unknown", OTHER),
        ("acme-runtime://1.2.3", OTHER),
        ("rkt://1.26.0", OTHER),
        ("containerd://1.20260908", OTHER),
        ("", OTHER),
        (None, OTHER),
    ],
)
def test_container_runtime_is_one_of_three_with_two_numbers(raw: str | None, said: str) -> None:
    assert anonymise.container_runtime(raw) == said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("Ubuntu 22.04.5 LTS", "Ubuntu 22.04"),
        ("Ubuntu 16.04 LTS", "Ubuntu 16.04"),
        ("Ubuntu Core 22", "Ubuntu Core 22"),
        ("Debian GNU/Linux 12 (bookworm)", "Debian 12"),
        ("Flatcar Container Linux by Kinvolk 3510.2.8 (Oklo)", "Flatcar"),
        ("Container Linux by CoreOS 1520.6.0 (Ladybug)", "CoreOS"),
        ("CoreOS 1122.2.0 (MoreOS)", "CoreOS"),
        ("Fedora CoreOS 39.20240104.3.0", "Fedora CoreOS"),
        ("Fedora Linux 39 (Container Image)", "Fedora 39"),
        ("Fedora 27 (Twenty Seven)", "Fedora 27"),
        ("Red Hat Enterprise Linux CoreOS 414.92.202401121330-0 (Plow)", "RHEL CoreOS"),
        ("Red Hat Enterprise Linux 8.6 (Ootpa)", "RHEL 8"),
        ("Red Hat Enterprise Linux Server 7.4 (Maipo)", "RHEL 7"),
        ("CentOS Linux 7 (Core)", "CentOS 7"),
        ("CentOS Stream 9", "CentOS 9"),
        ("Rocky Linux 9.3 (Blue Onyx)", "Rocky Linux 9"),
        ("AlmaLinux 9.3 (Shamrock Pampas Cat)", "AlmaLinux 9"),
        ("Oracle Linux Server 8.9", "Oracle Linux 8"),
        ("Amazon Linux 2", "Amazon Linux 2"),
        ("Amazon Linux 2023.3.20240108", "Amazon Linux 2023"),
        ("Amazon Linux AMI 2017.09", "Amazon Linux 2017"),
        ("Bottlerocket OS 1.19.1 (aws-k8s-1.28)", "Bottlerocket"),
        ("Container-Optimized OS from Google", "Container-Optimized OS"),
        ("Talos (v1.6.0)", "Talos"),
        ("SUSE Linux Enterprise Server 15 SP4", "SLES 15"),
        ("SUSE Linux Enterprise Micro 5.5", "SLE Micro 5"),
        ("openSUSE Leap 15.5", "openSUSE Leap 15"),
        ("Alpine Linux v3.19", "Alpine 3.19"),
        ("CBL-Mariner/Linux", "CBL-Mariner"),
        ("Microsoft Azure Linux 3.0", "Azure Linux 3"),
        ("Buildroot 2023.02.9", "Buildroot"),
        ("Windows Server 2019 Datacenter", "Windows Server 2019"),
        ("Ubuntu 22.04 LTS hardened for Acme Corp", "Ubuntu 22.04"),
        ("Ubuntu 22.041", OTHER),
        ("Ubuntu 8675.309", OTHER),
        ("Debian GNU/Linux bookworm/sid", OTHER),
        ("Debian GNU/Linux 20260908", OTHER),
        ("AcmeOS 4.2", OTHER),
        ("acme Ubuntu 22.04", OTHER),
        ("", OTHER),
        (None, OTHER),
    ],
)
def test_operating_system_is_a_known_family_with_its_release(raw: str | None, said: str) -> None:
    assert anonymise.os_image(raw) == said


@pytest.mark.parametrize("raw", ["builder", "acme-shop", "Builder", "builder ", "", None])
def test_only_known_words_are_said(raw: str | None) -> None:
    said = anonymise.word(raw, {"builder", "controller"})

    assert said == ("builder" if raw == "builder" else OTHER)


# Texts that come close to what the patterns know, and everything else.
TEXTS = st.one_of(
    st.text(),
    st.from_regex(r"v?[0-9]+\.[0-9]+\.[0-9]+[-+.a-z0-9]*"),
    st.from_regex(r"(containerd|docker|cri-o)://.*"),
    st.builds(
        "{}{}".format, st.sampled_from(["Ubuntu ", "Debian GNU/Linux ", "Talos", "Fedora "]), st.text()
    ),
)
OF_ANY_TEXT = sorted(LABELS.keys() - {"instance_id", "cluster_id"})


@pytest.mark.parametrize("name", OF_ANY_TEXT)
@given(raw=TEXTS)
def test_whatever_the_cluster_says_only_words_of_the_rules_form_come_out(name: str, raw: str) -> None:
    label = LABELS[name]
    known = Words(frozenset({"deis"}), frozenset({"builder"}), frozenset({"stable"}))

    said = label.rule(raw, known)

    form = label.form or "deis|builder|stable|other"
    assert re.fullmatch(form, said)
    assert said.isascii()
    assert said.isprintable()
    assert 0 < len(said) <= 64
