"""What the releases API serves is what the agent believes, and what the schema says."""

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases_factories import (
    NOW,
    document,
    make_catalog,
    make_services,
    moment,
    open_store,
)
from workflow_exporter.catalog import Catalog as AgentsCatalog
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.errors import CatalogError
from workflow_exporter.releases.signature import TrustedKeys
from workflow_releases.catalog import body, merging, validation
from workflow_releases.catalog.model import Catalog
from workflow_releases.catalog.publish import Publisher
from workflow_releases.catalog.shipped import add_shipped
from workflow_releases.catalog.signature import create_key, private_key_pem, read_signing_keys
from workflow_releases.edition import prepare_catalog
from workflow_releases.errors import RefusedError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "releases-api" / "schema" / "catalog.schema.json").read_text())
EVERYTHING = document(
    trains=["stable", "beta"],
    end_of_life={"date": "2018-03-01T00:00:00Z", "text": "It ended.\nTruly."},
    successor={"platform": "hephy", "title": "Hephy Workflow", "url": "https://example.org/"},
    bundles=[
        {
            "version": "v2.0.0",
            "train": "beta",
            "released": None,
            "components": {"storage": "v0.1.0+build"},
            "derived": True,
            "notes_url": "https://example.org/2.0",
        }
    ],
    components={
        "storage": {
            "title": "Storage",
            "images": ["quay.io/deis/storage"],
            "releases": [
                {"version": "v1.3.0", "released": None, "yanked": True},
                {
                    "version": "v0.1.0+build",
                    "train": "beta",
                    "released": "2017-01-01T12:30:00.123456+02:00",
                    "security": True,
                    "line": 1,
                    "digests": {"amd64": "sha256:" + "0" * 64},
                    "notes_url": "https://example.org/notes?x=1#y",
                },
            ],
        }
    },
    notices=[
        {
            "id": "a.b_c-1",
            "severity": "critical",
            "title": "<b>",
            "text": "One\nTwo",
            "expires": "2099-01-01T00:00:00Z",
            "url": "https://example.org/",
            "affects": {"components": ["storage"], "versions": ["v0.1.0"]},
        },
        {"id": "n2", "severity": "info", "title": "x", "published": None},
    ],
)


def served(raw: dict[str, Any]) -> bytes:
    """The identity body of an imported document."""
    catalog = merging.merged(None, validation.read_catalog(raw, raw["platform"], NOW), NOW)
    return body.encode(body.with_expiry(catalog, moment("2017-10-18")))


def check_schema(identity: bytes) -> None:
    jsonschema.validate(
        json.loads(identity), SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_agent_reads_every_field_that_is_served() -> None:
    identity = served(EVERYTHING)

    read = parse_catalog(identity, "deis")

    ours = msgspec.json.decode(identity, type=Catalog)
    assert msgspec.to_builtins(read) == msgspec.to_builtins(msgspec.json.decode(identity, type=AgentsCatalog))
    assert msgspec.json.encode(_without_defaults(read)) == msgspec.json.encode(_without_defaults(ours))
    check_schema(identity)


def _without_defaults(value: Any) -> Any:
    """As nested mappings without what is empty, false, 0 or null: both models say the same then."""
    value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return {name: _without_defaults(item) for name, item in sorted(value.items()) if item}
    if isinstance(value, list | tuple):
        return [_without_defaults(item) for item in value]
    return value


_texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
_words = st.text("ab-z09.A", min_size=1, max_size=5)
_versions = st.sampled_from(["v1.0.0", "1.0.0", "v1.0.0+b", "v2.0.0-rc.1", "v1", "canary", "v10.0.0"])
_moments = st.none() | st.sampled_from(
    ["2017-01-01T00:00:00Z", "2017-01-01T00:00:00-11:00", "2017-01-01", "2017-01-01T00:00:00.5Z"]
)
_links = st.none() | st.sampled_from(
    ["https://example.org/", "http://example.org/", "https://ex ample", "https://ü.org"]
)
_releases = st.fixed_dictionaries(
    {"version": _versions}, optional={"train": _words, "released": _moments, "notes_url": _links}
)
_documents = st.fixed_dictionaries(
    {"schema_version": st.just(1), "platform": st.just("p"), "title": _texts},
    optional={
        "trains": st.lists(st.sampled_from(["stable", "beta", "x y"]), max_size=3),
        "components": st.dictionaries(
            _words,
            st.fixed_dictionaries({"title": _texts}, optional={"releases": st.lists(_releases, max_size=3)}),
            max_size=2,
        ),
        "notices": st.lists(
            st.fixed_dictionaries(
                {"id": _words, "severity": st.just("info"), "title": _texts},
                optional={"text": _texts, "url": _links, "published": _moments},
            ),
            max_size=2,
        ),
        "end_of_life": st.fixed_dictionaries({"date": _moments}, optional={"text": st.none() | _texts}),
    },
)


@given(_documents)
def test_whatever_is_taken_is_believed_by_the_agent_and_fits_the_schema(raw: dict[str, Any]) -> None:
    try:
        identity = served(raw)
    except RefusedError:
        return

    parse_catalog(identity, "p")
    check_schema(identity)


def test_shipped_catalogs_are_served_as_the_agent_believes_them(tmp_path: Path) -> None:
    store = open_store(tmp_path / "releases.db")
    add_shipped(Publisher(store, lambda: moment("2026-11-23")))

    edition = make_services(store, now=lambda: moment("2026-11-23")).editions.current

    for platform in ("deis", "hephy", "drycc"):
        identity = edition.bodies[f"/v1/catalogs/{platform}"].identity.body
        shipped = parse_catalog(
            (ROOT / "releases-api" / "catalogs" / f"{platform}.json").read_bytes(), platform
        )
        read = parse_catalog(identity, platform)
        assert msgspec.structs.replace(_ordered(read), expires=None) == _ordered(shipped)
        assert read.expires == moment("2026-12-23")
        check_schema(identity)
    store.close()


def test_agent_believes_signatures_of_every_key_while_keys_rotate() -> None:
    old, new = create_key(), create_key()
    keys = read_signing_keys(private_key_pem(old) + private_key_pem(new))
    prepared = prepare_catalog(make_catalog(), keys)
    header = dict(prepared.gzip.head)[b"catalog-signature"].decode()
    file = "".join(f"{signature}\n" for signature in keys.sign(prepared.identity.body))

    for public_key in keys.public_keys:
        trusted = TrustedKeys([base64.b64decode(public_key)])
        trusted.check(prepared.identity.body, header)
        trusted.check(prepared.identity.body, file)
        with pytest.raises(CatalogError, match="not by a key"):
            trusted.check(prepared.identity.body + b" ", header)


def _ordered(catalog: AgentsCatalog) -> AgentsCatalog:
    """Releases and bundles in one order, whatever order the file has."""
    components = {
        name: msgspec.structs.replace(item, releases=tuple(sorted(item.releases, key=lambda r: r.version)))
        for name, item in catalog.components.items()
    }
    bundles = tuple(sorted(catalog.bundles, key=lambda bundle: bundle.version))
    return msgspec.structs.replace(catalog, components=components, bundles=bundles)
