"""Files that kubectl printed: from bytes to single objects, each still undecoded but for its heading.

Accepted is what `kubectl get … -o yaml|json` and `kubectl version -o yaml|json` print: one object, a
`List`, a typed list (`PodList`, as `kubectl get --raw` prints it), and several of them in one file; and
the folder of `kubectl cluster-info dump --output-directory`. Files may be packed with gzip.
"""

import gzip
import io
import logging
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from workflow_exporter.cluster.recording_text import documents
from workflow_exporter.errors import RecordingError
from workflow_exporter.text_encoding import utf8

_log = logging.getLogger(__name__)

STANDARD_INPUT = Path("-")
_SUFFIXES = tuple(f".{kind}{packed}" for kind in ("yaml", "yml", "json") for packed in ("", ".gz"))
_MEANT = re.compile(
    r".*\.(?:ya?ml|json)(?![a-z])", re.IGNORECASE | re.DOTALL
)  # to be read: `pods.yaml.txt` too
_GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1
_MAX_BYTES = 256 * 1024 * 1024  # 256 MiB, all files together and unpacked: 15,000 nodes as JSON
_MAX_FILES = 100_000  # and folders; `kubectl cluster-info dump` makes a folder for each pod
_ABSENT = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class RecordedObject:
    """One object as recorded. `raw` is its JSON."""

    api_version: str
    kind: str
    name: str
    namespace: str | None
    uid: str
    raw: msgspec.Raw

    @property
    def group(self) -> str:
        """`apps` of `apps/v1`; empty for the core group."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class RecordedFile:
    name: str  # without folder and suffix
    folder: str  # the subfolder of the recording that it is in; empty: none
    objects: tuple[RecordedObject, ...]
    # Kinds of which kubectl found none, "" of an untyped `List`. Not where it also told of an error: it
    # prints an empty list of a kind that it was not allowed to list.
    empty_kinds: frozenset[str]
    server_version: bytes | None  # `{"gitVersion": …}` as JSON


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""
    namespace: str | None = None
    uid: str = ""


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    metadata: _Metadata = _Metadata()


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    items: list[msgspec.Raw] | None = None
    server_version: msgspec.Raw = _ABSENT  # of `kubectl version`
    client_version: msgspec.Raw = _ABSENT
    git_version: str | None = None  # of `kubectl get --raw /version`


def read_files(path: Path) -> list[RecordedFile]:
    """The file (`-`: standard input), or those of a folder and its subfolders that end as kubectl's do.

    Raises RecordingError with the file's name and the fault in one line.
    """
    try:
        return list(_read_all(path))
    except RecursionError as error:
        raise RecordingError(f"{path}: its folders nest too deep") from error
    except OSError as error:
        raise RecordingError(f"{error.filename or _where(path)}: {error.strerror or error}") from error


def _read_all(path: Path) -> Iterator[RecordedFile]:
    in_folder = path.is_dir()
    left_bytes = _MAX_BYTES
    for file in _files_in(path) if in_folder else [_regular_file(path)]:
        data = _contents(file, left_bytes)
        left_bytes -= len(data)
        subfolder = file.parent.name if in_folder and file.parent != path else ""
        yield _read(file, subfolder, data)


def _regular_file(path: Path) -> Path:
    """`path`; raises RecordingError for what could be endless or never answer: a pipe, a device, a socket.

    Not for standard input: who gives that knows what ends it.
    """
    if path != STANDARD_INPUT and not stat.S_ISREG(path.stat().st_mode):
        raise RecordingError(
            f"{path}: is not a regular file: write what kubectl prints into one, or pipe it into `--from -`"
        )
    return path


def _files_in(folder: Path) -> list[Path]:
    """Each file once, however many links lead to it: a link may lead back to a folder it is in."""
    seen: set[tuple[int, int]] = set()

    def is_new(path: Path) -> bool:
        status, before = path.stat(), len(seen)
        seen.add((status.st_dev, status.st_ino))
        return len(seen) > before

    is_new(folder)
    files: list[Path] = []
    skipped = 0
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_raise):
        # A mounted ConfigMap keeps its files in a hidden folder and shows links to them.
        folders[:] = [name for name in sorted(folders) if name[0] != "." and is_new(Path(place, name))]
        named = [Path(place, name) for name in sorted(names) if name.lower().endswith(_SUFFIXES)]
        here = [file for file in named if file.is_file()]
        skipped += sum(_MEANT.match(name) is not None for name in names) - len(here)
        files += [file for file in here if is_new(file)]
        if len(seen) > _MAX_FILES:
            raise RecordingError(f"{folder}: more than {_MAX_FILES:,} files, is this what kubectl wrote?")
    if not files:
        raise RecordingError(f"{folder}: no file there ends in .yaml, .yml or .json")
    if skipped:
        _log.warning(
            "%s: %d files are not read: links to nothing, pipes, or names that go on after .yaml or .json",
            folder,
            skipped,
        )
    return files


def _raise(error: OSError) -> None:
    raise error


def _contents(file: Path, most_bytes: int) -> bytes:
    """What the file holds, unpacked where it is packed; raises RecordingError beyond `most_bytes`."""
    with _opened(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        data = stream.read(most_bytes + 1) if size <= most_bytes else b""
    if data.startswith(_GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as unpacked:
                data = unpacked.read(most_bytes + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RecordingError(f"{file}: is a gzip file that is damaged or breaks off") from error
    if max(size, len(data)) > most_bytes:
        raise RecordingError(f"{file}: larger than {_MAX_BYTES // 2**20} MiB, is this what kubectl printed?")
    return data


def _opened(file: Path) -> BinaryIO:
    if file == STANDARD_INPUT and sys.stdin is None:  # its number may be another file's by now
        raise RecordingError(f"{_where(file)}: is closed")
    return open(0, "rb", closefd=False) if file == STANDARD_INPUT else file.open("rb")


def _where(file: Path) -> str:
    return "standard input" if file == STANDARD_INPUT else str(file)


def _read(file: Path, folder: str, data: bytes) -> RecordedFile:
    where = _where(file)
    try:
        text = utf8(data)
    except ValueError as error:
        raise RecordingError(f"{where}: {error}, so not what kubectl printed") from error
    found = documents(where, text)
    raw_documents = found.raw
    if not raw_documents:
        raise RecordingError(f"{where}: {'holds text, and no YAML or JSON' if text.strip() else 'is empty'}")
    objects: list[RecordedObject] = []
    empty: set[str] = set()
    version: bytes | None = None
    for number, raw in enumerate(raw_documents, start=1):
        place = f"{where}: document {number}" if len(raw_documents) > 1 else where
        document = _decoded(place, raw)
        if document.items is not None:
            objects += _listed(place, document)
            if not document.items:
                empty.add(document.kind.removesuffix("List"))
        elif document.kind:
            objects.append(_object(place, raw, document))
        else:
            version = _version(place, raw, document) or version
    name = file.name.lower().removesuffix(".gz").rpartition(".")[0]
    return RecordedFile(name, folder, tuple(objects), frozenset(() if found.failed else empty), version)


def _decoded(place: str, raw: msgspec.Raw) -> _Document:
    try:
        return msgspec.json.decode(raw, type=_Document)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"{place}: not an object that kubectl prints: {_fault(error)}") from error


def _listed(place: str, document: _Document) -> Iterator[RecordedObject]:
    """Raises RecordingError where the kind is missing, which kubectl prints after the items."""
    if not document.kind:
        raise RecordingError(
            f"{place}: has items and no kind after them, so the list breaks off: record it again"
        )
    for raw in document.items or ():
        yield _object(place, raw, document)


def _object(place: str, raw: msgspec.Raw, around: _Document) -> RecordedObject:
    """Items of a typed list need not repeat its kind."""
    try:
        head = msgspec.json.decode(raw, type=_Object)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"{place}: an item is no Kubernetes object: {_fault(error)}") from error
    kind = head.kind or around.kind.removesuffix("List")
    metadata = head.metadata
    api_version = head.api_version or around.api_version
    return RecordedObject(api_version, kind, metadata.name, metadata.namespace, metadata.uid, raw)


def _version(place: str, raw: msgspec.Raw, document: _Document) -> bytes | None:
    """What the document says of the server; None where `kubectl version` reached none."""
    if document.git_version is not None:
        return bytes(raw)
    if document.server_version != _ABSENT:
        return bytes(document.server_version)
    if document.client_version != _ABSENT:
        return None
    raise RecordingError(f"{place}: has no kind, so it is no Kubernetes object")


def _fault(error: Exception) -> str:
    return " ".join(str(error).split())
