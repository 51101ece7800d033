"""Dollars of the map as it is drawn, walked forward: what was reported over what was expected, and what bands held."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
import numpy as np

from runout.positions.scoring.maps import Swept
from runout.positions.scoring.market import Market
from runout.positions.weights import SIDES, Side, Weights, along_ways, band, expected_usd, fit
from runout.scores.arrays import FloatArray

REFIT_BUCKETS: Final = 84
FIRST_BUCKETS: Final = 354
"""59 days: the first bucket told is the first of March."""
MANY_USD: Final = 1e6

Drawn = Literal["weights alone", "along past ways"]


class Dollars(msgspec.Struct, frozen=True, kw_only=True):
    """How expected dollars of one side compare with reported ones.

    Parameters
    ----------
    drawn
        Which weights.
    period
        Which buckets.
    side
        Whose liquidations.
    buckets, many
        How many, and how many of them with over :data:`MANY_USD` expected.
    ratio, ratio_many, ratio_top
        Reported over expected: of all, of those, and of the tenth for which most was expected.
    inside, inside_many, above
        Share of reports inside the band of 90%, the same where much was expected, and above the band.
    """

    drawn: Drawn
    period: str
    side: Side
    buckets: int
    many: int
    ratio: float
    ratio_many: float
    ratio_top: float
    inside: float
    inside_many: float
    above: float


def walked(market: Market, swept: Swept, *, first_told: int = FIRST_BUCKETS) -> Iterator[Dollars]:
    """Yield how the drawn map's dollars did, its weights never fitted on what they are held against.

    Parameters
    ----------
    market
        Bars and reported liquidations.
    swept
        The filter's map: ``frozen`` is what is drawn, ``ahead`` what weights are fitted on.
    first_told
        Buckets before the first that is told; in the first half.
    """
    open_ = market.in_bucket(market.open)[:, 0]
    low, high = market.in_bucket(market.low).min(axis=1), market.in_bucket(market.high).max(axis=1)
    way = swept.frozen * np.sqrt(np.stack([open_ * low, open_ * high], axis=1))[..., np.newaxis, np.newaxis]
    inside = swept.ahead * np.sqrt(low * high)[:, np.newaxis, np.newaxis, np.newaxis]
    reported, middle = market.liquidated_usd[market.lead :], market.scored // 2
    found: dict[Drawn, list[FloatArray]] = {"weights alone": [], "along past ways": []}
    span = market.step * market.bars_each
    for start in range(first_told, market.scored, REFIT_BUCKETS):
        past, told = slice(0, start), slice(start, min(start + REFIT_BUCKETS, market.scored))
        plain = fit(inside[past], reported[past], market.origin[past] + span, span=span)
        found["weights alone"].append(_expected(plain, way[told]))
        found["along past ways"].append(_expected(along_ways(plain, way[past], reported[past]), way[told]))
    periods = {"first half, from March": (first_told, middle), "second half": (middle, market.scored)}
    for period, (first, last) in periods.items():
        for drawn, parts in found.items():
            expected = np.concatenate(parts)[first - first_told : last - first_told]
            for i, side in enumerate(SIDES):
                yield _scored(drawn, period, side, expected[:, i], reported[first:last, i])


def _expected(weights: Weights, way_usd: FloatArray) -> FloatArray:
    """Return mean and ends of the band, shape (buckets, sides, 3)."""
    made: list[FloatArray] = []
    for i, name in enumerate(SIDES):
        of = weights.of(name)
        bounds = band(of, way_usd[:, i], background=True)
        made.append(np.stack([expected_usd(of, way_usd[:, i], background=True), bounds.low, bounds.high], axis=1))
    return np.stack(made, axis=1)


def _scored(drawn: Drawn, period: str, side: Side, expected: FloatArray, reported: FloatArray) -> Dollars:
    mean, low, high = expected.T
    held, many, top = (reported >= low) & (reported <= high), mean > MANY_USD, mean >= np.quantile(mean, 0.9)
    ratio, ratio_many, ratio_top = (
        float(reported[rows].sum() / mean[rows].sum()) for rows in (slice(None), many, top)
    )  # fmt: skip
    return Dollars(
        drawn=drawn, period=period, side=side, buckets=len(mean), many=int(many.sum()), ratio=ratio,
        ratio_many=ratio_many, ratio_top=ratio_top, inside=float(held.mean()), inside_many=float(held[many].mean()),
        above=float((reported > high).mean()),
    )  # fmt: skip
