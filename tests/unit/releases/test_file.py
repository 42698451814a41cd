"""A catalog from a file or a folder, and all the ways in which there is none."""

import base64
import os
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from factories import catalog
from workflow_exporter.catalog import MAX_BODY_BYTES
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.file import CatalogFile
from workflow_exporter.releases.signature import TrustedKeys

pytestmark = pytest.mark.anyio


async def refusal(path: Path) -> CatalogError:
    with pytest.raises(CatalogError) as refused:
        await CatalogFile(path).load("deis")
    assert str(path.parent) not in str(refused.value)
    return refused.value


async def test_file_is_read_anew_at_each_load(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    source = CatalogFile(path)

    for title in ("First", "Second"):
        path.write_bytes(msgspec.json.encode(catalog(title=title)))

        assert await source.load("deis") == catalog(title=title)


async def test_folder_holds_a_catalog_for_each_platform(tmp_path: Path) -> None:
    for platform in ("deis", "hephy"):
        (tmp_path / f"{platform}.json").write_bytes(msgspec.json.encode(catalog(platform=platform)))
    source = CatalogFile(tmp_path)

    assert await source.load("hephy") == catalog(platform="hephy")
    with pytest.raises(CatalogUnavailableError):
        await source.load("drycc")


async def test_file_through_links_as_a_config_map_mounts_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "..2017").mkdir()
    (tmp_path / "..2017" / "catalog.json").write_bytes(msgspec.json.encode(catalog()))
    (tmp_path / "..data").symlink_to("..2017")
    (tmp_path / "catalog.json").symlink_to("..data/catalog.json")

    assert await CatalogFile(tmp_path / "catalog.json").load("deis") == catalog()


async def test_missing_file_is_unavailable(tmp_path: Path) -> None:
    error = await refusal(tmp_path / "none.json")

    assert isinstance(error, CatalogUnavailableError)
    assert str(error) == "the catalog file cannot be read: No such file or directory"


async def test_file_of_ten_megabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(10 * 1024 * 1024)

    error = await refusal(path)

    assert not isinstance(error, CatalogUnavailableError)
    assert str(error) == "the catalog file has 10.0 MiB, more than 4 MiB"


async def test_file_of_the_most_bytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    path.write_bytes(msgspec.json.encode(catalog()).ljust(MAX_BODY_BYTES))

    assert await CatalogFile(path).load("deis") == catalog()


async def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")

    assert str(await refusal(tmp_path / "pipe.json")) == "the catalog file is not a regular file"


async def test_file_of_another_platform_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    path.write_bytes(msgspec.json.encode(catalog(platform="hephy")))

    assert str(await refusal(path)) == "the catalog is of platform 'hephy', not of 'deis'"


@pytest.mark.parametrize(
    ("name", "title"), [("deis.json", "the file deis.json"), ("catalogs", "the folder catalogs")]
)
async def test_title_names_the_place_without_its_path(tmp_path: Path, name: str, title: str) -> None:
    assert CatalogFile(tmp_path / name).title == title


KEY = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
KEYS = TrustedKeys([KEY.public_key().public_bytes_raw()])
BODY = msgspec.json.encode(catalog())
SIGNATURE = base64.b64encode(KEY.sign(BODY)).decode()


@pytest.mark.parametrize("content", [SIGNATURE, f"{SIGNATURE}\n", f"{'B' * 86}==\n{SIGNATURE}\n"])
async def test_with_keys_the_signature_is_in_the_file_beside_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "deis.json").write_bytes(BODY)
    (tmp_path / "deis.json.sig").write_text(content)

    assert await CatalogFile(tmp_path / "deis.json", KEYS).load("deis") == catalog()
    assert await CatalogFile(tmp_path, KEYS).load("deis") == catalog()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature"),
        (b"", "the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature"),
        (b"\xff\xfe\xfa", "the catalog's signature is not by a key of CATALOG_PUBLIC_KEYS"),
        (
            b" " * 5000 + SIGNATURE.encode(),
            "the catalog is not signed, and CATALOG_PUBLIC_KEYS asks for a signature",
        ),
    ],
)
async def test_with_keys_a_file_that_nobody_vouches_for_is_refused(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "deis.json"
    path.write_bytes(BODY)
    if content is not None:
        path.with_name("deis.json.sig").write_bytes(content)

    with pytest.raises(CatalogError) as caught:
        await CatalogFile(path, KEYS).load("deis")

    assert str(caught.value) == reason
    assert not isinstance(caught.value, CatalogUnavailableError)


async def test_catalog_is_checked_for_the_platform_where_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    path.write_bytes(msgspec.json.encode(catalog(platform="hephy")))

    CatalogFile(path).check("hephy")
    CatalogFile(path).check(None)
    CatalogFile(tmp_path).check(None)
    for place, file, fault in (
        (path, path, "the catalog is of platform 'hephy', not of 'deis'"),
        (
            tmp_path,
            tmp_path / "deis.json",
            "the catalog file cannot be read: No such file or directory",
        ),
    ):
        with pytest.raises(CatalogError) as refused:
            CatalogFile(place).check("deis")
        assert str(refused.value) == f"{file}: {fault}"


async def test_broken_file_is_refused_where_the_platform_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    path.write_bytes(b"broken")

    with pytest.raises(CatalogError):
        CatalogFile(path).check(None)
