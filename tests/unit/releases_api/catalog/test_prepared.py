"""Prepared answers: deterministic bytes, ETags by content, signatures that verify."""

import base64
import gzip
import hashlib
from datetime import timedelta

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from releases_factories import NOW, make_catalog, make_component, make_release, moment
from workflow_releases.catalog import body
from workflow_releases.catalog.model import MAX_BODY_BYTES, Catalog
from workflow_releases.catalog.prepared import prepare
from workflow_releases.catalog.signature import create_key, private_key_pem, read_signing_keys
from workflow_releases.edition import make_edition, prepare_catalog
from workflow_releases.errors import SigningKeyError


def test_etags_are_the_hash_of_the_identity_body_and_gzip_says_so() -> None:
    prepared = prepare(b'{"a":1}', cache_control="no-cache")
    digest = hashlib.sha256(b'{"a":1}').hexdigest().encode()

    assert prepared.identity.head == [
        (b"content-type", b"application/json"),
        (b"content-length", b"7"),
        (b"etag", b'"' + digest + b'"'),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept-Encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]
    assert prepared.gzip.etag == b'"' + digest + b'-gzip"'
    assert prepared.gzip.unchanged == [
        (b"etag", b'"' + digest + b'-gzip"'),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept-Encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]
    assert gzip.decompress(prepared.gzip.body) == b'{"a":1}'
    assert prepared.digest.encode() == digest


def test_body_is_the_wire_format_without_what_defaults_say() -> None:
    catalog = make_catalog(
        bundles=(),
        components={"router": make_component(make_release("v2.0.0"), make_release("v2.1.0", yanked=True))},
    )

    assert body.encode(catalog) == (
        b'{"schema_version":1,"platform":"deis","title":"Deis Workflow","generated":"2017-09-07T00:00:00Z",'
        b'"expires":null,"trains":["stable","beta"],"end_of_life":null,"successor":null,"bundles":[],'
        b'"components":{"router":{"title":"Router","images":["quay.io/deis/router"],"releases":['
        b'{"version":"v2.0.0","train":"stable","released":"2017-01-01T00:00:00Z"},'
        b'{"version":"v2.1.0","train":"stable","released":"2017-01-01T00:00:00Z","yanked":true}]}},"notices":[]}'
    )


@pytest.mark.parametrize(
    ("moment_text", "start"),
    [
        ("2017-09-18T00:00:00", "2017-09-18"),
        ("2017-09-20T12:00:00", "2017-09-18"),
        ("2017-09-24T23:59:59", "2017-09-18"),
        ("2017-09-25T00:00:00+02:00", "2017-09-18"),
        ("2017-01-01T12:00:00", "2016-12-26"),
    ],
)
def test_week_starts_on_monday_in_utc(moment_text: str, start: str) -> None:
    assert body.week_start(moment(moment_text)) == moment(start)


def test_catalogs_expire_thirty_days_after_their_week_began() -> None:
    edition = make_edition(
        change_number=1, week=body.week_start(NOW), catalogs={"deis": make_catalog()}, audiences={}, keys=None
    )

    assert edition.catalogs["deis"].expires == moment("2017-10-18")


def test_edition_uses_again_what_did_not_change() -> None:
    week = body.week_start(NOW)
    first = make_edition(
        change_number=1,
        week=week,
        catalogs={"deis": make_catalog(), "x": make_catalog(platform="x")},
        audiences={},
        keys=None,
    )

    second = make_edition(
        change_number=2,
        week=week,
        catalogs={"deis": make_catalog(title="New"), "x": make_catalog(platform="x")},
        audiences={},
        keys=None,
        previous=first,
    )

    assert second.bodies["/v1/catalogs/x"] is first.bodies["/v1/catalogs/x"]
    assert second.bodies["/v1/catalogs/deis"].digest != first.bodies["/v1/catalogs/deis"].digest
    assert second.bodies["/v1/catalogs"].digest != first.bodies["/v1/catalogs"].digest


def test_list_names_each_catalog_with_its_hash_and_newest_bundle() -> None:
    edition = make_edition(
        change_number=1, week=body.week_start(NOW), catalogs={"deis": make_catalog()}, audiences={}, keys=None
    )

    assert msgspec.json.decode(edition.bodies["/v1/catalogs"].identity.body) == {
        "catalogs": [
            {
                "platform": "deis",
                "title": "Deis Workflow",
                "generated": "2017-09-07T00:00:00Z",
                "trains": ["stable", "beta"],
                "newest_bundle": "v2.0.0",
                "sha256": edition.bodies["/v1/catalogs/deis"].digest,
                "url": "catalogs/deis",
            }
        ]
    }


@given(st.permutations(["builder", "controller", "router", "storage"]))
def test_order_in_which_components_came_does_not_show(names: list[str]) -> None:
    components = {name: make_component(title=name) for name in names}
    in_order = {name: components[name] for name in sorted(names)}

    assert body.encode(make_catalog(components=components)) == body.encode(make_catalog(components=in_order))


def test_each_key_signs_the_identity_body_and_either_verifies() -> None:
    old, new = create_key(), create_key()
    keys = read_signing_keys(private_key_pem(old) + b"\n" + private_key_pem(new))

    prepared = prepare_catalog(make_catalog(), keys)

    header = dict(prepared.identity.head)[b"catalog-signature"].decode()
    signatures = header.split(", ")
    assert len(signatures) == 2
    assert dict(prepared.gzip.unchanged)[b"catalog-signature"].decode() == header
    for public_key, signature in zip(keys.public_keys, signatures, strict=True):
        assert verifies(public_key, prepared.identity.body, signature)
        assert not verifies(public_key, prepared.identity.body + b" ", signature)
        assert not verifies(public_key, prepared.gzip.body, signature)
    assert not verifies(keys.public_keys[0], prepared.identity.body, signatures[1])


def verifies(public_key: str, signed: bytes, signature: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        key.verify(base64.b64decode(signature), signed)
    except InvalidSignature:
        return False
    return True


def test_signature_of_the_same_body_is_the_same_on_every_replica() -> None:
    pem = private_key_pem(create_key())

    assert read_signing_keys(pem).sign(b"x") == read_signing_keys(pem).sign(b"x")


def test_repr_of_keys_shows_public_halves_only() -> None:
    keys = read_signing_keys(private_key_pem(create_key()))

    assert repr(keys) == f"SigningKeys({keys.public_keys[0]})"


PUBLIC_PEM = (
    b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    b"-----END PUBLIC KEY-----"
)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"nonsense",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        PUBLIC_PEM,
    ],
)
def test_file_without_an_ed25519_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(SigningKeyError):
        read_signing_keys(pem)


def _large() -> Catalog:
    releases = tuple(
        make_release(f"v1.{number}.0", released=moment("2017-01-01") + timedelta(hours=number))
        for number in range(500)
    )
    return make_catalog(
        bundles=(), components={f"c{number:03d}": make_component(*releases) for number in range(100)}
    )


def test_catalog_of_fifty_thousand_releases_fits_what_agents_take() -> None:
    assert len(body.encode(_large())) < MAX_BODY_BYTES
