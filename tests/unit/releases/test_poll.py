import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from factories import catalog
from workflow_exporter.catalog import Catalog
from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.poll import CatalogPoll


class Source:
    """Gives what it has been told to, and remembers who asked."""

    title = "the file catalog.json"

    def __init__(self, *answers: Catalog | None) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def load(self, platform: str) -> Catalog:
        self.asked.append(platform)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise CatalogUnavailableError("no such file")
        return answer


def poll(source: Source, interval_seconds: float = 3600) -> CatalogPoll:
    return CatalogPoll(HeldCatalog(source, lambda: datetime(2026, 1, 1, tzinfo=UTC)), interval_seconds)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - lets the polled task run; nothing sets an event for us
            await asyncio.sleep(0)


@pytest.mark.anyio
async def test_nobody_is_asked_before_the_platform_is_known_and_then_at_once() -> None:
    source, changes = Source(catalog()), []
    under_test = poll(source)
    running = asyncio.create_task(under_test.run(lambda: changes.append("changed")))
    for _ in range(20):
        await asyncio.sleep(0)
    before = list(source.asked)

    under_test.follow("deis")
    await until(lambda: bool(changes))
    running.cancel()

    assert (before, source.asked) == ([], ["deis"])


@pytest.mark.anyio
async def test_it_asks_again_after_the_interval() -> None:
    source = Source(catalog())
    under_test = poll(source, interval_seconds=0)
    under_test.follow("deis")
    running = asyncio.create_task(under_test.run(lambda: None))

    await until(lambda: len(source.asked) > 2)
    running.cancel()

    assert set(source.asked) == {"deis"}


@pytest.mark.anyio
async def test_a_failure_is_one_log_line_however_often_it_repeats(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = Source(None, None, None, catalog())
    under_test = poll(source, interval_seconds=0)
    under_test.follow("deis")
    running = asyncio.create_task(under_test.run(lambda: None))

    await until(lambda: len(source.asked) > 5)
    running.cancel()

    assert [record.message for record in caplog.records] == [
        "catalog of deis from the file catalog.json: no such file",
        "catalog of deis read from the file catalog.json",
    ]
