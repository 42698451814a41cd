"""Ed25519 signatures (RFC 8032) over a catalog's exact identity body.

The header `Catalog-Signature` and `FILE.sig` carry one base64 signature for each key that signed,
separated by commas in the header and by line breaks in the file. One that verifies with one of the keys
is enough, so that keys rotate without a moment at which somebody refuses.
"""

import base64
import re
from collections.abc import Sequence

from workflow_exporter.errors import CatalogError

_MOST_SIGNATURES = 16  # each is tried with each key; a rotation needs two
_SIGNATURE_BYTES = 64


class TrustedKeys:
    """The public keys whose owners are believed. Without any, everything is."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """`keys`: 32 bytes each."""
        self._keys = tuple(keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def check(self, body: bytes, signatures: str) -> None:
        """Raises CatalogError where there are keys and none of them made one of the signatures."""
        if not self._keys:
            return
        texts = [text for text in re.split(r"[,\s]+", signatures) if text]
        if not texts:
            raise CatalogError("the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature")
        decoded = [signature for text in texts[:_MOST_SIGNATURES] if (signature := _decoded(text))]
        if not any(_verifies(key, body, signature) for key in self._keys for signature in decoded):
            raise CatalogError("the catalog's signature is not by a key of CATALOG_PUBLIC_KEYS")


def _decoded(text: str) -> bytes | None:
    """None for what is no signature of this kind: another one may stand beside it."""
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return signature if len(signature) == _SIGNATURE_BYTES else None


def _verifies(key: bytes, body: bytes, signature: bytes) -> bool:
    # Imported here: 20 MB and 30 ms that only those with keys need.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  see above

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, body)
    except (InvalidSignature, ValueError):  # ValueError: 32 bytes that are no point of the curve
        return False
    return True
