r"""Depth of the book and what it means for the price: :math:`D(x) = D_1 (x/0.01)^\gamma` and its inverse.

**A tenfold trap.** "Depth" may be the sum over all venues, the mean of the major ones, or one venue; spot or perpetual;
and of one side or both. Published figures for Bitcoin differ tenfold between these. The one that belongs here is the
*sum* over the venues on which the ladder's positions trade, one side, so every :class:`Depth` says in words what it is.
"""

import math
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats, number, positive
from runout.cascade.ladder import Direction
from runout.errors import UsageError

REFERENCE_DISTANCE: Final = 0.01
"""Log-distance within which depth is stated: one percent."""


class Band(msgspec.Struct, frozen=True):
    """A value with the range it is believed to lie in, 5% to 95%."""

    low: float
    value: float
    high: float


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """Resting orders of one coin on one venue, or on all together.

    Parameters
    ----------
    bid_usd, ask_usd
        Dollars within 1% of the price; 0: an empty book.
    exponent
        γ of D(x) ∝ x^γ. Below 1 the book thickens more slowly than it reaches out, and impact is convex.
    half_life_seconds
        In which half of what was taken comes back; ``inf``: never.
    withdrawal
        η: makers leave ``exp(−η·(activity − 1))`` of their orders when the market moves ``activity`` > 1 times as
        fast as usual; 0: they stay.
    usual_move
        What is usual: log-distance travelled within a minute.
    least_share
        What they leave at the least.
    definition
        Whose orders: venues, spot or perpetual, sum or mean. Said wherever a result is.
    """

    bid_usd: Band
    ask_usd: Band
    exponent: float = 0.75
    half_life_seconds: float = math.inf
    withdrawal: float = 0.0
    usual_move: float = 0.0005
    least_share: float = 0.05
    definition: str


class Impact(msgspec.Struct, frozen=True):
    r"""Displacement of the price by dollars traded: :math:`f(Q) = d\,(Q/Q_0)^\delta`, linear below ``linear_usd``.

    Parameters
    ----------
    scale_usd
        Q₀; 0: any trade moves the price without end.
    distance
        d, log-distance that Q₀ moves the price.
    exponent
        δ: 1/γ for a walk through the book, ½ for the square-root law.
    linear_usd
        Below this the law is a straight line through 0. With δ < 1 its slope at 0 would be infinite.
    """

    scale_usd: float
    distance: float
    exponent: float
    linear_usd: float = 0.0

    def displacement(self, usd: npt.ArrayLike) -> Floats:
        """Return f(Q), log-distance; 0 at 0, ``inf`` for anything above where there is no depth."""
        traded = np.asarray(usd, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            power = self.distance * (np.maximum(traded, self.linear_usd) / self.scale_usd) ** self.exponent
            moved = np.where(traded < self.linear_usd, power * (traded / self.linear_usd), power)
        return np.where(traded > 0, moved, 0.0)

    def inverse(self, distance: npt.ArrayLike) -> Floats:
        """Return the dollars that move the price so far."""
        moved = np.asarray(distance, dtype=np.float64)
        if self.distance == 0:
            return np.where(moved > 0, np.inf, 0.0)
        power = self.scale_usd * (moved / self.distance) ** (1 / self.exponent)
        if self.linear_usd == 0:
            return power
        bend = float(self.displacement(self.linear_usd))
        return np.where(moved < bend, self.linear_usd * moved / bend, power)


def depth(
    usd: float | Band, *, ask_usd: float | Band | None = None, definition: str, exponent: float = 0.75,
    half_life_seconds: float = math.inf, withdrawal: float = 0.0, usual_move: float = 0.0005, least_share: float = 0.05,
) -> Depth:  # fmt: skip
    """Return a checked depth of ``usd`` dollars of bids within 1%; without ``ask_usd`` both sides are alike.

    Raises
    ------
    UsageError
        If a parameter is out of range.
    """
    bids, asks = _band("usd", usd), _band("ask_usd", usd if ask_usd is None else ask_usd)
    return Depth(
        bid_usd=bids,
        ask_usd=asks,
        exponent=positive("exponent", exponent),
        half_life_seconds=number("half_life_seconds", half_life_seconds, least=1e-9),
        withdrawal=number("withdrawal", withdrawal, least=0, most=1e6),
        usual_move=positive("usual_move", usual_move),
        least_share=number("least_share", least_share, least=0, most=1),
        definition=definition,
    )


def book_walk(depths: tuple[Depth, ...], direction: Direction, *, linear_usd: float = 0.0) -> Impact:
    """Return the impact of walking through several books of one shape together, each without replenishment.

    Parameters
    ----------
    depths
        One for each venue. None of them: no depth at all.
    direction
        ``down`` sells into bids.
    linear_usd
        Below this impact is linear.

    Raises
    ------
    UsageError
        If exponents differ: books of different shape do not add up to a power law.
    """
    if len({item.exponent for item in depths}) > 1:
        raise UsageError("expected one exponent for all venues of a coin, found several: fit them together")
    total = sum(side_usd(item, direction).value for item in depths)
    exponent = depths[0].exponent if depths else 1.0
    return Impact(float(total), REFERENCE_DISTANCE, 1 / exponent, linear_usd)


def side_usd(item: Depth, direction: Direction) -> Band:
    """Return the side of the book that a move in this direction eats."""
    return item.bid_usd if direction == "down" else item.ask_usd


def _band(name: str, value: float | Band) -> Band:
    band = value if isinstance(value, Band) else Band(value, value, value)
    if not 0 <= band.low <= band.value <= band.high < math.inf:
        raise UsageError(f"expected 0 ≤ low ≤ value ≤ high in {name}, found {band}")
    return band
