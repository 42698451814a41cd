"""Commands of a release pipeline; all over HTTP, all safe to run twice."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from workflow_releases.catalog.key_file import read_key_file
from workflow_releases.catalog.model import MAX_BODY_BYTES, Catalog
from workflow_releases.catalog.validation import read_json
from workflow_releases.cli.client import ReleasesClient, token_from
from workflow_releases.cli.output import say, write
from workflow_releases.errors import SettingsError
from workflow_releases.text_encoding import utf8

Environment = Mapping[str, str]


def publish(arguments: argparse.Namespace, environment: Environment) -> int:
    """A component's release, or with `--bundle` one of the whole platform."""
    if (arguments.bundle is None) == (arguments.component is None):
        raise SettingsError(
            "give a component and its version, or --bundle VERSION with --with COMPONENT=VERSION"
        )
    document: dict[str, Any] = _given(arguments, "train", "released", "notes_url")
    if arguments.bundle is not None:
        members = _pairs(arguments.members, "--with")
        document |= {"components": members} | ({"derived": True} if arguments.derived else {})
        path: tuple[str, ...] = ("v1", "catalogs", arguments.platform, "bundles", arguments.bundle)
    else:
        if arguments.version is None:
            raise SettingsError(f"give the version of {arguments.component} too")
        document |= _given(arguments, "line") | ({"security": True} if arguments.security else {})
        digests = _pairs(arguments.digests, "--digest")
        document |= {"digests": digests} if digests else {}
        path = _release_path(arguments)
    with _client(arguments, environment) as client:
        response = client.send("PUT", *path, document=document)
    _report(client.shown(response.headers.get("x-effect", "published")), "/".join(path[2:]))
    return 0


def yank(arguments: argparse.Namespace, environment: Environment) -> int:
    path = _release_path(arguments)
    document = {"yanked": not arguments.undo}
    with _client(arguments, environment) as client:
        # Without the condition a typing error would publish a release that is yanked from birth.
        response = client.send("PUT", *path, document=document, headers={"if-match": "*"})
    what = "restored" if arguments.undo else "yanked"
    _report(
        f"{what} already" if response.headers.get("x-effect") == "unchanged" else what, "/".join(path[2:])
    )
    return 0


def notice(arguments: argparse.Namespace, environment: Environment) -> int:
    path = ("v1", "catalogs", arguments.platform, "notices", arguments.id)
    with _client(arguments, environment) as client:
        if arguments.delete:
            client.send("DELETE", *path)
            _report("deleted", "/".join(path[2:]))
            return 0
        if arguments.title is None:
            raise SettingsError("a notice needs a --title")
        document = _given(arguments, "severity", "title", "text", "expires")
        document |= {"url": arguments.link} if arguments.link else {}
        affects = {
            name: values
            for name, values in (("components", arguments.affects), ("versions", arguments.versions))
            if values
        }
        response = client.send("PUT", *path, document=document | ({"affects": affects} if affects else {}))
    _report(client.shown(response.headers.get("x-effect", "published")), "/".join(path[2:]))
    return 0


def import_(arguments: argparse.Namespace, environment: Environment) -> int:
    content = _read(arguments.file)
    raw = read_json(content)
    platform = raw.get("platform") if isinstance(raw, dict) else None
    if not isinstance(platform, str) or not platform:
        raise SettingsError(f"{arguments.file} is not a catalog: it names no platform")
    with _client(arguments, environment) as client:
        response = client.send("POST", "v1", "catalogs", platform, "import", content=content)
    done = msgspec.json.decode(response.content)
    added = ", ".join(f"{done[name]} {name}" for name in ("components", "releases", "bundles", "notices"))
    say(client.shown(f"{done['effect']} {platform}: {added} added"))
    return 0


def export(arguments: argparse.Namespace, environment: Environment) -> int:
    """The catalog as served, or without its expiry for a cluster that cannot ask again."""
    if arguments.key_file and not arguments.sign:
        raise SettingsError("--key-file is for --sign")
    if arguments.never_expires and arguments.sign and not arguments.key_file:
        raise SettingsError(
            "a catalog that never expires is another one than the server signed: give --key-file"
        )
    if arguments.sign and arguments.output == "-":
        raise SettingsError("--sign writes FILE.sig beside the file: give --output FILE")
    with _client(arguments, environment) as client:
        response = client.send("GET", "v1", "catalogs", arguments.platform)
    body = response.content
    if arguments.never_expires:
        catalog = msgspec.json.decode(body, type=Catalog)
        body = msgspec.json.Encoder(order="deterministic").encode(
            msgspec.structs.replace(catalog, expires=None)
        )
    signatures: tuple[str, ...] = ()
    if arguments.sign:
        signatures = _signatures(arguments, body, response.headers.get("catalog-signature", ""))
    if arguments.output == "-":
        write(body)
        return 0
    _write(Path(arguments.output), body)
    if signatures:
        _write(Path(f"{arguments.output}.sig"), "".join(f"{line}\n" for line in signatures).encode())
    return 0


def _signatures(arguments: argparse.Namespace, body: bytes, served: str) -> tuple[str, ...]:
    if arguments.key_file:
        return read_key_file(Path(arguments.key_file)).sign(body)
    listed = tuple(part.strip() for part in served.split(",") if part.strip())
    if not listed:
        raise SettingsError("the server does not sign its catalogs: give --key-file")
    return listed


def _client(arguments: argparse.Namespace, environment: Environment) -> ReleasesClient:
    url = arguments.url or environment.get("RELEASES_URL", "").strip()
    if not url:
        raise SettingsError("where to? give --url, or set RELEASES_URL")
    token = token_from(getattr(arguments, "token_file", None), environment)
    return ReleasesClient(url, token, allow_http=arguments.allow_http)


def _release_path(arguments: argparse.Namespace) -> tuple[str, ...]:
    platform, component, version = arguments.platform, arguments.component, arguments.version
    return ("v1", "catalogs", platform, "components", component, "releases", version)


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """What was given on the command line; the rest claims nothing, so that a command may run twice."""
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}


def _pairs(raw_pairs: list[str], option: str) -> dict[str, str]:
    pairs = {}
    for raw in raw_pairs:
        name, equals, value = raw.partition("=")
        if not equals or not name or not value:
            raise SettingsError(f"{option} {raw!r} is not NAME=VALUE")
        if name in pairs:
            raise SettingsError(f"{option} names {name} twice")
        pairs[name] = value
    return pairs


def _read(file: str) -> bytes:
    try:
        if file == "-":
            body = sys.stdin.buffer.read(MAX_BODY_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                body = opened.read(MAX_BODY_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(body) > MAX_BODY_BYTES:
        most = MAX_BODY_BYTES // 1024**2
        raise SettingsError(f"{file} is larger than {most} MiB, more than a server takes")
    try:
        return utf8(body)
    except ValueError as error:
        raise SettingsError(f"{file} {error}") from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error


def _report(effect: str, what: str) -> None:
    words = {"created": "published", "unchanged": "published already", "changed": "changed"}
    say(f"{words.get(effect, effect)}: {what}")
