"""More than a hundred days of a fleet: growth, upgrades, absences, death, marks, outages. The same each time.

Pure. That a report was delivered late, or after the next, is no part of it: the store knows only its hour.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fleet_model.reports import DAY, HOUR, VERDICTS, WEEK, About, Fleet, Mark, Outage, Report

START = 1_784_505_600  # Monday 2026-07-20 00:00 UTC
END = START + 106 * DAY  # Tuesday 2026-11-03: a week, a month and a quarter began on the way

GATEWAY_DOWN = Outage(START + 40 * DAY + 7 * HOUR, START + 42 * DAY + 7 * HOUR)
PROMETHEUS_DOWN = Outage(START + 60 * DAY + 3 * HOUR, START + 61 * DAY + 3 * HOUR)
API_NOT_SCRAPED = Outage(START + 75 * DAY, START + 75 * DAY + 18 * HOUR)

RELEASES = {
    "deis": ("v2.17.0", "v2.18.0", "v2.18.1", "v2.19.0"),
    "hephy": ("v2.21.0", "v2.22.0", "v2.22.1", "v2.23.0"),
    "drycc": ("v1.6.0", "v1.7.0", "v1.8.0", "v1.8.1"),
}
_RELEASED = (0, 20 * DAY, 50 * DAY, 80 * DAY)  # after START
_COMPONENTS = ("builder", "controller", "database", "router", "registry")
_FEBRUARY_2019 = 1_549_238_400  # a Monday

CLOCK_FAST = 10 * 60  # seconds that some clocks are ahead
_LATEST_SENDING = 110 * 60  # seconds after its slot: then a report is given up


@dataclass(frozen=True, slots=True)
class Life:
    """What is settled about an instance on its first day."""

    number: int
    born: int
    died: int  # END or later: alive
    absences: tuple[Outage, ...]
    upgrades: tuple[int, ...]  # moments, one release each
    platform: str
    train: str
    audience: str
    cluster: int

    @property
    def instance_id(self) -> str:
        return f"{self.number:032x}"


def story(count: int = 64) -> Fleet:
    """The fleet, as its reports were stored."""
    lives = [_life(number, random.Random(number)) for number in range(count)]  # noqa: S311 - a story, no secret
    reports = sorted(
        (report for life in lives for report in _reports(life)),
        key=lambda report: (report.slot, report.instance_id),
    )
    return Fleet(
        START,
        END,
        tuple(reports),
        _marks(),
        _newest(),
        prometheus_down=(PROMETHEUS_DOWN,),
        api_not_scraped=(API_NOT_SCRAPED,),
    )


def _life(number: int, chance: random.Random) -> Life:
    born = START if number < 24 else START + chance.randrange(95 * 24) * HOUR
    died = END + DAY
    absences: list[Outage] = []
    if number in (0, 1, 2):  # die at once; after 100 days they are forgotten, and one comes back after that
        died = START + (number + 2) * DAY + 5 * HOUR
        if number == 1:
            absences, died = [Outage(died, START + 104 * DAY + 11 * HOUR)], END + DAY
    elif number % 6 == 3:
        died = born + chance.randrange(1, 60 * 24) * HOUR
    elif number % 6 == 4:  # five days away
        away = born + chance.randrange(2 * 24, 20 * 24) * HOUR
        absences = [Outage(away, away + 5 * DAY)]
    elif number % 6 == 5:  # often away, and each time for less than a day
        for _ in range(6):
            away = born + chance.randrange(DAY // HOUR, 60 * 24) * HOUR
            absences.append(Outage(away, away + chance.randrange(2, 23) * HOUR))
    first = chance.randrange(2)
    upgrades = [START + moment + chance.randrange(15 * 24) * HOUR for moment in _RELEASED[first + 1 :]]
    if number % 7 == 0:
        upgrades = []
    return Life(
        number,
        born,
        died,
        tuple(absences),
        tuple(upgrades),
        ("deis", "hephy", "drycc")[number % 3],
        "beta" if number % 11 == 0 else "stable",
        ("staff", "ci", "test")[number % 3] if number % 8 == 7 else "customer",
        cluster=number - 1 if number % 9 == 5 else number,  # some share a cluster with the one before
    )


def _reports(life: Life) -> Iterator[Report]:
    """One an hour, unless it or somebody on the way was down while there was time to send it."""
    chance = random.Random(1000 + life.number)  # noqa: S311 - a story, no secret
    for slot in range(life.born, min(life.died, END + 1), HOUR):
        sent = slot + chance.randrange(HOUR) - (CLOCK_FAST if life.number % 10 == 2 else 0)
        if any(absence.covers(slot) for absence in life.absences):
            continue
        if not _arrives(slot, sent):
            continue
        yield _report(life, slot)


def _arrives(slot: int, sent: int) -> bool:
    """Tried again until the next hour's report takes its place, and for 110 minutes at most."""
    give_up = min(sent + HOUR, slot + _LATEST_SENDING)
    return not any(
        outage.covers(sent) and outage.until >= give_up for outage in (GATEWAY_DOWN, PROMETHEUS_DOWN)
    )


def _report(life: Life, slot: int) -> Report:
    upgraded = sum(moment <= slot for moment in life.upgrades)
    release = min(upgraded + life.number % 2, 3)
    kubernetes = 28 + (slot - START) // (50 * DAY) + life.cluster % 3
    created = _FEBRUARY_2019 + (life.number * 13 % 380) * WEEK
    return Report(
        life.instance_id,
        slot,
        About(
            f"{life.cluster + 500:032x}",
            life.platform,
            "other" if life.number % 13 == 12 else RELEASES[life.platform][release],
            life.train,
            life.audience,
            f"v1.{upgraded}.0",
            f"1.{kubernetes}",
        ),
        _component_versions(life, release),
        _verdicts(life, release),
        _nodes(life, kubernetes),
        min(created, life.born // WEEK * WEEK - 3 * DAY),
        _FEBRUARY_2019 + (life.cluster * 5 % 100) * WEEK,
        {"oldest": _FEBRUARY_2019 + 100 * WEEK, "newest": _FEBRUARY_2019 + (101 + life.cluster) * WEEK},
        2 ** (2 + life.cluster % 6),
        2 ** (33 + life.cluster % 4),
        2 ** (37 + life.cluster % 5),
    )


def _component_versions(life: Life, release: int) -> Mapping[str, str]:
    """One component went with the last release, and one lags behind in some."""
    found = dict.fromkeys(_COMPONENTS, f"v2.{release + 4}.0")
    if release == 3:
        del found["registry"]
    if life.number % 5 == 0:
        found["router"] = "v2.4.1"
    return found


def _verdicts(life: Life, release: int) -> Mapping[str, int]:
    outdated = 0 if release == 3 else (life.number + release) % 4
    return {verdict: outdated if verdict == "outdated" else len(verdict) % 3 for verdict in VERDICTS}


def _nodes(life: Life, kubernetes: int) -> Mapping[tuple[str, str, str, str], int]:
    """New kubelets with each new Kubernetes, so that old combinations go."""
    os_image = ("Ubuntu 22.04", "Debian 12", "Flatcar")[life.cluster % 3]
    one = (os_image, f"1.{kubernetes}.1", "containerd 1.7", "amd64")
    other = (os_image, f"1.{kubernetes - 1}.3", "containerd 1.6", "arm64")
    return {one: 1 + life.number % 4, other: 2} if life.cluster % 4 else {one: 3}


def _marks() -> tuple[Mark, ...]:
    return (
        Mark(f"{6:032x}", "staff", START + 30 * DAY + HOUR),  # marked late: past windows change with it
        Mark(f"{8:032x}", "staff", START + 10 * DAY, START + 50 * DAY),
        Mark(f"{8:032x}", "test", START + 50 * DAY),  # becomes another
        Mark(f"{12:032x}", "ci", START + 5 * DAY, START + 70 * DAY),  # taken back
        Mark(f"{0:032x}", "test", START + 1 * DAY),  # of one that died
        Mark(f"{15:032x}", "customer", START + 20 * DAY),  # against its own word
        Mark("f" * 32, "staff", START),  # nobody knows it
    )


def _newest() -> Mapping[tuple[str, str, str], str]:
    """Of drycc's beta train nothing is known, and of the database nothing at all."""
    return {
        (platform, train, component): "v2.7.0" if component != "router" else "v2.4.1"
        for platform in RELEASES
        for train in ("stable", "beta")
        for component in _COMPONENTS
        if component != "database" and (platform, train) != ("drycc", "beta")
    }
