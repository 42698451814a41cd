"""The Authorization header of requests to the API server: asked anew each time, renewed on a 401."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

import httpx

from workflow_exporter.errors import ClusterError, ConnectionSettingsError

_T = TypeVar("_T")

_LOG = logging.getLogger(__name__)

# The reason of all sources on the public page. What really failed names users, files and servers.
_UNUSABLE = "the kubeconfig or the service account gives no usable credentials: the log says why"

# A credential plug-in that opens a browser or waits for a network must not hold a source for ever.
_DEADLINE_SECONDS = 30.0
# All sources meet the same 401 at the same moment, and a wrong token stays wrong: one renewal serves all.
_RENEWAL_INTERVAL_SECONDS = 5.0


class CredentialSource(Protocol):
    """Where the header's value comes from. Both methods may block: a plug-in is a process."""

    def authorization(self) -> str | None:
        """The header's value, refreshed if it is known to have expired; None: no such header."""
        ...

    def renew(self) -> None:
        """Reads everything again from where it came; raises ClusterError where that fails."""
        ...


class Credentials(httpx.Auth):
    """Puts the header on each request; after a 401 renews once and asks once more."""

    def __init__(
        self,
        source: CredentialSource,
        *,
        deadline_seconds: float = _DEADLINE_SECONDS,
        renewal_interval_seconds: float = _RENEWAL_INTERVAL_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._source = source
        self._deadline_seconds = deadline_seconds
        self._renewal_interval_seconds = renewal_interval_seconds
        self._clock = clock
        self._renewed_at: float | None = None
        self._reading: asyncio.Future[str | None] | None = None
        self._renewing: asyncio.Future[None] | None = None
        self._renewals = 0  # that have ended
        self._logged: dict[str, str] = {}  # operation -> its failure, as long as it fails in the same way

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        renewals = self._renewals
        await self._put_header(request)
        response = yield request
        if response.status_code != 401 or not await self._renewed(request, renewals):
            return
        await self._put_header(request)
        yield request

    async def _put_header(self, request: httpx.Request) -> None:
        value = await self._authorization()
        request.headers.pop("Authorization", None)
        if value is not None:
            request.headers["Authorization"] = value

    async def _authorization(self) -> str | None:
        if self._reading is None or self._reading.done():
            self._reading = _in_daemon_thread(self._source.authorization)
        return await self._in_time("reading", self._reading)

    async def _renewed(self, request: httpx.Request, renewals_before: int) -> bool:
        """Whether asking again may help: the credentials are others than those the request bore."""
        read = await self._authorization()
        if read != request.headers.get("Authorization") or self._renewals > renewals_before:
            return True  # another request has renewed them meanwhile
        if self._renewing is None or self._renewing.done():
            if self._renewed_at is not None and (
                self._clock() - self._renewed_at < self._renewal_interval_seconds
            ):
                return False
            self._renewed_at = self._clock()
            self._renewing = _in_daemon_thread(self._source.renew, self._renewal_ends)
        await self._in_time("renewing", self._renewing)
        return True

    def _renewal_ends(self) -> None:
        self._renewals += 1
        self._reading = None  # what began to be read before is of before

    async def _in_time(self, operation: str, future: "asyncio.Future[_T]") -> _T:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                outcome = await asyncio.shield(future)
        except TimeoutError as error:
            raise ClusterError(
                f"the credentials could not be read within {self._deadline_seconds:g} s: "
                "run the kubeconfig's credential plug-in by hand"
            ) from error
        except OSError as error:
            raise ClusterError(f"the credentials could not be read: {error.strerror}") from error
        except ConnectionSettingsError as error:
            self._log_once(operation, str(error))
            raise ClusterError(_UNUSABLE) from error
        self._logged.pop(operation, None)
        return outcome

    def _log_once(self, operation: str, failure: str) -> None:
        """All sources fail alike, again and again: one line for each change."""
        if self._logged.get(operation) != failure:
            self._logged[operation] = failure
            _LOG.warning("%s the cluster's credentials: %s", operation, failure)


def _in_daemon_thread(
    function: Callable[[], _T], ends: Callable[[], None] | None = None
) -> "asyncio.Future[_T]":
    """What `function` returns or raises; `ends` is called in the loop just before anybody can see that.

    Not the loop's executor: the program's end would wait for a plug-in that hangs.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()
    # Nobody may be left waiting when the deadline has passed; that is no unhandled error.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def deliver(outcome: Callable[[], None]) -> None:
        if ends is not None:
            ends()
        if not future.done():
            outcome()

    def run() -> None:
        try:
            outcome = partial(future.set_result, function())
        except Exception as error:  # noqa: BLE001  handed to whoever waits
            outcome = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: the program has ended
            loop.call_soon_threadsafe(deliver, outcome)

    threading.Thread(target=run, name="credentials", daemon=True).start()
    return future
