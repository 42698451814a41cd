"""Everything that is decided before the first request: settings, and the files that they name."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workflow_exporter.errors import SettingsError
from workflow_exporter.platforms.off_cluster import check_off_cluster
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import profile_from_file, shipped_profiles
from workflow_exporter.releases.choice import UpdateCheck
from workflow_exporter.releases.choice import choose as choose_catalog
from workflow_exporter.releases.proxies import proxy_for
from workflow_exporter.reporter.choice import Reporting
from workflow_exporter.reporter.choice import choose as choose_reporting
from workflow_exporter.reporter.identity import read_key
from workflow_exporter.settings import Settings
from workflow_exporter.snapshot import Choices


@dataclass(frozen=True, slots=True)
class Source:
    """What to read, by the command line: a recording, or a cluster."""

    recording: Path | None = None
    kubeconfig: Path | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What this run of the program will do."""

    settings: Settings
    profiles: tuple[Profile, ...]  # one, or all among which `auto` chooses
    identity_key: bytes
    choices: Choices
    update_check: UpdateCheck
    reporting: Reporting
    source: Source


def make_plan(settings: Settings, source: Source, *, now: Callable[[], datetime]) -> Plan:
    """Asks the environment for proxies. Sends nothing. Raises WorkflowExporterError."""
    profiles = _profiles(settings)
    check_off_cluster(settings.off_cluster, profiles)
    update_check = choose_catalog(settings, os.environ, now=now)
    reporting = choose_reporting(
        settings,
        recorded=source.recording is not None,
        proxy=lambda address: proxy_for(address, os.environ),
    )
    choices = Choices(
        train=settings.train,
        off_cluster=settings.off_cluster,
        checks_enabled=update_check.held is not None,
        reporting_enabled=reporting.way is not None,
        modes={"checks": update_check.words, "reporting": reporting.words},
    )
    key = read_key(settings.id_key_file)
    return Plan(settings, profiles, key, choices, update_check, reporting, source)


def _profiles(settings: Settings) -> tuple[Profile, ...]:
    if settings.profile_file is not None:
        return (profile_from_file(settings.profile_file),)
    shipped = shipped_profiles()
    if settings.platform == "auto":
        return shipped
    chosen = tuple(profile for profile in shipped if profile.name == settings.platform)
    if not chosen:
        names = ", ".join(sorted(profile.name for profile in shipped))
        raise SettingsError(
            f"PLATFORM={settings.platform!r} is no shipped profile: auto, {names}; "
            "PROFILE_FILE takes one of your own"
        )
    return chosen


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)
