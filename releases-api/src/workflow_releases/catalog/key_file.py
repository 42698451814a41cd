"""Files of private keys: read here, made here for their owner alone."""

import os
from pathlib import Path

from workflow_releases.catalog.signature import (
    SigningKeys,
    create_key,
    private_key_pem,
    public_key_text,
    read_signing_keys,
)
from workflow_releases.errors import SettingsError, SigningKeyError
from workflow_releases.text_encoding import utf8

_MAX_BYTES = 64 * 1024  # 64 KiB; a key takes 119 bytes


def read_key_file(path: Path) -> SigningKeys:
    """The keys of a PEM file; raises SettingsError."""
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for ever
            raise SettingsError(f"{path} is not a regular file")
        with path.open("rb") as file:
            return read_signing_keys(utf8(file.read(_MAX_BYTES)))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (SigningKeyError, ValueError) as error:
        raise SettingsError(f"{path} {error}") from error


def make_key_file(path: Path) -> str:
    """Writes a new private key with mode 0600; returns the public key. A file that exists: SettingsError."""
    key = create_key()
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise SettingsError(f"{path} cannot be made: {(error.strerror or str(error)).lower()}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(private_key_pem(key))
    return public_key_text(key)
