r"""Distributions of the logarithm of a day's liquidations, in the forms that the models produce.

Each answers with :math:`\Pr(\ln L \ge x)`, and with the band in which that probability lies as far as its parameters
are uncertain: all parameters move together by z standard errors, which is wide rather than narrow. A probability taken
from counted days also carries the sampling error of the count (Wilson 1927).
"""

from math import exp, lgamma, pi, sqrt
from typing import Protocol

import msgspec
import numpy as np

from runout.scores.arrays import FloatArray

Band = tuple[FloatArray, FloatArray]


class Law(Protocol):
    """A distribution of ln L."""

    @property
    def location(self) -> float:
        """Where its mass is, ln dollars."""
        ...

    def survival(self, log_usd: FloatArray) -> FloatArray:
        """Return P(ln L ≥ x), not increasing in x, shape (k,)."""
        ...

    def band(self, log_usd: FloatArray, z: float) -> Band:
        """Return the ends of the band of P(ln L ≥ x) at z standard errors."""
        ...


class ResidualLaw(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    r"""Location and scale with the law of past residuals.

    .. math:: \Pr(\ln L \ge x) = (1-\pi) \sum_i w_i \Phi\!\left(\frac{e_i - v}{h}\right) + \pi\, T_\nu(-v),
        \qquad v = \frac{x - \mu}{s}

    Parameters
    ----------
    location, scale
        μ and s.
    residual, weight
        e and w, shapes (m,); weights sum to 1.
    bandwidth
        h in units of s; 0 counts residuals at or above v.
    tail_weight, tail_freedom
        Share and degrees of freedom of the Student part, which alone reaches beyond the largest residual.
    location_error
        Standard error of μ, ln dollars.
    counted
        Days that the count is worth; 0 leaves its sampling error out.
    """

    location: float
    scale: float
    residual: FloatArray
    weight: FloatArray
    bandwidth: float = 0.0
    tail_weight: float = 0.0
    tail_freedom: float = 5.0
    location_error: float = 0.0
    counted: float = 0.0

    def survival(self, log_usd: FloatArray) -> FloatArray:
        """Return P(ln L ≥ x)."""
        return self._shifted(log_usd, 0.0)

    def band(self, log_usd: FloatArray, z: float) -> Band:
        """Return the ends of the band of P(ln L ≥ x)."""
        low, high = (self._shifted(log_usd, shift * self.location_error) for shift in (-z, z))
        return (low, high) if self.counted == 0.0 else (wilson(low, self.counted, -z), wilson(high, self.counted, z))

    def _shifted(self, log_usd: FloatArray, shift: float) -> FloatArray:
        from scipy.special import stdtr  # noqa: PLC0415 - a third of a second, only where a forecast is made

        standard = (log_usd - self.location - shift) / self.scale
        body = self._counted_share(standard) if self.bandwidth == 0.0 else self._kernel_share(standard)
        if self.tail_weight == 0.0:
            return body
        tail = np.asarray(stdtr(self.tail_freedom, -standard), dtype=np.float64)
        return (1.0 - self.tail_weight) * body + self.tail_weight * tail

    def _kernel_share(self, standard: FloatArray) -> FloatArray:
        from scipy.special import ndtr  # noqa: PLC0415

        parts = ndtr((self.residual - standard[:, np.newaxis]) / self.bandwidth)
        return np.asarray(parts @ self.weight, dtype=np.float64)

    def _counted_share(self, standard: FloatArray) -> FloatArray:
        order = np.argsort(self.residual, kind="stable")
        above = np.append(np.cumsum(self.weight[order][::-1])[::-1], 0.0)
        return np.clip(above[np.searchsorted(self.residual[order], standard, side="left")], 0.0, 1.0)


class StateLaw(msgspec.Struct, frozen=True, kw_only=True):
    r"""Student t in two halves about a location that is itself uncertain.

    .. math:: \Pr(\ln L \ge x) = (1+\gamma)\, T_\nu\!\left(-\frac{x - m}{(1+\gamma)s}\right), \quad x \ge m,

    and one less the mirror image below the mode m, which is set so that the mean is the location.

    Parameters
    ----------
    location
        Mean of ln L.
    noise, error
        Standard deviations of the day and of the location; s holds both.
    freedom, skew
        Of the law: above 2, and γ in [0, 1).
    """

    location: float
    noise: float
    error: float
    freedom: float
    skew: float = 0.0

    def survival(self, log_usd: FloatArray) -> FloatArray:
        """Return P(ln L ≥ x)."""
        return self._share(log_usd, 0.0, float(np.hypot(self.noise, self.error)))

    def band(self, log_usd: FloatArray, z: float) -> Band:
        """Return the ends of the band of P(ln L ≥ x): the location moved, the day's noise left as it is."""
        return self._share(log_usd, -z * self.error, self.noise), self._share(log_usd, z * self.error, self.noise)

    def _share(self, log_usd: FloatArray, shift: float, deviation: float) -> FloatArray:
        from scipy.special import stdtr  # noqa: PLC0415 - a third of a second, only where a forecast is made

        scale = deviation * np.sqrt((self.freedom - 2.0) / self.freedom)
        standard = (log_usd - self.location - shift) / scale + 2.0 * self.skew * _mean_size(self.freedom)
        wide, narrow = 1.0 + self.skew, 1.0 - self.skew
        above = wide * stdtr(self.freedom, -standard / wide)
        below = 1.0 - narrow * stdtr(self.freedom, standard / narrow)
        return np.asarray(np.where(standard >= 0.0, above, below), dtype=np.float64)


def _mean_size(freedom: float) -> float:
    """Return the mean of |T| with so many degrees of freedom."""
    gammas = lgamma((freedom + 1.0) / 2.0) - lgamma(freedom / 2.0)
    return 2.0 * sqrt(freedom / pi) * exp(gammas) / (freedom - 1.0)


def wilson(probability: FloatArray, counted: float, z: float) -> FloatArray:
    """Return the end of the Wilson interval of a share of ``counted`` days, the lower one for negative z."""
    square = z * z
    spread = np.sqrt(np.maximum(probability * (1.0 - probability), 0.0) / counted + square / (4.0 * counted**2))
    return np.clip((probability + square / (2.0 * counted) + z * spread) / (1.0 + square / counted), 0.0, 1.0)
