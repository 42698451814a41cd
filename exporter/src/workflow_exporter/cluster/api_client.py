"""The seam to the Kubernetes API: three kinds of requests, and nothing that httpx could raise."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from ssl import SSLError

import httpx
import msgspec

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_errors import (
    UNREADABLE,
    BadAnswerError,
    RefusedError,
    Status,
    refused,
    refused_by_status,
    unreachable,
)
from workflow_exporter.cluster.lines import Lines

# 500 objects of 128 KiB; a node with 50 images has some 30 KiB.
_MAX_BODY_BYTES = 64 * 1024 * 1024  # 64 MiB
_MAX_ERROR_BYTES = 64 * 1024  # 64 KiB of an error's body are read; a Status has a few hundred bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `items` are undecoded."""

    items: list[msgspec.Raw]
    resource_version: str
    continue_token: str  # empty: this was the last page


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
        self, http: httpx.AsyncClient, *, silence_seconds: float = 30, max_body_bytes: int = _MAX_BODY_BYTES
    ) -> None:
        """`silence_seconds`: the longest that a read may bring no byte. Lists of 5,000 nodes begin within
        0.2 s; a busy server may take some seconds. `max_body_bytes`: of an object or of a list's page."""
        self._http = http
        self._silence_seconds = silence_seconds
        self._max_body_bytes = max_body_bytes

    async def get(self, address: Address) -> bytes:
        """One object's JSON. What has a name is one, however odd the rest of it; a proxy's page is not."""
        body = bytes(await self._read("get", address, {}))
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
        body = await self._read("list", address, parameters)
        try:
            page = _decode_list(body)
        except UNREADABLE as error:
            raise BadAnswerError(f"the answer to list {address.words} is not a Kubernetes list") from error
        if not page.metadata.resource_version:
            raise BadAnswerError(f"the answer to list {address.words} is not a Kubernetes list")
        return Page(page.items or [], page.metadata.resource_version, page.metadata.continue_token)

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
        with _explained(silence_seconds):
            async with (
                self._answer("watch", address, parameters, silence_seconds) as response,
                aclosing(_events(response, address)) as events,
            ):
                yield events

    async def _read(self, verb: str, address: Address, parameters: dict[str, str]) -> bytearray:
        # Grown in place: joining httpx's chunks would hold a page twice.
        body = bytearray()
        with _explained(self._silence_seconds):
            async with self._answer(verb, address, parameters, self._silence_seconds) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > self._max_body_bytes:
                        bound = f"{self._max_body_bytes:,} bytes"
                        raise BadAnswerError(f"the answer to {verb} {address.words} is larger than {bound}")
        return body

    @asynccontextmanager
    async def _answer(
        self, verb: str, address: Address, parameters: dict[str, str], silence_seconds: float
    ) -> AsyncIterator[httpx.Response]:
        own = self._http.timeout
        timeout = httpx.Timeout(connect=own.connect, read=silence_seconds, write=own.write, pool=own.pool)
        async with self._http.stream("GET", address.path, params=parameters, timeout=timeout) as response:
            if response.status_code != 200:
                raise refused(verb, address, response, await _beginning(response))
            yield response


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
def _explained(silence_seconds: float) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, SSLError) as error:
        raise unreachable(error, silence_seconds) from error
