r"""Positions whose liquidation price a venue publishes, merged into its inferred ladder as what they are: measured.

Of the H coins that each side of the venue holds, published positions make up P, whether they have a liquidation price
or not. What was inferred of the venue is kept for the rest,

.. math:: \text{inferred} \leftarrow (1 - P / H)\,\text{inferred}

and published positions rest where they say. So the venue's coins stay H on each side, and none is negative.
"""

import msgspec
import numpy as np
import polars as pl

from runout.errors import UsageError
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import Ladder
from runout.scores.arrays import FloatArray, IntArray


class MeasuredPositions(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Published positions of one market, shape (positions,).

    Parameters
    ----------
    side
        0 long, 1 short.
    size_base
        Coins, above zero.
    liquidation_price
        Dollars; NaN for one that no price liquidates.
    """

    side: IntArray
    size_base: FloatArray
    liquidation_price: FloatArray


class Merged(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A ladder with published positions in it; arrays of shape (sides, levels) unless said, longs first.

    Parameters
    ----------
    edges
        Dollars, ascending, shape (levels + 1,).
    inferred_base, measured_base
        Coins.
    inferred_usd
        Expected to be reported of the inferred ones.
    measured_usd
        Dollars of the measured ones, at their own liquidation prices: all of them, whatever a feed shows.
    inferred_elsewhere_base, measured_elsewhere_base
        Coins of each side beyond the edges or never liquidated, shape (sides,).
    positions
        How many are published.
    """

    edges: FloatArray
    inferred_base: FloatArray
    measured_base: FloatArray
    inferred_usd: FloatArray
    measured_usd: FloatArray
    inferred_elsewhere_base: FloatArray
    measured_elsewhere_base: FloatArray
    positions: int

    def positions_base(self) -> FloatArray:
        """Return coins of each side, on the ladder and elsewhere, shape (2,)."""
        on = (self.inferred_base + self.measured_base).sum(axis=1)
        return on + self.inferred_elsewhere_base + self.measured_elsewhere_base

    def published_share(self) -> FloatArray:
        """Return the share of each side's coins that is published, shape (2,)."""
        return (self.measured_base.sum(axis=1) + self.measured_elsewhere_base) / self.positions_base()

    def measured_share(self) -> FloatArray:
        """Return the share of each level's coins that is measured; 0 where nothing rests."""
        whole = self.inferred_base + self.measured_base
        return np.divide(self.measured_base, whole, out=np.zeros_like(whole), where=whole > 0.0)


def merged(ladder: Ladder, measured: MeasuredPositions, held_base: FloatArray) -> Merged:
    """Return a venue's ladder in which published positions stand in place of inferred ones.

    Parameters
    ----------
    ladder
        Inferred, of the same venue and contract.
    measured
        Published.
    held_base
        H: coins that each side holds at the venue, shape (2,), longs first.

    Raises
    ------
    UsageError
        If sizes or sides cannot be, more is published than held, or more inferred than held.
    """
    _require_sound(measured)
    inferred = ladder.coins
    published = np.bincount(measured.side, weights=measured.size_base, minlength=2)
    if (published > held_base * (1.0 + 1e-9)).any() or (inferred.sum(axis=1) > held_base * (1.0 + 1e-9)).any():
        raise UsageError(
            f"expected at most {held_base.tolist()} coins a side, found {published.tolist()} published and "
            f"{inferred.sum(axis=1).tolist()} inferred"
        )
    kept = np.maximum(1.0 - published / held_base, 0.0)
    coins, dollars = _on_levels(measured, ladder.edges)
    return Merged(
        edges=ladder.edges, inferred_base=kept[:, np.newaxis] * inferred, measured_base=coins,
        inferred_usd=kept[:, np.newaxis] * ladder.usd, measured_usd=dollars,
        inferred_elsewhere_base=kept * (held_base - inferred.sum(axis=1)),
        measured_elsewhere_base=np.maximum(published - coins.sum(axis=1), 0.0), positions=len(measured.side),
    )  # fmt: skip


def alone(ladder: Ladder, measured: MeasuredPositions) -> Merged:
    """Return published positions on the levels of a ladder, with nothing inferred beside them.

    Raises
    ------
    UsageError
        If sizes or sides cannot be.
    """
    _require_sound(measured)
    coins, dollars = _on_levels(measured, ladder.edges)
    published = np.bincount(measured.side, weights=measured.size_base, minlength=2)
    nothing = np.zeros_like(coins)
    return Merged(
        edges=ladder.edges, inferred_base=nothing, measured_base=coins, inferred_usd=nothing, measured_usd=dollars,
        inferred_elsewhere_base=np.zeros(2), positions=len(measured.side),
        measured_elsewhere_base=np.maximum(published - coins.sum(axis=1), 0.0),
    )  # fmt: skip


def table(source: Merged) -> pl.DataFrame:
    """Return the merged ladder as a table, by price: a row for each side and level in which something rests.

    Returns
    -------
    polars.DataFrame
        ``side, low_price, high_price, coins, measured_share, inferred_usd, measured_usd``.
    """
    parts = [
        pl.DataFrame(
            {
                "low_price": source.edges[:-1], "high_price": source.edges[1:],
                "coins": source.inferred_base[i] + source.measured_base[i],
                "measured_share": source.measured_share()[i],
                "inferred_usd": source.inferred_usd[i], "measured_usd": source.measured_usd[i],
            }
        ).insert_column(0, pl.lit(name).alias("side"))
        for i, name in enumerate(SIDES)
    ]  # fmt: skip
    return pl.concat(parts).filter(pl.col("coins") > 0.0).sort("low_price", "side")


def _require_sound(measured: MeasuredPositions) -> None:
    sound = (measured.size_base > 0.0) & np.isin(measured.side, (0, 1)) & ~(measured.liquidation_price <= 0.0)
    if not sound.all():
        at = int(np.flatnonzero(~sound)[0])
        side = measured.side[at]
        raise UsageError(
            "expected positions of side long or short with size and price above zero, found side "
            f"{SIDES[side] if side in {0, 1} else 'unknown'}, size {measured.size_base[at]:g}, price "
            f"{measured.liquidation_price[at]:g} in position {at + 1} of the coin"
        )


def _on_levels(measured: MeasuredPositions, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return coins and dollars of published positions by side and level."""
    level = np.searchsorted(edges, measured.liquidation_price, side="right") - 1
    levels = len(edges) - 1
    there = np.isfinite(measured.liquidation_price) & (level >= 0) & (level < levels)
    place = measured.side[there] * levels + level[there]
    size, price = measured.size_base[there], measured.liquidation_price[there]
    coins, dollars = np.zeros(2 * levels), np.zeros(2 * levels)
    np.add.at(coins, place, size)
    np.add.at(dollars, place, size * price)
    return coins.reshape(2, levels), dollars.reshape(2, levels)
