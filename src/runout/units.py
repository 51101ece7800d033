"""How quantities are said to a reader. Inside the code rates are fractions and money is plain dollars."""

import math

_SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
MISSING = "n/a"


def dollars(value: float | None, *, signed: bool = False) -> str:
    """Return dollars in the unit a desk would use.

    Examples
    --------
    >>> dollars(82_909_990_915), dollars(-123_849_007, signed=True), dollars(661_699_804, signed=True)
    ('$82.91B', '−$123.8M', '+$661.7M')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    return _sign(value, signed=signed) + "$" + _scaled(abs(value))


def exact_dollars(value: float | None, *, signed: bool = False) -> str:
    """Return dollars of one's own in full: whole from a hundred up, to cents from one up, else to three digits.

    Examples
    --------
    >>> exact_dollars(1_452_500.4), exact_dollars(-12.345, signed=True), exact_dollars(0.000583)
    ('$1,452,500', '−$12.35', '$0.000583')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    magnitude = abs(value)
    digits = 0 if magnitude >= 100 or magnitude == 0 else 2 if magnitude >= 1 else 2 - math.floor(math.log10(magnitude))
    return f"{_sign(value, signed=signed)}${magnitude:,.{digits}f}"


def coins(value: float | None, coin: str, *, signed: bool = False) -> str:
    """Return a coin amount with its name.

    Examples
    --------
    >>> coins(-1234.4, "BTC", signed=True)
    '−1,234 BTC'
    """
    if value is None or not math.isfinite(value):
        return MISSING
    digits = 0 if abs(value) >= 100 else 2
    return f"{_sign(value, signed=signed)}{abs(value):,.{digits}f} {coin}"


def percent(fraction: float | None, *, digits: int = 1, signed: bool = False) -> str:
    """Return a fraction as percent: the only place where percent exists.

    Examples
    --------
    >>> percent(0.6181), percent(-0.0204, digits=2, signed=True)
    ('61.8%', '−2.04%')
    """
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    return f"{_sign(fraction, signed=signed)}{abs(fraction) * 100:.{digits}f}%"


def price(value: float | None) -> str:
    """Return a price in dollars, with as many digits as it deserves.

    Examples
    --------
    >>> price(114_900.0), price(2.7745), price(0.0000125)
    ('$114,900', '$2.7745', '$0.0000125')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) >= 1000:
        return f"${value:,.0f}"
    if 0 < abs(value) < 1e-4:  # no powers of ten
        return "$" + f"{value:.{3 - math.floor(math.log10(abs(value)))}f}".rstrip("0")
    return f"${value:,.2f}" if abs(value) >= 10 else f"${value:.4g}" if abs(value) < 1 else f"${value:.4f}"


def ordinal(rank_percent: float) -> str:
    """Return a percentile as text.

    Examples
    --------
    >>> ordinal(91.2), ordinal(3.4), ordinal(12)
    ('91st', '3rd', '12th')
    """
    number = round(rank_percent)
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _sign(value: float, *, signed: bool) -> str:
    if value < 0:
        return "−"
    return "+" if signed and value > 0 else ""


def _scaled(magnitude: float) -> str:
    for scale, suffix in _SCALES:
        scaled = magnitude / scale
        digits = 2 if scaled < 100 and suffix in {"T", "B"} else 1
        if round(scaled, digits) >= 1:
            return f"{scaled:,.{digits}f}{suffix}"
    return f"{magnitude:,.0f}"
