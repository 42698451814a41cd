"""Checks of untrusted JSON: small functions that note each fault with its path and go on. Pure.

A check takes `(raw, path, findings)` and returns the value; after a fault what it returns is of no
use, and `Findings.raise_if_any` ends the matter once everything has been looked at.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from workflow_releases.catalog.model import MAX_AHEAD
from workflow_releases.errors import Fault, InvalidError, VersionError
from workflow_releases.plain_text import CONTROL, INVISIBLE
from workflow_releases.version import parse_version

_MAX_FAULTS = 100  # enough to repair by; a hostile body has millions
_CLOCK_SKEW = timedelta(minutes=5)  # between a release pipeline and us
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123: it stands in addresses and labels
_NOTICE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CONTROL = re.compile(rf"(?!\n)[{CONTROL}]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


class Findings:
    """The faults found so far, and the moment against which dates are judged."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.faults: list[Fault] = []

    def add(self, path: str, reason: str) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(Fault(path, reason))

    def raise_if_any(self, what: str) -> None:
        """Raises InvalidError; its text says how many faults `what` has."""
        if self.faults:
            count = len(self.faults)
            more = " or more" if count == _MAX_FAULTS else ""
            raise InvalidError(f"{what} has {count}{more} fault{'s' if count > 1 else ''}", self.faults)


Check = Callable[[Any, str, Findings], Any]


def text(max_length: int, *, empty: bool = False, lines: bool = False) -> Check:
    """Text for people. Markup is text like any other: whoever shows it escapes it."""

    def check(raw: Any, path: str, findings: Findings) -> str:
        if not isinstance(raw, str):
            findings.add(path, "is not text")
            return ""
        if len(raw) > max_length:
            findings.add(path, f"is longer than {max_length} characters")
        if not empty and not raw.strip():
            findings.add(path, "is empty")
        if unseen := _INVISIBLE.search(raw):
            findings.add(path, f"has invisible characters, such as U+{ord(unseen[0]):04X}")
        if _CONTROL.search(raw) or (not lines and "\n" in raw):
            findings.add(path, "has control characters" if lines else "has control characters or line breaks")
        return raw

    return check


def word(raw: Any, path: str, findings: Findings) -> str:
    """A name as it stands in paths and labels: lower-case letters, digits and `-` between them."""
    if not isinstance(raw, str) or not _WORD.fullmatch(raw):
        findings.add(path, "is not a name: lower-case letters, digits, and - between them, at most 63")
        return ""
    return raw


def notice_id(raw: Any, path: str, findings: Findings) -> str:
    if not isinstance(raw, str) or not _NOTICE_ID.fullmatch(raw):
        findings.add(path, "is not an id: lower-case letters, digits, and . _ - after the first, at most 63")
        return ""
    return raw


def version(raw: Any, path: str, findings: Findings) -> str:
    if not isinstance(raw, str):
        findings.add(path, "is not a version, such as v2.19.0")
        return ""
    try:
        parse_version(raw)
    except VersionError as error:
        findings.add(path, str(error))
    return raw


def digest(raw: Any, path: str, findings: Findings) -> str:
    if not isinstance(raw, str) or not _DIGEST.fullmatch(raw):
        findings.add(path, "is not a digest: sha256: and 64 lower-case hexadecimal digits")
        return ""
    return raw


def switch(raw: Any, path: str, findings: Findings) -> bool:
    if not isinstance(raw, bool):
        findings.add(path, "is neither true nor false")
        return False
    return raw


def whole_number(lowest: int, highest: int) -> Check:
    def check(raw: Any, path: str, findings: Findings) -> int:
        if isinstance(raw, float) and raw.is_integer():
            raw = int(raw)  # JSON has one kind of number: 11.0 is 11
        if not isinstance(raw, int) or isinstance(raw, bool) or not lowest <= raw <= highest:
            findings.add(path, f"is not a whole number from {lowest} to {highest}")
            return lowest
        return raw

    return check


def one_of(*allowed: str) -> Check:
    def check(raw: Any, path: str, findings: Findings) -> str:
        if raw not in allowed or not isinstance(raw, str):
            findings.add(path, f"is none of {', '.join(allowed)}")
            return allowed[0]
        return raw

    return check


def https_url(raw: Any, path: str, findings: Findings) -> str:
    """An absolute https address; agents link to nothing else."""
    if not isinstance(raw, str) or len(raw) > 500 or not _is_https(raw):
        findings.add(path, "is not an https:// address of at most 500 characters")
        return ""
    return raw


def _is_https(raw: str) -> bool:
    if not raw.isascii() or not raw.isprintable() or " " in raw or '"' in raw:
        return False
    try:
        parts = urlsplit(raw)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return False


def moment(raw: Any, path: str, findings: Findings) -> datetime:
    """An RFC 3339 time with its offset, in UTC; years that computers can add days to."""
    if isinstance(raw, str) and _MOMENT.fullmatch(raw):
        try:
            value = datetime.fromisoformat(raw).astimezone(UTC)
        except (ValueError, OverflowError):
            value = None
        if value is not None and 1970 <= value.year <= 9000:
            return value
    findings.add(path, "is not a time such as 2017-09-07T12:00:00Z")
    return findings.now


def past(raw: Any, path: str, findings: Findings) -> datetime:
    """A moment that has been: what is released tomorrow is not released."""
    value = moment(raw, path, findings)
    if value > findings.now + _CLOCK_SKEW:
        findings.add(path, "lies in the future")
    return value


def generated(raw: Any, path: str, findings: Findings) -> datetime:
    """A moment that agents would believe: they refuse a catalog that says it changed after now."""
    value = moment(raw, path, findings)
    if value > findings.now + MAX_AHEAD:
        findings.add(path, "lies more than ten minutes in the future")
    return value


def nullable(check: Check) -> Check:
    def checked(raw: Any, path: str, findings: Findings) -> Any:
        return None if raw is None else check(raw, path, findings)

    return checked


def listing(check: Check, max_items: int) -> Check:
    def checked(raw: Any, path: str, findings: Findings) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            findings.add(path, "is not a list")
            return ()
        if len(raw) > max_items:
            findings.add(path, f"has {len(raw)} items; at most {max_items} are taken")
            return ()
        return tuple(check(item, f"{path}[{index}]", findings) for index, item in enumerate(raw))

    return checked


def distinct(check: Check) -> Check:
    """A listing in which nothing is twice."""

    def checked(raw: Any, path: str, findings: Findings) -> tuple[Any, ...]:
        items: tuple[Any, ...] = check(raw, path, findings)
        if len(set(items)) < len(items):
            findings.add(path, "lists something twice")
        return items

    return checked


def mapping(check: Check, max_items: int) -> Check:
    """An object whose keys are words, given back in the order of its keys."""

    def checked(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
        if not isinstance(raw, dict):
            findings.add(path, "is not an object")
            return {}
        if len(raw) > max_items:
            findings.add(path, f"has {len(raw)} entries; at most {max_items} are taken")
            return {}
        for key in raw:
            word(key, join(path, key), findings)
        return {key: check(raw[key], join(path, key), findings) for key in sorted(raw)}

    return checked


def record(rules: Mapping[str, Check], required: frozenset[str] = frozenset()) -> Check:
    """An object with the fields of `rules` and no others; gives back those that are there."""

    def checked(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
        if not isinstance(raw, dict):
            findings.add(path, "is not an object")
            return {}
        for name in required - raw.keys():
            findings.add(join(path, name), "is missing")
        for name in raw.keys() - rules.keys():
            findings.add(join(path, name), "is not a field that is taken here")
        return {
            name: rule(raw[name], join(path, name), findings) for name, rule in rules.items() if name in raw
        }

    return checked


def join(path: str, name: str) -> str:
    """`a.b`; a name that would make the path ambiguous is quoted, and a long one cut."""
    shown = name if _WORD.fullmatch(name) or name.replace("_", "").isalnum() else repr(name)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return f"{path}.{shown}" if path else shown
