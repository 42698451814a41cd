"""A name's look-up that nothing has to wait for.

The event loop's own look-up runs in a pool whose threads the end of the program waits for, and where no
DNS answers (a cluster without a way out) the resolver tries for a minute.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from workflow_exporter.errors import CatalogUnavailableError

Resolve = Callable[[str], object]


def resolve(host: str) -> object:
    """By the system: hosts file, DNS, search domains. Blocks; raises OSError."""
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)


async def check_name(host: str, what: str, resolve: Resolve = resolve) -> None:
    """Returns when the name is known; the caller's own look-up then takes no time worth a thread.

    Raises CatalogUnavailableError, which calls the host `what`. Cancelled, it leaves its thread behind.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        try:
            resolve(host)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label longer than 63
            outcome = partial(found.set_exception, error)
        else:
            outcome = partial(found.set_result, None)
        with suppress(RuntimeError):  # the loop is closed: the program has ended
            loop.call_soon_threadsafe(lambda: None if found.done() else outcome())

    threading.Thread(target=run, name=f"look up {what}", daemon=True).start()
    try:
        await found
    except (OSError, UnicodeError) as error:
        raise CatalogUnavailableError(
            f"the name of {what} cannot be looked up: DNS does not know it"
        ) from error
