"""The ladder: what is expected to be reported as liquidated at each price, and how much of that is assumption.

Dollars of a level are those of the first visit: what opens and closes along the way is not in them.
"""

from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.errors import NotEnoughDataError, UsageError
from runout.liquidation_map.dollars import SIDES, Dollars, band
from runout.liquidation_map.state import DIRECTION, resting
from runout.margin.arrays import Side
from runout.scores.arrays import FloatArray

FARTHEST: Final = 2.0
"""Levels end at half and at twice the price, wherever the window traded: one grid cannot hold a collapse."""
FAR: Final = 0.5
"""Share of assumption from which on a level is called far."""
_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class Total(msgspec.Struct, frozen=True):
    """Dollars expected to be reported of one pass of the price, with a band of 90%."""

    usd: float
    low_usd: float
    high_usd: float


class Ladder(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Levels of both sides on one grid of prices.

    Parameters
    ----------
    price
        From which distances count, dollars.
    edges
        Shape (levels + 1,), dollars, ascending.
    coins
        Inferred, shape (sides, levels), longs first.
    usd
        Expected to be reported, likewise.
    low_usd, high_usd
        Band of 90% of each level alone; bands do not add up.
    assumed
        Share of a level that is assumption: no or few past ways went so far.
    dollars
        What made dollars of coins.
    """

    price: float
    edges: FloatArray
    coins: FloatArray
    usd: FloatArray
    low_usd: FloatArray
    high_usd: FloatArray
    assumed: FloatArray
    dollars: Dollars

    @property
    def middle(self) -> FloatArray:
        """Middle of each level, dollars."""
        return (self.edges[:-1] + self.edges[1:]) / 2.0

    def total_usd(self, side: Side) -> FloatArray:
        """Return dollars of each level of a side, shape (levels,)."""
        return self.usd[SIDES.index(side)]

    def between(self, side: Side, low: float, high: float) -> tuple[float, float]:
        """Return inferred dollars between two prices, levels in part by overlap, and the share that is assumption."""
        overlap = np.clip(np.minimum(self.edges[1:], high) - np.maximum(self.edges[:-1], low), 0.0, None)
        row = SIDES.index(side)
        inferred = overlap / np.diff(self.edges) * self.middle * self.coins[row]
        return float(inferred.sum()), _share(inferred, self.assumed[row])

    def near(self, side: Side) -> tuple[float, float]:
        """Return the prices between which levels of a side are data: less than half assumption."""
        row = SIDES.index(side)
        own = self.middle < self.price if side == "long" else self.middle >= self.price
        inside = np.flatnonzero(own & (self.assumed[row] < FAR))
        if not len(inside):
            return self.price, self.price
        return float(self.edges[inside[0]]), float(self.edges[inside[-1] + 1])


def total(dollars: Dollars, side: Side, inferred_usd: float, assumed: float, *, background: bool = False) -> Total:
    """Return the reported total expected of inferred dollars, with its band.

    Parameters
    ----------
    dollars
        What the feed reported of past crossings.
    side
        Whose positions.
    inferred_usd
        Dollars of the levels crossed.
    assumed
        Share of them that is assumption.
    background
        Whether reports that no level explains are expected as well: those of a whole bucket.
    """
    subject, inferred = dollars.for_side(side), np.array(inferred_usd)
    low, high = band(subject, inferred, np.array(assumed), background=background)
    return Total(float(subject.expected_usd(inferred, background=background)), float(low), float(high))


def price_edges(low: float, high: float, levels: int = 250) -> FloatArray:
    """Return edges of round prices that cover a range, in about as many levels as asked for.

    Raises
    ------
    UsageError
        If the range is empty.

    Examples
    --------
    >>> price_edges(100.3, 101.9, 10).round(1).tolist()
    [100.2, 100.4, 100.6, 100.8, 101.0, 101.2, 101.4, 101.6, 101.8, 102.0]
    """
    if not 0.0 < low < high:
        raise UsageError(f"expected prices 0 < low < high, found {low} and {high}")
    requested = (high - low) / levels
    power = 10.0 ** np.floor(np.log10(requested))
    step = next(factor * power for factor in _ROUND if factor * power >= requested * (1.0 - 1e-9))
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return np.arange(first, last + 1.0) * step


def edges_around(price: float, low: float, high: float, reach: float) -> FloatArray:
    """Return edges from the prices traded and a fraction ``reach`` beyond, :data:`FARTHEST` from the price at most."""
    return price_edges(max(low * (1.0 - reach), price / FARTHEST), min(high * (1.0 + reach), price * FARTHEST))


def ladder(masses: FloatArray, dollars: Dollars, price: float, edges: FloatArray, open_interest_base: float) -> Ladder:
    """Return the ladder of a map.

    Parameters
    ----------
    masses
        Of the state, shape (sides, cells).
    dollars
        Fitted on what was known at the map's time.
    price
        Dollars, at the map's time.
    edges
        Levels, dollars, ascending.
    open_interest_base
        Coins that each side holds.
    """
    coins = resting(masses, price, edges) * open_interest_base
    middle = (edges[:-1] + edges[1:]) / 2.0
    shape = coins.shape
    usd, low, high, assumed = (np.zeros(shape) for _ in range(4))
    for side, name in enumerate(SIDES):
        subject, inferred = dollars.for_side(name), coins[side] * middle
        assumed[side] = subject.assumed(np.maximum(DIRECTION[side] * np.log(price / middle), 0.0))
        usd[side] = subject.expected_usd(inferred)
        low[side], high[side] = band(subject, inferred, assumed[side], part=True)
    return Ladder(
        price=price, edges=edges, coins=coins, usd=usd, low_usd=low, high_usd=high, assumed=assumed, dollars=dollars
    )  # fmt: skip


def require_open_interest(subject: Ladder, open_interest_base: float) -> None:
    """Raise where a side would liquidate more coins than it holds: figures of different units, or a broken market.

    Raises
    ------
    NotEnoughDataError
        If the dollars expected of a side, at the prices of their levels, are more coins than are open.
    """
    for side in SIDES:
        coins = float((subject.total_usd(side) / subject.middle).sum())
        if coins > open_interest_base:
            raise NotEnoughDataError(
                f"expected {side}s to be liquidated of at most the open interest, {open_interest_base:,.4g} coins, "
                f"found {coins:,.4g}: compare the units of open interest and liquidations (`runout verify`)"
            )


def table(subject: Ladder) -> pl.DataFrame:
    """Return the ladder as a table: a row for each side and level in which something rests, by price.

    Returns
    -------
    polars.DataFrame
        ``side``; ``low_price, high_price`` of the level; ``coins``, inferred; ``usd, low_usd, high_usd``, expected to
        be reported; ``prior_share``, of it assumption; ``kind``, ``data`` or ``assumption``; ``cumulative_usd`` from
        the price outward, this level included.
    """
    parts = [
        pl.DataFrame(
            {
                "low_price": subject.edges[:-1], "high_price": subject.edges[1:], "coins": subject.coins[row],
                "usd": subject.usd[row],
                "low_usd": subject.low_usd[row], "high_usd": subject.high_usd[row], "prior_share": subject.assumed[row],
                "kind": np.where(subject.assumed[row] < FAR, "data", "assumption"),
                "cumulative_usd": cumulative(subject, side),
            }
        ).insert_column(0, pl.lit(side).alias("side")).filter(pl.col("coins") > 0.0)
        for row, side in enumerate(SIDES)
    ]  # fmt: skip
    return pl.concat(parts).sort("low_price", "side")


def cumulative(subject: Ladder, side: Side) -> FloatArray:
    """Return dollars from the price outward to the far edge of each level, shape (levels,)."""
    return _outward(subject.total_usd(side), side)


def cumulative_band(subject: Ladder, side: Side) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the band of :func:`cumulative`, that of each total as a whole."""
    row = SIDES.index(side)
    inferred = subject.coins[row] * subject.middle
    whole = _outward(inferred, side)
    assumed = _outward(inferred * subject.assumed[row], side) / np.where(whole > 0.0, whole, 1.0)
    return band(subject.dollars.for_side(side), whole, assumed)


def _outward(values: FloatArray, side: Side) -> FloatArray:
    return np.cumsum(values[::-1])[::-1] if side == "long" else np.cumsum(values)


def _share(inferred: FloatArray, assumed: FloatArray) -> float:
    whole = float(inferred.sum())
    return float((inferred * assumed).sum()) / whole if whole > 0.0 else 1.0
