"""What kubectl printed, from text to documents: JSON and YAML, one after the other, each given as JSON.

People append the output of several commands to one file, with or without `---`, redirect kubectl's
warnings into it, and dump a cluster with the logs of its pods. What is no document is passed over: text
at a document's beginning, lines of a YAML document that YAML cannot have there, and logs.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import yaml

from workflow_exporter.errors import RecordingError
from workflow_exporter.yaml_depth import check_depth

# 32 MiB, a document or an item of one: YAML is read at 1.5 MB/s and takes 15 times its size.
_MAX_YAML_BYTES = 32 * 1024 * 1024
# What building a YAML value raises: `!!int ""` an IndexError, `!!bool x` a KeyError, and so on.
_YAML_FAULTS = (
    yaml.YAMLError, LookupError, AttributeError, ArithmeticError, TypeError, ValueError, RecursionError,
)  # fmt: skip

_KEY = rb"""["']?[\w./-]+["']?[ ]*:(?=\s|\Z)"""
# A line of kubectl, a plug-in or the server: `error: …`, `Warning: …`, or what begins as no YAML of kubectl.
_TEXT = (
    rb"(?:(?i:warn|warning|error|fatal|info|debug):[ ]|"
    rb"(?!" + _KEY + rb"|-\s|---(?:\s|\Z)|\.\.\.|[]{}#\"'&*!|>?@`,])\S)[^\n]*"
)
# How Windows PowerShell 5.1 writes a line of a program's standard error into a file.
_POWERSHELL = rb"[\w.-]+ : [^\n]*\n(?:[^\n]*\n){1,9}?[ ]*\+ FullyQualifiedErrorId[^\n]*"
_TEXT_LINE = re.compile(rb"^(?:\.\.\.(?=\s|\Z)|" + _TEXT + rb"|" + _POWERSHELL + rb")", re.MULTILINE)
_NO_DOCUMENT = re.compile(rb"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)|" + _TEXT + rb"(?:\n|\Z)")
# What kubectl prints where it was given less than it asked for. PowerShell puts its own words before it.
_FAILURE = re.compile(
    rb"error from server|error:|unable to connect|the connection to the server", re.IGNORECASE
)
_LOG = re.compile(rb"==== START( logs for [^\n]*) ====\r?(?:\n|\Z)")
_LOG_END = re.compile(rb"==== END( logs for [^\n]*?) ====")
_OBJECT = rb"\{(?!\s*[\w./-]+[ ]*:)"  # of JSON: `{kind: List}` is YAML
_ITEMS = rb"\[\s*(?:\{\s*\"|\][ \t\r]*(?:\n|\Z))"  # what `jq .items` prints of a list
_JSON = re.compile(rb"[ \t]*(?:" + _OBJECT + rb"|(" + _ITEMS + rb"))")
_START = re.compile(
    rb"""^(?:["']?(?:apiVersion|kind|metadata|items|spec|status|data|clientVersion|serverVersion)["']?[ ]*:"""
    rb"(?=\s|\Z)|---(?=\s|\Z)|\{|" + _ITEMS + rb"|==== START logs for )",
    re.MULTILINE,
)
_AFTER_YAML = re.compile(rb"^(?:" + _OBJECT + rb"|" + _ITEMS + rb"|==== START logs for )", re.MULTILINE)
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[][{}]', re.DOTALL)
_JSON_REST = re.compile(rb"[ \t\r]*(?:\n|\Z|(?=[{[]))")
_YAML_HEADING = re.compile(rb"""^(?:---(?=\s|\Z)|["']?([\w./-]+)["']?[ ]*:(?=\s|\Z))""", re.MULTILINE)
_YAML_ITEMS = re.compile(rb"^items:[ \t\r]*\n(?=- )", re.MULTILINE)
_YAML_AFTER_ITEMS = re.compile(rb"^[^ #\r\n-]", re.MULTILINE)
_YAML_ITEM = re.compile(rb"^(?=- )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documents:
    """What one file holds."""

    raw: tuple[msgspec.Raw, ...]  # each as JSON
    failed: bool  # kubectl told of an error: an empty list may be one that it was not allowed to read


def documents(where: str, text: bytes) -> Documents:
    """The documents of `text` (UTF-8); raises RecordingError, which begins with `where`."""
    reader = _Reader(where, text)
    return Documents(tuple(reader.read()), reader.failed)


class _Reader:
    """Reads one text once. `failed` holds when it is read."""

    def __init__(self, where: str, text: bytes) -> None:
        self._where = where
        self._text = text
        self.failed = False

    def read(self) -> Iterator[msgspec.Raw]:
        position = self._beginning(0)
        line, counted = 0, 0
        while position < len(self._text):
            if json := _JSON.match(self._text, position):
                end = _json_end(self._where, self._text, position)
                part = _part(self._text, position, end)
                yield msgspec.Raw(b'{"kind":"List","items":%b}' % part) if json[1] else part
            else:
                after = _AFTER_YAML.search(self._text, position)
                end = after.start() if after else len(self._text)
                # Text leaves empty lines behind, so that a fault is told in the line where it stands.
                section = _TEXT_LINE.sub(self._passed_over, self._text[position:end])
                line += self._text.count(b"\n", counted, position)
                counted = position
                yield from _yaml_documents(self._where, section, line)
            position = self._beginning(end)

    def _beginning(self, position: int) -> int:
        """Where the next document begins, at the start of a line; the text's end where there is none."""
        while position < len(self._text):
            if log := _LOG.match(self._text, position):
                position = self._log_end(log)
            elif _JSON.match(self._text, position):
                break
            elif passed := _NO_DOCUMENT.match(self._text, position):
                self._passed_over(passed)
                position = passed.end()
            elif (start := _START.search(self._text, position)) and start.start() > position:
                self.failed = self.failed or _FAILURE.search(self._text, position, start.start()) is not None
                position = start.start()
            else:
                break
        return position

    def _log_end(self, log: re.Match[bytes]) -> int:
        """Where the log ends that begins there; after its first line where nothing closes it."""
        if self._last_closing.get(log[1], -1) < log.end():
            return log.end()
        closing = b"==== END" + log[1] + b" ===="
        return self._text.find(closing, log.end()) + len(closing)

    @cached_property
    def _last_closing(self) -> dict[bytes, int]:
        """Log -> where its last closing line is: to search for one that is not there takes the whole text."""
        return {closing[1]: closing.start() for closing in _LOG_END.finditer(self._text)}

    def _passed_over(self, passed: re.Match[bytes]) -> bytes:
        """What stands in the text's place: its line breaks."""
        self.failed = self.failed or _FAILURE.search(passed[0]) is not None
        return b"\n" * passed[0].count(b"\n")


# --- JSON --------------------------------------------------------------------------------------------


def _json_end(where: str, text: bytes, start: int) -> int:
    """Where the JSON object ends that begins at `start`, and the blanks after it."""
    if _json_fault(_part(text, start, len(text))) is None:
        return len(text)
    end = _closing_brace(text, start)
    fault = _json_fault(_part(text, start, end))
    if fault is not None:
        raise RecordingError(f"{where}: not JSON that kubectl prints: {_fault(fault)}") from fault
    rest = _JSON_REST.match(text, end)
    if rest is None:
        line = text.count(b"\n", 0, end) + 1
        raise RecordingError(f"{where}: not JSON that kubectl prints: text follows it in line {line}")
    return rest.end()


def _json_fault(text: msgspec.Raw) -> Exception | None:
    """Why it is not one JSON document; None: it is."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return error
    return None


def _closing_brace(text: bytes, start: int) -> int:
    """After the brace that closes the one at `start`; the text's end where none does."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text, start):
        depth += {b"{": 1, b"}": -1, b"[": 1, b"]": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)


def _part(text: bytes, start: int, end: int) -> msgspec.Raw:
    """A part of `text` that is no copy of it."""
    return msgspec.Raw(memoryview(text)[start:end])


# --- YAML --------------------------------------------------------------------------------------------


def _yaml_documents(where: str, section: bytes, line: int) -> Iterator[msgspec.Raw]:
    """Those of a section that begins after so many lines of its file."""
    for part in _separated(section):
        encoded = _yaml_document(where, part, line)
        line += part.count(b"\n")
        if encoded is not None:
            yield msgspec.Raw(encoded)


def _separated(section: bytes) -> Iterator[bytes]:
    """Each document: one begins at `---`, at a key that the last one has already, and at a version.

    kubectl prints no `---`: of two lists in one mapping only the last would be seen.
    """
    beginning, seen, in_version = 0, set[bytes](), False
    for heading in _YAML_HEADING.finditer(section):
        key: bytes | None = heading[1]
        of_version = key is not None and key.endswith(b"Version") and key != b"apiVersion"
        if key is None or key in seen or (seen and of_version != in_version):
            yield section[beginning : heading.start()]
            beginning, seen = heading.start(), set()
        if key is not None:
            seen.add(key)
            in_version = of_version
    yield section[beginning:]


def _yaml_document(where: str, text: bytes, line: int) -> bytes | None:
    """As JSON; None: it is empty. A list is read item by item, which takes a fraction of the memory."""
    listed = _YAML_ITEMS.search(text)
    if listed is None:
        value = _loaded(where, text, line)
        return None if value is None else _encoded(where, value)
    after = _YAML_AFTER_ITEMS.search(text, listed.end())
    end = after.start() if after else len(text)
    blank = b"\n" * text.count(b"\n", listed.start(), end)
    heading = _loaded(where, text[: listed.start()] + blank + text[end:], line)
    line += text.count(b"\n", 0, listed.end())
    items: list[msgspec.Raw] = []
    for item in _YAML_ITEM.split(text[listed.end() : end])[1:]:
        items += [msgspec.Raw(_encoded(where, value)) for value in _loaded(where, item, line)]
        line += item.count(b"\n")
    return _encoded(where, {**(heading or {}), "items": items})


def _loaded(where: str, text: bytes, line: int) -> Any:
    """The value that the text spells; it begins after so many lines of its file."""
    if len(text) > _MAX_YAML_BYTES:
        most = _MAX_YAML_BYTES // 2**20
        raise RecordingError(f"{where}: larger than {most} MiB of YAML; record it with `-o json` instead")
    decoded = text.decode()
    try:
        check_depth(decoded)
        return yaml.load(decoded, _KubectlLoader)  # noqa: S506 - a SafeLoader, see below
    except _YAML_FAULTS as error:
        raise RecordingError(f"{where}: not YAML that kubectl prints: {_fault(error, line)}") from error


def _encoded(where: str, value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except _YAML_FAULTS as error:
        raise RecordingError(f"{where}: not YAML that kubectl prints: {_fault(error)}") from error


class _KubectlLoader(yaml.CSafeLoader):
    """A safe loader for what kubectl prints: aliases are refused, and words are words.

    kubectl puts a string in quotes where its own library (go-yaml) would read something else: a number, a
    truth value, a moment. PyYAML would read more than that: `=`, `<<`, `0x_`, `.1_`. So only what kubectl
    prints for a value that is no string is read as one: JSON's words and numbers.
    An alias can make a small file expand without end.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node in self.constructed_objects:
            raise yaml.constructor.ConstructorError(None, None, "an alias", node.start_mark)
        return super().construct_object(node, deep=deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float | str:
        """One beyond 64 bits was a string: kubectl has no such number, and does not quote it."""
        text: str = node.value
        if _INTEGER.fullmatch(text):
            integer = int(text) if len(text) <= _LONGEST_INTEGER else 2**64
            return integer if -(2**63) <= integer < 2**64 else text
        number = float(text)
        return text if math.isinf(number) else number


_LONGEST_INTEGER = 20  # characters of -2**63 and of 2**64 - 1
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(rf"{_INTEGER.pattern}(?:\.[0-9]+)?(?:e[-+][0-9]+)?")  # as Go writes float64
_NUMBER_TAG = "tag:yaml.org,2002:float"
_KubectlLoader.yaml_implicit_resolvers = {}
_KubectlLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|~|)\Z"), ["n", "~", ""])
_KubectlLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
_KubectlLoader.add_implicit_resolver(_NUMBER_TAG, re.compile(rf"{_NUMBER.pattern}\Z"), list("-0123456789"))
_KubectlLoader.add_constructor(_NUMBER_TAG, _KubectlLoader.construct_number)


def _fault(error: Exception, line: int = 0) -> str:
    """One line; where a YAML error stands, not what stands there: that may be anything."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem or 'a fault'} in line {line + error.problem_mark.line + 1}"
    return " ".join(str(error).split())
