"""What sets a slide off: a move of the price, a price that is reached, an order. Down or up."""

import math
from typing import Literal, TypeAlias

import msgspec

from runout.cascade.arrays import positive
from runout.cascade.ladder import Direction
from runout.errors import UsageError


class Move(msgspec.Struct, frozen=True):
    """The price moves for reasons outside the market for leverage, and makers quote around it there.

    Parameters
    ----------
    change
        Fraction: −0.05 is a fall of 5%.
    """

    change: float


class ToPrice(msgspec.Struct, frozen=True):
    """The same, given as the price that is reached.

    Parameters
    ----------
    price_usd
        Above 0.
    """

    price_usd: float


class Order(msgspec.Struct, frozen=True):
    """Somebody trades at market, and forced orders follow into the same book.

    Parameters
    ----------
    side
        ``sell`` or ``buy``.
    usd
        Dollars.
    """

    side: Literal["sell", "buy"]
    usd: float


Shock: TypeAlias = Move | ToPrice | Order


class Push(msgspec.Struct, frozen=True):
    """A shock as the solvers take it.

    Parameters
    ----------
    direction
        Of the move.
    distance
        Log-distance that the price moves by itself, ``inf`` for a fall to nothing.
    order_usd
        Dollars traded at market.
    """

    direction: Direction
    distance: float
    order_usd: float


def push(shock: Shock, price_usd: float) -> Push:
    """Return a shock as a distance along its direction, seen from a price.

    No move at all counts as down.

    Raises
    ------
    UsageError
        If the shock is not a number, or the price would end below zero.

    Examples
    --------
    >>> push(Order("sell", 500e6), 100_000)
    Push(direction='down', distance=0.0, order_usd=500000000.0)
    """
    if isinstance(shock, Order):
        if not 0 <= shock.usd < math.inf:
            raise UsageError(f"expected an order of at least 0 dollars, found {shock.usd!r}")
        return Push("down" if shock.side == "sell" else "up", 0.0, float(shock.usd))
    target = positive("price_usd of the shock", shock.price_usd) if isinstance(shock, ToPrice) else None
    ratio = target / price_usd if target is not None else 1 + _change(shock)
    distance = math.inf if ratio == 0 else abs(math.log(ratio))
    return Push("up" if ratio > 1 else "down", distance, 0.0)


def _change(shock: Shock) -> float:
    change = shock.change if isinstance(shock, Move) else 0.0
    if not -1 <= change < math.inf:
        raise UsageError(f"expected a change of at least −1 (a fall of 100%), found {change!r}: 5% is 0.05")
    return change
