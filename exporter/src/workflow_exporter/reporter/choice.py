"""Whether this agent reports, to whom, and as what, by its settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workflow_exporter.outgoing import Way
from workflow_exporter.settings import Settings
from workflow_exporter.web_address import WebAddress


@dataclass(frozen=True, slots=True)
class Reporting:
    """Reporting as it is in effect, but for the id that an installation needs."""

    way: Way | None  # None: off; then nothing is ever built that could send
    words: str  # what is in effect, for page and JSON
    audience: str
    bearer_file: Path | None


def choose(settings: Settings, *, recorded: bool, proxy: Callable[[WebAddress], str | None]) -> Reporting:
    """`recorded`: files are read instead of a cluster. Sends nothing. Raises SettingsError."""
    address = settings.report_url
    why_off = _why_off(settings, recorded=recorded)
    if why_off is not None or address is None:
        return Reporting(None, f"off: {why_off}", settings.report_audience, None)
    return Reporting(
        Way(address, proxy=proxy(address), ca_bundle=settings.ca_bundle_file),
        f"on: once an hour to {address.authority}{'' if address.encrypted else ' over plain http'}",
        settings.report_audience,
        settings.report_bearer_token_file,
    )


def _why_off(settings: Settings, *, recorded: bool) -> str | None:
    if settings.do_not_track:
        return "DO_NOT_TRACK is set"
    if not settings.reporting_enabled:
        return "nothing is sent unless REPORTING_ENABLED is true"
    if settings.report_url is None:
        return "there is nobody to report to, as REPORT_URL is not set"
    if recorded:
        return "a recording is no installation that runs"
    return None
