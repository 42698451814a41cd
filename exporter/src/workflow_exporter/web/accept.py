"""Content negotiation of `/metrics` and of the report: in which format and encoding to answer.

Source: RFC 9110 section 12.5, and prometheus.io/docs/instrumenting/content_negotiation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PROTOBUF = "application/x-protobuf"
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Format:
    """What the body is written in."""

    content_type: str
    open_metrics: bool  # False: text 0.0.4


def choose_format(accept: str) -> Format:
    """The format that the Accept header likes best of those there are; text 0.0.4 if it likes none.

    Prometheus scrapes whatever comes, so nothing is refused with 406. The first of equals wins.
    """
    best, best_quality = Format(_TEXT, open_metrics=False), 0.0
    for name, parameters, quality in _preferences(accept):
        offered = _offer(name, parameters)
        if offered is not None and quality > best_quality:
            best, best_quality = offered, quality
    return best


def wants_protobuf(accept: str) -> bool:
    """Whether protobuf is asked for by its name."""
    return any(name == PROTOBUF and quality > 0 for name, _, quality in _preferences(accept))


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is acceptable, and not less welcome than an uncompressed body."""
    qualities = {name: quality for name, _, quality in _preferences(accept_encoding)}
    gzip = max(
        (qualities[name] for name in ("gzip", "x-gzip") if name in qualities), default=qualities.get("*", 0.0)
    )
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _offer(name: str, parameters: Mapping[str, str]) -> Format | None:
    if name in ("text/plain", "text/*", "*/*"):
        return Format(_TEXT, open_metrics=False)
    if name != "application/openmetrics-text" or parameters.get("version", "1.0.0") != "1.0.0":
        return None
    if "escaping" not in parameters:
        return Format(_OPEN_METRICS, open_metrics=True)
    # All names are plain, so the two schemes that leave plain names alone spell the same bytes.
    scheme = "allow-utf-8" if parameters["escaping"] == "allow-utf-8" else "underscores"
    return Format(f"{_OPEN_METRICS}; escaping={scheme}", open_metrics=True)


def _preferences(header: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """(name, parameters, quality) of each member, in order; a quality that is no number counts as 0."""
    for member in header.split(","):
        name, *rest = (part.strip().lower() for part in member.split(";"))
        if not name:
            continue
        parameters = {key.strip(): value.strip(' "') for key, _, value in (p.partition("=") for p in rest)}
        yield name, parameters, _quality(parameters.get("q", "1"))


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
