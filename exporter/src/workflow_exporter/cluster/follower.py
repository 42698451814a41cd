"""Following one resource: list it in pages, then watch it, for ever, whatever the API server does.

What a real API server does on the wire, and so what is expected here: a watch may end at any time without
an error; history expires (410) as an HTTP status, inside a watch that was answered with 200, and between
two pages; an open watch is no proof of freshness, so silence has a deadline, and after a watch without a
single event or bookmark the server's history is looked at.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_client import ApiClient, Event, Page
from workflow_exporter.cluster.api_errors import BadAnswerError, RefusedError
from workflow_exporter.cluster.contents import Contents, Source, identify, log_failure
from workflow_exporter.cluster.timing import Surroundings, Timing
from workflow_exporter.errors import ClusterError

# Lists in a row that expire before they end; then the source is down. The first is listed again at once.
_MOST_EXPIRED = 3
# Objects that are decoded in a row: some milliseconds, in which no scrape is answered.
_OBJECTS_PER_TURN = 100


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of one resource is read."""

    page_objects: int  # asked for in each page of a list
    # Kubernetes is tested with 5,000 nodes; the largest clusters known have 65,000.
    most_objects: int = 100_000
    most_pages: int = 500  # of one list; a server may make pages smaller than asked for


class Follower:
    """Keeps one source equal to what the API server holds."""

    def __init__(
        self,
        client: ApiClient,
        source: Source,
        addresses: Sequence[Address],
        timing: Timing,
        surroundings: Surroundings,
        bounds: Bounds,
    ) -> None:
        """`addresses`: where the resource may be served, the newest API group first."""
        # How often what happened: lists, watches, expired, bad_answers, short_watches, failures.
        self.counts: Counter[str] = Counter()
        self._client = client
        self._source = source
        self._addresses = addresses
        self._timing = timing
        self._surroundings = surroundings
        self._bounds = bounds
        self._on_change: Callable[[], None] = lambda: None
        self._address = addresses[0]  # the one that served the last list
        self._resume_from: str | None = None  # resourceVersion; None: list first
        self._failures = 0  # in a row, without a watch that went well between
        self._may_watch = True
        self._expired_lists = 0  # in a row

    async def run(self, on_change: Callable[[], None]) -> None:
        """Follows until cancelled; nothing else ends it."""
        self._on_change = on_change
        while True:
            try:
                pause = await self._round()
            except RefusedError as error:
                pause = self._refused(error)
            except ClusterError as error:
                pause = self._failed(str(error))
            except Exception as error:  # noqa: BLE001  logged and counted; the other sources go on
                self._resume_from = None
                pause = self._failed(f"internal error ({type(error).__name__}), see the log", cause=error)
            await self._surroundings.sleep(pause)

    async def _round(self) -> float:
        """One list if nothing can be resumed, and one watch to its end; the pause that should follow."""
        if self._resume_from is None:
            try:
                self._resume_from = await self._list()
            except RefusedError as error:
                if error.status == 410:
                    self._expired_lists += 1
                raise
            self._expired_lists = 0
        if self._resume_from is None:
            return self._timing.reread_seconds
        return await self._watch(self._resume_from)

    # Listing

    async def _list(self) -> str | None:
        """The list's resourceVersion. None: no API group serves the resource, so there is nothing of it."""
        for address in self._addresses:
            contents = self._source.empty()
            try:
                version = await self._fill(contents, address)
            except BaseException as error:  # a cancellation, too, gives the room back
                contents.leave_room()
                if isinstance(error, RefusedError) and error.status == 404 and not address.always_served:
                    continue
                raise
            self.counts["lists"] += 1
            self._address = address
            self._show(contents)
            return version
        self._show(self._source.empty())
        return None

    async def _fill(self, contents: Contents, address: Address) -> str:
        """Reads all pages, which are one moment's state; the resourceVersion of that moment."""
        token = ""
        for _ in range(self._bounds.most_pages):
            with await self._client.page(address, token, limit=self._bounds.page_objects) as page:
                await _decode(page, contents)
                version, token = page.resource_version, page.continue_token
            del page  # its buffer is as large as the next one's
            self._check_count(contents)
            if not token:
                return version
        most = self._bounds.most_pages
        raise BadAnswerError(f"the list of {address.words} has more than {most:,} pages")

    def _check_count(self, contents: Contents) -> None:
        most = self._bounds.most_objects
        if len(contents) > most:
            raise BadAnswerError(f"the API server has more than {most:,} objects of a resource")

    def _show(self, contents: Contents) -> None:
        """Swaps a complete list in: until here the old objects were to be seen."""
        changed = self._source.swap(contents)
        if self._may_watch:
            self._notify(changed, self._rise())
        else:
            self._source.heard(self._surroundings.now())
            self._notify(changed)

    # Watching

    async def _watch(self, version: str) -> float:
        jitter = self._surroundings.random() * self._timing.watch_jitter_seconds
        ends_after = max(1, int(self._timing.watch_seconds + jitter))
        clock = self._surroundings.clock
        opened: float | None = None
        try:
            async with self._client.watch(
                self._address,
                version,
                ends_after_seconds=ends_after,
                silence_seconds=ends_after + self._timing.silence_margin_seconds,
            ) as events:
                opened = clock()
                self._opened()
                heard = await self._take_all(events)
        except ClusterError as error:
            return self._watch_failed(error, lasted=None if opened is None else clock() - opened)
        lasted = clock() - opened
        if not heard:
            await self._check_history()
        return self._ended(early=lasted < self._timing.short_watch_seconds)

    def _opened(self) -> None:
        self.counts["watches"] += 1
        self._may_watch = True
        self._notify(self._rise())

    async def _take_all(self, events: AsyncIterator[Event]) -> bool:
        """Whether the watch brought anything at all."""
        heard = False
        async for event in events:
            heard = True
            self._take(event)
        return heard

    def _take(self, event: Event) -> None:
        match event.type:
            case "ADDED" | "MODIFIED":
                changed, _, version = self._source.contents.put(event.object)
                self._check_count(self._source.contents)
                self._notify(changed)
            case "DELETED":
                uid, version = identify(event.object)
                self._notify(self._source.contents.remove(uid))
            case "BOOKMARK":
                _, version = identify(event.object)
            case _:
                raise BadAnswerError("the API server sent an event of an unknown type")
        self._resume_from = version or self._resume_from
        self._source.heard(self._surroundings.now())

    # Ends

    async def _check_history(self) -> None:
        """After a watch without even a bookmark: resumes only if the server's history leads to here.

        A real server sends none while nothing happens to the resource. But so does one whose history is
        behind what was seen here: with a restored etcd it answers 200 to a version from the future.
        """
        if len(self._source.contents) > self._bounds.page_objects:
            with await self._client.page(self._address, limit=1) as page:
                newest = page.resource_version
            self._resume_from = _unless_behind(newest, self._resume_from)
            self._source.heard(self._surroundings.now())
        else:
            self._resume_from = None  # one page is all of it: listing costs no more than asking

    def _ended(self, *, early: bool) -> float:
        """After a watch that ended without an error: the pause before the next."""
        if early:  # or a server that closes each watch at once would be asked without pause
            self.counts["short_watches"] += 1
            return self._backoff()
        self._failures = 0
        return 0

    def _watch_failed(self, error: ClusterError, *, lasted: float | None) -> float:
        """After an error; `lasted` in seconds, None: the watch was not even accepted."""
        if lasted is not None and lasted >= self._timing.settled_seconds:
            self._failures = 0
        match error:
            case RefusedError():
                return self._watch_refused(error, accepted=lasted is not None)
            case BadAnswerError():
                return self._watch_unreadable(error)
        return self._failed(str(error))

    def _watch_refused(self, error: RefusedError, *, accepted: bool) -> float:
        """After an error answer to a watch, or an ERROR event in an accepted one."""
        if accepted or not (error.status in {401, 429} or error.status >= 500):
            self._resume_from = None
        if error.status == 403:  # lists may be allowed all the same: what they show is better than nothing
            self._may_watch = False
            self._failed(str(error))
            return self._timing.list_again_seconds
        return self._refused(error)

    def _watch_unreadable(self, error: BadAnswerError) -> float:
        """An event is lost with the line, so all is listed again; down if that did not help before."""
        self.counts["bad_answers"] += 1
        self._resume_from = None
        return self._failed(str(error)) if self._failures else self._at_once()

    def _refused(self, error: RefusedError) -> float:
        if error.status == 410:  # not down: history expires on a healthy server
            self.counts["expired"] += 1
            self._resume_from = None
            if self._expired_lists >= _MOST_EXPIRED:
                return self._failed(str(error))
            return self._backoff() if self._failures else self._at_once()
        pause = self._failed(str(error))
        return max(pause, min(error.retry_after_seconds or 0, self._timing.backoff_cap_seconds))

    def _failed(self, reason: str, cause: Exception | None = None) -> float:
        """Marks the source down; what it holds stays. The pause before the next attempt."""
        self.counts["failures"] += 1
        if self._source.fall(reason):
            log_failure(self._source.resource, reason, cause)
            self._on_change()
        return self._backoff()

    def _at_once(self) -> float:
        self._failures += 1
        return 0

    def _backoff(self) -> float:
        self._failures += 1
        return self._timing.backoff(self._failures, self._surroundings.random())

    def _rise(self) -> bool:
        return self._source.rise(self._surroundings.now())

    def _notify(self, *changes: bool) -> None:
        if any(changes):
            self._on_change()


def _unless_behind(newest: str, version: str | None) -> str | None:
    """`version` if the server has come that far; None also where the two cannot be compared."""
    if version is None or not (newest.isdecimal() and version.isdecimal()):
        return None
    return version if int(newest) >= int(version) else None


async def _decode(page: Page, contents: Contents) -> None:
    for number, raw in enumerate(page.items, start=1):
        contents.put(raw)
        if number % _OBJECTS_PER_TURN == 0:
            await asyncio.sleep(0)
