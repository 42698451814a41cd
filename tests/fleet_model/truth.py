"""What every recorded series should say at a moment, from the words of prometheus/README.md. Pure.

Written to be believed and not to be fast: each number is a sentence over the list of instances.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

from fleet_model.contents import contents
from fleet_model.known import FORGOTTEN, Known, Labels, Truth, Vector, by_audience, count, known_at, labels
from fleet_model.reports import AUDIENCES, DAY, Fleet

WINDOWS = {"week": 7 * DAY, "month": 30 * DAY, "quarter": 91 * DAY}


def period_starts(now: int) -> dict[str, int]:
    """When the ISO week, the month and the quarter began, by the calendar of the standard library."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    starts = {
        "week": today - timedelta(days=today.isocalendar().weekday - 1),
        "month": today.replace(day=1),
        "quarter": today.replace(day=1, month=(today.month - 1) // 3 * 3 + 1),
    }
    return {period: int(start.timestamp()) for period, start in starts.items()}


def _month(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC).replace(day=1, hour=0, minute=0, second=0)


def truth(fleet: Fleet, now: int) -> Truth:
    """Every recorded series by name. Where all audiences are promised, they are there."""
    known = known_at(fleet, now)
    running = [one for one in known if one.running]
    return {
        **_instances(known),
        **_counts(running),
        **_windows(known, now),
        **_periods(known, now),
        **_cohorts(known, running, now),
        **contents(running, fleet.newest, now),
    }


def _instances(known: list[Known]) -> Truth:
    last = {
        labels(
            instance_id=one.report.instance_id,
            cluster_id=one.report.about.cluster_id,
            platform=one.report.about.platform,
            version=one.report.about.version,
            train=one.report.about.train,
            audience=one.audience,
            exporter_version=one.report.about.exporter_version,
            kubernetes_version=one.report.about.kubernetes_version,
        ): float(one.last_seen)
        for one in known
    }
    first = {labels(instance_id=one.report.instance_id): float(one.first_seen) for one in known}
    return {
        "instance_id:fleet_last_seen_timestamp_seconds:max": last,
        "instance_id:fleet_first_seen_timestamp_seconds:min": first,
    }


def _counts(running: list[Known]) -> Truth:
    clusters = {(one.audience, one.report.about.cluster_id) for one in running}
    counted = Counter(audience for audience, _ in clusters)
    confirmed = [one for one in running if one.last_seen - one.first_seen >= DAY]

    def of(*names: str) -> Vector:
        return count(
            running,
            lambda one: labels(
                audience=one.audience, **{name: getattr(one.report.about, name) for name in names}
            ),
        )

    return {
        "audience:fleet_instances_running:count24h": by_audience(running),
        "audience:fleet_clusters_running:count24h": {
            labels(audience=audience): float(counted[audience]) for audience in AUDIENCES
        },
        "audience:fleet_instances_confirmed:count24h": by_audience(confirmed),
        "audience_platform:fleet_instances:count": of("platform"),
        "audience_platform_version:fleet_instances:count": of("platform", "version"),
        "audience_platform_train:fleet_instances:count": of("platform", "train"),
        "audience_kubernetes_version:fleet_instances:count": of("kubernetes_version"),
        "audience_exporter_version:fleet_instances:count": of("exporter_version"),
    }


def _windows(known: list[Known], now: int) -> Truth:
    appeared: Vector = {}
    disappeared: Vector = {}
    for window, seconds in WINDOWS.items():
        came = [one for one in known if one.first_seen > now - seconds]
        went = [one for one in known if now - DAY - seconds < one.last_seen <= now - DAY]
        appeared |= by_audience(came, window=window)
        disappeared |= by_audience(went, window=window)
    return {
        "audience_window:fleet_instances_appeared:count": appeared,
        "audience_window:fleet_instances_disappeared:count": disappeared,
    }


def _periods(known: list[Known], now: int) -> Truth:
    appeared: Vector = {}
    disappeared: Vector = {}
    starts = period_starts(now)
    for period, start in starts.items():
        appeared |= by_audience((one for one in known if one.first_seen >= start), period=period)
        went = (one for one in known if start <= one.last_seen + DAY <= now)
        disappeared |= by_audience(went, period=period)
    return {
        "period:fleet_period_start_timestamp_seconds:last": {
            labels(period=period): float(start) for period, start in starts.items()
        },
        "audience_period:fleet_instances_appeared:count": appeared,
        "audience_period:fleet_instances_disappeared:count": disappeared,
    }


def _cohorts(known: list[Known], running: list[Known], now: int) -> Truth:
    def cohort(one: Known) -> Labels:
        return labels(audience=one.audience, cohort=f"{_month(one.first_seen):%Y%m}")

    young = [one for one in known if now - _month(one.first_seen).timestamp() < FORGOTTEN]
    return {
        "audience_cohort:fleet_instances_running:count": count(running, cohort),
        "audience_cohort:fleet_instances_appeared:count": count(young, cohort),
    }
