"""The catalog held: kept across failures, never replaced by an older one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from factories import NOW, catalog
from workflow_exporter.catalog import Catalog
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.snapshot import CatalogReading, SourceState

pytestmark = pytest.mark.anyio

GONE = CatalogUnavailableError("the catalog file cannot be read: No such file or directory")
BROKEN = CatalogError("the catalog is not JSON: Input data was truncated")


class ScriptedSource:
    """Gives its answers one after the other; errors are raised."""

    def __init__(self, *answers: Catalog | CatalogError) -> None:
        self._answers = iter(answers)
        self.title = "a script"
        self.asked: list[str] = []

    async def load(self, platform: str) -> Catalog:
        self.asked.append(platform)
        answer = next(self._answers)
        if isinstance(answer, CatalogError):
            raise answer
        return answer


def clock() -> Iterator[datetime]:
    moment = NOW
    while True:
        yield moment
        moment += timedelta(hours=1)


def held(*answers: Catalog | CatalogError) -> HeldCatalog:
    moments = clock()
    return HeldCatalog(ScriptedSource(*answers), lambda: next(moments))


async def test_before_the_first_answer_there_is_no_catalog_and_the_source_is_neither_up_nor_down() -> None:
    keeper = held()

    assert keeper.reading() == CatalogReading(None, "the catalog has not been read yet")
    assert keeper.state() == SourceState("catalog", up=None)
    assert keeper.title == "a script"


async def test_catalog_is_held_with_the_moment_it_was_read() -> None:
    keeper = held(catalog())

    assert await keeper.refresh("deis")

    assert keeper.reading() == CatalogReading(catalog())
    assert keeper.state() == SourceState("catalog", up=True, last_success=NOW)


async def test_same_content_again_changes_nothing_but_the_moment() -> None:
    keeper = held(catalog(), catalog())
    await keeper.refresh("deis")
    first = keeper.reading().catalog

    assert not await keeper.refresh("deis")

    assert keeper.reading().catalog is first
    assert keeper.state().last_success == NOW + timedelta(hours=1)


@pytest.mark.parametrize(("failure", "refused"), [(GONE, 0), (BROKEN, 1)])
async def test_last_good_catalog_stays_across_failures(failure: CatalogError, refused: int) -> None:
    keeper = held(catalog(), failure, failure, catalog(title="Next"))
    await keeper.refresh("deis")

    assert await keeper.refresh("deis")
    assert not await keeper.refresh("deis")

    assert keeper.reading() == CatalogReading(catalog())
    assert keeper.state() == SourceState("catalog", up=False, reason=str(failure), last_success=NOW)
    assert keeper.refused == 2 * refused

    assert await keeper.refresh("deis")
    assert keeper.reading() == CatalogReading(catalog(title="Next"))
    assert keeper.state().up


async def test_failure_at_first_says_why_there_is_no_catalog() -> None:
    keeper = held(GONE)

    assert await keeper.refresh("deis")

    assert keeper.reading() == CatalogReading(None, str(GONE))
    assert keeper.state() == SourceState("catalog", up=False, reason=str(GONE))


async def test_older_catalog_is_refused_and_counted_and_the_newer_one_stays() -> None:
    newer = catalog(generated=datetime(2017, 9, 7, tzinfo=UTC))
    older = catalog(generated=datetime(2017, 9, 1, tzinfo=UTC))
    keeper = held(newer, older)
    await keeper.refresh("deis")

    assert await keeper.refresh("deis")

    assert keeper.reading() == CatalogReading(newer)
    assert keeper.refused == 1
    assert keeper.state().reason == "the catalog of 2017-09-01 is older than the one held of 2017-09-07"


async def test_catalog_of_another_platform_is_no_older_one() -> None:
    drycc = catalog(platform="drycc", generated=datetime(2010, 1, 1, tzinfo=UTC))
    source = ScriptedSource(catalog(), drycc)
    keeper = HeldCatalog(source, lambda: NOW)
    await keeper.refresh("deis")

    assert await keeper.refresh("drycc")

    assert keeper.reading() == CatalogReading(drycc)
    assert source.asked == ["deis", "drycc"]


async def test_fault_that_is_no_catalog_error_is_not_swallowed() -> None:
    keeper = held()

    with pytest.raises(RuntimeError):  # the script has no answers: a fault of the test's own making
        await keeper.refresh("deis")


async def test_failures_in_a_row_are_counted_and_the_last_wish_of_the_server_is_kept() -> None:
    busy = CatalogUnavailableError("the releases API is down (503)", retry_after_seconds=120)
    keeper = held(busy, GONE, BROKEN, catalog(), busy)

    seen = []
    for _ in range(5):
        await keeper.refresh("deis")
        seen.append((keeper.failures, keeper.retry_after_seconds))

    assert seen == [(1, 120), (2, None), (3, None), (0, None), (1, 120)]


class Clock:
    """A clock that is set by the test."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def dated(moment: datetime) -> Catalog:
    return catalog(generated=moment, expires=None)


YEAR_9999 = dated(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


async def test_catalog_from_the_future_is_refused_and_counted_and_keeps_no_honest_one_out() -> None:
    honest = dated(NOW - timedelta(days=100))
    keeper = HeldCatalog(ScriptedSource(YEAR_9999, honest), Clock())

    await keeper.refresh("deis")
    assert keeper.reading().catalog is None
    assert keeper.refused == 1
    assert keeper.state().reason == (
        "the catalog was generated at 9999-12-31 23:59 UTC by its own account, more than 10 minutes after "
        f"the time here, {NOW:%Y-%m-%d %H:%M} UTC: one of the two clocks is wrong"
    )

    await keeper.refresh("deis")
    assert keeper.reading() == CatalogReading(honest)


@pytest.mark.parametrize(
    ("ahead", "refused"), [(timedelta(minutes=10), 0), (timedelta(minutes=10, seconds=1), 1)]
)
async def test_clocks_may_differ_by_ten_minutes(ahead: timedelta, refused: int) -> None:
    keeper = HeldCatalog(ScriptedSource(dated(NOW + ahead)), Clock())

    await keeper.refresh("deis")

    assert keeper.refused == refused


@pytest.mark.parametrize("is_signed", [False, True])
async def test_catalog_that_was_taken_while_the_own_clock_was_wrong_keeps_no_honest_one_out(
    is_signed: bool,
) -> None:
    clock, honest = Clock(datetime(9999, 12, 31, tzinfo=UTC)), dated(NOW - timedelta(days=100))
    ahead = dated(datetime(9999, 12, 30, tzinfo=UTC))
    keeper = HeldCatalog(ScriptedSource(ahead, honest), clock, is_signed=is_signed)
    await keeper.refresh("deis")
    assert keeper.reading() == CatalogReading(ahead)

    clock.moment = NOW
    await keeper.refresh("deis")

    assert keeper.reading() == CatalogReading(honest)
    assert keeper.state() == SourceState("catalog", up=True, last_success=NOW)


async def test_held_catalog_stays_while_the_own_clock_is_behind() -> None:
    clock, honest = Clock(), dated(NOW)
    keeper = HeldCatalog(ScriptedSource(honest, honest, honest), clock)
    await keeper.refresh("deis")

    clock.moment = datetime(1970, 1, 1, tzinfo=UTC)
    await keeper.refresh("deis")
    assert keeper.reading() == CatalogReading(honest)
    assert keeper.state().up is False

    clock.moment = NOW
    await keeper.refresh("deis")
    assert keeper.state().up


async def test_unsigned_catalog_dated_today_keeps_an_older_honest_one_out_for_a_day_only() -> None:
    clock, honest = Clock(), dated(NOW - timedelta(days=100))
    keeper = HeldCatalog(ScriptedSource(dated(NOW), honest, honest), clock)
    await keeper.refresh("deis")

    clock.moment += timedelta(hours=24)
    await keeper.refresh("deis")
    assert keeper.reading() == CatalogReading(dated(NOW))

    clock.moment += timedelta(seconds=1)
    await keeper.refresh("deis")
    assert keeper.reading() == CatalogReading(honest)


async def test_signed_catalog_keeps_older_ones_out_for_good() -> None:
    clock, older = Clock(), dated(NOW - timedelta(days=100))
    keeper = HeldCatalog(ScriptedSource(dated(NOW), older), clock, is_signed=True)
    await keeper.refresh("deis")

    clock.moment += timedelta(days=30)
    await keeper.refresh("deis")

    assert keeper.reading() == CatalogReading(dated(NOW))
    assert keeper.refused == 1
