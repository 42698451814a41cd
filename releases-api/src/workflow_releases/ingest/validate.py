"""Steps 6 to 10 on a decoded request, in their order: one refusal, the first that any series gives. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import (
    INSTANCE_ID,
    MAX_AGE_SECONDS,
    MAX_AHEAD_SECONDS,
    Rule,
    refuse_if_any,
    rule_of,
)
from workflow_releases.ingest.label_sets import Decoded, template_of
from workflow_releases.ingest.refusals import Reason, ReportRefusedError
from workflow_releases.ingest.remote_write import Series
from workflow_releases.ingest.values import Amount
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
    known = [label_set for label_set, _, _ in decoded.passed]
    _check_counts([*(one.rule for one in known), *rules])
    by_name = [dict(one) for one in labels]
    for rule, words in zip(rules, by_name, strict=True):
        check_words(rule.metric, words, vocabulary)
    named = {words[INSTANCE_ID] for words in by_name}
    if known:
        named.add(decoded.ids.instance_id)
    if named != {instance_id}:
        raise ReportRefusedError(Reason.SECRET)
    templates = [template_of(one, decoded.ids) for one in labels]
    every = {*(one.template for one in known), *templates}
    if len(every) < len(known) + len(templates):
        raise ReportRefusedError(Reason.REPEATED_SERIES)
    return [Proven(*one) for one in zip(decoded.unchecked, rules, templates, strict=True)]


def _check_counts(rules: list[Rule]) -> None:
    counted = Counter([rule for rule in rules if rule.most is not None])
    refuse_if_any(
        [rule for rule, count in counted.items() if count > (rule.most or 0)], Reason.TOO_MANY_OF_METRIC
    )


def samples_of(decoded: Decoded, proven: list[Proven]) -> tuple[set[int], set[Amount]]:
    """Moments in ms, and numbers; each once, as most components were seen at the same moment."""
    moments = {timestamp_ms for _, _, timestamp_ms in decoded.passed}
    amounts = {(label_set.rule, number) for label_set, number, _ in decoded.passed}
    moments.update(one.series.timestamp_ms for one in proven)
    amounts.update((one.rule, wire.spell_double(one.series.value)) for one in proven)
    return moments, amounts


def check_ages(moments_ms: Iterable[int], now: float) -> None:
    """`now` in seconds since 1970."""
    oldest, newest = (now - MAX_AGE_SECONDS) * 1000, (now + MAX_AHEAD_SECONDS) * 1000
    for timestamp_ms in moments_ms:
        if not oldest <= timestamp_ms <= newest:
            raise ReportRefusedError(Reason.SAMPLE_AGE)
