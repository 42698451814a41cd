"""A catalog from a file: what a ConfigMap mounts in an air-gapped cluster, and what `make run` shows."""

import asyncio
import stat
from contextlib import suppress
from pathlib import Path

from workflow_exporter.catalog import MAX_BODY_BYTES, Catalog
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.signature import TrustedKeys
from workflow_exporter.releases.source import believe
from workflow_exporter.text_encoding import utf8

_SIGNATURE_SUFFIX = ".sig"
_MAX_SIGNATURE_BYTES = 4096  # 4 KiB; one takes 89 bytes with its line break


class CatalogFile:
    """A catalog's file, or a folder of them (`{platform}.json`); read anew at each `load`.

    Whatever the file's encoding, what is signed is its text in UTF-8, as a releases API serves it.
    With keys, the signature is in the file beside it whose name is the same with `.sig` at its end.
    """

    def __init__(self, path: Path, keys: TrustedKeys | None = None) -> None:
        self._path = path
        self._keys = keys or TrustedKeys()

    @property
    def title(self) -> str:
        return f"the file {self._path.name}" if self._path.suffix else f"the folder {self._path.name}"

    async def load(self, platform: str) -> Catalog:
        """See CatalogSource. A file over 4 MiB is refused by its size, unread."""
        return await asyncio.to_thread(self._load, platform)

    def check(self, platform: str | None) -> None:
        """Raises CatalogError, which names the file, where it holds no catalog of `platform` to be believed.

        None: it is not known yet; then a file may be of any platform, and a folder is not looked into.
        """
        if platform is None and self._path.is_dir():
            return
        path = self._file(platform or "")
        try:
            self._believed(path, platform)
        except CatalogError as error:
            raise CatalogError(f"{path}: {error}") from error

    def _load(self, platform: str) -> Catalog:
        return self._believed(self._file(platform), platform)

    def _file(self, platform: str) -> Path:
        return self._path / f"{platform}.json" if self._path.is_dir() else self._path

    def _believed(self, path: Path, platform: str | None) -> Catalog:
        try:
            body = utf8(_read(path))
            signatures = _signatures(path) if self._keys else ""
        except OSError as error:
            # Not the error's own text: it has the whole path, and reasons may be shown in public.
            why = error.strerror or type(error).__name__
            raise CatalogUnavailableError(f"the catalog file cannot be read: {why}") from error
        except ValueError as error:
            raise CatalogError(f"the catalog file {error}") from error
        return believe(body, platform, self._keys, signatures)


def _read(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
        raise CatalogError("the catalog file is not a regular file")
    if status.st_size > MAX_BODY_BYTES:
        size, most = status.st_size / 1024**2, MAX_BODY_BYTES // 1024**2
        raise CatalogError(f"the catalog file has {size:.1f} MiB, more than {most} MiB")
    with path.open("rb") as file:
        return file.read(
            MAX_BODY_BYTES + 1
        )  # it may have grown meanwhile; the core refuses the one byte more


def _signatures(path: Path) -> str:
    """What `FILE.sig` says; empty where there is none, which is then refused as unsigned."""
    beside = path.with_name(path.name + _SIGNATURE_SUFFIX)
    if not beside.is_file():
        return ""
    with beside.open("rb") as file:
        data = file.read(_MAX_SIGNATURE_BYTES)
    with suppress(ValueError):  # what cannot be read is no signature, and is refused as such
        data = utf8(data)
    return data.decode("ascii", errors="replace")
