"""The model's fleet as a test file of promtool: input series, and what each rule should say. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from fleet_model.known import Labels, Truth
from fleet_model.reports import HOUR, NODE_FACTS, Fleet, Report
from fleet_model.rules import PROMETHEUS_DOWN, STATE_GROUP, Rule, written_out

STEP = 15 * 60  # seconds: the longest interval that the rules promise to bear
_CONTENTS_BEFORE = 26 * HOUR  # what rules may read of contents before a moment; the rest would only take time
_ROUNDED = ("_age_seconds:avg", ":ratio")  # the sums of averages are made in another order
_REPLICAS = ("10.0.0.1:8091", "10.0.0.2:8091")  # of the releases API; both say the same

Asked = Callable[[Rule, str], str]  # a rule and the labels to reduce to -> the query


def recorded(rule: Rule, names: str) -> str:
    """What was recorded, read as prometheus/README.md says."""
    own = "".join(f'{{{name}="{value}"}}' for name, value in rule.labels.items())
    by_hour = rule.group in {STATE_GROUP, "fleet_cells"}
    read = f"last_over_time({rule.record}{own}[1h]) > 0" if by_hour else f"{rule.record}{own}"
    return f"max by ({names}) ({read})"


def computed(rules: list[Rule]) -> Asked:
    """What would be recorded at this moment: state is read, all else is worked out from it.

    promtool evaluates every rule at every step, and a hundred days have ten thousand steps.
    """

    def ask(rule: Rule, names: str) -> str:
        return recorded(rule, names) if rule.group == STATE_GROUP else written_out(rule, rules)

    return ask


def promtool_document(
    fleet: Fleet, rules: list[Rule], expected: Mapping[int, Truth], ask: Asked, **settings: Any
) -> dict[str, Any]:
    """promtool's document; `settings` are its own: rule_files, evaluation_interval, group_eval_order."""
    test = {
        "interval": f"{STEP}s",
        "start_timestamp": datetime.fromtimestamp(fleet.start, UTC).isoformat(),
        "input_series": list(_input_series(fleet, sorted(expected))),
        "promql_expr_test": [
            case for now in sorted(expected) for case in _cases(now - fleet.start, expected[now], rules, ask)
        ],
    }
    return {"fuzzy_compare": True, "tests": [test], **settings}


def _cases(offset: int, truth: Truth, rules: list[Rule], ask: Asked) -> Iterator[dict[str, Any]]:
    for rule in rules:
        if rule.record not in truth:  # the model has no opinion of what only helps other rules
            continue
        own = set(rule.labels.items())
        wanted = {
            tuple(pair for pair in labels if pair not in own): value
            for labels, value in truth[rule.record].items()
            if own <= set(labels)
        }
        expr = ask(rule, ", ".join(name for name, _ in next(iter(wanted), ())))
        if rule.record.endswith(_ROUNDED):
            expr = f"round(1e4 * ({expr}))"
            wanted = {labels: float(round(value * 1e4)) for labels, value in wanted.items()}
        yield {
            "expr": expr,
            "eval_time": f"{offset}s",
            "exp_samples": [{"labels": _braces(labels), "value": value} for labels, value in wanted.items()],
        }


def _braces(labels: Labels) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"


def _series(name: str, **labels: str) -> str:
    return name + _braces(tuple(labels.items()))


def _input_series(fleet: Fleet, moments: list[int]) -> Iterator[dict[str, str]]:
    series: dict[str, dict[int, float]] = {}
    for report in fleet.reports:
        if report.slot > moments[-1]:
            break
        near = any(now - _CONTENTS_BEFORE <= report.slot <= now for now in moments)
        for text, value in _of_report(report, contents=near):
            series.setdefault(text, {})[report.slot] = value
    series |= _of_releases_api(fleet, moments)
    series[PROMETHEUS_DOWN] = {
        at: 1.0 for outage in fleet.prometheus_down for at in range(outage.since, outage.until, STEP)
    }
    for text, samples in series.items():
        if samples:
            yield {"series": text, "values": _values(samples, fleet.start)}


def _of_releases_api(fleet: Fleet, moments: list[int]) -> dict[str, dict[int, float]]:
    scraped = [
        at
        for at in range(fleet.start, moments[-1] + 1, STEP)
        if not any(outage.covers(at) for outage in fleet.api_not_scraped)
    ]
    series = {_series("releases_database_up", instance=_REPLICAS[0]): dict.fromkeys(scraped, 1.0)}
    for replica in _REPLICAS:
        for mark in fleet.marks:
            text = _series(
                "releases_instance_audience_info",
                instance=replica,
                instance_id=mark.instance_id,
                audience=mark.audience,
            )
            series[text] = {at: 1.0 for at in scraped if mark.holds(at)}
        for (platform, train, component), version in fleet.newest.items():
            text = _series(
                "releases_latest_info",
                instance=replica,
                platform=platform,
                train=train,
                component=component,
                version=version,
            )
            series[text] = dict.fromkeys(moments, 1.0)
    return series


def _of_report(report: Report, *, contents: bool) -> Iterator[tuple[str, float]]:
    about = report.about
    own = {name: getattr(about, name) for name in about.__slots__}

    def series(name: str, **labels: str) -> str:
        return _series(f"fleet_{name}", instance_id=report.instance_id, **labels)

    yield series("instance_seen_timestamp_seconds", **own), report.slot
    if not contents:
        return
    for component, version in report.components.items():
        yield series("component_seen_timestamp_seconds", component=component, version=version), report.slot
    yield series("instance_created_timestamp_seconds"), report.instance_created
    yield series("cluster_created_timestamp_seconds"), report.cluster_created
    for bound, moment in report.nodes_created.items():
        yield series("nodes_created_timestamp_seconds", bound=bound), moment
    for verdict, number in report.verdicts.items():
        yield series("components", verdict=verdict), number
    for facts, number in report.nodes.items():
        yield series("nodes", **dict(zip(NODE_FACTS, facts, strict=True))), number
    yield series("capacity_cpu_cores"), report.cpu_cores
    yield series("capacity_memory_bytes"), report.memory_bytes
    yield series("capacity_storage_bytes"), report.storage_bytes


def _values(samples: Mapping[int, float], start: int) -> str:
    """promtool's notation: a number, or `_xN` for N steps without one."""
    words: list[str] = []
    expected = start
    for at in sorted(samples):
        if at > expected:
            words.append(f"_x{(at - expected) // STEP}")
        words.append(f"{samples[at]:.0f}")
        expected = at + STEP
    return " ".join(words)
