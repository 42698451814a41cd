"""Moments, spans, sizes and counts in words. English, UTC, and the same on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Not strftime: %b follows the machine's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS_OF_A_YEAR = 365.2425  # mean Gregorian year
_BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment twice: in words for people, RFC 3339 for machines."""

    words: str
    machine: str


def rfc3339(moment: datetime) -> str:
    """`2017-08-08T00:00:00Z`; milliseconds only where there are any."""
    moment = moment.astimezone(UTC)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def day(moment: datetime) -> str:
    """`8 Aug 2017`, in UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def day_and_time(moment: datetime) -> str:
    """`8 Aug 2017 14:05:09 UTC`."""
    return f"{day(moment)} {moment.astimezone(UTC):%H:%M:%S} UTC"


def span(length: timedelta) -> str:
    """`3 minutes`, `5 hours`, `9 years`: in one unit, rounded down.

    Anything shorter than a minute, or negative, is `less than a minute`.
    """
    minutes, days = int(length.total_seconds() // 60), length.days
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return counted(minutes, "minute")
    if days < 2:
        return counted(minutes // 60, "hour")
    if days < 61:
        return counted(days, "day")
    if days < 2 * _DAYS_OF_A_YEAR:
        return counted(int(days / _DAYS_OF_A_YEAR * 12), "month")
    return counted(int(days / _DAYS_OF_A_YEAR), "year")


def ago(moment: datetime, now: datetime) -> str:
    """`3 minutes ago`; a moment that another clock puts ahead of ours is less than a minute ago."""
    return f"{span(now - moment)} ago"


def moment_ago(moment: datetime, now: datetime) -> Moment:
    return Moment(ago(moment, now), rfc3339(moment))


def moment_since(moment: datetime, now: datetime) -> Moment:
    """`8 Aug 2017 (9 years)`."""
    return Moment(f"{day(moment)} ({span(now - moment)})", rfc3339(moment))


def sentence(words: str) -> str:
    """Begun with a capital and ended with a stop: reasons are written to stand within a line.

    A first word with a digit is a version, a tag or a name, and stays as it is written.
    """
    words = words.strip()
    first = words.partition(" ")[0]
    if not any(character.isdigit() for character in first):
        words = f"{words[:1].upper()}{words[1:]}"
    ended = words.endswith((".", "!", "?", "…"))
    return words if ended or not words else f"{words}."


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 component`, `5,000 nodes`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def size(number_of_bytes: int) -> str:
    """`15.6 GiB`: binary units, one decimal below a hundred."""
    amount = float(number_of_bytes)
    for unit in _BINARY_UNITS:
        if amount < 1024 or unit == _BINARY_UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"


def cores(number: float) -> str:
    """`64`, `0.5`: no more decimals than there are."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")
