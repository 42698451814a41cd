"""An id follows from its secret and from nothing else."""

from ingest_factories import INSTANCE, OTHER_INSTANCE, OTHER_SECRET, SECRET
from workflow_releases.ingest.proof import instance_id_of


def test_id_is_half_of_the_hash_of_the_secrets_bytes() -> None:
    assert instance_id_of(bytes.fromhex(SECRET)) == INSTANCE
    assert instance_id_of(bytes.fromhex(OTHER_SECRET)) == OTHER_INSTANCE
    # echo -n | xxd: SHA-256 of 32 zero bytes, as any other tool prints it
    assert instance_id_of(bytes(32)) == "66687aadf862bd776c8fc18b8e9f8e20"
