"""Steps 6 to 11 on a decoded request, in their order: one refusal, the first that any series gives. Pure."""

from collections import Counter
from dataclasses import dataclass

from workflow_releases.ingest.allowlist import (
    INSTANCE_ID,
    MAX_AGE_SECONDS,
    MAX_AHEAD_SECONDS,
    Rule,
    rule_of,
)
from workflow_releases.ingest.label_sets import Decoded, Passed, template_of
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
    _check_counts([*(label_set.rule for label_set, _, _ in decoded.passed), *rules])
    by_name = [dict(one) for one in labels]
    for rule, words in zip(rules, by_name, strict=True):
        check_words(rule.metric, words, vocabulary)
    named = {words[INSTANCE_ID] for words in by_name}
    if decoded.passed:
        named.add(decoded.ids.instance_id)
    if named != {instance_id}:
        raise ReportRefusedError(Reason.SECRET)
    templates = [template_of(one, decoded.ids) for one in labels]
    every = [label_set.template for label_set, _, _ in decoded.passed] + templates
    if len(set(every)) < len(every):
        raise ReportRefusedError(Reason.REPEATED_SERIES)
    return [Proven(*one) for one in zip(decoded.unchecked, rules, templates, strict=True)]


def _check_counts(rules: list[Rule]) -> None:
    for rule, count in Counter(rules).items():
        if rule.most is not None and count > rule.most:
            raise ReportRefusedError(Reason.TOO_MANY_OF_METRIC, rule.metric)


def check_samples(passed: list[Passed], proven: list[Proven], now: float) -> None:
    """`now` in seconds since 1970. Refuses ages first, then values; NaN fits into no bounds."""
    oldest, newest = (now - MAX_AGE_SECONDS) * 1000, (now + MAX_AHEAD_SECONDS) * 1000
    moments = {timestamp_ms for _, _, timestamp_ms in passed}
    moments.update(one.series.timestamp_ms for one in proven)
    if not all(oldest <= timestamp_ms <= newest for timestamp_ms in moments):
        raise ReportRefusedError(Reason.SAMPLE_AGE)
    for label_set, value, _ in passed:
        if not label_set.rule.allows(value, now):
            raise ReportRefusedError(Reason.VALUE, label_set.rule.metric)
    for one in proven:
        if not one.rule.allows(one.series.value, now):
            raise ReportRefusedError(Reason.VALUE, one.rule.metric)
