"""Scores of a forecast distribution of a quantity: CRPS, its upper part, quantile loss. Lower is better.

Losses come a case and in the unit of the quantity; take their mean to report, keep them to compare.
"""

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.scores.arrays import FloatArray, finite, require_equal_lengths


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
