"""Ids from UIDs that Kubernetes drew at random, and a key that never leaves the cluster (design 7)."""

import hashlib
import hmac
from pathlib import Path

from workflow_exporter.errors import SettingsError
from workflow_exporter.inventory import ClusterFacts
from workflow_exporter.snapshot import Identity

PUBLIC_KEY = b"workflow-manager/v1"  # without a key file: ids are stable, but can be computed from UIDs
_LOCAL_KEY = b"workflow-manager/local-id/v1"
_MIN_KEY_BYTES = 32  # the output size of SHA-256: a shorter key would be the weakest part, RFC 2104 section 3
_MAX_KEY_BYTES = 4096  # a longer file is a mistake, not a key
_ID_LENGTH = 32  # hex digits, 128 bits: no two of a million clusters will share one


def read_key(path: Path | None) -> bytes:
    """The file's bytes unchanged, or the public constant without a file; raises SettingsError."""
    if path is None:
        return PUBLIC_KEY
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for ever
            raise SettingsError(f"ID_KEY_FILE={str(path)!r} is not a regular file")
        with path.open("rb") as file:
            key = file.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"ID_KEY_FILE={str(path)!r} cannot be read: {error.strerror}") from error
    if len(key) < _MIN_KEY_BYTES:
        raise SettingsError(f"ID_KEY_FILE={str(path)!r} holds {len(key)} bytes; {_MIN_KEY_BYTES} are needed")
    if len(key) > _MAX_KEY_BYTES:
        raise SettingsError(f"ID_KEY_FILE={str(path)!r} is longer than {_MAX_KEY_BYTES} bytes")
    return key


def form_identity(key: bytes, facts: ClusterFacts) -> Identity | None:
    """The ids of this installation; None where either UID is not to be seen."""
    if facts.cluster_uid is None or facts.instance_uid is None:
        return None
    instance = f"instance\n{facts.cluster_uid}\n{facts.instance_uid}"
    secret = _hmac(key, instance)
    return Identity(
        cluster_id=_hmac(key, f"cluster\n{facts.cluster_uid}")[:_ID_LENGTH],
        instance_id=hashlib.sha256(bytes.fromhex(secret)).hexdigest()[:_ID_LENGTH],
        local_id=_hmac(_LOCAL_KEY, instance)[:_ID_LENGTH],
        instance_secret=secret,
    )


def _hmac(key: bytes, message: str) -> str:
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
