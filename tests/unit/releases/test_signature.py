"""Who is believed: vectors of RFC 8032, and rotation."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from workflow_exporter.errors import CatalogError
from workflow_exporter.releases.signature import TrustedKeys

BODY = b'{"schema_version":1}'
OLD, NEW, FOREIGN = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
UNSIGNED = "the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature"
WRONG = "the catalog's signature is not by a key of CATALOG_PUBLIC_KEYS"


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def signed(key: Ed25519PrivateKey, body: bytes = BODY) -> str:
    return base64.b64encode(key.sign(body)).decode()


# RFC 8032, 7.1, tests 1, 2 and 3: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_rfcs_vectors_verify(key: str, message: str, signature: str) -> None:
    text = base64.b64encode(bytes.fromhex(signature)).decode()

    TrustedKeys([bytes.fromhex(key)]).check(bytes.fromhex(message), text)


def test_without_keys_everything_is_believed() -> None:
    TrustedKeys().check(BODY, "")
    TrustedKeys().check(BODY, "nonsense")

    assert not TrustedKeys()


@pytest.mark.parametrize(
    "signatures",
    [
        signed(OLD),
        signed(NEW),
        f"{signed(FOREIGN)}, {signed(NEW)}",
        f"{signed(FOREIGN)}\n{signed(OLD)}\n",
        f"another-kind-of-signature,{signed(NEW)}",
    ],
)
def test_one_signature_by_one_of_the_keys_is_enough(signatures: str) -> None:
    TrustedKeys([public(OLD), public(NEW)]).check(BODY, signatures)


@pytest.mark.parametrize(
    ("signatures", "reason"),
    [
        ("", UNSIGNED),
        (" , \n", UNSIGNED),
        (signed(FOREIGN), WRONG),
        (signed(NEW, BODY + b" "), WRONG),
        (signed(NEW)[:-4], WRONG),
        (signed(NEW).replace("=", ""), WRONG),
        ("\ufffd\ufffd", WRONG),
        ("A" * 86 + "==", WRONG),
        (",".join([signed(FOREIGN)] * 16 + [signed(NEW)]), WRONG),  # beyond the sixteenth nothing is tried
    ],
)
def test_everything_else_is_refused(signatures: str, reason: str) -> None:
    with pytest.raises(CatalogError) as caught:
        TrustedKeys([public(OLD), public(NEW)]).check(BODY, signatures)

    assert str(caught.value) == reason


def test_a_key_that_is_no_point_of_the_curve_believes_nobody() -> None:
    with pytest.raises(CatalogError, match=WRONG):
        TrustedKeys([b"\xff" * 32]).check(BODY, signed(NEW))
