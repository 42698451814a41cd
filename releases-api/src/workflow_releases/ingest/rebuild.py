"""Steps 12 and 13: what is forwarded is made anew, sorted, one sample a series. Pure but for the memory.

Nothing here holds a byte of the request but the id that was proven, numbers in their bounds, and words
that are known.
"""

from workflow_releases.ingest import wire
from workflow_releases.ingest.label_sets import LabelSet, LabelSets, Passed, template_of
from workflow_releases.ingest.masks import Ids
from workflow_releases.ingest.validate import Proven
from workflow_releases.ingest.vocabulary import Vocabulary
from workflow_releases.ingest.words import OTHER, unknown_words


def normalise(proven: list[Proven], ids: Ids, vocabulary: Vocabulary, memory: LabelSets) -> list[Passed]:
    """With `other` for words that nobody knows; what needed no change is remembered."""
    found: list[Passed] = []
    for one in proven:
        words = dict(one.series.labels)
        unknown = unknown_words(words, vocabulary)
        if unknown:
            words.update(dict.fromkeys(unknown, OTHER))
            label_set = LabelSet(template_of(words.items(), ids), one.rule)
        else:
            label_set = LabelSet(one.raw_template, one.rule)
            memory.remember(label_set, words, ids)
        found.append((label_set, one.series.value, one.series.timestamp_ms))
    return found


def combined(found: list[Passed]) -> list[Passed]:
    """One sample a series: what has the same words now, is told as one, of the newest moment."""
    if len({label_set.template for label_set, _, _ in found}) == len(found):
        return found
    by_template: dict[bytes, Passed] = {}
    for label_set, value, timestamp_ms in found:
        held = by_template.get(label_set.template)
        if held is not None:
            value = label_set.rule.combine(held[1], value)  # noqa: PLW2901 - the two become one
            timestamp_ms = max(held[2], timestamp_ms)  # noqa: PLW2901 - the two become one
        by_template[label_set.template] = (label_set, value, timestamp_ms)
    return list(by_template.values())


def encode(found: list[Passed], ids: Ids) -> bytes:
    """The write request, sorted by labels. Timestamps are those of this century: 6 bytes each."""
    moments = {timestamp_ms for _, _, timestamp_ms in found}
    stamps = {timestamp_ms: b"\x10" + wire.varint(timestamp_ms) for timestamp_ms in moments}
    parts: list[bytes] = []
    for label_set, value, timestamp_ms in sorted(found, key=_labels):
        if value:
            parts += (label_set.head, wire.DOUBLE.pack(value), stamps[timestamp_ms])
        else:
            parts += (label_set.head_of_zero, stamps[timestamp_ms])
    return ids.unmask(b"".join(parts))


def _labels(one: Passed) -> bytes:
    return one[0].template
