"""Steps 12 and 13: what is forwarded is made anew, sorted, one sample a series. Pure but for the memory.

Nothing here holds a byte of the request but the id that was proven, numbers in their bounds, and words
that are known.
"""

from workflow_releases.ingest import wire
from workflow_releases.ingest.label_sets import Decoded, LabelSet, LabelSets, Told, template_of
from workflow_releases.ingest.masks import Ids
from workflow_releases.ingest.validate import Proven
from workflow_releases.ingest.vocabulary import Vocabulary
from workflow_releases.ingest.words import OTHER, unknown_words


def rebuild(
    decoded: Decoded, proven: list[Proven], vocabulary: Vocabulary, memory: LabelSets
) -> tuple[list[Told], bytes]:
    """What is told, sorted by its encoded labels, and the write request that says it."""
    told = _combined(decoded.passed + _normalised(proven, decoded.ids, vocabulary, memory))
    told.sort(key=lambda one: one[0].template)
    return told, _encode(told, decoded.ids)


def _normalised(proven: list[Proven], ids: Ids, vocabulary: Vocabulary, memory: LabelSets) -> list[Told]:
    """With `other` for words that nobody knows; what needed no change is remembered."""
    found: list[Told] = []
    for one in proven:
        words = dict(one.series.labels)
        unknown = unknown_words(words, vocabulary)
        if unknown:
            words.update(dict.fromkeys(unknown, OTHER))
            label_set = LabelSet(template_of(words.items(), ids), one.rule)
        else:
            label_set = LabelSet(one.raw_template, one.rule)
            memory.remember(label_set, words, ids)
        found.append((label_set, wire.spell_double(one.series.value), one.series.timestamp_ms))
    return found


def _combined(found: list[Told]) -> list[Told]:
    """What has the same words now, is told as one, of the newest moment."""
    if len({label_set.template for label_set, _, _ in found}) == len(found):
        return found
    by_template: dict[bytes, Told] = {}
    for label_set, number, timestamp_ms in found:
        held = by_template.get(label_set.template)
        if held is not None:
            value = label_set.rule.combine(wire.read_double(held[1]), wire.read_double(number))
            number = wire.spell_double(value)  # noqa: PLW2901 - the two become one
            timestamp_ms = max(held[2], timestamp_ms)  # noqa: PLW2901 - the two become one
        by_template[label_set.template] = (label_set, number, timestamp_ms)
    return list(by_template.values())


def _encode(told: list[Told], ids: Ids) -> bytes:
    parts: list[bytes] = []
    for label_set, number, timestamp_ms in told:
        parts += (label_set.head_before(number), number, wire.spell_stamp(timestamp_ms))
    return ids.unmask(b"".join(parts))
