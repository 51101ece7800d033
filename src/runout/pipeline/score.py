"""The issued forecast on a past period of any lake, beside climatology and a plain regression.

Three questions: the UTC day; the next 24 h from hours of the day, where totals are finer than days; and the UTC day as
forecast from the first days of own totals. Cases of one day are averaged before intervals are formed.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_date
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.history import History
from runout.forecast.protocol import Model
from runout.forecast.registry import CLIMATOLOGY, ISSUED, MODELS, REFERENCE
from runout.forecast.targets import MEASURED_USD
from runout.forecast.walking import walk
from runout.lake import Lake
from runout.lake.catalogue import LiquidationGroup
from runout.pipeline import forecast_scope as scope
from runout.pipeline.forecast_history import Past, read_past
from runout.pipeline.progress import Progress, no_progress
from runout.plugins import plugged
from runout.scores import brier_losses, crps_ensemble, log_losses, paired_difference
from runout.scores.arrays import FloatArray, IntArray

SCORED: Final = (ISSUED, REFERENCE, CLIMATOLOGY)
BLOCK_DAYS: Final = 10
LEAST_DAYS: Final = 2 * BLOCK_DAYS
"""Fewer days than two blocks give no interval."""
LEVEL: Final = 0.95
Measure = Literal["brier", "log", "crps"]
Question = Literal["day", "next", "newcomer"]
_FOUR_HOURS: Final = 4 * NANOSECONDS_PER_HOUR
OWN_DAYS: Final = (0, 7, 30)
"""Days of own totals of a newcomer."""
NEWCOMERS: Final = 60
"""Days of a period, evenly taken, on which a newcomer asks."""
READ_AT_HOUR: Final = "the UTC day's forecast, read at the hour"
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
    question
        ``day``: the UTC day; ``next``: the next 24 h from hours of the day; ``newcomer``: the UTC day from the first
        days of own totals.
    scope
        What the totals cover.
    first, last
        First and last UTC day that was scored.
    days, events
        Days scored, or 24 h from an hour, and those that reached the threshold.
    threshold_usd
        Liquidations in a UTC day within the scope.
    losses
        Of each measure and model.
    notes
        What the figures cannot say.
    """

    question: Question = "day"
    scope: str
    first: str
    last: str
    days: int
    events: int
    threshold_usd: float
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]


class _ModelLosses(msgspec.Struct, frozen=True, eq=False):
    """Losses of one model by start (UTC ns), shape (cases,) each."""

    start: IntArray
    losses: dict[Measure, FloatArray]


class _Case(msgspec.Struct, frozen=True):
    """A model, what it knew, and the rows that it is asked for; the outcome of each lies ``later`` rows on."""

    name: str
    label: str
    evidence: Evidence
    rows: tuple[int, ...]
    outcome: Evidence
    later: int = 0


def score_forecast(
    lake: Lake,
    first: int,
    last: int,
    *,
    question: Question = "day",
    threshold_usd: float = MEASURED_USD,
    progress: Progress = no_progress,
) -> ForecastScore:
    """Walk the issued forecast and plain ones through a period, each case forecast from what was before it.

    Parameters
    ----------
    lake
        With liquidations of the period and, for the plain ones, of months before it.
    first, last
        First and last UTC day, UTC ns.
    question
        What is asked.
    threshold_usd
        Dollars above zero.
    progress
        Called with each model.

    Raises
    ------
    UsageError
        If the period ends before it begins, or the threshold is not above zero.
    NotEnoughDataError
        If no day of the period has a total, the next 24 h are asked for and totals are of whole days, or the days
        before do not reach for the issued forecast.
    """
    if last < first or threshold_usd <= 0.0:
        raise UsageError(
            "expected a period that does not end before it begins and a threshold above zero, found "
            f"{format_date(first)} to {format_date(last)} and {threshold_usd:g}"
        )
    end = last + 3 * NANOSECONDS_PER_DAY
    past = read_past(lake, end)
    if question == "next":
        past = read_past(lake, end, group=_fine_totals(lake, end, past))
    rows = _rows(past.history, first, last)
    make = {"day": _of_days, "next": _of_hours, "newcomer": _of_newcomers}[question]
    cases, by_label, notes = list(make(lake, past, rows)), dict[str, list[_ModelLosses]](), list[str]()
    for number, case in enumerate(cases, start=1):
        progress(case.label, number, len(cases))
        by_label.setdefault(case.label, []).extend(_case_losses(case, threshold_usd))
    joined = {label: _joined(parts) for label, parts in by_label.items() if parts}
    if ISSUED not in joined:
        raise NotEnoughDataError(
            f"expected prices, open interest or liquidations before {format_date(first)}, found too few in {lake.root}"
        )
    asked = len(joined[ISSUED].start)
    scored = {label: len(joined[label].start) if label in joined else 0 for label in by_label}
    notes += [
        f"{label}: {n} of {asked} cases, since it needs more days before." for label, n in scored.items() if n < asked
    ]
    outcomes = _outcomes(cases)
    events, days = int((outcomes >= threshold_usd).sum()), len(np.unique(joined[ISSUED].start // NANOSECONDS_PER_DAY))
    late = int((past.history.known_time[rows] > past.history.day[rows] + 2 * NANOSECONDS_PER_DAY).sum())
    return ForecastScore(
        question=question, scope=past.history.scope, first=format_date(int(past.history.day[rows[0]])),
        last=format_date(int(past.history.day[rows[-1]])), days=len(outcomes), events=events,
        threshold_usd=threshold_usd, losses=tuple(_losses(joined)),
        notes=(*notes, *_notes(days, events, len(outcomes), late)),
    )  # fmt: skip


# -- cases ------------------------------------------------------------------------------------------------------------


def _rows(history: History, first: int, last: int) -> IntArray:
    rows = np.flatnonzero((history.day >= first) & (history.day <= last) & np.isfinite(history.total_usd))
    if not rows.size:
        raise NotEnoughDataError(
            f"expected daily liquidations from {format_date(first)} to {format_date(last)}, found those of "
            f"{format_date(int(history.day[0]))} to {format_date(int(history.day[-1]))}; name a period within"
        )
    return rows


def _fine_totals(lake: Lake, end: int, past: Past) -> LiquidationGroup:
    """Return the totals that serve where no day begins."""
    origin = past.origin + _FOUR_HOURS
    known, spans = scope.known_at(lake, end + _FOUR_HOURS)
    group = scope.serving(scope.families_at(known, spans, _FOUR_HOURS), spans, origin)
    if group is None:
        raise NotEnoughDataError(
            f"expected totals of 4 h or finer for the next 24 h, found those of {past.history.scope} by the day; score "
            "the UTC day, or import hourly totals"
        )
    return group


def _scored() -> dict[str, Model]:
    """Return what is issued, what it is measured against, and what installed packages add."""
    added = {name: make() for name, make in plugged("forecast", MODELS).items()}
    return {name: MODELS[name] for name in SCORED} | added


def _of_days(lake: Lake, past: Past, rows: IntArray) -> Iterator[_Case]:
    del lake
    evidence = evidence_of(past.history)
    for name in _scored():
        yield _Case(name, name, evidence, tuple(rows.tolist()), evidence)


def _of_hours(lake: Lake, past: Past, rows: IntArray) -> Iterator[_Case]:
    """Yield the 24 h from each hour of the days, beside the forecast of the UTC day that holds the hour."""
    daily, days = evidence_of(past.history), past.history.day
    end = int(days[-1]) + NANOSECONDS_PER_DAY
    for hour in range(0, NANOSECONDS_PER_DAY, _FOUR_HOURS):
        hourly = read_past(lake, past.origin + hour, origin=end + hour, group=past.group)
        evidence, later = evidence_of(hourly.history), int(days[0]) + hour - int(hourly.history.day[0])
        later //= NANOSECONDS_PER_DAY
        asked = rows + later
        asked = asked[(asked >= 0) & (asked < evidence.design.days)]
        asked = asked[np.isfinite(evidence.design.log_total[asked])]
        for name in _scored():
            yield _Case(name, name, evidence, tuple(asked.tolist()), evidence)
        yield _Case(ISSUED, READ_AT_HOUR, daily, tuple((asked - later).tolist()), evidence, later=later)


def _of_newcomers(lake: Lake, past: Past, rows: IntArray) -> Iterator[_Case]:
    """Yield days forecast with all totals before the last few hidden; prices and open interest are not."""
    del lake
    whole = evidence_of(past.history)
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, NEWCOMERS).round().astype(np.int64))].tolist()
    for name in _scored():
        yield _Case(name, name, whole, tuple(chosen), whole)
    for days in OWN_DAYS:
        for row in chosen:
            known = past.history.head(row + 1)
            hidden = {name: getattr(known, name).copy() for name in ("long_usd", "short_usd")}
            for values in hidden.values():
                values[: max(row - days, 0)] = np.nan
            evidence = evidence_of(msgspec.structs.replace(known, **hidden))
            yield _Case(ISSUED, f"issued, from {days} days of own totals", evidence, (row,), whole)


def _case_losses(case: _Case, threshold_usd: float) -> Iterator[_ModelLosses]:
    """Yield the losses of a case: of the rows from the first on that the model has enough days before."""
    model, rows = _scored()[case.name], list(case.rows)
    while rows:
        try:
            walked = walk(model, case.evidence, rows, [threshold_usd], levels=_LEVELS)
        except NotEnoughDataError:
            rows = rows[len(rows) // 8 + 1 :]
            continue
        where = np.array(rows) + case.later
        log_total = case.outcome.design.log_total[where]
        event = np.exp(log_total) >= threshold_usd
        yield _ModelLosses(case.outcome.history.day[where], {
            "brier": brier_losses(walked.probability[:, 0], event),
            "log": log_losses(walked.probability[:, 0], event),
            "crps": crps_ensemble(np.log(walked.quantiles), log_total),
        })  # fmt: skip
        return


def _joined(parts: list[_ModelLosses]) -> _ModelLosses:
    start = np.concatenate([item.start for item in parts])
    order = np.argsort(start, kind="stable")
    measures: tuple[Measure, ...] = ("brier", "log", "crps")
    return _ModelLosses(start[order], {m: np.concatenate([item.losses[m] for item in parts])[order] for m in measures})


def _outcomes(cases: list[_Case]) -> FloatArray:
    """Return what followed in each case of the issued forecast, dollars."""
    ours = [case for case in cases if case.label == ISSUED]
    return np.concatenate([np.exp(case.outcome.design.log_total[list(case.rows)]) for case in ours])


# -- differences ------------------------------------------------------------------------------------------------------


def _losses(by_label: dict[str, _ModelLosses]) -> list[Loss]:
    measures: tuple[Measure, ...] = ("brier", "log", "crps")
    return [_loss(measure, label, by_label) for measure in measures for label in by_label]


def _loss(measure: Measure, label: str, by_label: dict[str, _ModelLosses]) -> Loss:
    ours, others = by_label[ISSUED], by_label[label]
    mean = float(others.losses[measure].mean())
    if label == ISSUED:
        return Loss(measure=measure, model=label, loss=mean)
    _, own, other = np.intersect1d(ours.start, others.start, return_indices=True)
    day = ours.start[own] // NANOSECONDS_PER_DAY
    days, where = np.unique(day, return_inverse=True)
    difference = np.bincount(where, ours.losses[measure][own] - others.losses[measure][other]) / np.bincount(where)
    if len(days) < LEAST_DAYS:
        return Loss(measure=measure, model=label, loss=mean, gain=float(difference.mean()))
    rng, zero = np.random.default_rng(_SEED), np.zeros(len(days))
    paired = paired_difference(difference, zero, block_length=BLOCK_DAYS, rng=rng, resamples=_RESAMPLES, level=LEVEL)
    return Loss(measure=measure, model=label, loss=mean, gain=paired.mean, low=paired.low, high=paired.high)


def _notes(days: int, events: int, cases: int, late: int) -> list[str]:
    notes: list[str] = []
    if days < LEAST_DAYS:
        notes.append(f"No intervals: they need at least {LEAST_DAYS} days, this period has {days}.")
    if events in {0, cases}:
        reached = "No day" if not events else "Every day"
        notes.append(
            f"{reached} reached the threshold: Brier and log loss measure caution only; try another threshold."
        )
    if late:
        notes.append(f"{late} days were revised more than a day after their end: the fits saw the revised figures.")
    return notes
