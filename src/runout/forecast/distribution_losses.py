"""Losses of a whole distribution of a day's total, on the logarithm of dollars: no threshold is chosen."""

from typing import Final

import numpy as np

from runout.forecast.protocol import Predictive

_REACH: Final = 6.0
_STEP: Final = 0.03
_WIDTH: Final = 0.02
_LEAST_DENSITY: Final = 1e-6


def crps_log(made: Predictive, total_usd: float) -> float:
    r"""Return :math:`\int (F(x) - 1\{x \ge \ln L\})^2 dx`, read off a grid of 3% steps that holds the outcome.

    Parameters
    ----------
    made
        The forecast.
    total_usd
        What came, dollars, above zero.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102.
    """
    outcome = float(np.log(total_usd))
    low, high = sorted((outcome, made.law.location))
    grid = np.arange(low - _REACH, high + _REACH, _STEP) + _STEP / 2.0
    above = made.law.survival(grid)
    return float((np.where(grid < outcome, 1.0 - above, above) ** 2).sum() * _STEP)


def log_loss(made: Predictive, total_usd: float) -> float:
    """Return minus the log density of ln L at what came; the density is that of a span of 4%, at least a millionth."""
    outcome = float(np.log(total_usd))
    above = made.law.survival(np.array([outcome - _WIDTH, outcome + _WIDTH]))
    return float(-np.log(max((above[0] - above[1]) / (2.0 * _WIDTH), _LEAST_DENSITY)))
