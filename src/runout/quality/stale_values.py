"""Frozen series: one value repeated far longer than the series' own history makes plausible."""

import numpy as np

from runout.clock import format_time
from runout.quality.audit_findings import AuditFinding, Stretch, Times, Values, finding
from runout.quality.quantity_series import FLOWS, Observed, Track, tracks

LEAST_ROWS = 6
"""Fewer repeats than this are a venue's maintenance, or rounding."""
CHANCE = 1e-6
"""Expected number of such runs in the whole series, were its repeats independent: one in a million series."""
TIMES_USUAL = 3.0
"""Repeats are not independent (a funding rate rests, a daily figure steps), so a run must also be three times as long
as all but a hundredth of the series' own runs."""
_USUAL_QUANTILE = 0.99
RESTING_RUNS = 10
RESTING_SHARE = 0.05
"""A value taken up in ten separate runs and a twentieth of all rows is where the figure rests, as funding does at its
base rate: a long run of it is worth a note and no more."""
LEAST_CONSTANT_ROWS = 24
"""A level that never moves has no steps of its own to be held against; no market's stays so for a day of hours."""
_LEVELS = frozenset({"bars", "open_interest", "reserves", "market_caps"})
FUNDING_BASE = 1e-4
"""The interest part of perpetual funding, 0.01% for 8 hours, at which the rate rests while the premium is small."""
QUIET = 2.0
"""Zeros of a flow come in quiet weeks, not independently: they must last twice as long."""
STUCK = 2.0
"""A run that lasts until now is an error from twice the plausible length on: it would be read as the present."""


def frozen(observed: Observed) -> list[AuditFinding]:
    """Return runs of one identical value that the series' own repeats do not explain.

    With repeat rate q (of neighbouring values, over the runs of usual length) and m runs, independent repeats give
    ``m q^(L−1)`` runs of length L or more. A run is frozen if that is below :data:`CHANCE` and L exceeds both
    :data:`LEAST_ROWS` and :data:`TIMES_USUAL` times the 99th percentile of run lengths. So a figure that steps (a daily
    value in hourly rows, a rounded share) is held against its own steps, and a run of the value where a figure rests
    (funding at its base rate) against the other runs of that value.
    """
    return [results for track in tracks(observed) for results in _frozen(observed, track.observed())]


def _frozen(observed: Observed, track: Track) -> list[AuditFinding]:
    values = track.values
    if len(values) < 2 * LEAST_ROWS:
        return []
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(values) != 0.0) + 1, [len(values)]))
    lengths = np.diff(bounds).astype(np.int64)
    of_runs = values[bounds[:-1]]
    rests = of_runs == _resting_value(of_runs, lengths, len(values))
    if observed.series.kind == "funding":
        rests |= of_runs == FUNDING_BASE
    if len(lengths) == 1 and observed.series.kind in _LEVELS and values[0] and len(values) >= LEAST_CONSTANT_ROWS:
        return [_as_finding(observed, track, Stretch(0, len(values) - 1, len(values)), LEAST_ROWS, rests=False)]
    limits = np.where(rests, _longest_plausible(lengths[rests]), _longest_plausible(lengths[~rests]))
    if observed.series.kind in FLOWS:
        limits = np.where(of_runs == 0.0, QUIET * limits, limits)
    return [
        _as_finding(
            observed,
            track,
            Stretch(int(bounds[i]), int(bounds[i + 1]) - 1, int(lengths[i])),
            float(limits[i]),
            rests=bool(rests[i]),
        )
        for i in np.flatnonzero(lengths > limits)
    ]


def _resting_value(of_runs: Values, lengths: Times, rows: int) -> float:
    """Return the value that a series returns to again and again (the base rate of funding), NaN where it has none."""
    levels, place, runs = np.unique(of_runs, return_inverse=True, return_counts=True)
    rows_at = np.bincount(place, weights=lengths)
    most = int(np.argmax(rows_at))
    return float(levels[most]) if runs[most] >= RESTING_RUNS and rows_at[most] >= RESTING_SHARE * rows else np.nan


def _longest_plausible(lengths: Times) -> float:
    if not len(lengths):
        return np.inf
    usual_most = TIMES_USUAL * float(np.quantile(lengths, _USUAL_QUANTILE, method="lower"))
    usual = lengths[lengths <= usual_most]
    rows = int(usual.sum())
    repeat_rate = max(1.0 - len(usual) / rows, 1.0 / (rows + 1))
    by_chance = 1.0 + np.log(CHANCE / len(lengths)) / np.log(repeat_rate)
    return max(usual_most, float(by_chance), LEAST_ROWS - 1.0)


def _as_finding(observed: Observed, track: Track, run: Stretch, limit: float, *, rests: bool) -> AuditFinding:
    start, end = int(track.times[run.first]), int(track.times[run.last])
    still = run.last == len(track.values) - 1
    return finding(
        "frozen",
        "note" if rests else "error" if still and run.count >= STUCK * limit else "warning",
        observed.series,
        (start, end),
        statement=f"{track.name} stands at {track.values[run.first]:,.8g} for {run.count} rows, {format_time(start)} "
        f"to {format_time(end)}{', and still does' if still else ''}; its own repeats make {int(limit)} plausible"
        f"{'; it rests there often' if rests else ''}",
        remedy="none, if the figure has a base value"
        if rests
        else "treat the run as not observed: changes within it are zero by defect, the change after it is a sum",
        observed=float(run.count),
        expected=float(int(limit)),
    )
