"""Prometheus' text format by hand: byte for byte what `prometheus_client.generate_latest` writes.

Source: prometheus.io/docs/instrumenting/exposition_formats (text 0.0.4), and OpenMetrics 1.0. Gauges
whose help has no quotes are spelled alike in both, so one rendering serves both.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from workflow_exporter.self_metrics import Family

Sample = tuple[tuple[str, ...], float]  # label values in the order of the family's labels; the value

_REMEMBERED = 1024  # nodes are alike: the same few system names thousands of times
_SPECIAL = re.compile(r'[\\\n"]')
_ESCAPES: Mapping[str, str] = {"\\": r"\\", "\n": r"\n", '"': r"\""}


@lru_cache(maxsize=_REMEMBERED)
def escape_label_value(value: str) -> str:
    """`value` as it stands between a label's quotes."""
    if _SPECIAL.search(value) is None:
        return value
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value)


def format_value(value: float) -> str:
    """`3.0`, `1.5e+07`, `+Inf`, `NaN`: as the client libraries write a float.

    That is Python's shortest form, but positive numbers from 1e7 on have an exponent of at least two
    digits.
    """
    number = float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    text = repr(number)
    whole, dot, fraction = text.partition(".")
    if number <= 0 or not dot or len(whole) <= 6:
        return text
    mantissa = f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0.")
    return f"{mantissa}e+{len(whole) - 1:02d}"


def render_header(family: Family) -> str:
    """The HELP and TYPE lines."""
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.type}\n"


def render_labels(names: Sequence[str], values: Sequence[str]) -> str:
    """`{a="1",b="2"}`, or nothing where there are no labels. Sorting them is the caller's business."""
    if not names:
        return ""
    pairs = [f'{name}="{escape_label_value(value)}"' for name, value in zip(names, values, strict=True)]
    return f"{{{','.join(pairs)}}}"


def render_family(family: Family, samples: Iterable[Sample]) -> str:
    """Header and lines, or nothing at all where there are no samples.

    A label set that comes twice is written once, with its first value: duplicates would make the
    whole scrape faulty.
    """
    unique: dict[tuple[str, ...], float] = {}
    for labels, value in samples:
        unique.setdefault(labels, value)
    if not unique:
        return ""
    order = sorted(range(len(family.labels)), key=family.labels.__getitem__)
    names = [family.labels[i] for i in order]
    lines = [
        f"{family.name}{render_labels(names, [labels[i] for i in order])} {format_value(value)}\n"
        for labels, value in unique.items()
    ]
    return render_header(family) + "".join(lines)


def encode(text: str) -> bytes:
    """UTF-8. A lone surrogate, which YAML can spell and UTF-8 cannot, becomes a question mark."""
    return text.encode("utf-8", "replace")
