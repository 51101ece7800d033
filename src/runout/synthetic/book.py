"""The book of a market as a depth model, and the trades that move positions from one account to another."""

import math

from runout.synthetic.state import (
    BAR_BOUGHT,
    BAR_CLOSE,
    BAR_HIGH,
    BAR_LOW,
    BAR_VOLUME,
    MAKER,
    MINUTES_PER_BAR,
    MINUTES_PER_DAY,
    OWN,
    Market,
)

WALK = 1.3
"""The book is thin near the price and thickens away from it: impact is 1% · (consumed / depth) to this power."""
DEEPEST = 12.0
"""Beyond so many depths consumed the book goes no further."""


def impact(consumed: float) -> float:
    """Return the log displacement of the price when so many depths are gone from the book."""
    if consumed == 0.0:
        return 0.0
    move = 0.01 * min(abs(consumed), DEEPEST) ** WALK
    return move if consumed >= 0.0 else -move


def consumed_at(displacement: float) -> float:
    """Return the depths whose consumption displaces the price so far: the inverse of :func:`impact`."""
    depths = min((abs(displacement) / 0.01) ** (1.0 / WALK), DEEPEST)
    return depths if displacement >= 0.0 else -depths


def requote(m: Market, v: int) -> None:
    """Set the price of a market from its book, and let the running bar see it."""
    x = m.markets
    x[v].price = x[v].mid * math.exp(impact(x[v].consumed)) if x[v].consumed != 0.0 else x[v].mid
    bar = m.bars[v, m.whole[0].minute % MINUTES_PER_DAY // MINUTES_PER_BAR]
    bar[BAR_HIGH] = max(bar[BAR_HIGH], x[v].price)
    bar[BAR_LOW] = min(bar[BAR_LOW], x[v].price)
    bar[BAR_CLOSE] = x[v].price


def nudge(m: Market, v: int, dollars: float) -> None:
    """Take dollars out of the book (positive: bought); a part of the move stays in the fundamental."""
    x = m.markets
    before = impact(x[v].consumed)
    x[v].consumed = min(max(x[v].consumed + dollars / x[v].depth, -DEEPEST), DEEPEST)
    moved = impact(x[v].consumed) - before
    m.whole[0].fundamental *= math.exp(m.whole[0].permanent * m.markets[v].depth_share * moved)
    requote(m, v)


def shift(m: Market, i: int, change: float, price: float) -> None:
    """Add ``change`` coins to a position at a price, and take the cost out of its cash."""
    a, v = m.accounts, m.accounts[i].venue
    old = a[i].quantity
    new = old + change
    m.markets[v].long_open += max(new, 0.0) - max(old, 0.0)
    m.markets[v].short_open += max(-new, 0.0) - max(-old, 0.0)
    if new != 0.0:
        if old * change >= 0.0:
            a[i].entry = (a[i].entry * abs(old) + price * abs(change)) / abs(new)
        elif old * new < 0.0:
            a[i].entry = price
    a[i].cash -= change * price
    a[i].quantity = new


def exchange(m: Market, i: int, j: int, change: float, price: float) -> None:
    """Let ``i`` take ``change`` coins from ``j`` at a price; the trade is counted once.

    Parameters
    ----------
    m
        The market.
    i
        Account that takes.
    j
        Account that gives, of the same venue.
    change
        Coins; negative: ``i`` sells.
    price
        Dollars a coin.
    """
    v = m.accounts[i].venue
    shift(m, i, change, price)
    shift(m, j, -change, price)
    bar = m.bars[v, m.whole[0].minute % MINUTES_PER_DAY // MINUTES_PER_BAR]
    bar[BAR_VOLUME] += abs(change)
    bar[BAR_BOUGHT] += max(change, 0.0)


def take(m: Market, i: int, change: float, weight: float) -> float:
    """Trade against the venue's makers; ``weight`` is the share of the order that walks the book. Return the price."""
    v = m.accounts[i].venue
    before = m.markets[v].price
    if weight > 0.0:
        nudge(m, v, change * before * weight)
    fill = 0.5 * (before + m.markets[v].price)
    exchange(m, i, OWN * v + MAKER, change, fill)
    return fill
