"""Step 7: which series a report may have, with exactly which labels, and what their values can be.

The receiver's half of the contract of reports; the agent has a table of its own, and a test holds the
two against each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from workflow_releases.ingest.refusals import Reason, ReportRefusedError
from workflow_releases.ingest.remote_write import NAME

INSTANCE_ID = "instance_id"

MAX_AGE_SECONDS = 2 * 3600  # the slot before, sent until its hour is over, and an hour for retries
MAX_AHEAD_SECONDS = 600  # of a clock that is wrong

_WEEK_SECONDS = 7 * 86400
_FIRST_MONDAY = 4 * 86400  # 1970-01-05
_FIRST_WEEK_OF_KUBERNETES = 1401667200  # 2014-06-02, the Monday of its first commit: older is a wrong clock
_MAX_COUNT = 1e6  # Kubernetes is tested up to 5,000 nodes
_MAX_CORES = 2.0**24
_MAX_BYTES = 2.0**60  # 1 EiB
_EXACT_UP_TO = 10
_DIGITS_TOLD = 2
_MAX_COMBINATIONS = 9  # of node facts: eight, and the rest as `other`
# Pairs of component and version. The largest catalog has 30 components, and each runs in one version but for
# an upgrade that is under way; with all other series a report has then 64 at most.
_MAX_COMPONENTS = 40

Allows = Callable[[float, float], bool]  # value, now in seconds since 1970 -> whether it can be


def recent(value: float, now: float) -> bool:
    """A moment, in whole seconds, of the window that samples may be of."""
    return now - MAX_AGE_SECONDS <= value <= now + MAX_AHEAD_SECONDS and value % 1 == 0


def monday(value: float, now: float) -> bool:
    """A Monday 00:00 UTC of Kubernetes' lifetime, in seconds: anything finer would tell clusters apart."""
    in_time = _FIRST_WEEK_OF_KUBERNETES <= value <= now + MAX_AHEAD_SECONDS
    return in_time and (value - _FIRST_MONDAY) % _WEEK_SECONDS == 0


def count(value: float, _now: float) -> bool:
    return 0 <= value <= _MAX_COUNT and value % 1 == 0


def rounded_count(value: float, _now: float) -> bool:
    """A count of which only two digits are told."""
    if not count(value, _now):
        return False
    return value <= _EXACT_UP_TO or len(str(int(value)).rstrip("0")) <= _DIGITS_TOLD


def power_of_two(most: float) -> Allows:
    """0 and 1, 2, 4, … up to `most`."""

    def allows(value: float, _now: float) -> bool:
        return 0 <= value <= most and value % 1 == 0 and int(value) & (int(value) - 1) == 0

    return allows


@dataclass(frozen=True, slots=True, eq=False)  # there is one of each, which is found as itself and fast
class Rule:
    """One series. `combine` makes one value of two whose labels became the same words."""

    metric: str
    label_names: frozenset[str]  # without `__name__`
    allows: Allows
    combine: Callable[[float, float], float] = max
    # In one report; None: no more than fixed or known words allow. What has words of an open form, or an id
    # that nothing proves, would otherwise let one sender add series without end.
    most: int | None = None
    sorted_names: tuple[str, ...] = field(init=False)  # with `__name__`, as a series has them

    def __post_init__(self) -> None:
        object.__setattr__(self, "sorted_names", tuple(sorted({NAME, *self.label_names})))


def _rule(
    metric: str,
    labels: str,
    allows: Allows,
    combine: Callable[[float, float], float] = max,
    most: int | None = None,
) -> Rule:
    return Rule(f"fleet_{metric}", frozenset({INSTANCE_ID, *labels.split()}), allows, combine, most)


def _sum(one: float, other: float) -> float:
    return one + other


RULES: Mapping[str, Rule] = {
    rule.metric: rule
    for rule in (
        _rule(
            "instance_seen_timestamp_seconds",
            "cluster_id platform version train audience exporter_version kubernetes_version",
            recent,
            most=1,
        ),
        _rule("component_seen_timestamp_seconds", "component version", recent, most=_MAX_COMPONENTS),
        _rule("instance_created_timestamp_seconds", "", monday),
        _rule("cluster_created_timestamp_seconds", "", monday),
        _rule("nodes_created_timestamp_seconds", "bound", monday),
        _rule("components", "verdict", count),
        _rule(
            "nodes",
            "os_image kubelet_version container_runtime architecture",
            rounded_count,
            _sum,
            most=_MAX_COMBINATIONS,
        ),
        _rule("capacity_cpu_cores", "", power_of_two(_MAX_CORES)),
        _rule("capacity_memory_bytes", "", power_of_two(_MAX_BYTES)),
        _rule("capacity_storage_bytes", "", power_of_two(_MAX_BYTES)),
    )
}


def rule_of(labels: tuple[tuple[str, str], ...]) -> Rule:
    """The rule for a series with these labels, sorted by name; refuses what no rule is for."""
    rule = None
    for name, value in labels:
        if name == NAME:
            rule = RULES.get(value)
    if rule is None:
        raise ReportRefusedError(Reason.METRIC)
    if tuple(name for name, _ in labels) != rule.sorted_names:
        raise ReportRefusedError(Reason.LABEL_NAMES, rule.metric)
    return rule


def refuse_if_any(at_fault: Iterable[Rule], reason: Reason) -> None:
    """Names the first metric by name, wherever the request has it."""
    metrics = [rule.metric for rule in at_fault]
    if metrics:
        raise ReportRefusedError(reason, min(metrics))
