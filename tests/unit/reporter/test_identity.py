import hashlib
import hmac
from pathlib import Path

import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.inventory import ClusterFacts
from workflow_exporter.reporter.identity import PUBLIC_KEY, form_identity, read_key

CLUSTER = "6f1c7f7e-0000-4000-8000-000000000001"
INSTANCE = "6f1c7f7e-0000-4000-8000-000000000002"
FACTS = ClusterFacts(cluster_uid=CLUSTER, instance_uid=INSTANCE)


def test_ids_follow_the_published_formula() -> None:
    key = b"k" * 32

    identity = form_identity(key, FACTS)

    secret = hmac.new(key, f"instance\n{CLUSTER}\n{INSTANCE}".encode(), hashlib.sha256).hexdigest()
    assert identity is not None
    assert (
        identity.cluster_id == hmac.new(key, f"cluster\n{CLUSTER}".encode(), hashlib.sha256).hexdigest()[:32]
    )
    assert identity.instance_secret == secret
    assert identity.instance_id == hashlib.sha256(bytes.fromhex(secret)).hexdigest()[:32]


def test_the_same_cluster_has_the_same_ids_and_another_key_has_others() -> None:
    first, again = form_identity(PUBLIC_KEY, FACTS), form_identity(PUBLIC_KEY, FACTS)
    other = form_identity(b"o" * 32, FACTS)

    assert first == again
    assert first is not None
    assert other is not None
    assert {first.cluster_id, first.instance_id}.isdisjoint({other.cluster_id, other.instance_id})


def test_the_local_id_depends_on_no_key_and_is_no_part_of_the_others() -> None:
    first, other = form_identity(PUBLIC_KEY, FACTS), form_identity(b"o" * 32, FACTS)

    assert first is not None
    assert other is not None
    assert first.local_id == other.local_id
    assert first.local_id not in {first.cluster_id, first.instance_id, first.instance_secret[:32]}


@pytest.mark.parametrize(
    "facts", [ClusterFacts(), ClusterFacts(cluster_uid=CLUSTER), ClusterFacts(instance_uid=INSTANCE)]
)
def test_no_identity_without_both_uids(facts: ClusterFacts) -> None:
    assert form_identity(PUBLIC_KEY, facts) is None


def test_the_secret_and_the_uids_are_in_no_repr() -> None:
    identity = form_identity(PUBLIC_KEY, FACTS)

    assert identity is not None
    assert identity.instance_secret not in repr(identity)
    assert CLUSTER not in repr(FACTS)
    assert INSTANCE not in repr(FACTS)


def test_without_a_file_the_key_is_the_public_constant() -> None:
    assert read_key(None) == b"workflow-manager/v1"


def test_a_key_file_counts_unchanged_with_its_last_newline(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"x" * 32 + b"\n")

    assert read_key(path) == b"x" * 32 + b"\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "holds 0 bytes"), (b"x" * 31, "holds 31 bytes"), (b"x" * 4097, "longer than 4096")],
)
def test_a_key_of_the_wrong_size_stops_the_start(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=words):
        read_key(path)


def test_a_key_file_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ID_KEY_FILE=.* cannot be read: No such file"):
        read_key(tmp_path / "none")
