r"""The dynamic regression: what is issued, for every scope, at every hour and from the first day.

.. math::
    \ln L_t = \ln O_{t-1} + a_t + w_t'd_t + b_t'x_{t-1} + r_t + \varepsilon_t,\qquad
    r_t = \varphi r_{t-1} + \eta_t

with L the liquidations of 24 h, O the open interest known before them, d the weekday in six contrasts (in the share of
the 24 h that falls on each), x six features of the market and r a deviation that fades. The level a follows a random
walk, which carries drift and changes of a feed; weekdays drift slowly, coefficients hardly. One pass of the Kalman
filter learns all of them and the variance of the noise. Before the first row stand the shipped parameters
(:mod:`runout.forecast.shipped`), so a newcomer without any total has a forecast, a wide one, and own rows take over as
they come. A row without a total teaches nothing and lets the state drift, so old totals widen the forecast by
themselves. The law is Student t with 12 degrees of freedom, a tenth wider above its mode and narrower below.

References
----------
West and Harrison (1997), Bayesian Forecasting and Dynamic Models, 2nd ed., chapters 4 and 10 (unknown, discounted
variance); Fernández and Steel (1998), On Bayesian modeling of fat tails and skewness, JASA 93 (two halves of a law).
"""

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError
from runout.forecast.features import Design, Evidence
from runout.forecast.filters import filled_forward
from runout.forecast.history import DAY
from runout.forecast.laws import StateLaw
from runout.forecast.protocol import Predictive, predictive
from runout.forecast.shipped import Parameters, shipped_parameters
from runout.kernels.dynamic_regression import filter_rows
from runout.scores.arrays import BoolArray, FloatArray

_CLIP, _SATURDAY = 4.0, 5
_FRESH_LEAD_DAYS = 3


class Rows(msgspec.Struct, frozen=True, eq=False):
    """Regressors, offset (ln open interest), share of each 24 h on a Saturday, features that the last row lacks."""

    regressors: FloatArray
    offset: FloatArray
    saturday: FloatArray
    unobserved: BoolArray


class Passed(msgspec.Struct, frozen=True, eq=False):
    """Of every row: location of ln L, standard error of it, and standard deviation of the noise, shapes (rows,)."""

    location: FloatArray
    error: FloatArray
    noise: FloatArray


class Dynamic(msgspec.Struct, frozen=True):
    """The model; see the module. ``parameters`` None: those of the package."""

    name: str = "dynamic regression"
    parameters: Parameters | None = None

    def fit(self, evidence: Evidence) -> "Dynamic":
        """Return the model itself: it learns in the pass that predicts."""
        del evidence
        return self

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution of the 24 h that ``evidence`` leads up to.

        Raises
        ------
        NotEnoughDataError
            If nothing of the days before is known.
        """
        passed, rows = self.passed(evidence), _rows(evidence, self._parameters())
        values = (float(part[-1]) for part in (passed.location, passed.error, passed.noise))
        location, error, noise = values
        if not np.isfinite(location):
            raise NotEnoughDataError(
                "expected prices, open interest or liquidations of the days before, found none; import some"
            )
        slope = np.asarray(self._parameters().features_mean)
        unknown = float((slope[rows.unobserved] ** 2).sum())
        law = StateLaw(
            location=location, noise=noise, error=float(np.hypot(error, np.sqrt(unknown))),
            freedom=self._parameters().freedom, skew=self._parameters().skew,
        )  # fmt: skip
        names = self._parameters().features
        missing = tuple(name for name, gone in zip(names, rows.unobserved, strict=True) if gone)
        return predictive(evidence, law, missing)

    def passed(self, evidence: Evidence) -> Passed:
        """Return what each row was predicted as, from the rows before it, the rows to be forecast among them.

        Only a row that is one day after the rows before it was predicted as it would have been issued; with a longer
        lead that is so of the last row alone.
        """
        return self._run(evidence)[0]

    def state_after(self, evidence: Evidence) -> tuple[FloatArray, FloatArray]:
        """Return level, weekdays and features after the last row, with variances in units of the noise variance."""
        _, mean, covariance = self._run(evidence)
        return mean[:-1], np.diag(covariance)[:-1]

    def _run(self, evidence: Evidence) -> tuple[Passed, FloatArray, FloatArray]:
        parameters = self._parameters()
        rows, design = _rows(evidence, parameters), evidence.design
        target = np.concatenate([design.log_total, np.full(design.lead, np.nan)]) - rows.offset
        mean, covariance = parameters.state(evidence.history.expected_level)
        location, uncertainty, noise, _ = filter_rows(
            rows.regressors, target, parameters.loudness(rows.saturday), mean, covariance, parameters.drift(),
            parameters.persistence, parameters.innovation**2, parameters.memory, parameters.noise**2,
            parameters.noise_rows,
        )  # fmt: skip
        return Passed(location + rows.offset, np.sqrt(uncertainty), np.sqrt(noise)), mean, covariance

    def _parameters(self) -> Parameters:
        return self.parameters or shipped_parameters()


def _rows(evidence: Evidence, parameters: Parameters) -> Rows:
    design, history = evidence.design, evidence.history
    columns = [design.names.index(name) for name in parameters.features]
    values = design.values[:, columns]
    standard = (values - np.asarray(parameters.features_centre)) / np.asarray(parameters.features_scale)
    unobserved = ~np.isfinite(standard[-1])
    if design.lead > _FRESH_LEAD_DAYS:
        # A range of a week ago says nothing of tomorrow, and the coefficients are those of fresh features.
        standard[-1], unobserved = 0.0, np.ones(len(columns), dtype=np.bool_)
    kept = np.where(np.isfinite(standard), np.clip(standard, -_CLIP, _CLIP), 0.0)
    weekday = _weekdays(design, int(history.day[0]) % DAY)
    regressors = np.column_stack([np.ones(len(kept)), weekday[:, :6] - weekday[:, 6:], kept])
    offset = filled_forward(design.log_interest)
    known = offset[np.isfinite(offset)]
    # Before its first value the first value: a level of its own makes up for what it is wrong by.
    offset = np.where(np.isfinite(offset), offset, known[0] if len(known) else 0.0)
    return Rows(regressors, offset, weekday[:, _SATURDAY], unobserved)


def _weekdays(design: Design, phase: int) -> FloatArray:
    """Return the share of each row's 24 h that falls on each weekday, shape (rows, 7)."""
    later = phase / DAY
    return np.eye(7)[design.weekday] * (1.0 - later) + np.eye(7)[(design.weekday + 1) % 7] * later
