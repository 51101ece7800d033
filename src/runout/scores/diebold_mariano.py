"""The Diebold–Mariano test of equal accuracy, as a cross-check of the block bootstrap."""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import NotEnoughDataError, UsageError
from runout.scores.arrays import FloatArray, finite, require_equal_lengths


class DieboldMariano(msgspec.Struct, frozen=True):
    """Outcome of the test.

    Parameters
    ----------
    mean
        Mean of ``loss − reference loss``; below 0 the first forecast is better.
    standard_error
        Of the mean, with autocorrelation up to ``lags``.
    statistic
        ``mean / standard_error``. None if the losses differ by a constant, so that there is nothing to test with.
    one_sided_probability
        Chance of a statistic this low or lower if the reference is as good; small speaks for the first forecast.
    two_sided_probability
        Chance of a statistic this far from 0 if both are equally good.
    lags, cases
        How it was computed.
    """

    mean: float
    standard_error: float
    statistic: float | None
    one_sided_probability: float | None
    two_sided_probability: float | None
    lags: int
    cases: int


def diebold_mariano(losses: npt.ArrayLike, reference_losses: npt.ArrayLike, *, lags: int) -> DieboldMariano:
    """Test two forecasts' losses for equal mean, with a Newey–West standard error.

    ``t = d̄ / √(Ω/n)``, ``Ω = c₀ + 2 Σ_{l ≤ lags} (1 − l/(lags + 1)) c_l`` with c_l the autocovariances of
    the differences d; probabilities by Student-t with n − 1 degrees of freedom.

    Parameters
    ----------
    losses, reference_losses
        Losses of both forecasts for the same cases in time order, shape (n,).
    lags
        Autocovariances used, from 0 to n − 2; no fewer than the overlap of the targets less one.

    Returns
    -------
    DieboldMariano
        The Bartlett weights keep Ω from going negative but leave out some of it: with strong dependence or few cases
        the test rejects too often. Where it disagrees with the bootstrap, believe neither and get more data.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or ``lags`` is out of range.
    NotEnoughDataError
        With fewer than two cases.

    References
    ----------
    Diebold and Mariano (1995), Comparing predictive accuracy, JBES 13; Newey and West (1987), Econometrica 55;
    Harvey, Leybourne and Newbold (1997), Int. J. Forecasting 13, for the t distribution.

    Examples
    --------
    >>> test = diebold_mariano([1.0, 2.0, 3.0, 2.0], [2.0, 2.0, 5.0, 3.0], lags=0)
    >>> round(test.statistic, 6)
    -2.828427
    """
    from scipy.special import stdtr  # noqa: PLC0415 - a third of a second, only for this test

    ours, theirs = finite("losses", losses), finite("reference_losses", reference_losses)
    require_equal_lengths(losses=ours, reference_losses=theirs)
    difference = ours - theirs
    cases = len(difference)
    if cases < 2:
        raise NotEnoughDataError(f"expected at least 2 cases to test, found {cases}")
    mean = float(np.mean(difference))
    standard_error = float(np.sqrt(long_run_variance(difference, lags=lags) / cases))
    if standard_error == 0:
        return DieboldMariano(mean, standard_error, None, None, None, lags, cases)
    statistic = mean / standard_error
    below = float(stdtr(cases - 1, statistic))
    return DieboldMariano(mean, standard_error, statistic, below, 2 * min(below, 1 - below), lags, cases)


def long_run_variance(values: FloatArray, *, lags: int) -> float:
    """Return the variance of √n times the mean of dependent ``values`` (Newey–West, Bartlett weights), at least 0.

    Raises
    ------
    UsageError
        If ``lags`` is not between 0 and n − 2.
    """
    cases = len(values)
    if not 0 <= lags <= max(cases - 2, 0):
        raise UsageError(f"expected lags from 0 to {cases - 2} for {cases} cases, found {lags}")
    centred = values - np.mean(values)
    covariance = [float(np.sum(centred[lag:] * centred[: cases - lag])) / cases for lag in range(lags + 1)]
    weighted = sum((1 - lag / (lags + 1)) * covariance[lag] for lag in range(1, lags + 1))
    return max(covariance[0] + 2 * weighted, 0.0)
