"""Puts the reporter together. What only encoding needs is imported when something is encoded."""

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial

from workflow_exporter import __version__
from workflow_exporter.outgoing import Way
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.report import Report
from workflow_exporter.reporter.bearer import bearer_token
from workflow_exporter.reporter.choice import Reporting
from workflow_exporter.reporter.desk import Desk, Ready
from workflow_exporter.reporter.pace import Surroundings
from workflow_exporter.reporter.receiver import Receiver
from workflow_exporter.reporter.sender import Sender
from workflow_exporter.reporter.words import Words
from workflow_exporter.self_metrics import ReportOutcome


def make_desk(reporting: Reporting) -> Desk:
    """What would be sent, whether or not anything is."""
    return Desk(
        audience=reporting.audience,
        exporter_version=__version__,
        words=_shipped_words,
        encode=encode,
        keep=reporting.way is not None,
    )


def make_sender(
    reporting: Reporting,
    way: Way,
    ready: Callable[[datetime], Ready | None],
    count: Callable[[ReportOutcome, datetime], None],
    surroundings: Surroundings,
) -> Sender:
    """Sends nothing until it runs."""
    return Sender(
        Receiver(way),
        ready=ready,
        encode=encode,
        bearer=partial(bearer_token, reporting.bearer_file),
        count=count,
        surroundings=surroundings,
    )


def encode(report: Report) -> bytes:
    """See `reporter.remote_write`."""
    # Imported here: protobuf and snappy take 50 ms and some MB, which only a report is worth.
    from workflow_exporter.reporter import remote_write  # noqa: PLC0415  see above

    return remote_write.encode(report)


@cache
def _shipped_words() -> Words:
    """Read when the first report is made: parsing the profiles takes 15 ms."""
    return Words.of_profiles(shipped_profiles())
