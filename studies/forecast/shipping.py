"""Fit the parameters that come with the package: on scopes of one lake, up to a day, by the mean log score."""

from collections.abc import Sequence

import msgspec
import numpy as np

from runout.forecast.features import Evidence, evidence_of
from runout.forecast.history import FIELDS, History
from runout.forecast.models.dynamic import Dynamic, Passed
from runout.forecast.shipped import Parameters, shipped_parameters
from runout.scores.arrays import BoolArray, FloatArray

_SEARCHED = ("level_drift", "weekday_drift", "features_drift", "innovation", "noise", "saturday_noise")
_LEAST_VARIANCE = 0.004
_STEPS = 300


def scopes(history: History) -> dict[str, History]:
    """Return the sum over coins and each coin alone."""
    alone = {coin: _column(history, number) for number, coin in enumerate(history.coins)}
    return {"all": history, **alone}


def _column(history: History, number: int) -> History:
    kept = {name: getattr(history, name)[:, [number]] for name in FIELDS}
    return msgspec.structs.replace(history, coins=(history.coins[number],), **kept)


def log_score(evidence: Evidence, passed: Passed, rows: BoolArray, freedom: float) -> FloatArray:
    """Return minus the log density of ln L on the rows asked for that have a total."""
    from scipy.stats import t  # noqa: PLC0415

    rows = rows & np.isfinite(evidence.design.log_total)
    deviation = np.hypot(passed.error, passed.noise)[: len(rows)][rows] * np.sqrt((freedom - 2.0) / freedom)
    standard = (evidence.design.log_total[rows] - passed.location[: len(rows)][rows]) / deviation
    return np.log(deviation) - t.logpdf(standard, freedom)


def fit(histories: Sequence[History], first: int, last: int, start: Parameters | None = None) -> Parameters:
    """Return the parameters with the least mean log score over scopes, each from ``first`` to ``last`` (UTC ns).

    Drifts, persistence, memory and freedom are searched for (Nelder and Mead); coefficients before any row become the
    means over scopes of what the pass ends with, their variances the spread of those, and so twice over.
    """
    from scipy.optimize import minimize  # noqa: PLC0415

    # Features as the whole history gives them, cut after: they are causal.
    whole = [evidence_of(one) for one in histories]
    evidences = [one.head(int(np.searchsorted(one.history.day, last, side="right"))) for one in whole]
    inside = [(one.history.day >= first) & (one.history.day <= last) for one in evidences]

    def loss(parameters: Parameters) -> float:
        model = Dynamic(parameters=parameters)
        parts = [
            log_score(e, model.passed(e), rows, parameters.freedom) for e, rows in zip(evidences, inside, strict=True)
        ]
        return float(np.mean([part.mean() for part in parts]))

    found: Parameters = start or shipped_parameters()
    for _ in range(2):
        found = _with_coefficients(found, evidences)
        base: Parameters = found

        def moved_loss(place: FloatArray, base: Parameters = base) -> float:
            return loss(_moved(base, place))

        best = minimize(
            moved_loss, _place(found), method="Nelder-Mead", options={"maxiter": _STEPS, "xatol": 0.03, "fatol": 1e-5}
        )
        found = _moved(found, best.x)
    return _with_coefficients(found, evidences)


def _place(of: Parameters) -> FloatArray:
    logs = [np.log(getattr(of, name)) for name in _SEARCHED]
    odds = [np.log(share / (1.0 - share)) for share in (of.persistence, of.memory)]
    return np.array([*logs, *odds, np.log(of.freedom - 2.0)])


def _moved(of: Parameters, place: FloatArray) -> Parameters:
    named = {name: float(np.exp(value)) for name, value in zip(_SEARCHED, place, strict=False)}
    persistence, memory = (float(1.0 / (1.0 + np.exp(-value))) for value in place[6:8])
    freedom = float(np.exp(place[8])) + 2.0
    return msgspec.structs.replace(of, persistence=persistence, memory=memory, freedom=freedom, **named)


def _with_coefficients(of: Parameters, evidences: Sequence[Evidence]) -> Parameters:
    ends = [Dynamic(parameters=of).state_after(one) for one in evidences]
    value = np.array([mean for mean, _ in ends])
    spread = np.array([variance for _, variance in ends])
    centre, between = value.mean(axis=0), value.var(axis=0) / of.noise**2
    variance = np.maximum(between + spread.mean(axis=0) / 2.0, _LEAST_VARIANCE)
    return msgspec.structs.replace(
        of,
        weekday_mean=tuple(map(float, centre[1:7])), weekday_variance=float(variance[1:7].mean()),
        features_mean=tuple(map(float, centre[7:])), features_variance=tuple(map(float, variance[7:])),
    )  # fmt: skip
