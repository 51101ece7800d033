r"""What forced trades add to the way: the cascade of each coin and side, on the scale of a day.

A past day's way holds what its own liquidations did to it. That is taken off, the rest is scaled to the day forecast,
and the exact solver (:mod:`runout.cascade.static`) runs it through the ladder of that day,

.. math:: x = s + f(r\, L(x)), \qquad f(Q) = Y \sigma \sqrt{Q / V}

with σ the deviation and V the mean volume of the last 30 days, Y = 1, and r reported over inferred dollars of the last
year: a floor, since feeds are capped. Depth of the book is not used: it is recorded from 2024 only, and refills within
minutes.
"""

from typing import Final

import msgspec
import numpy as np

from runout.cascade.depth import Impact
from runout.cascade.static import curve_of, stops
from runout.forecast.filters import rolling, shifted
from runout.forecast.history import History
from runout.forecast.structural.ladders import GRID
from runout.scores.arrays import FloatArray, IntArray

_WINDOW_DAYS: Final = 30
_YEAR_DAYS: Final = 365
_LINEAR: Final = 1e-6


class Feedback(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Impact of each coin, known before each day.

    Parameters
    ----------
    distance
        Yσ, shape (days + lead, coins); NaN where not known.
    volume_usd
        V, shape (days + lead, coins).
    reported
        r, at the end of the last finished day.
    """

    distance: FloatArray
    volume_usd: FloatArray
    reported: float

    def of_past(self, rows: IntArray, swept: FloatArray) -> FloatArray:
        """Return what forced trades added to the ways of finished days, shape (rows, coins, 2)."""
        traded = self.reported * swept.sum(axis=-1) / self.volume_usd[rows][..., np.newaxis]
        return np.nan_to_num(self.distance[rows][..., np.newaxis] * np.sqrt(traded))

    def carried(self, ways: FloatArray, usd: FloatArray) -> FloatArray:
        """Return how far ways get once the ladder of the last row has answered.

        Parameters
        ----------
        ways
            Log distances without forced trades, shape (n, coins, 2).
        usd
            The ladder, shape (coins, 2, groups, grid).
        """
        out = ways.copy()
        for coin, (distance, volume) in enumerate(zip(self.distance[-1], self.volume_usd[-1], strict=True)):
            if not (np.isfinite(distance) and volume > 0.0):
                continue
            law = Impact(scale_usd=float(volume), distance=float(distance), exponent=0.5, linear_usd=_LINEAR * volume)
            for side in (0, 1):
                held = self.reported * np.diff(usd[coin, side].sum(axis=0))
                curve = curve_of(GRID[1:], np.maximum(held, 0.0), float(GRID[-1]) + 0.01, law)
                out[:, coin, side] = np.minimum(stops(curve, ways[:, coin, side]).distance, GRID[-1])
        return out


def feedback_of(history: History, lead: int, swept: FloatArray) -> Feedback:
    """Return the impact known before each day.

    Parameters
    ----------
    history
        Finished days.
    lead
        Days from the last one to the day forecast.
    swept
        Inferred dollars of each finished day, shape (days, coins, 2, groups).
    """
    close = np.where(history.close > 0.0, history.close, np.nan)
    returns = np.concatenate([np.full((1, close.shape[1]), np.nan), np.diff(np.log(close), axis=0)])
    deviation = rolling(returns, _WINDOW_DAYS, np.nanstd)
    volume = rolling(np.where(history.volume_usd > 0.0, history.volume_usd, np.nan), _WINDOW_DAYS, np.nanmean)
    inferred, reported = swept.sum(axis=(1, 2, 3))[-_YEAR_DAYS:], history.total_usd[-_YEAR_DAYS:]
    both = np.isfinite(reported) & (inferred > 0.0)
    ratio = float(reported[both].sum() / inferred[both].sum()) if both.any() else 0.0
    return Feedback(distance=shifted(deviation, lead), volume_usd=shifted(volume, lead), reported=ratio)
