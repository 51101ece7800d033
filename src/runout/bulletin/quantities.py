"""How a :class:`~runout.bulletin.findings.Quantity` is said to a reader, by its unit."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from runout import units
from runout.bulletin.findings import Quantity, Table, Unit

LEVEL_NAMES: Final = ("low", "moderate", "considerable", "high", "extreme")
"""Danger levels 1 to 5, as the definitions name them."""


def value_text(value: float | None, unit: Unit, *, coin: str = "", signed: bool = False) -> str:
    """Return one number in the words of its unit.

    Parameters
    ----------
    value
        The number in the unit of the record: fractions as fractions, percentiles from 0 to 100; None or a number
        that is not finite reads as not observed.
    unit
        Its unit.
    coin
        Name of the coin, for amounts of coins.
    signed
        Whether a positive number carries a plus sign.

    Examples
    --------
    >>> value_text(0.6181, "fraction"), value_text(-0.0204, "fraction"), value_text(0.0001, "fraction", signed=True)
    ('61.8%', '−2.04%', '+0.0100%')
    >>> value_text(702_154.2, "coins", coin="BTC"), value_text(3.0, "level"), value_text(None, "USD")
    ('702,154 BTC', '3 of 5, considerable', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return units.MISSING
    return _WORDING[unit](float(value), coin, signed)


def column_texts(
    values: Sequence[float | None], unit: Unit, *, coin: str = "", signed: bool = False
) -> tuple[str, ...]:
    """Return numbers that stand together, with the same digits: those the largest of them deserves.

    Examples
    --------
    >>> column_texts((0.148, 0.047, None), "fraction"), column_texts((0.0011, -0.0002), "fraction", signed=True)
    (('14.8%', '4.7%', 'n/a'), ('+0.11%', '−0.02%'))
    """
    if unit != "fraction":
        return tuple(value_text(value, unit, coin=coin, signed=signed) for value in values)
    known = [abs(value) for value in values if value is not None and math.isfinite(value)]
    digits = _percent_digits(max(known, default=0.0))
    return tuple(units.percent(value, digits=digits, signed=signed) for value in values)


def row_texts(table: Table, *, coin: str = "") -> tuple[tuple[str, ...], ...]:
    """Return the cells of a table in words, row by row, each column with the same digits."""
    columns = [
        column_texts([row.values[index] for row in table.rows], unit, coin=coin, signed=table.signed[index])
        for index, unit in enumerate(table.units)
    ]
    return tuple(tuple(column[index] for column in columns) for index in range(len(table.rows)))


def bounds_text(quantity: Quantity, *, coin: str = "") -> str:
    """Return the bounds of a quantity's interval, or an empty text where it has none.

    Examples
    --------
    >>> bounds_text(Quantity(name="p", label="p", value=0.1, unit="fraction", uncertainty="80% interval",
    ...                      low=0.05, high=0.2))
    '5.0%–20.0%'
    """
    if quantity.low is None and quantity.high is None:
        return ""
    low, high = column_texts((quantity.low, quantity.high), quantity.unit, coin=coin, signed=quantity.signed)
    return f"{low} to {high}" if {"−", "+", " "} & set(low + high) else f"{low}–{high}"


def interval_text(quantity: Quantity, *, coin: str = "") -> str:
    """Return the interval of a quantity and what it is, or an empty text where it has none."""
    bounds = bounds_text(quantity, coin=coin)
    return f"{quantity.uncertainty} {bounds}".strip() if bounds else ""


def quantity_text(quantity: Quantity, *, coin: str = "") -> str:
    """Return a quantity with its interval.

    Examples
    --------
    >>> quantity_text(Quantity(name="l", label="l", value=1.2e9, unit="USD", uncertainty="80% interval",
    ...                        low=8e8, high=1.9e9))
    '$1.20B (80% interval $800.0M–$1.90B)'
    """
    text = value_text(quantity.value, quantity.unit, coin=coin, signed=quantity.signed)
    interval = interval_text(quantity, coin=coin)
    return f"{text} ({interval})" if interval else text


def certainty_text(quantity: Quantity, *, coin: str = "") -> str:
    """Return the interval of a quantity, or why it has none."""
    return interval_text(quantity, coin=coin) or quantity.uncertainty


def danger_level(value: float | None) -> int | None:
    """Return a danger level from 1 to 5, or None where the number is none of them."""
    if value is None or not math.isfinite(value) or not 1 <= round(value) <= len(LEVEL_NAMES):
        return None
    return round(value)


def _dollars(value: float, _coin: str, signed: bool) -> str:
    return units.dollars(value, signed=signed)


def _coins(value: float, coin: str, signed: bool) -> str:
    return units.coins(value, coin or "coins", signed=signed)


def _price(value: float, _coin: str, signed: bool) -> str:
    return _sign(value, signed=signed) + units.price(abs(value))


def _fraction(value: float, _coin: str, signed: bool) -> str:
    return units.percent(value, digits=_percent_digits(abs(value)), signed=signed)


def _percent_digits(magnitude: float) -> int:
    return 1 if magnitude >= 0.1 or magnitude == 0 else 2 if magnitude >= 0.001 else 4


def _ratio(value: float, _coin: str, signed: bool) -> str:
    digits = 0 if abs(value) >= 1000 else 2 if abs(value) >= 0.1 or value == 0 else 4
    return f"{_sign(value, signed=signed)}{abs(value):,.{digits}f}"


def _percentile(value: float, _coin: str, _signed: bool) -> str:
    return f"{units.ordinal(value)} percentile"


def _count(value: float, _coin: str, signed: bool) -> str:
    digits = 0 if value.is_integer() or abs(value) >= 100 else 1
    return f"{_sign(value, signed=signed)}{abs(value):,.{digits}f}"


def _hours(value: float, coin: str, signed: bool) -> str:
    return f"{_count(value, coin, signed)} h"


def _level(value: float, _coin: str, _signed: bool) -> str:
    level = danger_level(value)
    return f"{value:g}" if level is None else f"{level} of 5, {LEVEL_NAMES[level - 1]}"


def _sign(value: float, *, signed: bool) -> str:
    return "−" if value < 0 else "+" if signed and value > 0 else ""


_WORDING: Final[dict[Unit, Callable[[float, str, bool], str]]] = {
    "USD": _dollars,
    "coins": _coins,
    "USD per coin": _price,
    "fraction": _fraction,
    "ratio": _ratio,
    "percentile": _percentile,
    "count": _count,
    "hours": _hours,
    "level": _level,
}
