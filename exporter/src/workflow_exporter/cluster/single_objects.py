"""Sources that are asked for by name every few minutes: config maps, the two namespaces, the version."""

from collections import Counter
from collections.abc import Callable, Sequence

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.api_errors import RefusedError
from workflow_exporter.cluster.contents import Source, log_failure
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.cluster.timing import Surroundings, Timing
from workflow_exporter.errors import ClusterError


class Reader:
    """Keeps one source equal to the objects at some addresses, as of the last reading."""

    def __init__(
        self,
        client: ApiClient,
        source: Source,
        addresses: Sequence[Address],
        timing: Timing,
        surroundings: Surroundings,
    ) -> None:
        self.counts: Counter[str] = Counter()  # how often what happened: readings, failures
        self._client = client
        self._source = source
        self._addresses = addresses
        self._timing = timing
        self._surroundings = surroundings
        self._failures = 0
        self._keys: dict[Address, str] = {}  # what the object of an address is held under

    async def run(self, on_change: Callable[[], None]) -> None:
        """Reads until cancelled; nothing else ends it."""
        while True:
            try:
                changed, pause = await self._read()
            except Exception as error:  # noqa: BLE001  logged and counted; the other sources go on
                reason = f"internal error ({type(error).__name__}), see the log"
                changed, pause = self._failed(reason, cause=error)
            if changed:
                on_change()
            await self._surroundings.sleep(pause)

    async def _read(self) -> tuple[bool, float]:
        """Reads each address once: whether anything shown changed, and the pause that should follow."""
        changed = False
        absent: list[Address] = []
        failure: ClusterError | None = None
        for address in self._addresses:
            try:
                body = await self._client.get(address)
            except RefusedError as error:
                if error.status != 404:
                    failure = failure or error
                    continue
                absent.append(address)
                changed |= self._drop(address)
            except ClusterError as error:
                failure = failure or error
                break  # no answer: the others would only wait for theirs
            else:
                changed |= self._keep(address, body)
        if failure is not None:
            fallen, pause = self._failed(str(failure))
            return changed or fallen, pause
        return self._risen(absent) or changed, self._pause()

    def _keep(self, address: Address, body: bytes) -> bool:
        taken = self._source.contents.put(body)
        before = self._keys.get(address)
        self._keys[address] = taken.key
        if before is not None and before != taken.key:  # deleted and made anew since the last reading
            self._source.contents.remove(before)
        return taken.changed

    def _drop(self, address: Address) -> bool:
        key = self._keys.pop(address, None)
        return key is not None and self._source.contents.remove(key)

    def _risen(self, absent: list[Address]) -> bool:
        self._failures = 0
        self.counts["readings"] += 1
        # A missing namespace is worth a word; a config map that is not there is a component that is not.
        named = [a.words for a in absent if self._source.resource is not Resource.CONFIG_MAPS]
        note = f"{named[0]} does not exist" if named else None
        return self._source.rise(self._surroundings.now(), note)

    def _failed(self, reason: str, cause: Exception | None = None) -> tuple[bool, float]:
        self._failures += 1
        self.counts["failures"] += 1
        news = self._source.fall(reason)
        if news:
            log_failure(self._source.resource, reason, cause)
        return news, self._timing.backoff(self._failures, self._surroundings.random())

    def _pause(self) -> float:
        return self._timing.reread_seconds * (0.9 + 0.2 * self._surroundings.random())
