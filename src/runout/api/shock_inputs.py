"""Shocks and amounts as a caller of the interface or of the command line names them."""

import re
from typing import Final, TypedDict, Unpack, cast

from runout.cascade.shock import Move, Order, Shock, ToPrice
from runout.errors import UsageError
from runout.units import price

Amount = float | str
"""A number, or text such as ``5%``, ``116,200``, ``500M`` or ``20x``."""

_AMOUNT: Final = re.compile(r"(?P<sign>[+−-]?)\$?(?P<number>\d+(?:[.,_]\d+)*)(?P<unit>[KMBX%]?)", re.IGNORECASE)
_UNITS: Final = {"": 1.0, "%": 0.01, "K": 1e3, "M": 1e6, "B": 1e9, "X": 1.0}
_LEAST_ORDER_USD: Final = 10_000.0
_LEAST_MOVE: Final = 0.0005


class Shocks(TypedDict, total=False):
    """A move of the price (0.05 or ``"5%"``), a price that is reached, or an order at market (5e8 or ``"500M"``)."""

    drop: Amount | None
    rise: Amount | None
    to: Amount | None
    sell: Amount | None
    buy: Amount | None


SHOCKS: Final = tuple(Shocks.__annotations__)


def named_shock(*, mark: str = "", **shock: Unpack[Shocks]) -> Shock:
    """Return the one shock that is named.

    Parameters
    ----------
    mark
        What stands before a name in messages: ``--`` on the command line.
    **shock
        Of :class:`Shocks`.

    Raises
    ------
    UsageError
        If none, several or others are named, or an amount is not of the expected form or moves nothing.

    Examples
    --------
    >>> named_shock(drop=0.05), named_shock(drop="5%"), named_shock(sell="500M")
    (Move(change=-0.05), Move(change=-0.05), Order(side='sell', usd=500000000.0))
    """
    named = [(name, cast("Amount", value)) for name, value in shock.items() if value is not None]
    if len(named) != 1 or named[0][0] not in SHOCKS:
        results = ", ".join(f"{mark}{name}" for name, _ in named) or "none"
        raise UsageError(f"expected one shock ({', '.join(f'{mark}{n}' for n in SHOCKS)}), found {results}")
    ((name, value),) = named
    if name in {"drop", "rise"}:
        move = share(f"{mark}{name}", value)
        return Move(-move if name == "drop" else move)
    usd = amount(f"{mark}{name}", value)
    if name == "to":
        return ToPrice(usd)
    if usd < _LEAST_ORDER_USD:
        raise UsageError(f"{mark}{name} {value} is an order of ${usd:,.0f} only; did you mean {usd:g}M?")
    return Order("sell" if name == "sell" else "buy", usd)


def refuse_no_move(shock: Shock, price_usd: float) -> None:
    """Refuse a price to be reached that is the present one: nothing moves, and every past day went so far.

    Raises
    ------
    UsageError
        If it is less than 0.05% away.

    Examples
    --------
    >>> refuse_no_move(ToPrice(114_900.0), 114_900.0)
    Traceback (most recent call last):
        ...
    runout.errors.UsageError: expected a price other than the present $114,900, found $114,900: nothing would move
    """
    if isinstance(shock, ToPrice) and abs(shock.price_usd / price_usd - 1.0) < _LEAST_MOVE:
        raise UsageError(
            f"expected a price other than the present {price(price_usd)}, found {price(shock.price_usd)}: "
            "nothing would move"
        )


def share(name: str, value: Amount) -> float:
    """Return a move of the price as a fraction above 0 and below 1.

    Raises
    ------
    UsageError
        If it has a sign, is not such a share, or without a percent sign text above 0.5 or a number from 1 on.
    """
    number, unit = _parts(name, value, "a share of the price such as 5%")
    fraction = number * _UNITS[unit]
    if unit == "" and (fraction > 0.5 if isinstance(value, str) else fraction >= 1.0):
        raise UsageError(f"expected {name} as a share of the price, found {value!r}; did you mean {name} {number:g}%?")
    if unit not in {"", "%"} or not 0.0 < fraction < 1.0:
        raise UsageError(f"expected {name} as a share of the price between 0% and 100%, such as 5%, found {value!r}")
    return fraction


def amount(name: str, value: Amount, *, unit: str = "") -> float:
    """Return dollars, coins or a leverage: a positive number, thousands parted by commas, ``K``, ``M``, ``B``; ``20x``.

    Raises
    ------
    UsageError
        If it is not such a number. ``unit`` ``x`` allows ``20x``.
    """
    form = "a leverage such as 20 or 20x" if unit else "a number such as 110000, 116,200, 500M or 1.5B"
    number, suffix = _parts(name, value, form)
    if suffix == "%" or (suffix == "X" and not unit) or number == 0.0:
        raise UsageError(f"expected {name} as {form}, found {value!r}")
    return number * _UNITS[suffix]


def _parts(name: str, value: Amount, form: str) -> tuple[float, str]:
    text = value.strip() if isinstance(value, str) else f"{value:.17g}" if 1e-4 <= abs(value) < 1e16 else repr(value)
    results = _AMOUNT.fullmatch(text)
    if results is None:
        raise UsageError(f"expected {name} as {form}, found {value!r}")
    if results["sign"]:
        raise UsageError(f"expected {name} without a sign, as {form}, found {value!r}: the name says the direction")
    whole = results["number"].replace("_", "")
    # A comma parts thousands (110,000); as a decimal sign it would be another number, so only whole groups pass.
    if "," in whole and not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", whole):
        raise UsageError(f"expected {name} as {form}, found {value!r}: a comma parts thousands here")
    return float(whole.replace(",", "")), results["unit"].upper()
