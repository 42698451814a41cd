"""The seam to the Kubernetes API: three kinds of requests, and nothing that httpx could raise."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ssl import SSLError
from types import TracebackType
from typing import Self

import httpx
import msgspec

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_errors import (
    UNREADABLE,
    BadAnswerError,
    RefusedError,
    Status,
    UnreachableError,
    refused,
    refused_by_status,
    unreachable,
)
from workflow_exporter.cluster.lines import Lines

# 500 objects of 128 KiB; a node with 50 images has some 30 KiB. Of one answer, and of all together.
_MAX_BODY_BYTES = 64 * 1024 * 1024  # 64 MiB
# Values in a page, counted by its commas: each costs 72 bytes to hold apart, however short it is. An honest
# node has one in 27 bytes, so that this is a page of 27 MB.
_MAX_PAGE_VALUES = 1_000_000
_SMALL_BODY_BYTES = 1024 * 1024  # 1 MiB cannot hold so many that it matters
# From the request to the last byte. An API server ends a list after 60 s by itself (--request-timeout).
_DEADLINE_SECONDS = 60.0
_MAX_OBJECT_BYTES = 4 * 1024 * 1024  # 4 MiB of a single object; etcd takes 1.5 MiB
_MAX_ERROR_BYTES = 64 * 1024  # 64 KiB of an error's body are read; a Status has a few hundred bytes


class Budget:
    """How many bytes of answers may be held at a time, by all requests together."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.left_bytes = most_bytes


class Share:
    """What one answer holds of a budget, until it is given back."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._bytes = 0

    def grow(self, count: int) -> bool:
        """Whether there was as much left."""
        if count > self._budget.left_bytes:
            return False
        self._budget.left_bytes -= count
        self._bytes += count
        return True

    def give_back(self) -> None:
        self._budget.left_bytes += self._bytes
        self._bytes = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `items` are undecoded. For use in a `with`: its end makes room for others."""

    items: list[msgspec.Raw]
    resource_version: str
    continue_token: str  # empty: this was the last page
    share: Share = field(default_factory=lambda: Share(Budget(0)), repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.items.clear()
        self.share.give_back()


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of a watch; `object` is undecoded."""

    type: str  # ADDED, MODIFIED, DELETED, BOOKMARK
    object: msgspec.Raw


class _ListMetadata(msgspec.Struct, frozen=True):
    resource_version: str = msgspec.field(default="", name="resourceVersion")
    continue_token: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct, frozen=True):
    metadata: _ListMetadata = _ListMetadata()
    items: list[msgspec.Raw] | None = None  # an empty list of Go may be null


_ABSENT = msgspec.Raw()


class _ObjectMetadata(msgspec.Struct, frozen=True):
    name: msgspec.Raw = _ABSENT


class _Head(msgspec.Struct, frozen=True):
    """What every object has one of."""

    metadata: _ObjectMetadata = _ObjectMetadata()
    git_version: msgspec.Raw = msgspec.field(default=_ABSENT, name="gitVersion")  # the server's version


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_list = msgspec.json.Decoder(_List).decode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_status = msgspec.json.Decoder(Status).decode


class ApiClient:
    """Reads one API server. Every method raises RefusedError, UnreachableError, BadAnswerError, or the
    ClusterError of credentials that cannot be had; reasons are fit to be shown."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        silence_seconds: float = 30,
        deadline_seconds: float = _DEADLINE_SECONDS,
        max_body_bytes: int = _MAX_BODY_BYTES,
        max_page_values: int = _MAX_PAGE_VALUES,
    ) -> None:
        """`silence_seconds`: the longest that a read may bring no byte. Lists of 5,000 nodes begin within
        0.2 s; a busy server may take some seconds. `deadline_seconds`: for an object or a list's page,
        however it drips, and until a watch is accepted. `max_body_bytes`: of one answer, and of all together
        that are being read or decoded. `max_page_values`: of a list's page that is larger than 1 MiB."""
        self._http = http
        self._silence_seconds = silence_seconds
        self._deadline_seconds = deadline_seconds
        self._max_body_bytes = max_body_bytes
        self._max_page_values = max_page_values
        self._budget = Budget(max_body_bytes)

    async def get(self, address: Address) -> bytes:
        """One object's JSON. What has a name is one, however odd the rest of it; a proxy's page is not."""
        share = Share(self._budget)
        try:
            most = min(_MAX_OBJECT_BYTES, self._max_body_bytes)
            body = bytes(await self._read("get", address, {}, share, most))
        finally:
            share.give_back()
        try:
            head = _decode_head(body)
        except UNREADABLE as error:
            raise BadAnswerError(f"the answer to get {address.words} is not a Kubernetes object") from error
        if head == _Head():
            raise BadAnswerError(f"the answer to get {address.words} is not a Kubernetes object")
        return body

    async def page(self, address: Address, continue_token: str = "", *, limit: int) -> Page:
        """The first page of a list, or the one that `continue_token` leads to.

        resourceVersion stays unset: the newest data, and `0` would make the server ignore the limit.
        """
        parameters = {"limit": str(limit)} | ({"continue": continue_token} if continue_token else {})
        share = Share(self._budget)
        try:
            body = await self._read("list", address, parameters, share, self._max_body_bytes)
            page = _decoded(body, address, self._max_page_values)
        except BaseException:  # a cancellation, too, gives the share back
            share.give_back()
            raise
        return Page(page.items or [], page.metadata.resource_version, page.metadata.continue_token, share)

    @asynccontextmanager
    async def watch(
        self, address: Address, resource_version: str, *, ends_after_seconds: int, silence_seconds: float
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """Events after `resource_version`, until the server ends the watch.

        Entered when the server has accepted the watch. An ERROR event is raised as RefusedError with the
        status it carries; a line that is no event as BadAnswerError.
        """
        parameters = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(ends_after_seconds),
        }
        with _explained(silence_seconds, self._deadline_seconds):
            async with (
                self._answer("watch", address, parameters, silence_seconds) as response,
                aclosing(_events(response, address)) as events,
            ):
                yield events

    async def _read(
        self, verb: str, address: Address, parameters: dict[str, str], share: Share, most_bytes: int
    ) -> bytearray:
        what = f"the answer to {verb} {address.words}"
        # Grown in place: joining httpx's chunks would hold a page twice.
        body = bytearray()
        with _explained(self._silence_seconds, self._deadline_seconds):
            async with self._answer(verb, address, parameters, self._silence_seconds) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > most_bytes:
                        raise BadAnswerError(f"{what} is larger than {most_bytes:,} bytes")
                    if not share.grow(len(chunk)):
                        most = f"{self._budget.most_bytes:,} bytes"
                        raise BadAnswerError(f"{what} would make all that are being read larger than {most}")
        return body

    @asynccontextmanager
    async def _answer(
        self, verb: str, address: Address, parameters: dict[str, str], silence_seconds: float
    ) -> AsyncIterator[httpx.Response]:
        own = self._http.timeout
        timeout = httpx.Timeout(connect=own.connect, read=silence_seconds, write=own.write, pool=own.pool)
        request = self._http.build_request("GET", address.path, params=parameters, timeout=timeout)
        async with asyncio.timeout(self._deadline_seconds) as deadline:
            response = await self._http.send(request, stream=True)
            async with aclosing(response):
                if response.status_code != 200:
                    raise refused(verb, address, response, await _beginning(response))
                if verb == "watch":
                    deadline.reschedule(None)  # its end and its silences have times of their own
                yield response


def _decoded(body: bytearray, address: Address, most_values: int) -> _List:
    try:
        if len(body) > _SMALL_BODY_BYTES and body.count(b",") > most_values:
            raise BadAnswerError(f"the answer to list {address.words} has more than {most_values:,} values")
        page = _decode_list(body)
    except UNREADABLE as error:
        raise BadAnswerError(f"the answer to list {address.words} is not a Kubernetes list") from error
    if not page.metadata.resource_version:
        raise BadAnswerError(f"the answer to list {address.words} is not a Kubernetes list")
    return page


async def _beginning(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= _MAX_ERROR_BYTES:
            break
    return bytes(body)


async def _events(response: httpx.Response, address: Address) -> AsyncGenerator[Event, None]:
    lines = Lines()
    async for chunk in response.aiter_bytes():
        try:
            for line in lines.feed(chunk):
                event = _decode_event(line)
                if event.type == "ERROR":
                    raise _error_event(event, address)
                yield event
        except UNREADABLE as error:
            raise BadAnswerError(f"a line of the watch of {address.words} is not an event") from error


def _error_event(event: Event, address: Address) -> RefusedError:
    return refused_by_status("watch", address, _decode_status(event.object))


@contextmanager
def _explained(silence_seconds: float, deadline_seconds: float) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, SSLError) as error:
        raise unreachable(error, silence_seconds) from error
    except TimeoutError as error:
        raise UnreachableError(
            f"the API server hangs: there was no whole answer within {deadline_seconds:g} s"
        ) from error
