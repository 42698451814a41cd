import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from factories import catalog
from workflow_exporter.catalog import Catalog
from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.poll import CatalogPoll

pytestmark = pytest.mark.anyio

GONE = CatalogUnavailableError("no such file")
BUSY = CatalogUnavailableError("is asked too often", retry_after_seconds=7)


class Source:
    """Gives what it has been told to, the last of it for ever, and remembers who asked."""

    title = "the file catalog.json"

    def __init__(self, *answers: Catalog | CatalogUnavailableError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def load(self, platform: str) -> Catalog:
        self.asked.append(platform)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, CatalogUnavailableError):
            raise answer
        return answer


class Clockwork:
    """A pace that says what it was asked, and a sleep that ends when the test lets it."""

    def __init__(self, *, pauses: int = 1000) -> None:
        self.asked: list[tuple[int, float | None]] = []
        self.slept: list[float] = []
        self._pauses = pauses  # that end at once; the next one lasts

    def pause_seconds(self, failures: int, retry_after_seconds: float | None) -> float:
        self.asked.append((failures, retry_after_seconds))
        return 100.0 * len(self.asked)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > self._pauses:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


def poll(source: Source, clockwork: Clockwork) -> CatalogPoll:
    held = HeldCatalog(source, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    return CatalogPoll(held, clockwork, sleep=clockwork.sleep)


@asynccontextmanager
async def running(under_test: CatalogPoll, changes: list[str]) -> AsyncIterator[None]:
    task = asyncio.create_task(under_test.run(lambda: changes.append("changed")))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - lets the polled task run; nothing sets an event for us
            await asyncio.sleep(0)


async def test_nobody_is_asked_before_the_platform_is_known_and_then_at_once() -> None:
    source, clockwork, changes = Source(catalog()), Clockwork(pauses=0), list[str]()
    under_test = poll(source, clockwork)
    async with running(under_test, changes):
        for _ in range(20):
            await asyncio.sleep(0)
        before = list(source.asked)

        under_test.follow("deis")
        await until(lambda: bool(clockwork.slept))

    assert (before, source.asked, changes) == ([], ["deis"], ["changed"])


async def test_another_platform_ends_the_pause() -> None:
    source, clockwork = Source(catalog(), catalog(platform="hephy")), Clockwork(pauses=0)
    under_test = poll(source, clockwork)
    under_test.follow("deis")
    async with running(under_test, []):
        await until(lambda: bool(clockwork.slept))

        under_test.follow("deis")
        for _ in range(20):
            await asyncio.sleep(0)
        same = list(source.asked)
        under_test.follow("hephy")
        await until(lambda: len(source.asked) == 2)

    assert (same, source.asked) == (["deis"], ["deis", "hephy"])


async def test_the_pace_is_told_of_failures_in_a_row_and_what_the_server_asked_for() -> None:
    source, clockwork = Source(GONE, BUSY, GONE, catalog(), BUSY, catalog()), Clockwork(pauses=5)
    under_test = poll(source, clockwork)
    under_test.follow("deis")
    async with running(under_test, []):
        await until(lambda: len(clockwork.slept) == 6)

    assert clockwork.asked == [(1, None), (2, 7), (3, None), (0, None), (1, 7), (0, None)]
    assert clockwork.slept == [100, 200, 300, 400, 500, 600]


async def test_a_failure_is_one_log_line_however_often_it_repeats(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source, clockwork = Source(GONE, GONE, GONE, catalog()), Clockwork(pauses=6)
    under_test = poll(source, clockwork)
    under_test.follow("deis")
    async with running(under_test, []):
        await until(lambda: len(clockwork.slept) == 7)

    assert [record.message for record in caplog.records] == [
        "catalog of deis from the file catalog.json: no such file",
        "catalog of deis read from the file catalog.json",
    ]


async def test_nothing_runs_on_after_the_end() -> None:
    under_test = poll(Source(catalog()), Clockwork(pauses=0))
    under_test.follow("deis")
    before = asyncio.all_tasks()
    async with running(under_test, []):
        for _ in range(20):
            await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


class Broken(Source):
    """Has a fault of its own making the first time."""

    async def load(self, platform: str) -> Catalog:
        if not self.asked:
            self.asked.append(platform)
            raise ZeroDivisionError
        return await super().load(platform)


async def test_a_fault_of_ours_in_one_catalog_is_logged_and_asked_about_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source, clockwork = Broken(catalog()), Clockwork(pauses=3)
    under_test = poll(source, clockwork)
    under_test.follow("deis")
    async with running(under_test, []):
        await until(lambda: len(source.asked) > 2)

    assert "the catalog of deis could not be taken in" in caplog.messages
