"""The text format by hand against prometheus_client, which is the authority on its bytes."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from workflow_exporter.self_metrics import Family
from workflow_exporter.web.exposition import Sample, encode, format_value, render_family


class _OneFamily(Collector):
    def __init__(self, family: Family, samples: Iterable[Sample]) -> None:
        self._metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
        for labels, value in samples:
            self._metric.add_metric(labels, value)

    def collect(self) -> Iterable[Metric]:
        yield self._metric


def _by_the_library(family: Family, samples: Iterable[Sample]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_OneFamily(family, samples))
    return generate_latest(registry)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.0"),
        (True, "1.0"),
        (3, "3.0"),
        (0.1, "0.1"),
        (999_999.0, "999999.0"),
        (1_000_000.0, "1e+06"),
        (1_400_000_000, "1.4e+09"),
        (1_505_908_800.25, "1.50590880025e+09"),
        (17_179_869_184, "1.7179869184e+10"),
        (1e16, "1e+16"),
        (1.5e300, "1.5e+300"),
        (1e-7, "1e-07"),
        (-12_345_678.0, "-12345678.0"),
        (-0.0, "-0.0"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_values_are_written_as_the_library_writes_them(value: float, text: str) -> None:
    assert format_value(value) == text
    assert floatToGoString(value) == text  # type: ignore[no-untyped-call]  # the library's own has no types


@given(st.floats())
def test_any_float_is_written_as_the_library_writes_it(value: float) -> None:
    assert format_value(value) == floatToGoString(value)  # type: ignore[no-untyped-call]  # as above


def test_labels_are_sorted_and_escaped_and_keep_other_scripts() -> None:
    family = Family("workflow_x_info", "A \\ help.", ("version", "image", "component"))

    text = render_family(family, [(('1"2', "C:\\x\ny", "größe"), 1)])

    assert text == (
        "# HELP workflow_x_info A \\\\ help.\n"
        "# TYPE workflow_x_info gauge\n"
        'workflow_x_info{component="größe",image="C:\\\\x\\ny",version="1\\"2"} 1.0\n'
    )


@given(
    st.lists(
        st.tuples(st.tuples(st.text(), st.text()), st.floats(allow_nan=False)),
        min_size=1,
        unique_by=lambda sample: sample[0],
    )
)
def test_any_family_is_byte_for_byte_the_library_s(samples: list[Sample]) -> None:
    family = Family("workflow_x", "Anything.", ("b", "a"))

    assert encode(render_family(family, samples)) == _by_the_library(family, samples)


def test_a_family_without_labels_has_no_braces() -> None:
    family = Family("workflow_x", "Anything.")

    assert (
        render_family(family, [((), 2)])
        == "# HELP workflow_x Anything.\n# TYPE workflow_x gauge\nworkflow_x 2.0\n"
    )


def test_a_family_without_samples_is_not_there_at_all() -> None:
    assert render_family(Family("workflow_x", "Anything."), []) == ""


def test_a_label_set_that_comes_twice_is_written_once() -> None:
    family = Family("workflow_x", "Anything.", ("id",))

    text = render_family(family, [(("a",), 1), (("a",), 2)])

    assert text.splitlines()[2:] == ['workflow_x{id="a"} 1.0']


def test_a_lone_surrogate_does_not_break_the_scrape() -> None:
    assert encode("a\ud800b") == b"a?b"
