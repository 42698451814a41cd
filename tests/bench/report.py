"""What the bench found, as one table: figure, floor, peer, target, and whether it was met. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TARGET_NODES = 5000  # of the cluster that the targets are about
MET, NOT_MET, NOT_MEASURED, UNJUDGED = "MET", "NOT MET", "NOT MEASURED", ""


@dataclass(frozen=True, slots=True)
class Beside:
    """One figure of the agent, and the same of what it is compared with. None: there is none."""

    agent: float | None
    floor: float | None = None
    comparable: float | None = None  # kube-state-metrics with only comparable metrics
    shipped: float | None = None  # kube-state-metrics as shipped


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report."""

    what: str
    unit: str
    found: Beside
    target: float | None = None  # at most; None: nothing was promised

    @property
    def verdict(self) -> str:
        if self.target is None:
            return UNJUDGED
        if self.found.agent is None:
            return NOT_MEASURED
        return MET if self.found.agent <= self.target else NOT_MET


def at_share(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 1000) // 1000)  # rounded up
    return ordered[max(0, min(len(ordered), rank) - 1)]


def median(values: Sequence[float]) -> float:
    return at_share(values, 0.5)


def target_at(nodes: int, target: float, *, grows: bool = True) -> float | None:
    """The target for this many nodes: as it stands for those it is about, in proportion for more.

    None for fewer: the bench tries itself then, and a verdict would flatter.
    """
    if nodes < TARGET_NODES:
        return None
    return target * nodes / TARGET_NODES if grows else target


def table(rows: Iterable[Row]) -> str:
    """Markdown that is legible as it stands."""
    head = ("figure", "agent", "floor", "×", "peer, comparable", "×", "peer, as shipped", "target", "verdict")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:-1]), "-" * widths[-1]]
    return "".join(_line(cells, widths) for cells in (head, rule, *lines[1:]))


def _cells(row: Row) -> tuple[str, ...]:
    found = row.found
    return (
        f"{row.what}, {row.unit}",
        _figure(found.agent),
        _figure(found.floor),
        _ratio(found.agent, found.floor),
        _figure(found.comparable),
        _ratio(found.agent, found.comparable),
        _figure(found.shipped),
        "" if row.target is None else f"≤ {_figure(row.target)}",
        row.verdict,
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *middle, last = zip(cells, widths, strict=True)
    padded = [
        first[0].ljust(first[1]),
        *(cell.rjust(width) for cell, width in middle),
        last[0].ljust(last[1]),
    ]
    return f"| {' | '.join(padded)} |\n"


def _figure(value: float | None) -> str:
    """Three digits: more would claim what no second run would show."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _ratio(value: float | None, base: float | None) -> str:
    if value is None or not base:
        return ""
    return f"{value / base:.2f}" if value / base < 10 else f"{value / base:.0f}"
