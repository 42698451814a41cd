from decimal import Decimal

import pytest

from workflow_exporter.cluster.quantity import parse_quantity, whole


@pytest.mark.parametrize(
    ("text", "value", "rounded_up"),
    [
        ("0", "0", 0),
        ("4", "4", 4),
        ("1500m", "1.5", 2),
        ("3920m", "3.92", 4),
        ("0.5", "0.5", 1),
        (".5", "0.5", 1),
        ("5.", "5", 5),
        ("+2", "2", 2),
        ("-1", "-1", -1),
        ("128974848", "128974848", 128974848),
        ("1e3", "1000", 1000),
        ("1E3", "1000", 1000),
        ("12e6", "12000000", 12000000),
        ("15e-1", "1.5", 2),
        ("1E", "1000000000000000000", 10**18),  # without digits behind it, E is exa
        ("129M", "129000000", 129000000),
        ("2k", "2000", 2000),
        ("123Mi", "128974848", 128974848),
        ("16Gi", "17179869184", 17179869184),
        ("16384Ki", "16777216", 16777216),
        ("1Ei", "1152921504606846976", 2**60),
        ("1.5Gi", "1610612736", 1610612736),
        ("100n", "0.0000001", 1),
        ("7u", "0.000007", 1),
        ("9223372036854775807", "9223372036854775807", 2**63 - 1),
    ],
)
def test_quantity_is_its_number_in_base_units(text: str, value: str, rounded_up: int) -> None:
    assert parse_quantity(text) == Decimal(value)
    assert whole(parse_quantity(text)) == rounded_up


@pytest.mark.parametrize(
    "text",
    ["", " ", "Gi", "1 Gi", "16GiB", "1KI", "1K", "1ki", "1e", "1e3Mi", "0x10", "--1", "1,5", ".", "+", "NaN",
     "Infinity", "١", "1e9999", "1" * 65],
)  # fmt: skip
def test_text_outside_the_grammar_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        parse_quantity(text)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "8Ei", "9223372036854775808", "9" * 64])
def test_quantity_beyond_64_bits_is_refused_before_it_becomes_an_endless_integer(text: str) -> None:
    with pytest.raises(ValueError, match="larger than a Kubernetes quantity can be"):
        parse_quantity(text)
