"""The issued forecast on a past period of any lake, beside climatology and a plain regression."""

from typing import Final, Literal

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, format_date
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.features import evidence_of
from runout.forecast.registry import CLIMATOLOGY, ISSUED, MODELS, REFERENCE
from runout.forecast.targets import MEASURED_USD
from runout.forecast.walking import Walk, walk
from runout.lake import Lake
from runout.pipeline.forecast_history import read_past
from runout.pipeline.progress import Progress, no_progress
from runout.plugins import plugged
from runout.scores import brier_losses, crps_ensemble, log_losses, paired_difference
from runout.scores.arrays import FloatArray

SCORED: Final = (ISSUED, REFERENCE, CLIMATOLOGY)
BLOCK_DAYS: Final = 10
LEAST_DAYS: Final = 2 * BLOCK_DAYS
"""Fewer days than two blocks give no interval."""
LEVEL: Final = 0.95
Measure = Literal["brier", "log", "crps"]
_LEVELS: Final = (np.arange(99) + 0.5) / 99
_RESAMPLES: Final = 4000
_SEED: Final = 0


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Mean loss of one model by one proper score; lower is better.

    Parameters
    ----------
    measure
        ``brier`` and ``log`` (nats) of the chance to reach the threshold; ``crps`` of the logarithm of the total.
    model
        Name.
    loss
        Mean over the days.
    gain, low, high
        Loss of the issued forecast less this one, with its 95% interval (paired, stationary blocks of ten days on
        average); below zero the issued one is better. None for the issued one itself, the interval also where there
        are fewer than twenty days.
    """

    measure: Measure
    model: str
    loss: float
    gain: float | None = None
    low: float | None = None
    high: float | None = None


class ForecastScore(msgspec.Struct, frozen=True, kw_only=True):
    """How the issued forecast did.

    Parameters
    ----------
    scope
        What the totals cover.
    first, last
        First and last UTC day that was scored.
    days, events
        Days scored, and those that reached the threshold.
    threshold_usd
        Liquidations in a UTC day within the scope.
    losses
        Of each measure and model.
    notes
        What the figures cannot say.
    """

    scope: str
    first: str
    last: str
    days: int
    events: int
    threshold_usd: float
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]


def score_forecast(
    lake: Lake, first: int, last: int, *, threshold_usd: float = MEASURED_USD, progress: Progress = no_progress
) -> ForecastScore:
    """Walk the issued forecast and others through a period, each day forecast from the days before it.

    The others are two plain ones and what installed packages add.

    Parameters
    ----------
    lake
        With daily liquidations of the period and of about a year before it.
    first, last
        First and last UTC day, UTC ns.
    threshold_usd
        Dollars above zero.
    progress
        Called with each model.

    Raises
    ------
    UsageError
        If the period ends before it begins, or the threshold is not above zero.
    NotEnoughDataError
        If no day of the period has a total, or the days before it do not reach for a fit.
    """
    if last < first or threshold_usd <= 0.0:
        raise UsageError(
            "expected a period that does not end before it begins and a threshold above zero, found "
            f"{format_date(first)} to {format_date(last)} and {threshold_usd:g}"
        )
    past = read_past(lake, last + 3 * NANOSECONDS_PER_DAY)
    history, evidence = past.history, evidence_of(past.history)
    inside = (history.day >= first) & (history.day <= last) & np.isfinite(evidence.design.log_total)
    rows = np.flatnonzero(inside)
    if not rows.size:
        raise NotEnoughDataError(
            f"expected daily liquidations from {format_date(first)} to {format_date(last)}, found those of "
            f"{format_date(int(history.day[0]))} to {format_date(int(history.day[-1]))}; name a period within"
        )
    models = {name: MODELS[name].model for name in SCORED}
    models |= {name: make() for name, make in plugged("forecast", MODELS).items()}
    walks: dict[str, Walk] = {}
    for number, (name, model) in enumerate(models.items(), start=1):
        progress(name, number, len(models))
        walks[name] = walk(model, evidence, rows.tolist(), [threshold_usd], levels=_LEVELS)
    log_total = evidence.design.log_total[rows]
    event = np.exp(log_total) >= threshold_usd
    late = int((history.known_time[rows] > history.day[rows] + 2 * NANOSECONDS_PER_DAY).sum())
    return ForecastScore(
        scope=past.history.scope, first=format_date(int(history.day[rows[0]])),
        last=format_date(int(history.day[rows[-1]])), days=len(rows), events=int(event.sum()),
        threshold_usd=threshold_usd, losses=tuple(_losses(walks, event, log_total)),
        notes=tuple(_notes(len(rows), int(event.sum()), late)),
    )  # fmt: skip


def _losses(walks: dict[str, Walk], event: np.ndarray, log_total: FloatArray) -> list[Loss]:
    by_day: dict[Measure, dict[str, FloatArray]] = {
        "brier": {name: brier_losses(walked.probability[:, 0], event) for name, walked in walks.items()},
        "log": {name: log_losses(walked.probability[:, 0], event) for name, walked in walks.items()},
        "crps": {name: crps_ensemble(np.log(walked.quantiles), log_total) for name, walked in walks.items()},
    }
    return [_loss(measure, name, losses) for measure, losses in by_day.items() for name in losses]


def _loss(measure: Measure, name: str, losses: dict[str, FloatArray]) -> Loss:
    ours, theirs = losses[ISSUED], losses[name]
    mean = float(theirs.mean())
    if name == ISSUED:
        return Loss(measure=measure, model=name, loss=mean)
    if len(ours) < LEAST_DAYS:
        return Loss(measure=measure, model=name, loss=mean, gain=float((ours - theirs).mean()))
    rng = np.random.default_rng(_SEED)
    paired = paired_difference(ours, theirs, block_length=BLOCK_DAYS, rng=rng, resamples=_RESAMPLES, level=LEVEL)
    return Loss(measure=measure, model=name, loss=mean, gain=paired.mean, low=paired.low, high=paired.high)


def _notes(days: int, events: int, late: int) -> list[str]:
    notes: list[str] = []
    if days < LEAST_DAYS:
        notes.append(f"No intervals: they need at least {LEAST_DAYS} days, this period has {days}.")
    if events in {0, days}:
        reached = "No day" if not events else "Every day"
        notes.append(
            f"{reached} reached the threshold: Brier and log loss measure caution only; try another threshold."
        )
    if late:
        notes.append(f"{late} days were revised more than a day after their end: the fits saw the revised figures.")
    return notes
