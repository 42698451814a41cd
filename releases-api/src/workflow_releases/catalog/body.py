"""The identity body: the same catalog gives the same bytes on every replica and after every restart."""

from datetime import UTC, datetime, timedelta

import msgspec

from workflow_releases.catalog.model import Catalog

_VALID = timedelta(days=30)  # an agent that heard nothing for this long can no longer tell
_encoder = msgspec.json.Encoder(order="deterministic")  # mappings by key; fields as the model lists them


def week_start(moment: datetime) -> datetime:
    """Monday 00:00 UTC of the ISO week."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def expires_in_week(start: datetime) -> datetime:
    """When catalogs served in the week that starts at `start` are to be believed no more."""
    return start + _VALID


def encode(catalog: Catalog) -> bytes:
    """Compact JSON, UTF-8."""
    return _encoder.encode(catalog)


def with_expiry(catalog: Catalog, expires: datetime | None) -> Catalog:
    return msgspec.structs.replace(catalog, expires=expires)
