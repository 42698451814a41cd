"""Snapshot -> Report: through the table and its rules, and no other way. Pure."""

import math
import re
from collections.abc import Iterator

from workflow_exporter.report import Report, Series
from workflow_exporter.reporter.anonymise import ID_FORM, OTHER
from workflow_exporter.reporter.labels import INSTANCE_ID, LABELS
from workflow_exporter.reporter.table import SERIES, Material, Row
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import Identity

_ID = re.compile(ID_FORM)

Labels = tuple[str, ...]  # values, in the order of the row's labels


def make_report(material: Material, words: Words) -> Report | None:
    """The report of the material's slot; None where the installation has no id to send it by."""
    identity = material.snapshot.identity
    if identity is None or not _is_well_formed(identity):
        return None
    known = words.and_those_of(material.snapshot.catalog)
    series = tuple(
        one for row in SERIES for one in _series(row, material, known, instance_id=identity.instance_id)
    )
    return Report(material.slot, series)


def _is_well_formed(identity: Identity) -> bool:
    """Ids are the only words of a report that are not looked up, so they must look like nothing else."""
    return all(_ID.fullmatch(one) for one in (identity.instance_id, identity.cluster_id))


def _series(row: Row, material: Material, words: Words, *, instance_id: str) -> Iterator[Series]:
    amounts = _few(row, _combined(row, material, words))
    for labels, amount in sorted(amounts.items()):
        value = row.coarse(amount)
        if value is None or not math.isfinite(value) or not 0 <= value <= row.most:
            continue
        pairs = [(INSTANCE_ID, instance_id), *zip(row.labels, labels, strict=True)]
        yield Series(row.name, tuple(sorted(pairs)), value)


def _combined(row: Row, material: Material, words: Words) -> dict[Labels, float]:
    """Amounts by anonymous labels: what became the same words is told as one."""
    amounts: dict[Labels, float] = {}
    for found in row.find(material):
        if found.amount is None:
            continue
        labels = tuple(LABELS[name].rule(found.raw_labels.get(name), words) for name in row.labels)
        amount = _as_float(found.amount)
        amounts[labels] = row.combine(amounts[labels], amount) if labels in amounts else amount
    return amounts


def _as_float(amount: float) -> float:
    """Python's whole numbers have no end; one that no double can hold is infinite, which nobody is told."""
    try:
        return float(amount)
    except OverflowError:
        return math.inf


def _few(row: Row, amounts: dict[Labels, float]) -> dict[Labels, float]:
    """The greatest amounts stay; the rest become one whose labels are all `other`."""
    others = tuple(OTHER for _ in row.labels)
    told = sorted((one for one in amounts if one != others), key=lambda labels: (-amounts[labels], labels))
    kept = {labels: amounts[labels] for labels in told[: row.most_sets]}
    for labels in (*told[row.most_sets :], *(one for one in amounts if one == others)):
        kept[others] = row.combine(kept[others], amounts[labels]) if others in kept else amounts[labels]
    return kept
