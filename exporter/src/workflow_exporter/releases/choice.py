"""Where this agent's catalog comes from, by its settings, and how often it is asked for."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow_exporter.catalog import MAX_BODY_BYTES
from workflow_exporter.releases.api import CatalogApi
from workflow_exporter.releases.exchange import Exchange
from workflow_exporter.releases.file import CatalogFile
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.pace import Considerate, Pace, Steady
from workflow_exporter.releases.proxies import proxy_for
from workflow_exporter.releases.signature import TrustedKeys
from workflow_exporter.settings import Settings

_FILE_INTERVAL_SECONDS = 10.0  # a look at a file costs nothing, and a new ConfigMap should show soon


@dataclass(frozen=True, slots=True)
class UpdateCheck:
    """The update check in effect."""

    held: HeldCatalog | None  # None: nobody to ask, or checks are off; then nothing is ever opened
    pace: Pace
    words: str  # what is in effect, for page and JSON
    file: CatalogFile | None = None  # the one that is asked, where it is a file or a folder


def choose(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    now: Callable[[], datetime],
    drawn: Callable[[], float] = random.random,
) -> UpdateCheck:
    """`environment` is asked for proxies; `drawn` gives 0 ≤ x < 1. Sends nothing. Raises SettingsError."""
    steady = Steady(min(_FILE_INTERVAL_SECONDS, settings.poll_interval_seconds))
    if not settings.check_versions:
        return UpdateCheck(None, steady, "off: CHECK_VERSIONS is false")
    keys = TrustedKeys(settings.catalog_public_keys)
    signed = "; only a signed catalog is believed" if keys else ""
    if settings.versions_api_url:
        address = settings.versions_api_url
        exchange = Exchange(
            address,
            proxy=proxy_for(address, environment),
            ca_bundle=settings.ca_bundle_file,
            most_bytes=MAX_BODY_BYTES,
        )
        api = CatalogApi(exchange, keys, authority=address.authority, now=now)
        how = "" if address.encrypted else " over plain http"
        words = f"on: compared with {api.title}{how}, locally; it is told the platform's name alone{signed}"
        held = HeldCatalog(api, now, is_signed=bool(keys))
        return UpdateCheck(held, Considerate(settings.poll_interval_seconds, drawn), words)
    if settings.catalog_file:
        file = CatalogFile(settings.catalog_file, keys)
        words = f"on: compared with {file.title}, locally; nobody is told anything{signed}"
        return UpdateCheck(HeldCatalog(file, now, is_signed=bool(keys)), steady, words, file)
    words = "off: there is nobody to ask, neither VERSIONS_API_URL nor CATALOG_FILE is set"
    return UpdateCheck(None, steady, words)
