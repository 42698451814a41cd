"""The platform as a whole: which platform release runs, and how far the components drifted from it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class BundleAssessment:
    """`version` None: no platform release agrees with half of what runs; the report says `other`."""

    version: str | None
    train: str
    newest: str | None  # newest bundle of the train, None without a catalog
    newest_released: datetime | None
    matching: int
    drifted: int
    missing: int  # components that the profile requires and that are not there
    notes_url: str | None = None  # of the newest bundle
