"""Steps 6 to 11 on a decoded request, in their order: one refusal, the first that any series gives. Pure."""

from collections import Counter
from dataclasses import dataclass

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import (
    INSTANCE_ID,
    MAX_AGE_SECONDS,
    MAX_AHEAD_SECONDS,
    Rule,
    rule_of,
)
from workflow_releases.ingest.label_sets import Decoded, template_of
from workflow_releases.ingest.refusals import Reason, ReportRefusedError
from workflow_releases.ingest.remote_write import Series
from workflow_releases.ingest.vocabulary import Vocabulary
from workflow_releases.ingest.words import check_words


@dataclass(frozen=True, slots=True)
class Proven:
    """A series that is the instance's own and has the right labels; words may still become `other`."""

    series: Series
    rule: Rule
    raw_template: bytes


def check_labels(decoded: Decoded, instance_id: str, vocabulary: Vocabulary) -> list[Proven]:
    """The series that were not known, with their rules; refuses names, words, another's id, repetition."""
    labels = [series.labels for series in decoded.unchecked]
    rules = [rule_of(one) for one in labels]
    known = decoded.arrangement
    _check_counts([*known.limited, *rules])
    by_name = [dict(one) for one in labels]
    for rule, words in zip(rules, by_name, strict=True):
        check_words(rule.metric, words, vocabulary)
    named = {words[INSTANCE_ID] for words in by_name}
    if decoded.passed:
        named.add(decoded.ids.instance_id)
    if named != {instance_id}:
        raise ReportRefusedError(Reason.SECRET)
    templates = [template_of(one, decoded.ids) for one in labels]
    every = {*known.templates, *templates}
    if len(every) < len(known.templates) + len(templates):
        raise ReportRefusedError(Reason.REPEATED_SERIES)
    return [Proven(*one) for one in zip(decoded.unchecked, rules, templates, strict=True)]


def _check_counts(rules: list[Rule]) -> None:
    counted = Counter([rule for rule in rules if rule.most is not None])
    _refuse_if_any(
        [rule for rule, count in counted.items() if count > (rule.most or 0)], Reason.TOO_MANY_OF_METRIC
    )


def check_samples(decoded: Decoded, proven: list[Proven], now: float) -> None:
    """`now` in seconds since 1970. Refuses ages first, then values; NaN fits into no bounds."""
    oldest, newest = (now - MAX_AGE_SECONDS) * 1000, (now + MAX_AHEAD_SECONDS) * 1000
    moments = {one.series.timestamp_ms for one in proven}
    if decoded.passed:
        moments.add(decoded.timestamp_ms)
    if not all(oldest <= timestamp_ms <= newest for timestamp_ms in moments):
        raise ReportRefusedError(Reason.SAMPLE_AGE)
    at_fault = [one.rule for one in proven if not one.rule.allows(one.series.value, now)]
    # Each pair once: most components were seen at the same moment.
    pairs = set(zip(decoded.arrangement.rules, decoded.numbers, strict=True))
    at_fault += [rule for rule, number in pairs if not rule.allows(wire.read_double(number), now)]
    _refuse_if_any(at_fault, Reason.VALUE)


def _refuse_if_any(at_fault: list[Rule], reason: Reason) -> None:
    """Names the first metric by name, wherever the request has it."""
    if at_fault:
        raise ReportRefusedError(reason, min(rule.metric for rule in at_fault))
