"""Maps as others draw them, each written from its published idea and given the same head as ours.

- *Naive ladder* (py-liquidation-map): what takers buy is new longs at 10, 25, 50 and 100 times leverage, what they sell
  new shorts, each tier in full size; liquidated at .90, .96, .98 and .99 of the price; nothing decays.
- *Change of open interest by the price's sign* (crypto-liquidation-map): a rise of open interest in dollars is new
  longs if the price rose, else new shorts; 30% at 10, 35% at 25, 25% at 50 and 10% at 100 times; nothing decays.
- *Volume profile*: what was traded at a price in the past week is what a move through that price sets off.

The published forms do not all remove a level once the price has passed; here all of the first two do, which helps them.
"""

from typing import Final, NamedTuple

import numpy as np

from runout.scores.arrays import FloatArray, IntArray
from studies.map.market import Market

CELL: Final = 0.0005
PROFILE_BUCKETS: Final = 42
_LEVERAGES: Final = np.array([10.0, 25.0, 50.0, 100.0])
_LADDER_DISTANCE: Final = -np.log(np.array([0.90, 0.96, 0.98, 0.99]))
_SIGN_DISTANCE: Final = -np.log1p(-1 / _LEVERAGES)
_SIGN_SHARE: Final = np.array([0.30, 0.35, 0.25, 0.10])


class Rival(NamedTuple):
    """Swept mass by scored bucket, side, tier and one population, shape (scored, 2, tiers, 1), for each question."""

    frozen: FloatArray
    ahead: FloatArray


def naive_ladder(market: Market) -> Rival:
    """Return what the ladder of taker volume says of each bucket."""
    bought = market.taker_buy_base
    return _levels_swept(market, np.stack([bought, market.volume_base - bought]), _LADDER_DISTANCE, np.ones(4))


def interest_by_sign(market: Market) -> Rival:
    """Return what the change of dollar open interest, dealt to the side the price moved to, says of each bucket.

    Dealt once a bucket, at its end, when its open interest is known.
    """
    last = slice(market.bars_each - 1, None, market.bars_each)
    dollars = market.open_interest_base[last] * market.close[last]
    change = np.maximum(np.diff(dollars, prepend=dollars[0]), 0.0)
    rose = market.close[last] >= market.open[:: market.bars_each]
    added = np.zeros((2, len(market.close)))
    added[0, last], added[1, last] = np.where(rose, change, 0.0), np.where(rose, 0.0, change)
    return _levels_swept(market, added, _SIGN_DISTANCE, _SIGN_SHARE)


def volume_profile(market: Market) -> Rival:
    """Return coins traded in the past week at the prices between each bucket's open and its extremes.

    The profile stands still within a bucket, so both questions get the same answer.
    """
    base, top = _foot(np.log(market.low.min())), np.log(market.high.max()) + CELL
    traded = np.zeros((len(market.liquidated_usd), int((top - base) / CELL) + 1))
    first, last = _cells(np.log(market.low), base), _cells(np.log(market.high), base)
    for i, volume in enumerate(market.volume_base):
        traded[i // market.bars_each, first[i] : last[i] + 1] += volume / (last[i] + 1 - first[i])
    sums = np.concatenate([np.zeros((1, traded.shape[1])), np.cumsum(traded, axis=0)])
    swept = np.zeros((market.scored, 2, 1, 1))
    for row in range(market.scored):
        bucket = market.lead + row
        profile = sums[bucket] - sums[max(bucket - PROFILE_BUCKETS, 0)]
        bars = slice(bucket * market.bars_each, (bucket + 1) * market.bars_each)
        points = np.log([market.low[bars].min(), market.open[bars.start], market.high[bars].max()])
        below, start, above = np.interp((points - base) / CELL, np.arange(len(profile) + 1), _summed(profile)).tolist()
        swept[row, :, 0, 0] = start - below, above - start
    return Rival(swept, swept)


def _foot(lowest: float) -> float:
    """Return a whole number of cells below ``lowest``, so that cells lie at the same prices whatever comes later."""
    return float(np.floor(lowest / CELL) - 1.0) * CELL


def _summed(profile: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(profile)])


def _cells(x: FloatArray, base: float) -> IntArray:
    return np.floor((x - base) / CELL).astype(np.int64)


def _levels_swept(market: Market, added: FloatArray, distance: FloatArray, share: FloatArray) -> Rival:
    """Return what the price sweeps of levels set at each bar's typical price, which stay until they are passed."""
    typical = np.log((market.high + market.low + market.close) / 3.0)
    prices = ((typical, np.log(market.low)), (-typical, -np.log(market.high)))
    sides = [
        _one_side(market, entry[:, np.newaxis] - distance, passage, added[side][:, np.newaxis] * share)
        for side, (entry, passage) in enumerate(prices)
    ]
    frozen, ahead = (np.stack([one[i] for one in sides], axis=1)[..., np.newaxis] for i in range(2))
    return Rival(frozen, ahead)


def _one_side(
    market: Market, levels: FloatArray, passage: FloatArray, added: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return swept mass by tier; ``levels`` and ``added`` by bar and tier."""
    base = _foot(min(passage.min(), levels.min()))
    level = _cells(levels, base)
    reach = (passage - base) / CELL
    down, part = np.floor(reach).astype(np.int64), 1.0 - (reach - np.floor(reach))
    lowest = market.by_bucket(passage).argmin(axis=1)
    tiers = np.arange(levels.shape[1])
    mass = np.zeros((len(tiers), int(level.max()) + 2))
    frozen, ahead = np.zeros((2, market.scored, len(tiers)))
    top = 0
    for i in range(len(passage)):
        row, within = i // market.bars_each - market.lead, i % market.bars_each
        if row >= 0 and within == 0:
            low = i + int(lowest[row + market.lead])
            frozen[row] = mass[:, down[low] + 1 : top + 1].sum(axis=1) + part[low] * _at(mass, int(down[low]))
        beyond = mass[:, down[i] + 1 : top + 1]
        gone = beyond.sum(axis=1) + part[i] * _at(mass, int(down[i]))
        beyond[:] = 0.0
        if down[i] < mass.shape[1]:
            mass[:, down[i]] *= 1.0 - part[i]
        if row >= 0:
            ahead[row] += gone
        mass[tiers, level[i]] += added[i]
        top = max(min(top, int(down[i])), int(level[i].max()))
    return frozen, ahead


def _at(mass: FloatArray, cell: int) -> FloatArray:
    return mass[:, cell] if cell < mass.shape[1] else np.zeros(len(mass))
