"""Scores of a forecast distribution of a quantity: CRPS, its upper part, quantile loss. Lower is better.

Losses come a case and in the unit of the quantity; take their mean to report, keep them to compare.
"""

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.scores.arrays import FloatArray, finite, require_between, require_equal_lengths


def crps_ensemble(members: npt.ArrayLike, observation: npt.ArrayLike) -> FloatArray:
    """Return the continuous ranked probability score of an empirical distribution.

    ``CRPS = ∫ (F(z) − 1{y ≤ z})² dz = mean|x_i − y| − Σ_ij |x_i − x_j| / (2 m²)``.

    Parameters
    ----------
    members
        Equally likely values, shape (n, m), one row a case; or (m,), the same distribution for every case.
    observation
        What happened, shape (n,).

    Returns
    -------
    numpy.ndarray
        Losses in the unit of the observation, shape (n,). The m values *are* the forecast: of two samples of one
        distribution the smaller scores worse, so compare ensembles of equal size.

    Raises
    ------
    UsageError
        If the numbers of cases differ or a value is NaN.
    NotEnoughDataError
        If there are no cases or no members.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102.

    Examples
    --------
    >>> crps_ensemble([[0.0, 2.0]], [1.0]).tolist()
    [0.5]
    """
    x, y = _ensemble(members, observation)
    # Distances from the observation first: sums of 10⁹ dollars would cost digits of a small score.
    distance = np.sort(x - y[:, np.newaxis], axis=1)
    count = distance.shape[1]
    weight = (2 * np.arange(1, count + 1) - count - 1) / count**2
    return np.mean(np.abs(distance), axis=1) - np.sum(weight * distance, axis=1)


def crps_ensemble_above(members: npt.ArrayLike, observation: npt.ArrayLike, *, threshold: float) -> FloatArray:
    """Return the threshold-weighted CRPS ``∫ (F(z) − 1{y ≤ z})² 1{z ≥ z₀} dz`` of an empirical distribution.

    Only the part of the distribution above z₀ counts, yet the score stays proper. Picking the days on which the
    observation was high and scoring those would not: it rewards the forecaster who always cries wolf.

    Parameters
    ----------
    members, observation
        As in :func:`crps_ensemble`.
    threshold
        z₀, in the unit of the observation.

    Returns
    -------
    numpy.ndarray
        Losses in the unit of the observation, shape (n,). Equal to the CRPS after all values below z₀ are raised to
        it, which is how it is computed.

    Raises
    ------
    UsageError
        If the numbers of cases differ or a value is NaN.
    NotEnoughDataError
        If there are no cases or no members.

    References
    ----------
    Gneiting and Ranjan (2011), Comparing density forecasts using threshold- and quantile-weighted scoring rules,
    JBES 29; Lerch et al. (2017), Forecaster's dilemma, Statistical Science 32.

    Examples
    --------
    >>> crps_ensemble_above([[0.0, 2.0]], [1.0], threshold=1.5).tolist()
    [0.125]
    """
    x, y = _ensemble(members, observation)
    lowest = finite("threshold", [threshold])[0]
    return crps_ensemble(np.maximum(x, lowest), np.maximum(y, lowest))


def crps_lognormal(observation: npt.ArrayLike, log_mean: npt.ArrayLike, log_deviation: npt.ArrayLike) -> FloatArray:
    """Return the CRPS of a lognormal distribution.

    ``y (2Φ(ω) − 1) − 2 exp(μ + σ²/2) (Φ(ω − σ) + Φ(σ/√2) − 1)`` with ``ω = (ln y − μ)/σ``.

    Parameters
    ----------
    observation
        What happened, shape (n,). Zero and below are outside the support and scored as such.
    log_mean, log_deviation
        μ and σ > 0 of the logarithm, shape (n,) or one value.

    Returns
    -------
    numpy.ndarray
        Losses in the unit of the observation, shape (n,).

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or σ is not positive.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Baran and Lerch (2015), Log-normal distribution based ensemble model output statistics, QJRMS 141.

    Examples
    --------
    >>> round(float(crps_lognormal([1.0], 0.0, 1.0)[0]), 6)
    0.267405
    """
    from scipy.special import ndtr  # noqa: PLC0415 - a third of a second, only for closed forms

    y = finite("observation", observation)
    mu, sigma = _each_case("log_mean", log_mean, y), _positive("log_deviation", log_deviation, y)
    omega = _standardised_log(y, mu, sigma)
    upper = ndtr(omega - sigma) + ndtr(sigma / np.sqrt(2)) - 1
    return np.asarray(y * (2 * ndtr(omega) - 1) - 2 * np.exp(mu + sigma**2 / 2) * upper, dtype=np.float64)


def crps_student_t(
    observation: npt.ArrayLike,
    degrees_of_freedom: npt.ArrayLike,
    location: npt.ArrayLike,
    scale: npt.ArrayLike,
) -> FloatArray:
    """Return the CRPS of a Student-t distribution with location and scale.

    ``scale · [z (2F(z) − 1) + 2 f(z) (d + z²)/(d − 1) − 2√d/(d − 1) · B(½, d − ½)/B(½, d/2)²]`` with
    ``z = (y − location)/scale`` and d the degrees of freedom.

    Parameters
    ----------
    observation
        What happened, shape (n,). For a Student-t *of the logarithm* give the logarithm: on the dollar scale that
        distribution has no mean and its CRPS is infinite.
    degrees_of_freedom
        d > 1, shape (n,) or one value.
    location, scale
        Shape (n,) or one value; the scale is positive and not the standard deviation.

    Returns
    -------
    numpy.ndarray
        Losses in the unit of the observation, shape (n,).

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN, the scale is not positive or d is not above 1.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Jordan, Krüger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, J. Stat. Software 90.

    Examples
    --------
    >>> round(float(crps_student_t([0.0], 5.0, 0.0, 1.0)[0]), 6)
    0.257025
    """
    from scipy.special import betaln, stdtr  # noqa: PLC0415

    y = finite("observation", observation)
    nu = _each_case("degrees_of_freedom", degrees_of_freedom, y)
    if (nu <= 1).any():
        raise UsageError(f"expected degrees_of_freedom above 1, found {nu.min():g}: below, the CRPS is infinite")
    deviation = _positive("scale", scale, y)
    z = (y - _each_case("location", location, y)) / deviation
    log_density = -(nu + 1) / 2 * np.log1p(z**2 / nu) - betaln(0.5, nu / 2) - np.log(nu) / 2
    spread = 2 * np.sqrt(nu) / (nu - 1) * np.exp(betaln(0.5, nu - 0.5) - 2 * betaln(0.5, nu / 2))
    tails = 2 * np.exp(log_density) * (nu + z**2) / (nu - 1)
    return np.asarray(deviation * (z * (2 * stdtr(nu, z) - 1) + tails - spread), dtype=np.float64)


def quantile_losses(forecast: npt.ArrayLike, observation: npt.ArrayLike, *, level: float) -> FloatArray:
    """Return the quantile (pinball) loss ``(1{y ≤ q} − α)(q − y)``.

    Parameters
    ----------
    forecast
        Forecast quantiles q of level α, shape (n,).
    observation
        What happened, shape (n,).
    level
        α in (0, 1).

    Returns
    -------
    numpy.ndarray
        Losses in the unit of the observation, shape (n,); twice their integral over α is the CRPS.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or the level is not in (0, 1).
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles, Econometrica 46.

    Examples
    --------
    >>> quantile_losses([10.0, 10.0], [12.0, 8.0], level=0.75).tolist()
    [1.5, 0.5]
    """
    require_between("level", level, 0, 1)
    q, y = finite("forecast", forecast), finite("observation", observation)
    require_equal_lengths(forecast=q, observation=y)
    return np.where(y <= q, (1 - level) * (q - y), level * (y - q))


def pit_ensemble(members: npt.ArrayLike, observation: npt.ArrayLike, *, rng: np.random.Generator) -> FloatArray:
    """Return the probability integral transform of each case under an empirical distribution.

    ``(#{x < y} + V (#{x = y} + 1)) / (m + 1)`` with V uniform: exactly uniform if the observation is one more draw
    from the distribution of the members, whatever their number and ties.

    Parameters
    ----------
    members, observation
        As in :func:`crps_ensemble`.
    rng
        Source of the randomisation.

    Returns
    -------
    numpy.ndarray
        Values in [0, 1), shape (n,). Uniform if calibrated; a hump means too wide, a bowl too narrow. A flat histogram
        does not prove skill: climatology has one too.

    Raises
    ------
    UsageError
        If the numbers of cases differ or a value is NaN.
    NotEnoughDataError
        If there are no cases or no members.

    References
    ----------
    Dawid (1984), Present position and potential developments: the prequential approach, JRSS A 147; Czado, Gneiting
    and Held (2009), Predictive model assessment for count data, Biometrics 65.
    """
    x, y = _ensemble(members, observation)
    below = np.count_nonzero(x < y[:, np.newaxis], axis=1)
    equal = np.count_nonzero(x == y[:, np.newaxis], axis=1)
    return (below + rng.random(len(y)) * (equal + 1)) / (x.shape[1] + 1)


def pit_lognormal(observation: npt.ArrayLike, log_mean: npt.ArrayLike, log_deviation: npt.ArrayLike) -> FloatArray:
    """Return the probability integral transform under lognormal forecasts, shape (n,).

    Parameters and errors as in :func:`crps_lognormal`; an observation of zero or below gives 0.
    """
    from scipy.special import ndtr  # noqa: PLC0415

    y = finite("observation", observation)
    mu, sigma = _each_case("log_mean", log_mean, y), _positive("log_deviation", log_deviation, y)
    return np.asarray(ndtr(_standardised_log(y, mu, sigma)), dtype=np.float64)


def pit_student_t(
    observation: npt.ArrayLike,
    degrees_of_freedom: npt.ArrayLike,
    location: npt.ArrayLike,
    scale: npt.ArrayLike,
) -> FloatArray:
    """Return the probability integral transform under Student-t forecasts, shape (n,).

    Parameters and errors as in :func:`crps_student_t`, except that d only has to be positive.
    """
    from scipy.special import stdtr  # noqa: PLC0415

    y = finite("observation", observation)
    nu = _positive("degrees_of_freedom", degrees_of_freedom, y)
    z = (y - _each_case("location", location, y)) / _positive("scale", scale, y)
    return np.asarray(stdtr(nu, z), dtype=np.float64)


def _ensemble(members: npt.ArrayLike, observation: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    y = finite("observation", observation)
    x = finite("members", members, dimensions=(1, 2))
    if x.ndim == 1:
        x = np.broadcast_to(x, (len(y), len(x)))
    require_equal_lengths(members=x, observation=y)
    return x, y


def _each_case(name: str, values: npt.ArrayLike, like: FloatArray) -> FloatArray:
    array = finite(name, values, dimensions=(0, 1))
    if array.ndim == 1:
        require_equal_lengths(**{name: array, "observation": like})
    return np.broadcast_to(array, like.shape)


def _positive(name: str, values: npt.ArrayLike, like: FloatArray) -> FloatArray:
    array = _each_case(name, values, like)
    if (array <= 0).any():
        raise UsageError(f"expected {name} above 0, found {array.min():g}")
    return array


def _standardised_log(observation: FloatArray, log_mean: FloatArray, log_deviation: FloatArray) -> FloatArray:
    logarithm = np.full_like(observation, -np.inf)
    np.log(observation, out=logarithm, where=observation > 0)
    return (logarithm - log_mean) / log_deviation
