"""Names that are known, unknown, or never answered for."""

import asyncio
import threading

import pytest

from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.releases.lookup import check_name

pytestmark = pytest.mark.anyio


def knows(host: str) -> object:
    return ["127.0.0.1", host]


def knows_nobody(host: str) -> object:
    raise OSError(f"no address for {host}")


async def test_a_known_name_passes() -> None:
    await check_name("releases.example.org", "the releases API", knows)


async def test_an_unknown_name_is_said_without_being_repeated() -> None:
    with pytest.raises(CatalogUnavailableError) as caught:
        await check_name("telling.example.org", "the proxy", knows_nobody)

    assert str(caught.value) == "the name of the proxy cannot be looked up: DNS does not know it"


def test_a_resolver_that_hangs_holds_neither_the_caller_nor_the_end_of_the_loop() -> None:
    hanging, released = threading.Event(), threading.Event()

    def hangs(host: str) -> object:
        hanging.set()
        return released.wait(30)

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await check_name("releases.example.org", "the releases API", hangs)

    asyncio.run(ask())  # would wait for a thread of the loop's own pool
    ended_first = hanging.is_set() and not released.is_set()
    released.set()

    assert ended_first


async def test_the_name_is_looked_up_by_the_system() -> None:
    await check_name("localhost", "the releases API")
