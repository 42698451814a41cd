"""What a receiver's answer means: by its status alone, as Remote Write 1.0 has it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from workflow_exporter.outgoing import retry_after_seconds
from workflow_exporter.reporter.receiver import Answer

# What receivers say of a refusal that helps an operator: Prometheus, and the gateway. A text is searched for
# these and never repeated, since it may hold the secret that came with the request, in whatever form.
_KNOWN_WORDS = (
    "remote write receiver needs to be enabled",
    "out of order sample",
    "duplicate sample for timestamp",
    "out of bounds",
    "too old sample",
    "not on the allow-list",
    "does not prove the instance_id",
    "may already have one for this hour",
    "too many requests from this address",
    "too many reports of this instance",
)
_REASONS = {
    400: "the receiver finds it wrong (400)",
    401: "the receiver does not know who sends (401)",
    403: "the receiver does not let this sender write (403)",
    404: "there is no receiver at this address (404)",
    405: "there is no receiver at this address (405)",
    407: "the proxy before the receiver does not know who asks (407)",  # over plain http it answers itself
    413: "the receiver finds it too large (413)",
    415: "the receiver does not take this kind of request (415)",
    429: "the receiver is asked too often (429)",
}


class Means(Enum):
    TAKEN = "taken"
    LATER = "later"  # to be sent again, the same bytes
    WRONG = "wrong"  # 400: never to be sent again; this hour's may have been taken before
    REFUSED = "refused"  # never to be sent again


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` is in words of this program's own, fit for the public page."""

    means: Means
    reason: str
    pause_seconds: float | None = None  # how long the receiver asks to wait; None: it does not say


def judge(answer: Answer, now: datetime) -> Judgement:
    """5xx and 429 come again, everything else but 2xx never: the specification, "Retries & Backoff"."""
    status = answer.status
    if 200 <= status < 300:
        return Judgement(Means.TAKEN, f"taken ({status})")
    if status == 429 or 500 <= status < 600:
        reason = _REASONS.get(status, f"the receiver is down ({status})")
        return Judgement(Means.LATER, reason, retry_after_seconds(answer.retry_after, now))
    if 300 <= status < 400:
        return Judgement(
            Means.REFUSED, f"the receiver sends elsewhere ({status}), and a report does not follow"
        )
    means = Means.WRONG if status == 400 else Means.REFUSED
    return Judgement(means, _REASONS.get(status, f"the receiver refuses it ({status})"))


def known_words(text: bytes) -> str:
    """The first known phrase that a receiver's text holds, in this program's own spelling; empty for none."""
    lowered = text.lower()
    return next((words for words in _KNOWN_WORDS if words.encode() in lowered), "")
