"""Sends one report now, for whoever wants to see it arrive."""

from datetime import datetime

from workflow_exporter.errors import ReportError
from workflow_exporter.reporter.answer import Means, judge, known_words
from workflow_exporter.reporter.desk import Ready
from workflow_exporter.reporter.sender import Posts


async def send_once(receiver: Posts, ready: Ready, body: bytes, bearer: str, now: datetime) -> str:
    """What to tell the person who asked; raises ReportError unless it was taken."""
    hour = f"the report of {ready.report.slot:%Y-%m-%d %H:%M} UTC"
    try:
        answer = await receiver.post(body, bearer)
    except ReportError as error:
        raise ReportError(f"{hour} could not be sent: {error}") from error
    judgement = judge(answer, now)
    if judgement.means is Means.TAKEN:
        return f"{hour} was {judgement.reason}"
    words = known_words(answer.text)
    said = f"; it says '{words}'" if words else ""
    before = ", perhaps because one of this hour had been taken before"
    perhaps = before if judgement.means is Means.WRONG else ""
    raise ReportError(f"{hour} was not taken{perhaps}: {judgement.reason}{said}")
