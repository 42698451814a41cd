"""What a setting's text may be: each function gives its value, or a ValueError whose sentence goes on
after `NAME='text' `."""

import base64
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123, as Kubernetes names namespaces
_PUBLIC_KEY_BYTES = 32  # Ed25519, RFC 8032


def port(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or int(raw) > 65535:
        raise ValueError("is not a port: a number from 1 to 65535, or 0 for any free one")
    return int(raw)


def address(raw: str) -> str:
    try:
        return str(ipaddress.ip_address(raw.removeprefix("[").removesuffix("]")))
    except ValueError:
        if raw == "localhost":
            return raw
        raise ValueError("is not an IP address to listen on (0.0.0.0 and :: listen on all)") from None


def switch(raw: str) -> bool:
    lowered = raw.lower()
    if lowered in {"true", "1", "yes", "on"}:
        return True
    if lowered in {"false", "0", "no", "off"}:
        return False
    raise ValueError("is neither true nor false")


def poll_interval(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or not 60 <= int(raw) <= 43200:
        raise ValueError("is not a number of seconds from 60 (a minute) to 43200 (12 hours)")
    return int(raw)


def namespace(raw: str) -> str:
    if not _DNS_LABEL.fullmatch(raw):
        raise ValueError("is not the name of a Kubernetes namespace")
    return raw


def word(raw: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", raw):
        raise ValueError("is not a name: lower-case letters, digits, and - . _ between them")
    return raw


def names(raw: str) -> frozenset[str]:
    """`component` or `component/workload`, by comma."""
    parts = (part.partition("/") for part in raw.split(",") if part.strip())
    return frozenset(
        f"{word(name.strip())}{slash}{word(inner.strip()) if slash else ''}" for name, slash, inner in parts
    )


def file(raw: str) -> Path:
    path = Path(raw)
    try:
        found = path.is_file()
    except OSError:  # a folder on the way may not be entered, or the name is too long
        found = False
    if not found:
        raise ValueError("is not a file that can be read here")
    return path


def path(raw: str) -> Path:
    return Path(raw)


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return raw.lower()

    return parse


def public_keys(raw: str) -> tuple[bytes, ...]:
    """The 32 bytes of each key. At least one: what only looks like a key must not switch the check off."""
    keys = tuple(_public_key(text.strip()) for text in raw.split(",") if text.strip())
    if not keys:
        raise ValueError("names no key")
    return keys


def _public_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != _PUBLIC_KEY_BYTES:
        raise ValueError(
            "holds something that is not an Ed25519 public key: base64 of 32 bytes, as "
            "`workflow-releases key create` prints"
        )
    return key
