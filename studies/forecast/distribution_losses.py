"""Losses of a whole distribution of a day's total, on the logarithm of dollars: no threshold is chosen.

A distribution is evaluated once, on points around what came; a pool's values are the mean of its members'.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from runout.forecast.protocol import Predictive
from runout.scores.arrays import FloatArray

_STEP: Final = 0.04
_AROUND: Final[FloatArray] = np.arange(-10.0, 10.0, _STEP) + _STEP / 2.0
_WIDTH: Final = 0.02
_LEAST_DENSITY: Final = 1e-6


class Losses(msgspec.Struct, frozen=True, eq=False):
    r"""Losses by day, shape (days,).

    Parameters
    ----------
    crps
        :math:`\int (F(x) - 1\{x \ge \ln L\})^2 dx`, on a grid of 4% steps.
    log
        Minus the log density of ln L at what came: that of a span of 4%, at least a millionth.
    brier
        At the threshold.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102.
    """

    crps: FloatArray
    log: FloatArray
    brier: FloatArray


def survivals(made: Sequence[Predictive], total_usd: FloatArray, theta_usd: float) -> FloatArray:
    """Return P(ln L ≥ x) of each day where :func:`losses` wants it, shape (days, points).

    Parameters
    ----------
    made
        Forecasts.
    total_usd
        What came, dollars, above zero, shape (days,).
    theta_usd
        Threshold, dollars.
    """
    around = np.concatenate([_AROUND, [-_WIDTH, _WIDTH]])
    rows = [
        one.law.survival(np.append(outcome + around, np.log(theta_usd)))
        for one, outcome in zip(made, np.log(total_usd).tolist(), strict=True)
    ]
    return np.array(rows).reshape(len(rows), len(around) + 1)


def losses(above: FloatArray, total_usd: FloatArray, theta_usd: float) -> Losses:
    """Return the losses of distributions evaluated by :func:`survivals` with the same totals and threshold."""
    body, ends, chance = above[:, : len(_AROUND)], above[:, -3:-1], above[:, -1]
    missed = np.where(_AROUND < 0.0, 1.0 - body, body)
    density = (ends[:, 0] - ends[:, 1]) / (2.0 * _WIDTH)
    return Losses(
        crps=(missed**2).sum(axis=1) * _STEP,
        log=-np.log(np.maximum(density, _LEAST_DENSITY)),
        brier=(chance - (total_usd >= theta_usd)) ** 2,
    )
