"""The agent's own counters as text: byte for byte what prometheus_client writes, for a third of the CPU.

They are rendered for each scrape, and of a scrape that finds nothing new that is most of the work. Only
what `self_metrics` uses is known here: gauges, counters and histograms, help without quotes, no exemplars,
no timestamps.
"""

from functools import lru_cache

from prometheus_client import CollectorRegistry

from workflow_exporter.web.exposition import encode, format_value, render_labels

_REMEMBERED = 512  # series and families; the agent has about a hundred


def render_registry(registry: CollectorRegistry, *, open_metrics: bool) -> bytes:
    """Text 0.0.4, or OpenMetrics 1.0 with its `# EOF`."""
    lines = []
    for metric in registry.collect():
        lines.append(_header(metric.name, metric.documentation, metric.type, open_metrics))
        lines += [
            f"{_series(sample.name, tuple(sample.labels.items()))} {format_value(sample.value)}\n"
            for sample in metric.samples
        ]
    if open_metrics:
        lines.append("# EOF\n")
    return encode("".join(lines))


@lru_cache(maxsize=_REMEMBERED)
def _header(name: str, documentation: str, type_: str, open_metrics: bool) -> str:
    # OpenMetrics names a counter without the suffix of its samples, the older format with it.
    shown = f"{name}_total" if type_ == "counter" and not open_metrics else name
    text = documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {shown} {text}\n# TYPE {shown} {type_}\n"


@lru_cache(maxsize=_REMEMBERED)
def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    ordered = sorted(labels)
    return name + render_labels([key for key, _ in ordered], [value for _, value in ordered])
