"""Numbers and moments of a cluster -> coarse ones. Pure.

None: nothing may be said, and the series is left out.
"""

import math
from datetime import UTC, datetime, timedelta

GIBIBYTE = 1024**3
_EXACT_UP_TO = 10  # nodes; so few are common, and staff ask how many clusters are that small
_MOST = 2.0**62  # 4 EiB; what is beyond all machines together is a fault, or an attempt to tell something
_BEFORE_KUBERNETES = datetime(
    2014, 6, 2, tzinfo=UTC
)  # the Monday of its first commit: older is a wrong clock


def count(number: float) -> float:
    return float(number)


def rounded_count(number: float) -> float:
    """Two digits of numbers above 10, half up: 5,127 nodes become 5,100."""
    whole = int(number)
    if whole <= _EXACT_UP_TO:
        return float(whole)
    step = 10 ** (len(str(whole)) - 2)
    return float((whole + step // 2) // step * step)


def power_of_two(number: float) -> float | None:
    """The next power of two from 1 on; nothing where there is no capacity, or one that cannot be true."""
    if not 0 < number <= _MOST:  # neither is true of NaN
        return None
    return float(2 ** max(0, math.ceil(math.log2(number))))


def power_of_two_gibibytes(number_of_bytes: float) -> float | None:
    """In bytes, but a whole power of two of GiB, from 1 GiB on."""
    gibibytes = power_of_two(number_of_bytes / GIBIBYTE)
    return None if gibibytes is None else gibibytes * GIBIBYTE


def monday(moment: datetime | None, slot: datetime) -> float | None:
    """Monday 00:00 UTC before `moment`, in seconds since 1970; nothing for what a wrong clock made."""
    if moment is None:
        return None
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = day - timedelta(days=day.weekday())
    return start.timestamp() if _BEFORE_KUBERNETES <= start <= slot else None
