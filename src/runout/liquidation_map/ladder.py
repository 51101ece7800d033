"""The ladder: what is expected to be liquidated, and reported, at each price.

Coins are the filter's, inferred. Dollars are *reported* ones as expected: coins times the level's price times the
weight of the class (:mod:`.weights`), so a floor of what would be liquidated in truth. The dollars of a
level are those of the first visit: what then opens and closes on the way is not in them.
"""

from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl

from runout.errors import NotEnoughDataError, UsageError
from runout.liquidation_map.filter import MapState
from runout.liquidation_map.weights import SIDES, Side, Weights, band, expected_usd
from runout.scores.arrays import FloatArray

_DIRECTION: Final = (1.0, -1.0)
FARTHEST: Final = 2.0
"""Levels end at half and at twice the price, wherever the window traded: one grid cannot hold a collapse."""
_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class Ladder(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Levels of both sides on one grid of prices.

    Parameters
    ----------
    price
        From which distances count, dollars.
    edges
        Shape (levels + 1,), dollars, ascending.
    distance
        Log price from entry to liquidation, by class.
    coins
        Inferred, shape (sides, levels, classes, populations), longs first.
    usd
        Expected to be reported, shape (sides, levels, classes).
    low_usd, high_usd
        Band of 90% of each level alone, shape (sides, levels); bands do not add up.
    prior_share
        Share of a level's dollars that the prior decides, shape (sides, levels); 0 where nothing rests.
    weights
        What made dollars of coins.
    """

    price: float
    edges: FloatArray
    distance: tuple[float, ...]
    coins: FloatArray
    usd: FloatArray
    low_usd: FloatArray
    high_usd: FloatArray
    prior_share: FloatArray
    weights: Weights

    @property
    def middle(self) -> FloatArray:
        """Return the middle of each level, dollars."""
        return (self.edges[:-1] + self.edges[1:]) / 2.0

    def total_usd(self, side: Side) -> FloatArray:
        """Return dollars of each level, all classes, shape (levels,)."""
        return self.usd[SIDES.index(side)].sum(axis=1)

    def within(self, side: Side, low: float, high: float) -> FloatArray:
        """Return inferred dollars between two prices, shape (classes, populations); levels in part by overlap."""
        overlap = np.clip(np.minimum(self.edges[1:], high) - np.maximum(self.edges[:-1], low), 0.0, None)
        share = overlap / np.diff(self.edges)
        return np.einsum("l,lkp->kp", share * self.middle, self.coins[SIDES.index(side)])


class Total(msgspec.Struct, frozen=True):
    """Dollars expected to be reported of one pass of the price, with a band of 90%.

    Parameters
    ----------
    usd, low_usd, high_usd
        Dollars.
    """

    usd: float
    low_usd: float
    high_usd: float


def total(weights: Weights, side: Side, inferred_usd: FloatArray, *, background: bool = False) -> Total:
    """Return the reported total expected of inferred dollars, shape (classes, populations).

    With ``background``, that of a whole bucket: what no level explains is added.
    """
    of = weights.of(side)
    bounds = band(of, inferred_usd, background=background)
    expected = expected_usd(of, inferred_usd, background=background)
    return Total(float(expected), float(bounds.low), float(bounds.high))


def price_edges(low: float, high: float, levels: int = 250) -> FloatArray:
    """Return edges of round prices that cover a range, in about as many levels as asked for.

    Parameters
    ----------
    low, high
        Dollars.
    levels
        At most.

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
    wanted = (high - low) / levels
    power = 10.0 ** np.floor(np.log10(wanted))
    step = next(factor * power for factor in _ROUND if factor * power >= wanted * (1.0 - 1e-9))
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return np.arange(first, last + 1.0) * step


def edges_around(price: float, low: float, high: float, reach: float) -> FloatArray:
    """Return edges of levels from the prices traded and ``reach`` beyond, :data:`FARTHEST` from the price at most.

    Parameters
    ----------
    price
        Of now, dollars.
    low, high
        Traded in the window, dollars.
    reach
        Fraction.
    """
    return price_edges(max(low * (1.0 - reach), price / FARTHEST), min(high * (1.0 + reach), price * FARTHEST))


def require_open_interest(of: Ladder, open_interest_base: float) -> None:
    """Raise where a side would liquidate more coins than it holds: figures of different units, or a broken market.

    Parameters
    ----------
    of
        The ladder.
    open_interest_base
        Coins that each side holds.

    Raises
    ------
    NotEnoughDataError
        If the dollars expected of a side, at the prices of their levels, are more coins than are open.
    """
    for side in SIDES:
        coins = float((of.total_usd(side) / of.middle).sum())
        if coins > open_interest_base:
            raise NotEnoughDataError(
                f"expected {side}s to be liquidated of at most the open interest, {open_interest_base:,.4g} coins, "
                f"found {coins:,.4g}: compare the units of open interest and liquidations (`runout verify`)"
            )


def resting(state: MapState, edges: FloatArray) -> FloatArray:
    """Return inferred coins between price edges, shape (sides, levels, classes, populations).

    The filter's buckets (of log price) are cut where an edge falls; coins beyond the edges are left out, and so is what
    rests where the price has been: nothing does.

    Parameters
    ----------
    state
        The map.
    edges
        Dollars, ascending, shape (levels + 1,).
    """
    cohorts = state.cohorts
    sizes = (len(cohorts.distance), len(cohorts.population))
    out = np.zeros((2, len(edges) - 1, *sizes))
    for side, direction in enumerate(_DIRECTION):
        coins = _by_bucket(state, side)
        cumulative = np.concatenate([np.zeros((*sizes, 1)), np.cumsum(coins, axis=-1)], axis=-1)
        position = (direction * np.log(edges) - state.base[side]) / cohorts.cell
        bucket = np.clip(position, 0.0, cohorts.buckets)
        below = np.minimum(bucket.astype(np.int64), cohorts.buckets - 1)
        part = bucket - below
        reached = cumulative[..., below] * (1.0 - part) + cumulative[..., below + 1] * part
        out[side] = np.moveaxis(direction * np.diff(reached, axis=-1), -1, 0)
    return np.maximum(out, 0.0)


def ladder(state: MapState, weights: Weights, price: float, edges: FloatArray) -> Ladder:
    """Return the ladder of a map.

    Parameters
    ----------
    state
        The map.
    weights
        Fitted on what was known at the map's time.
    price
        Dollars, at the map's time.
    edges
        Levels, dollars, ascending.
    """
    return priced(resting(state, edges), state.cohorts.distance, weights, price, edges)


def priced(coins: FloatArray, distance: tuple[float, ...], weights: Weights, price: float, edges: FloatArray) -> Ladder:
    """Return the ladder of coins that rest between price edges, as :func:`resting` gives them.

    Parameters
    ----------
    coins
        Shape (sides, levels, classes, populations).
    distance
        Log price from entry to liquidation, by class.
    weights, price, edges
        As in :func:`ladder`.
    """
    middle = ((edges[:-1] + edges[1:]) / 2.0)[:, np.newaxis, np.newaxis]
    shape = coins.shape[:3]
    usd, low, high, prior = (np.zeros(shape), *(np.zeros(shape[:2]) for _ in range(3)))
    for side, name in enumerate(SIDES):
        of, inferred = weights.of(name), coins[side] * middle
        dollars = inferred * of.weight
        usd[side] = dollars.sum(axis=2)
        low[side], high[side] = band(of, inferred)
        whole = dollars.sum(axis=(1, 2))
        of_prior = (dollars * (1.0 - of.told)).sum(axis=(1, 2))
        prior[side] = np.divide(of_prior, whole, out=np.zeros_like(whole), where=whole > 0.0)
    return Ladder(
        price=price, edges=edges, distance=distance, coins=coins, usd=usd, low_usd=low, high_usd=high,
        prior_share=prior, weights=weights,
    )  # fmt: skip


def class_column(distance: float) -> str:
    """Return the name of a class's column of dollars, by its distance from entry to liquidation.

    Examples
    --------
    >>> class_column(0.0035)
    'usd_35_bps'
    """
    return f"usd_{round(distance * 1e4)}_bps"


def table(of: Ladder) -> pl.DataFrame:
    """Return the ladder as a table: a row for each side and level in which something rests, by price.

    Returns
    -------
    polars.DataFrame
        ``side``; ``low_price, high_price`` of the level; ``coins``, inferred; ``usd, low_usd, high_usd``, expected to
        be reported; a column for each class (:func:`class_column`); ``prior_share``; ``exact_fraction`` (0: no venue's
        published positions are in it); ``cumulative_usd`` from the price outward, this level included.
    """
    parts = [_side_table(of, side, name) for side, name in enumerate(SIDES)]
    return pl.concat(parts).sort("low_price", "side")


def cumulative(of: Ladder, side: Side) -> FloatArray:
    """Return dollars from the price outward to the far edge of each level, shape (levels,)."""
    usd = of.total_usd(side)
    return np.cumsum(usd[::-1])[::-1] if side == "long" else np.cumsum(usd)


def cumulative_band(of: Ladder, side: Side, kind: Literal["low", "high"]) -> FloatArray:
    """Return an end of the band of :func:`cumulative`, that of each total as a whole."""
    inferred = of.coins[SIDES.index(side)] * of.middle[:, np.newaxis, np.newaxis]
    summed = np.cumsum(inferred[::-1], axis=0)[::-1] if side == "long" else np.cumsum(inferred, axis=0)
    return getattr(band(of.weights.of(side), summed), kind)


def _side_table(of: Ladder, side: int, name: Side) -> pl.DataFrame:
    usd = of.usd[side]
    columns = {
        "low_price": of.edges[:-1], "high_price": of.edges[1:], "coins": of.coins[side].sum(axis=(1, 2)),
        "usd": usd.sum(axis=1), "low_usd": of.low_usd[side], "high_usd": of.high_usd[side],
        **{class_column(distance): usd[:, k] for k, distance in enumerate(of.distance)},
        "prior_share": of.prior_share[side], "exact_fraction": np.zeros(len(usd)),
        "cumulative_usd": cumulative(of, name),
    }  # fmt: skip
    return pl.DataFrame(columns).insert_column(0, pl.lit(name).alias("side")).filter(pl.col("coins") > 0.0)


def _by_bucket(state: MapState, side: int) -> FloatArray:
    from runout.kernels.cohorts import ladder_side  # noqa: PLC0415 - numba takes over a second to load

    cohorts = state.cohorts
    out = np.zeros((len(cohorts.distance), len(cohorts.population), cohorts.buckets))
    share = np.asarray(cohorts.share)
    ladder_side(state.opened[side], state.swept[side], state.scale[side], state.edge[side], cohorts.shift, share, out)
    return out
