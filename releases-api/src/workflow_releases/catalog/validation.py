"""What release managers may send: untrusted JSON -> the fields given, or every fault with its path. Pure."""

from datetime import datetime
from typing import Any

import msgspec

from workflow_releases.catalog import checks
from workflow_releases.catalog.model import (
    MAX_NOTICES,
    SCHEMA_VERSION,
    Affects,
    EndOfLife,
    Successor,
)
from workflow_releases.errors import MalformedError
from workflow_releases.text_encoding import utf8

_MAX_RELEASES = 5000  # of one component; Deis's router had 29 in three years
_MAX_COMPONENTS = 500
_MAX_BUNDLES = 2000

_version = checks.version
_past = checks.nullable(checks.past)
_url = checks.nullable(checks.https_url)
_title = checks.text(200)

_RELEASE = {
    "train": checks.word,
    "released": _past,
    "security": checks.switch,
    "yanked": checks.switch,
    "line": checks.whole_number(0, 1000),
    "digests": checks.mapping(checks.digest, 50),
    "notes_url": _url,
}
_BUNDLE = {
    "train": checks.word,
    "released": _past,
    "components": checks.mapping(_version, _MAX_COMPONENTS),
    "derived": checks.switch,
    "notes_url": _url,
}
_affects = checks.record(
    {
        "components": checks.listing(checks.word, _MAX_COMPONENTS),
        "versions": checks.listing(_version, 1000),
    }
)
_NOTICE = {
    "severity": checks.one_of("info", "warning", "critical"),
    "title": _title,
    "text": checks.text(4000, empty=True, lines=True),
    "url": _url,
    "published": _past,
    "expires": checks.nullable(checks.moment),
    "affects": _affects,
}
_NOTICE_REQUIRED = frozenset({"severity", "title"})
_end_of_life = checks.record(
    {"date": checks.moment, "text": checks.nullable(checks.text(1000, lines=True))}, frozenset({"date"})
)
_successor = checks.record(
    {"platform": checks.word, "title": _title, "url": _url}, frozenset({"platform", "title"})
)
_component = checks.record(
    {
        "title": _title,
        "images": checks.listing(checks.text(255), 20),
        "releases": checks.listing(
            checks.record({"version": _version, **_RELEASE}, frozenset({"version"})), _MAX_RELEASES
        ),
    },
    frozenset({"title"}),
)
_CATALOG = {
    "schema_version": checks.whole_number(SCHEMA_VERSION, SCHEMA_VERSION),
    "platform": checks.word,
    "title": _title,
    "generated": checks.generated,  # both are the server's to say: taken, so that an export can be imported,
    "expires": checks.nullable(checks.moment),  # and not used
    "trains": checks.distinct(checks.listing(checks.word, 20)),
    "end_of_life": checks.nullable(_end_of_life),
    "successor": checks.nullable(_successor),
    "bundles": checks.listing(
        checks.record({"version": _version, **_BUNDLE}, frozenset({"version"})), _MAX_BUNDLES
    ),
    "components": checks.mapping(_component, _MAX_COMPONENTS),
    "notices": checks.listing(
        checks.record({"id": checks.notice_id, **_NOTICE}, _NOTICE_REQUIRED | {"id"}), MAX_NOTICES
    ),
}

_release = checks.record(_RELEASE)
_bundle = checks.record(_BUNDLE, frozenset({"components"}))
_notice = checks.record(_NOTICE, _NOTICE_REQUIRED)
_catalog = checks.record(_CATALOG, frozenset({"schema_version", "platform", "title"}))


def read_json(body: bytes) -> Any:
    """The JSON value; raises MalformedError, which never repeats the body."""
    try:
        return msgspec.json.decode(utf8(body))
    except ValueError as error:  # msgspec's own, too
        raise MalformedError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedError("the body is not JSON of a sane depth") from error


def read_release(raw: Any, version: str, now: datetime) -> dict[str, Any]:
    """The fields given of a release, without its version; `version` is the path's, checked too."""
    findings = checks.Findings(now)
    checks.version(version, "version", findings)
    given: dict[str, Any] = _release(raw, "", findings)
    findings.raise_if_any("the release")
    return given


def read_bundle(raw: Any, version: str, now: datetime) -> dict[str, Any]:
    """The fields given of a bundle, without its version."""
    findings = checks.Findings(now)
    checks.version(version, "version", findings)
    given: dict[str, Any] = _bundle(raw, "", findings)
    findings.raise_if_any("the bundle")
    return given


def read_notice(raw: Any, notice_id: str, now: datetime) -> dict[str, Any]:
    """The fields given of a notice, without its id; `affects` as its value."""
    findings = checks.Findings(now)
    checks.notice_id(notice_id, "id", findings)
    given = _notice_values(_notice(raw, "", findings), "", findings)
    findings.raise_if_any("the notice")
    return given


def read_catalog(raw: Any, platform: str, now: datetime) -> dict[str, Any]:
    """The fields given of a whole catalog; its releases, bundles and notices are records like the above.

    `platform` is the path's; a document of another platform is a fault.
    """
    findings = checks.Findings(now)
    given: dict[str, Any] = _catalog(raw, "", findings)
    checks.word(platform, "platform", findings)
    if given.get("platform", platform) != platform:
        findings.add("platform", f"is another one than the path's, {platform}")
    for index, notice in enumerate(given.get("notices", ())):
        _notice_values(notice, f"notices[{index}]", findings)
    findings.raise_if_any("the catalog")
    if given.get("end_of_life"):
        given["end_of_life"] = EndOfLife(**given["end_of_life"])
    if given.get("successor"):
        given["successor"] = Successor(**given["successor"])
    return given


def _notice_values(given: dict[str, Any], path: str, findings: checks.Findings) -> dict[str, Any]:
    published, expires = given.get("published") or findings.now, given.get("expires")
    if expires is not None and expires <= published:
        findings.add(checks.join(path, "expires"), "is not after the notice is published")
    if "affects" in given:
        given["affects"] = Affects(**given["affects"])
    return given
