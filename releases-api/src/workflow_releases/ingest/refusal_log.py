"""What the log says of refusals: one line for each reason and minute, however many come."""

import logging
from collections import Counter

from workflow_releases.ingest.refusals import Reason

LINE_SECONDS = 60.0  # between two lines of one reason

_log = logging.getLogger(__name__)


class RefusalLog:
    """Counts refusals by their reason; nothing of any request is kept."""

    def __init__(self) -> None:
        self._untold = Counter[Reason]()
        self._told_at: dict[Reason, float] = {}

    def add(self, reason: Reason, now: float) -> None:
        """The first of a reason is logged at once. `now` in seconds; it may go back."""
        self._untold[reason] += 1
        self.tell(now)

    def tell(self, now: float) -> None:
        """Logs what has been counted, of reasons with no line in the last minute."""
        if not self._untold:
            return
        for reason, count in list(self._untold.items()):
            told_at = self._told_at.get(reason)
            if told_at is not None and 0 <= now - told_at < LINE_SECONDS:
                continue
            _log.info("reports refused since the last such line: %d; %s", count, reason.sentence)
            self._told_at[reason] = now
            del self._untold[reason]
