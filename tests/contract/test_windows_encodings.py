"""Every text file that either program reads may be in the encodings of Windows' tools."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from factories import catalog
from workflow_exporter.errors import CatalogError, ProfileError, ReportError
from workflow_exporter.outgoing import Way
from workflow_exporter.platforms.reader import profile_from_file
from workflow_exporter.releases.file import CatalogFile
from workflow_exporter.reporter.bearer import bearer_token
from workflow_exporter.web_address import parse_web_address
from workflow_releases.catalog.key_file import read_key_file
from workflow_releases.catalog.signature import create_key, private_key_pem
from workflow_releases.catalog.validation import read_json
from workflow_releases.cli.client import token_from
from workflow_releases.errors import MalformedError, SettingsError
from workflow_releases.ingest.forward import Token

ROOT = Path(__file__).parent.parent.parent
TOKEN = "wfr_000000000000_x"
CATALOG = msgspec.json.encode(catalog()).decode()
KEY = private_key_pem(create_key()).decode()
CERTIFICATE = (ROOT / "tests/data/tls/ca.crt").read_text()
PROFILE = (ROOT / "exporter/src/workflow_exporter/platforms/deis.yaml").read_text("utf-8")


def _way(path: Path) -> str:
    return Way(parse_web_address("https://example.org"), proxy=None, ca_bundle=path).address.authority


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "catalog": (CATALOG, lambda path: asyncio.run(CatalogFile(path).load("deis"))),
    "profile": (PROFILE, profile_from_file),
    "bearer token of reports": (TOKEN + "\r\n", lambda path: bearer_token(path, "")),
    "CA bundle": (CERTIFICATE, _way),
    "bearer token of the gateway": (TOKEN + "\r\n", lambda path: Token(path, lambda: 0.0).header()),
    "signing key": (KEY, lambda path: read_key_file(path).public_keys),
    "token of a pipeline": (TOKEN + "\r\n", lambda path: token_from(str(path), {})),
    "what is published or imported": (CATALOG, lambda path: read_json(path.read_bytes())),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("reader", READERS)
def test_file_is_read_alike_in_every_encoding(tmp_path: Path, reader: str, encoding: str) -> None:
    text, read = READERS[reader]
    (tmp_path / "utf-8").write_bytes(text.encode())
    (tmp_path / "other").write_bytes(text.encode(encoding))

    assert read(tmp_path / "other") == read(tmp_path / "utf-8")


@pytest.mark.parametrize("reader", [name for name in READERS if name != "CA bundle"])
def test_file_in_an_encoding_that_is_not_read_is_refused_by_the_names_of_those_that_are(
    tmp_path: Path, reader: str
) -> None:
    (tmp_path / "latin-1").write_bytes("größe".encode("latin-1"))

    with pytest.raises((CatalogError, ProfileError, ReportError, SettingsError, MalformedError)) as refusal:
        READERS[reader][1](tmp_path / "latin-1")

    assert "is neither UTF-8 text nor UTF-16 with a byte order mark" in str(refusal.value)
