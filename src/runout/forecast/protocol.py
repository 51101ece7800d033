"""What every model of the forecast answers, and the distribution it answers with.

A model is fitted on the :class:`~runout.forecast.features.Evidence` known at an origin, and predicts from evidence
that may be newer than its fit, never older. It cannot see more: evidence ends with the last day that was known.
"""

from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from runout.clock import format_date
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.features import Design, Evidence
from runout.forecast.laws import Law
from runout.scores.arrays import FloatArray, IntArray

LEAST_DAYS = 365
"""Finished days with a total below which nothing is fitted: a weekday or a season seen once is no pattern."""
LEVEL = 0.9
"""Level of every interval unless another is asked for."""
_GRID_REACH, _GRID_STEP = 12.0, 0.04


class Predictive(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The distribution of the liquidations L of one UTC day in a named scope.

    Parameters
    ----------
    law
        Of ln L.
    start
        Start of the day, UTC ns; its length is 24 h.
    scope
        Coins, venues and feed of L.
    missing
        Features that were not observed; the distribution is wider for them.
    """

    law: Law
    start: int
    scope: str
    missing: tuple[str, ...] = ()

    def exceedance(self, theta_usd: npt.ArrayLike) -> FloatArray:
        """Return P(L ≥ θ), shape (k,), not increasing in θ; 1 for θ ≤ 0."""
        theta = np.atleast_1d(np.asarray(theta_usd, dtype=np.float64))
        out = np.ones(theta.shape)
        positive = theta > 0.0
        out[positive] = np.clip(self.law.survival(np.log(theta[positive])), 0.0, 1.0)
        return out

    def interval(self, theta_usd: npt.ArrayLike, *, level: float = LEVEL) -> tuple[FloatArray, FloatArray]:
        """Return the band of P(L ≥ θ) itself, as far as its parameters and members are uncertain; it holds P.

        Parameters
        ----------
        theta_usd
            Dollars, above zero, shape (k,).
        level
            Nominal level, in (0, 1).
        """
        from scipy.special import ndtri  # noqa: PLC0415

        theta = np.atleast_1d(np.asarray(theta_usd, dtype=np.float64))
        low, high = self.law.band(np.log(theta), float(ndtri((1.0 + level) / 2.0)))
        middle = self.exceedance(theta)
        return np.clip(np.minimum(low, middle), 0.0, 1.0), np.clip(np.maximum(high, middle), 0.0, 1.0)

    def quantile(self, probability: npt.ArrayLike) -> FloatArray:
        """Return the dollars that L stays below with each probability in (0, 1), read off a grid of 4% steps.

        Raises
        ------
        UsageError
            If a probability is not between 0 and 1.
        """
        requested = np.atleast_1d(np.asarray(probability, dtype=np.float64))
        if not ((requested > 0.0) & (requested < 1.0)).all():
            raise UsageError(f"expected probabilities between 0 and 1, found {probability}")
        grid = self.law.location + np.arange(-_GRID_REACH, _GRID_REACH, _GRID_STEP)
        below = 1.0 - self.law.survival(grid)
        return np.exp(np.interp(requested, below, grid))

    def sample(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Return ``count`` independent draws of L, dollars."""
        return self.quantile(np.clip(rng.random(count), 1e-12, 1.0 - 1e-12))


class Fitted(Protocol):
    """A model with its parameters."""

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution of the day after ``evidence`` (or as many days later as its lead says)."""
        ...


class Model(Protocol):
    """A way to forecast."""

    @property
    def name(self) -> str:
        """Name in the registry and in every table of scores."""
        ...

    def fit(self, evidence: Evidence) -> Fitted:
        """Return the model fitted on all finished days of ``evidence``; same evidence, same parameters.

        Raises NotEnoughDataError with under :data:`LEAST_DAYS` finished days.
        """
        ...


def training_rows(design: Design, warm_up_days: int, least: int = LEAST_DAYS) -> IntArray:
    """Return the finished days to fit on: those with a total, from ``warm_up_days`` after the first.

    Raises
    ------
    NotEnoughDataError
        If fewer than ``least`` days have a total.
    """
    observed = np.flatnonzero(np.isfinite(design.log_total))
    if len(observed) < least:
        raise NotEnoughDataError(
            f"expected at least {least} finished days with liquidations to fit a forecast on, found "
            f"{len(observed)}; import a longer history"
        )
    return observed[observed >= observed[0] + warm_up_days]


def predictive(evidence: Evidence, law: Law, missing: tuple[str, ...] = ()) -> Predictive:
    """Return ``law`` as the distribution of the day that ``evidence`` leads up to."""
    return Predictive(
        law=law,
        start=evidence.target_start,
        scope=evidence.history.scope,
        missing=missing,
    )


def require_autoregressors(evidence: Evidence) -> FloatArray:
    """Return the last ln L and its means over 7 and 30 days.

    Raises
    ------
    NotEnoughDataError
        If one is not known: these models have nothing else to go by.
    """
    results = evidence.design.autoregressors[-1]
    if not np.isfinite(results).all():
        raise NotEnoughDataError(
            f"expected liquidations of the last day and most of the 30 before {format_date(evidence.target_start)}, "
            "found them missing; import them, or use a model that does not need them"
        )
    return results
