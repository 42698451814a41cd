"""Kubernetes quantities: `16Gi`, `1500m`, `1e3`, `128974848`.

Source: k8s.io/apimachinery `pkg/api/resource/quantity.go`, the grammar above `type Quantity`.
"""

import re
from decimal import ROUND_CEILING, Decimal

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,3}))?",
    re.ASCII,
)
_MAX_LENGTH = 64  # characters; the longest that a kubelet writes has 20
_MAX_MAGNITUDE = 2**63 - 1  # quantity.go: "no quantity may represent a number greater"
_BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{letter: Decimal(1000) ** -power for power, letter in enumerate("mun", start=1)},
}
_FACTORS = {**_BINARY, **_DECIMAL}


def parse_quantity(text: str) -> Decimal:
    """The number that `text` spells, in base units; raises ValueError outside the grammar or 64 bits.

    Unbounded, `1e999` would become an integer of 999 digits that no output can write.
    """
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise ValueError("not a Kubernetes quantity")
    number = _number(match)
    if abs(number) > _MAX_MAGNITUDE:
        raise ValueError("larger than a Kubernetes quantity can be")
    return number


def _number(match: re.Match[str]) -> Decimal:
    number = Decimal(match["number"])
    if match["suffix"]:
        return number * _FACTORS[match["suffix"]]
    if match["exponent"]:
        return number.scaleb(int(match["exponent"]))
    return number


def whole(quantity: Decimal) -> int:
    """The quantity as an integer, rounded up as Kubernetes' `Value()` rounds."""
    return int(quantity.to_integral_value(ROUND_CEILING))
