"""Every reason for not taking a report: its status, and the sentence that the sender's log shows.

The sentences are fixed, so no answer can repeat what a request said; `subject` is a name of our own
allow-list. A refusal is the sender's fault (4xx) but for those that begin with UPSTREAM and for BUSY.
"""

from enum import Enum

from workflow_releases.errors import WorkflowReleasesError


class Reason(Enum):
    """In the order of the checks; the name in lower case is the label `reason` of the metric."""

    UNSUPPORTED = (415, "the body must be a Remote Write 1.0 request: application/x-protobuf, snappy")
    TOO_LARGE = (413, "the body is larger than 65536 bytes")
    SOURCE_RATE = (429, "too many requests from this address")
    NO_SECRET = (401, "the Authorization header must be Bearer and the instance's secret, 64 hex digits")
    BUSY = (503, "too many reports are under way, try again later")
    TOO_SLOW = (408, "the body did not arrive in time")
    CUT_SHORT = (400, "the body ended early")
    COMPRESSION = (400, "the body is not in snappy's block format")
    TOO_LARGE_DECOMPRESSED = (413, "the body is larger than 262144 bytes once decompressed")
    MALFORMED = (400, "the body is not a protobuf write request")
    TOO_MANY_FIELDS = (400, "a request has at most 1536 protobuf fields, and each of its messages 32")
    TOO_MANY_SERIES = (400, "a request has at most 256 series")
    NO_SERIES = (400, "a request has at least one series")
    TOO_MANY_LABELS = (400, "a series has at most 16 labels")
    TOO_LONG = (400, "a label's name and value have at most 64 bytes each")
    EMPTY_LABEL = (400, "a label's name and value are not empty")
    REPEATED_LABEL = (400, "a series has each label once")
    SAMPLE_COUNT = (400, "a series has exactly one sample")
    METRIC = (400, "a metric is not on the allow-list")
    LABEL_NAMES = (400, "a series must have exactly the labels of the allow-list")
    TOO_MANY_OF_METRIC = (400, "a report has fewer series of this metric")
    WORD = (400, "a label's value is not printable ASCII")
    FIXED_WORD = (400, "a label's value is not one that the label can have")
    SECRET = (403, "the secret does not prove the instance_id of every series")
    REPEATED_SERIES = (400, "a request has each series once")
    NEW_INSTANCES = (429, "too many new or changed instances from this address")
    INSTANCE_RATE = (429, "too many reports of this instance")
    SAMPLE_AGE = (400, "a sample is more than 2 hours old or more than 10 minutes ahead")
    VALUE = (400, "a value is not one that the series can have")
    UPSTREAM_REFUSED = (400, "the store refused the report; it may already have one for this hour")
    UPSTREAM_DOWN = (503, "the store cannot take reports at the moment, try again later")

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence

    @property
    def label(self) -> str:
        return self.name.lower()


class ReportRefusedError(WorkflowReleasesError):
    """A report is not taken. `subject` is a name of the allow-list.

    `retry_after_seconds` goes with 429 and 503.
    """

    def __init__(self, reason: Reason, subject: str = "", retry_after_seconds: int | None = None) -> None:
        super().__init__(f"{subject}: {reason.sentence}" if subject else reason.sentence)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
