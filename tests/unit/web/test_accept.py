"""Which format and encoding `/metrics` answers with."""

import pytest

from workflow_exporter.web.accept import accepts_gzip, choose_format

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# As sent by Prometheus 3.x, config.DefaultScrapeProtocols and with native histograms.
_PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
_PROMETHEUS_3_PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
    + _PROMETHEUS_3
)
_PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", _TEXT),
        ("*/*", _TEXT),
        ("text/plain", _TEXT),
        ("text/plain;version=0.0.4", _TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", _TEXT),
        ("application/json", _TEXT),  # nothing fits: the format that everyone reads
        ("application/openmetrics-text", _OPEN_METRICS),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", _OPEN_METRICS),
        ("Application/OpenMetrics-Text;Version=1.0.0", _OPEN_METRICS),
        ("application/openmetrics-text;version=0.0.1", _TEXT),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", _TEXT),
        ("application/openmetrics-text;q=0,*/*", _TEXT),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", _TEXT),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.5", _TEXT),  # the first of equals
        ("application/openmetrics-text;q=many", _TEXT),
        (_PROMETHEUS_2, _OPEN_METRICS),
        (_PROMETHEUS_3, f"{_OPEN_METRICS}; escaping=allow-utf-8"),
        (_PROMETHEUS_3_PROTOBUF, f"{_OPEN_METRICS}; escaping=allow-utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;escaping=dots",
            f"{_OPEN_METRICS}; escaping=underscores",
        ),
    ],
)
def test_the_format_that_is_liked_best_is_chosen(accept: str, content_type: str) -> None:
    chosen = choose_format(accept)

    assert chosen.content_type == content_type
    assert chosen.open_metrics == content_type.startswith("application/openmetrics-text")


@pytest.mark.parametrize(
    ("accept_encoding", "compressed"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("identity;q=1, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=1.0", True),
        ("gzip, zstd", True),
    ],
)
def test_gzip_is_used_where_it_is_welcome(accept_encoding: str, compressed: bool) -> None:
    assert accepts_gzip(accept_encoding) is compressed
