"""What the studies of the forecast score on: scopes of a lake, walked forward in one pass, beside plain models."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.history import FIELDS, History
from runout.forecast.laws import StateLaw
from runout.forecast.models.dynamic import Dynamic
from runout.forecast.shipped import Parameters, shipped_parameters
from runout.lake import Lake
from runout.pipeline.forecast_history import Past, read_past
from runout.scores import PairedDifference, brier_losses, crps_ensemble, paired_difference
from runout.scores.arrays import BoolArray, FloatArray, IntArray

DAY = NANOSECONDS_PER_DAY
LEVELS: Final = (np.arange(99) + 0.5) / 99
RESAMPLES: Final = 2000
BLOCK: Final = 10


class Period(msgspec.Struct, frozen=True):
    """A span of days with its name, UTC ns; the end is not inside."""

    name: str
    start: int
    end: int


def period(name: str, first: str, end: str) -> Period:
    """Return a period from two dates."""
    return Period(name, parse_time(first), parse_time(end))


BEFORE: Final = period("2022 to 2024", "2022-01-01", "2025-01-01")
YEAR: Final = period("2025 to August", "2025-01-01", "2025-09-01")
AUTUMN: Final = period("September to 14 November 2025", "2025-09-01", "2025-11-14")


class Said(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a model said of windows of 24 h: start (UTC ns), ln of what followed, and laws by location and deviation.

    ``deviation`` is that of the whole law, ``quantiles`` of ln L at :data:`LEVELS`, shape (rows, 99).
    """

    start: IntArray
    outcome: FloatArray
    quantiles: FloatArray

    def chance(self, log_theta: npt.ArrayLike) -> FloatArray:
        """Return P(ln L ≥ θ) of each row, read off its quantiles; beyond them a normal tail goes on."""
        theta = np.broadcast_to(np.asarray(log_theta, dtype=np.float64), self.start.shape)
        below = np.array([np.interp(x, row, LEVELS) for x, row in zip(theta, self.quantiles, strict=True)])
        spread = (self.quantiles[:, 83] - self.quantiles[:, 15]) / 2.0
        top, bottom = self.quantiles[:, -1], self.quantiles[:, 0]
        ends = 1.0 - LEVELS[-1]
        tail = ends * norm.sf((theta - top) / spread + 2.57) / norm.sf(2.57)
        foot = ends * norm.sf((bottom - theta) / spread + 2.57) / norm.sf(2.57)
        return np.where(theta > top, tail, np.where(theta < bottom, 1.0 - foot, 1.0 - below))

    def crps(self) -> FloatArray:
        """Return the CRPS of ln L."""
        return crps_ensemble(self.quantiles, self.outcome)

    def rows(self, keep: BoolArray) -> "Said":
        """Return some of the rows."""
        return Said(start=self.start[keep], outcome=self.outcome[keep], quantiles=self.quantiles[keep])


def standard_quantiles(parameters: Parameters) -> FloatArray:
    """Return the quantiles at :data:`LEVELS` of the law with location 0 and deviation 1."""
    law = StateLaw(location=0.0, noise=1.0, error=0.0, freedom=parameters.freedom, skew=parameters.skew)
    grid = np.linspace(-9.0, 9.0, 9001)
    return np.interp(LEVELS, 1.0 - law.survival(grid), grid)


def dynamic(evidence: Evidence, parameters: Parameters | None = None) -> Said:
    """Return what the issued model says of every row that has a total, each from the rows before it."""
    model, found = Dynamic(parameters=parameters), parameters or shipped_parameters()
    passed, count = model.passed(evidence), evidence.design.days
    deviation = np.hypot(passed.error, passed.noise)[:count]
    quantiles = passed.location[:count, np.newaxis] + deviation[:, np.newaxis] * standard_quantiles(found)
    said = Said(start=evidence.history.day, outcome=evidence.design.log_total, quantiles=quantiles)
    return said.rows(np.isfinite(said.outcome) & np.isfinite(quantiles[:, 0]))


def pit(evidence: Evidence) -> tuple[IntArray, FloatArray]:
    """Return starts and the probability integral transform of every row that has a total."""
    parameters, count = shipped_parameters(), evidence.design.days
    passed = Dynamic().passed(evidence)
    deviation = np.hypot(passed.error, passed.noise)[:count]
    standard = (evidence.design.log_total - passed.location[:count]) / deviation
    law = StateLaw(location=0.0, noise=1.0, error=0.0, freedom=parameters.freedom, skew=parameters.skew)
    keep = np.isfinite(standard)
    return evidence.history.day[keep], 1.0 - law.survival(standard[keep])


def har(evidence: Evidence, *, weekday: bool = True, least: int = 200) -> Said:
    """Return the regression on trailing day, week and month with the law of its residuals, from ``least`` rows on.

    Refitted every five rows on all rows before.
    """
    design = evidence.design
    share = _weekday_shares(evidence)[:, 1:] if weekday else np.zeros((design.days, 0))
    x = np.column_stack([np.ones(design.days), design.autoregressors[: design.days], share])
    usable = np.isfinite(x).all(axis=1) & np.isfinite(design.log_total)
    out = np.full((design.days, len(LEVELS)), np.nan)
    value, residual = np.zeros(x.shape[1]), np.zeros(1)
    for number, row in enumerate(np.flatnonzero(usable)[least:]):
        if number % 5 == 0:
            past = np.flatnonzero(usable[:row])
            penalty = np.diag([0.0] * 4 + [1.0] * share.shape[1])
            value = np.linalg.solve(x[past].T @ x[past] + penalty, x[past].T @ design.log_total[past])
            residual = np.quantile(design.log_total[past] - x[past] @ value, LEVELS)
        out[row] = x[row] @ value + residual
    return _kept(evidence, out)


def climatology(evidence: Evidence, *, days: int = 365, least: int = 30) -> Said:
    """Return the totals of the last ``days`` rows as the law of the next."""
    total = evidence.design.log_total
    out = np.full((len(total), len(LEVELS)), np.nan)
    for row in range(len(total)):
        past = total[max(row - days, 0) : row]
        past = past[np.isfinite(past)]
        if len(past) >= least:
            out[row] = np.quantile(past, LEVELS)
    return _kept(evidence, out)


def _kept(evidence: Evidence, quantiles: FloatArray) -> Said:
    said = Said(start=evidence.history.day, outcome=evidence.design.log_total, quantiles=quantiles)
    return said.rows(np.isfinite(said.outcome) & np.isfinite(quantiles[:, 0]))


def _weekday_shares(evidence: Evidence) -> FloatArray:
    later = (int(evidence.history.day[0]) % DAY) / DAY
    weekday = evidence.design.weekday[: evidence.design.days]
    return np.eye(7)[weekday] * (1.0 - later) + np.eye(7)[(weekday + 1) % 7] * later


# -- scopes -----------------------------------------------------------------------------------------------------------


def scopes_of(past: Past) -> dict[str, Evidence]:
    """Return the sum over coins of what a lake knew, and each coin alone."""
    history = past.history
    named = {"all coins": history} | {coin: _alone(history, i) for i, coin in enumerate(history.coins)}
    return {name: evidence_of(one) for name, one in named.items()}


def _alone(history: History, column: int) -> History:
    kept = {name: getattr(history, name)[:, [column]] for name in FIELDS}
    return msgspec.structs.replace(history, coins=(history.coins[column],), **kept)


def measured_from(history: History, first: int) -> History:
    """Return a history whose totals before ``first`` (UTC ns) were never seen."""
    gone = history.day < first
    hidden = {name: getattr(history, name).copy() for name in ("long_usd", "short_usd")}
    for values in hidden.values():
        values[gone] = np.nan
    return msgspec.structs.replace(history, **hidden)


def lately(history: History, days: int) -> History:
    """Return the last ``days`` rows of a history."""
    arrays = {name: getattr(history, name)[-days:] for name in ("day", "known_time", *FIELDS)}
    return msgspec.structs.replace(history, **arrays)


def windows_by_hour(lake: Lake, end: str, hours: Iterable[int], first: str) -> dict[int, Past]:
    """Return windows of 24 h that end at each hour of the day, of totals finer than days, from ``first`` on only."""
    found: dict[int, Past] = {}
    for hour in hours:
        origin = parse_time(end) + hour * DAY // 24
        past = read_past(lake, origin, origin=origin)
        found[hour] = msgspec.structs.replace(past, history=measured_from(past.history, parse_time(first)))
    return found


# -- differences ------------------------------------------------------------------------------------------------------


def threshold_before(evidence: Evidence, start: int, share: float) -> float:
    """Return ln of what a share of the year before ``start`` reached (UTC ns)."""
    day = evidence.history.day
    past = evidence.design.log_total[(day < start) & (day >= start - 365 * DAY)]
    return float(np.nanquantile(past, 1.0 - share))


def brier(said: Said, log_theta: float) -> FloatArray:
    """Return the Brier loss of reaching a threshold, of each row."""
    return brier_losses(said.chance(log_theta), said.outcome >= log_theta)


def paired(ours: Sequence[FloatArray], theirs: Sequence[FloatArray], starts: Sequence[IntArray]) -> PairedDifference:
    """Return the mean of our losses less theirs with its 95% interval: rows of a day averaged, blocks of ten days."""
    day = np.concatenate([one // DAY for one in starts])
    difference = np.concatenate([a - b for a, b in zip(ours, theirs, strict=True)])
    days, where = np.unique(day, return_inverse=True)
    mean = np.bincount(where, difference) / np.bincount(where)
    rng = np.random.default_rng(0)
    zero = np.zeros(len(days))
    return paired_difference(mean, zero, block_length=BLOCK, rng=rng, resamples=RESAMPLES, level=0.95)


def both(one: Said, other: Said, inside: Period) -> tuple[Said, Said]:
    """Return the rows of a period that two models both have."""
    common = np.intersect1d(one.start, other.start)
    common = common[(common >= inside.start) & (common < inside.end)]
    return one.rows(np.isin(one.start, common)), other.rows(np.isin(other.start, common))
