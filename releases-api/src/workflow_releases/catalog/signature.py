"""Ed25519 signatures (RFC 8032) over the exact identity body.

`Catalog-Signature` and `FILE.sig` carry one base64 signature for each signing key, separated by commas in
the header and by line breaks in the file. An agent believes a catalog when one of them verifies
with one of its public keys, so keys rotate without a moment at which somebody refuses: sign with
both, give agents the new public key, drop the old one. Public keys are written as base64 of their
32 bytes.
"""

import base64
import re
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from workflow_releases.errors import SigningKeyError

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


class SigningKeys:
    """Private keys; its repr names the public halves only."""

    def __init__(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        self._keys = tuple(keys)

    def __repr__(self) -> str:
        return f"SigningKeys({', '.join(self.public_keys)})"

    @property
    def public_keys(self) -> tuple[str, ...]:
        """Base64, as an agent's CATALOG_PUBLIC_KEYS takes them."""
        return tuple(public_key_text(key) for key in self._keys)

    def sign(self, body: bytes) -> tuple[str, ...]:
        """A base64 signature by each key, in the file's order; the same body gives the same text."""
        return tuple(base64.b64encode(key.sign(body)).decode() for key in self._keys)


def create_key() -> Ed25519PrivateKey:
    """A new key, from the operating system's randomness."""
    return Ed25519PrivateKey.generate()


def private_key_pem(key: Ed25519PrivateKey) -> bytes:
    """PKCS #8, unencrypted: keep it as a secret."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_key_text(key: Ed25519PrivateKey) -> str:
    """Base64 of the 32 bytes of the public key."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def read_signing_keys(pem: bytes) -> SigningKeys:
    """All private keys of a file: several stand one below the other while keys rotate."""
    blocks = [match.group(0) for match in _PEM.finditer(pem)]
    if not blocks:
        raise SigningKeyError("holds no PEM private key; make one with: workflow-releases key create FILE")
    keys = []
    for block in blocks:
        try:
            key = load_pem_private_key(block, password=None)
        except (ValueError, TypeError) as error:  # TypeError: it is encrypted
            raise SigningKeyError(
                "holds a private key that cannot be read, or one with a passphrase"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyError("holds a private key that is not Ed25519")
        keys.append(key)
    return SigningKeys(keys)
