"""A model carried through the past: fitted on what was known at each origin, asked for the day after, never more.

The design is built once; its rows are causal, and a test holds that building it anew from each shorter history gives
the same forecast.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from runout.forecast.features import Evidence
from runout.forecast.protocol import LEVEL, Fitted, Model, Predictive
from runout.scores.arrays import FloatArray, IntArray


class Walk(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a model said of each day.

    Parameters
    ----------
    target
        Row of each day forecast.
    probability
        P(L ≥ θ), shape (days, thetas).
    low, high
        Its interval.
    quantiles
        Of L at the levels asked for, dollars, shape (days, levels); empty if none were.
    """

    target: IntArray
    probability: FloatArray
    low: FloatArray
    high: FloatArray
    quantiles: FloatArray


def forecasts(
    model: Model, evidence: Evidence, targets: Sequence[int], *, refit_days: int | None = 1
) -> Iterator[Predictive]:
    """Yield the distribution of each target day, from evidence that ends ``lead`` days before it.

    Parameters
    ----------
    model
        The model.
    evidence
        All of it; each forecast sees its head.
    targets
        Rows of the days to forecast, ascending.
    refit_days
        Days between fits; None fits once, at the first target.
    """
    fitted: Fitted | None = None
    for number, target in enumerate(targets):
        known = evidence.head(target + 1 - evidence.design.lead)
        if fitted is None or (refit_days is not None and number % refit_days == 0):
            fitted = model.fit(known)
        yield fitted.predict(known)


def walk(
    model: Model,
    evidence: Evidence,
    targets: Sequence[int],
    theta_usd: npt.ArrayLike,
    *,
    refit_days: int | None = 1,
    levels: npt.ArrayLike = (),
) -> Walk:
    """Return probabilities, intervals and quantiles for each target day.

    Parameters
    ----------
    model, evidence, targets, refit_days
        As in :func:`forecasts`.
    theta_usd
        Thresholds, dollars.
    levels
        Probabilities of the quantiles to keep.
    """
    theta, requested = np.asarray(theta_usd, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    rows: list[tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = []
    for predictive in forecasts(model, evidence, targets, refit_days=refit_days):
        low, high = predictive.interval(theta, level=LEVEL)
        rows.append(
            (predictive.exceedance(theta), low, high, predictive.quantile(requested) if requested.size else requested)
        )
    probability, low, high, quantiles = (np.stack(column) for column in zip(*rows, strict=True))
    return Walk(
        target=np.asarray(targets, dtype=np.int64),
        probability=probability,
        low=low,
        high=high,
        quantiles=quantiles,
    )
