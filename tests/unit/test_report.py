from workflow_exporter.report import Series, series_line


def test_series_are_written_as_prometheus_writes_them() -> None:
    series = Series("fleet_nodes", (("architecture", "amd64"), ("os_image", 'a "b" \\ c\nd')), 12.0)

    assert series_line(series) == r'fleet_nodes{architecture="amd64",os_image="a \"b\" \\ c\nd"} 12'


def test_whole_numbers_have_no_fraction_and_no_exponent() -> None:
    values = [series_line(Series("x", (), value)).partition(" ")[2] for value in (0.0, 1795435200.0, 2.0**48)]

    assert values == ["0", "1795435200", "281474976710656"]
