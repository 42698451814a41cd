"""Files that kubectl printed: from bytes to single objects, each still undecoded but for its heading.

Accepted is what `kubectl get … -o yaml|json` and `kubectl version -o yaml|json` print: one object, a
`List`, a typed list (`PodList`, as `kubectl get --raw` prints it), and several of them in one file.
"""

import codecs
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from workflow_exporter.errors import RecordingError
from workflow_exporter.yaml_depth import check_depth

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_MAX_BYTES = 256 * 1024 * 1024  # 256 MiB, all files together: 15,000 nodes as JSON
_MAX_YAML_BYTES = 32 * 1024 * 1024  # 32 MiB a file: YAML is read at 1.5 MB/s and takes 15 times its size
_ABSENT = msgspec.Raw()
# What building a YAML value raises: `!!int ""` an IndexError, `!!bool x` a KeyError, and so on.
_YAML_FAULTS = (
    yaml.YAMLError, LookupError, AttributeError, ArithmeticError, TypeError, ValueError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordedObject:
    """One object as recorded. `raw` is its JSON."""

    api_version: str
    kind: str
    name: str
    namespace: str | None
    uid: str
    raw: bytes | msgspec.Raw

    @property
    def group(self) -> str:
        """`apps` of `apps/v1`; empty for the core group."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class RecordedFile:
    name: str  # without folder and suffix
    objects: tuple[RecordedObject, ...]
    empty_kinds: frozenset[str]  # kinds of lists without items, "" of an untyped `List`
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
    """The file, or a folder's `*.yaml *.yml *.json` in the order of their names.

    Raises RecordingError with the file's name and the fault in one line.
    """
    try:
        paths = _files_in(path) if path.is_dir() else [_regular_file(path)]
        size = sum(file.stat().st_size for file in paths)
        if size > _MAX_BYTES:
            raise RecordingError(
                f"{path}: larger than {_MAX_BYTES // 2**20} MiB, is this what kubectl printed?"
            )
        return [_read(file.stem, str(file), file.read_bytes()) for file in paths]
    except OSError as error:
        raise RecordingError(f"{error.filename or path}: {error.strerror or error}") from error


def _regular_file(path: Path) -> Path:
    """`path`; raises RecordingError for what could be endless or never answer: a pipe, a device, a socket."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise RecordingError(f"{path}: is not a regular file: write what kubectl prints into one")
    return path


def _files_in(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        raise RecordingError(f"{folder}: no file there ends in .yaml, .yml or .json")
    return files


def _read(name: str, where: str, data: bytes) -> RecordedFile:
    documents = _documents(where, _text(where, data))
    if not documents:
        raise RecordingError(f"{where}: is empty")
    objects: list[RecordedObject] = []
    empty: set[str] = set()
    version: bytes | None = None
    for number, raw in enumerate(documents, start=1):
        place = f"{where}: document {number}" if len(documents) > 1 else where
        document = _decoded(place, raw)
        if document.items is not None:
            objects += _listed(place, document)
            if not document.items:
                empty.add(document.kind.removesuffix("List"))
        elif document.kind:
            objects.append(_object(place, raw, document))
        else:
            version = _version(place, raw, document) or version
    return RecordedFile(name, tuple(objects), frozenset(empty), version)


def _text(where: str, data: bytes) -> str:
    # Windows' PowerShell writes what a command prints in UTF-16.
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{where}: not text, so not what kubectl printed") from error


def _documents(where: str, text: str) -> list[bytes]:
    """Each document of the text as JSON."""
    if text.lstrip()[:1] in {"{", "["}:
        return _json_documents(where, text)
    if len(text) > _MAX_YAML_BYTES:
        raise RecordingError(
            f"{where}: larger than {_MAX_YAML_BYTES // 2**20} MiB of YAML; record it with `-o json` instead"
        )
    try:
        check_depth(text)
        documents = list(yaml.load_all(text, _KubectlLoader))
        return [msgspec.json.encode(document) for document in documents if document is not None]
    except _YAML_FAULTS as error:
        raise RecordingError(f"{where}: not YAML that kubectl prints: {_fault(error)}") from error


def _json_documents(where: str, text: str) -> list[bytes]:
    data = text.strip().encode()
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return list(_concatenated(where, text))
    return [data]


def _concatenated(where: str, text: str) -> Iterator[bytes]:
    """JSON documents one after the other, as several commands print them into one file."""
    decoder = json.JSONDecoder()
    position, end = 0, len(text.rstrip())
    while position < end:
        while text[position].isspace():
            position += 1
        try:
            document, position = decoder.raw_decode(text, position)
            encoded = msgspec.json.encode(document)  # half a surrogate pair, "\\ud800", fails only here
        except (ValueError, RecursionError) as error:
            raise RecordingError(f"{where}: not JSON that kubectl prints: {_fault(error)}") from error
        yield encoded


def _decoded(place: str, raw: bytes) -> _Document:
    try:
        return msgspec.json.decode(raw, type=_Document)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"{place}: not an object that kubectl prints: {_fault(error)}") from error


def _listed(place: str, document: _Document) -> Iterator[RecordedObject]:
    for raw in document.items or ():
        yield _object(place, raw, document)


def _object(place: str, raw: bytes | msgspec.Raw, around: _Document) -> RecordedObject:
    """Items of a typed list need not repeat its kind."""
    try:
        head = msgspec.json.decode(raw, type=_Object)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"{place}: an item is no Kubernetes object: {_fault(error)}") from error
    kind = head.kind or around.kind.removesuffix("List")
    metadata = head.metadata
    api_version = head.api_version or around.api_version
    return RecordedObject(api_version, kind, metadata.name, metadata.namespace, metadata.uid, raw)


def _version(place: str, raw: bytes, document: _Document) -> bytes | None:
    """What the document says of the server; None where `kubectl version` reached none."""
    if document.git_version is not None:
        return raw
    if document.server_version != _ABSENT:
        return bytes(document.server_version)
    if document.client_version != _ABSENT:
        return None
    raise RecordingError(f"{place}: has no kind, so it is no Kubernetes object")


def _fault(error: Exception) -> str:
    """One line; where a YAML error stands, not what stands there: that may be anything."""
    if isinstance(error, UnicodeEncodeError):
        return "half a surrogate pair, which is no text"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem or 'a fault'} in line {error.problem_mark.line + 1}"
    return " ".join(str(error).split())


class _KubectlLoader(yaml.CSafeLoader):
    """A safe loader for what kubectl prints: moments stay text, and aliases are refused.

    Kubernetes' moments must keep their offset; an alias can make a small file expand without end.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node in self.constructed_objects:
            raise yaml.constructor.ConstructorError(None, None, "an alias", node.start_mark)
        return super().construct_object(node, deep=deep)


_KubectlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
