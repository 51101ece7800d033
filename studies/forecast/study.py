"""Score the forecast on the past: every model walked forward over a lake, as each would have been issued.

The features were chosen on 2022 to 2024, so those days flatter the pool; 2025 to August was scored with everything
frozen, and days from September 2025 on were in nobody's sight.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, format_date, parse_time
from runout.coverage.market_wide_ratio import Coverage
from runout.errors import NotEnoughDataError
from runout.forecast.conditional import Condition, excursions, given
from runout.forecast.danger import DangerLevel, danger_level, level_records
from runout.forecast.features import FEATURES, LAGS, Evidence, evidence_of
from runout.forecast.protocol import Predictive
from runout.forecast.targets import DANGER_USD, MEASURED_USD, SHARES_OF_INTEREST, headline, share_exceedance
from runout.forecast.walking import Walk, forecasts, walk
from runout.lake import Lake
from runout.pipeline.forecasts import Past, ratio_at, read_pairs, read_past
from runout.pipeline.progress import Progress, no_progress
from runout.records import combine
from runout.scores import PairedDifference, reliability_curve, roc_auc
from runout.scores.arrays import BoolArray, FloatArray, IntArray
from studies.forecast.registry import ENTRIES, ISSUED, MODELS, REFERENCE, Entry
from studies.forecast.report import Case, ConditionScore, HeadlineLevel, Period, Report
from studies.forecast.scorecard import Score, brier_difference, score

DAY = NANOSECONDS_PER_DAY
FIRST_DAY: Final = "2022-01-01"
FROZEN: Final = "2025-01-01"
COMPLETE_FEED: Final = "2025-02-20"
SEEN_TO: Final = "2025-09-01"
THETA_USD: Final = (0.1e9, 0.15e9, 0.25e9, 0.35e9, 0.5e9)
CLIMATOLOGY: Final = "climatology, expanding"
CONDITIONS: Final = (Condition(0.03), Condition(0.05))
CASES: Final = ("2025-08-13", "2025-08-14", "2025-08-18", "2025-08-24", "2025-08-25")
DROPOUTS: Final[dict[str, tuple[str, ...]]] = {
    "nothing": (),
    "displacement": ("displacement", "absolute_return_7d", "return_7d", "absolute_return_1d"),
    "range and volatility": ("garman_klass", "range", "realised_volatility_22d"),
    "open interest": ("open_interest_change_7d", "coin_interest_change_3d", "coin_interest_drawdown_60d"),
    "funding": ("funding_3d", "funding_dispersion"),
    "long/short ratio": ("long_short_ratio",),
    "drawdown": ("drawdown_30d",),
    "breadth and short side": ("breadth", "short_liquidations"),
    "lags": LAGS,
    "all features (lags and weekday left)": FEATURES,
    "weekday": ("weekday",),
}
_LEVELS = (np.arange(99) + 0.5) / 99
_DROPOUT_REFIT_DAYS = 6
_WEDNESDAY = 2


class Ground(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The days that are scored: rows of the evidence, when they began, what they came to."""

    past: Past
    evidence: Evidence
    rows: IntArray
    day: IntArray
    total_usd: FloatArray

    def inside(self, period: Period) -> BoolArray:
        """Return which of the days lie in a period."""
        return (self.day >= period.start) & (self.day < period.end)

    def events(self, theta_usd: float) -> BoolArray:
        """Return on which of the days the total reached a threshold."""
        return self.total_usd >= theta_usd


def score_forecast(lake: Lake, at: int, *, progress: Progress = no_progress) -> Report:
    """Return how every model would have done on all days known at ``at`` (UTC ns).

    Raises
    ------
    NotEnoughDataError
        If the lake has no daily liquidations from 2022 to after 2024, or rows that were revised later than a day after
        they ended: such a past would have to be read anew at each origin.
    """
    past = read_past(lake, at)
    ground = ground_of(past)
    periods = _periods(ground)
    steps = _Steps(progress, len(ENTRIES) + len(DROPOUTS) + 6)
    walks = {entry.name: _walk(entry, ground, steps) for entry in ENTRIES}
    steps.next("pool, headline")
    pool = _walked_forecasts(ground)
    pairs = read_pairs(lake, past, at)
    said = _headline_chances(pool, ground, [ratio_at(pairs, past.group, int(day)) for day in ground.day])
    coverage = ratio_at(pairs, past.group, at)
    waves = None if coverage is None else coverage.exceedance(ground.total_usd, DANGER_USD)
    return Report(
        scope=past.group.scope(),
        fingerprint=combine(past.read),
        periods=periods,
        scores={p.name: _scores(walks, ground, p, MEASURED_USD) for p in periods},
        thresholds={f"{theta:g}": _issued_scores(walks, ground, periods, theta) for theta in THETA_USD},
        leads=_two_days_ahead(past, periods, steps),
        shares=_share_scores(pool, ground, periods, steps),
        dropouts=_dropouts(ground, periods, steps),
        levels={p.name: level_records(*_issued(walks, ground, p, MEASURED_USD)) for p in periods},
        headline_levels={p.name: _headline_levels(said, waves, ground.inside(p)) for p in periods},
        conditions=tuple(_condition_scores(walks[ISSUED], ground, periods, steps)),
        cases=_cases(walks[ISSUED], said, ground),
        curves={
            p.name: reliability_curve(*_issued(walks, ground, p, MEASURED_USD), rng=np.random.default_rng(0))
            for p in periods
        },
        width=float((walks[ISSUED].high - walks[ISSUED].low)[:, THETA_USD.index(MEASURED_USD)].mean()),
    )


def ground_of(past: Past, *, lead: int = 1) -> Ground:
    """Return the days from 2022 on that have a total.

    Raises
    ------
    NotEnoughDataError
        As :func:`score_forecast`.
    """
    history = past.history
    late = np.flatnonzero(history.known_time > history.day + 2 * DAY)
    if late.size:
        raise NotEnoughDataError(
            f"expected rows known within a day of their end, found {late.size} revised later, the first of "
            f"{format_date(int(history.day[late[0]]))}; score a lake of one vintage"
        )
    evidence = evidence_of(history, lead=lead)
    first = parse_time(FIRST_DAY)
    rows = np.flatnonzero((history.day >= first) & np.isfinite(evidence.design.log_total))
    if not len(rows) or history.day[0] > first - 365 * DAY or history.day[-1] < parse_time(FROZEN):
        raise NotEnoughDataError(
            f"expected daily liquidations from a year before {FIRST_DAY} to after {FROZEN}, found "
            f"{format_date(int(history.day[0]))} to {format_date(int(history.day[-1]))}; import the missing days"
        )
    total = np.exp(evidence.design.log_total[rows])
    return Ground(past=past, evidence=evidence, rows=rows, day=history.day[rows], total_usd=total)


def _periods(ground: Ground) -> tuple[Period, ...]:
    first, frozen, feed, seen = (parse_time(text) for text in (FIRST_DAY, FROZEN, COMPLETE_FEED, SEEN_TO))
    end = int(ground.day[-1]) + DAY
    named = (
        Period("2022 to 2024", first, frozen),
        Period("2025 to August", frozen, min(seen, end)),
        Period("2025 before 20 February", frozen, feed),
        Period("2025-02-20 to August", feed, min(seen, end)),
        Period("from September 2025", seen, end),
        Period("all days", first, end),
    )
    return tuple(period for period in named if ground.inside(period).any())


# -- walks ------------------------------------------------------------------------------------------------------------


class _Steps:
    """Counts the steps of a run."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._number = progress, total, 0

    def next(self, name: str) -> None:
        self._number += 1
        self._progress(name, self._number, self._total)


def _walk(entry: Entry, ground: Ground, steps: _Steps) -> Walk:
    steps.next(entry.name)
    if entry.refit_days is None:
        # Fitted once at the start of what it is scored on; the later start is 2025, which the first cannot serve.
        frozen = int(np.searchsorted(ground.day, parse_time(FROZEN)))
        parts = [
            walk(entry.model, ground.evidence, rows.tolist(), THETA_USD, refit_days=None, levels=_LEVELS)
            for rows in (ground.rows[:frozen], ground.rows[frozen:])
        ]
        return _joined(parts)
    rows = ground.rows.tolist()
    return walk(entry.model, ground.evidence, rows, THETA_USD, refit_days=entry.refit_days, levels=_LEVELS)


def _joined(parts: Sequence[Walk]) -> Walk:
    return Walk(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Walk.__struct_fields__})


def _walked_forecasts(ground: Ground) -> list[Predictive]:
    return list(forecasts(MODELS[ISSUED].model, ground.evidence, ground.rows.tolist()))


def _column(walked: Walk, theta_usd: float) -> FloatArray:
    return walked.probability[:, THETA_USD.index(theta_usd)]


def _issued(walks: dict[str, Walk], ground: Ground, period: Period, theta_usd: float) -> tuple[FloatArray, BoolArray]:
    inside = ground.inside(period)
    return _column(walks[ISSUED], theta_usd)[inside], ground.events(theta_usd)[inside]


def _scores(walks: dict[str, Walk], ground: Ground, period: Period, theta_usd: float) -> tuple[Score, ...]:
    inside = ground.inside(period)
    event, reference = ground.events(theta_usd)[inside], _column(walks[REFERENCE], theta_usd)[inside]
    return tuple(
        score(
            name,
            _column(walked, theta_usd)[inside],
            event,
            reference=None if name == REFERENCE else reference,
            climatology=_column(walks[CLIMATOLOGY], theta_usd)[inside],
            tail=(walked.quantiles[inside], ground.total_usd[inside], theta_usd),
        )
        for name, walked in walks.items()
    )


def _issued_scores(
    walks: dict[str, Walk], ground: Ground, periods: Sequence[Period], theta_usd: float
) -> dict[str, Score]:
    few = {name: walks[name] for name in (CLIMATOLOGY, REFERENCE, ISSUED)}
    return {p.name: _scores(few, ground, p, theta_usd)[-1] for p in periods}


def _two_days_ahead(past: Past, periods: Sequence[Period], steps: _Steps) -> dict[str, tuple[Score, ...]]:
    steps.next("two days ahead")
    ground = ground_of(past, lead=2)
    names = (CLIMATOLOGY, REFERENCE, ISSUED)
    rows = ground.rows.tolist()
    walks = {name: walk(MODELS[name].model, ground.evidence, rows, THETA_USD, levels=_LEVELS) for name in names}
    return {p.name: _scores(walks, ground, p, MEASURED_USD)[1:] for p in periods}


def _dropouts(
    ground: Ground, periods: Sequence[Period], steps: _Steps
) -> dict[str, dict[str, tuple[float, float | None]]]:
    found: dict[str, dict[str, tuple[float, float | None]]] = {}
    event = ground.events(MEASURED_USD)
    for name, columns in DROPOUTS.items():
        steps.next(f"without {name}")
        evidence = _without(ground.evidence, columns)
        rows = ground.rows.tolist()
        p = walk(MODELS[ISSUED].model, evidence, rows, [MEASURED_USD], refit_days=_DROPOUT_REFIT_DAYS).probability[:, 0]
        found[name] = {
            period.name: (float(((p - event) ** 2)[inside].mean()), roc_auc(p[inside], event[inside]))
            for period in periods
            if (inside := ground.inside(period)).any()
        }
    return found


def _without(evidence: Evidence, columns: Sequence[str]) -> Evidence:
    design = evidence.design
    values = design.values.copy()
    values[:, [design.names.index(name) for name in columns if name in design.names]] = 0.0
    weekday = np.full_like(design.weekday, _WEDNESDAY) if "weekday" in columns else design.weekday
    return Evidence(evidence.history, msgspec.structs.replace(design, values=values, weekday=weekday))


def _share_scores(
    pool: Sequence[Predictive], ground: Ground, periods: Sequence[Period], steps: _Steps
) -> dict[str, dict[str, tuple[int, PairedDifference]]]:
    steps.next("share of open interest")
    rows = ground.rows.tolist()
    theirs = list(forecasts(MODELS[REFERENCE].model, ground.evidence, rows))
    interest = np.exp(ground.evidence.design.log_interest[ground.rows])
    found: dict[str, dict[str, tuple[int, PairedDifference]]] = {}
    for share in SHARES_OF_INTEREST:
        ours_p, theirs_p = (np.array([share_exceedance(one, [share])[0] for one in made]) for made in (pool, theirs))
        event = ground.total_usd >= share * interest
        usable = np.isfinite(ours_p) & np.isfinite(interest)
        found[f"{share:.1%}"] = {
            p.name: (int(event[keep].sum()), brier_difference(ours_p[keep], theirs_p[keep], event[keep]))
            for p in periods
            if (keep := ground.inside(p) & usable).sum() > 1
        }
    return found


# -- headline, conditions, cases --------------------------------------------------------------------------------------


def _headline_chances(pool: Sequence[Predictive], ground: Ground, ratios: Sequence[Coverage | None]) -> FloatArray:
    """Return P(headline ≥ $1B) of each day, by the ratio that could be fitted at its start; NaN without one."""
    out = np.full(len(ground.rows), np.nan)
    for place, (made, ratio) in enumerate(zip(pool, ratios, strict=True)):
        if ratio is not None:
            out[place] = headline(made, ratio, (DANGER_USD,))[0].probability
    return out


def _headline_levels(said: FloatArray, waves: FloatArray | None, inside: BoolArray) -> tuple[HeadlineLevel, ...]:
    if waves is None or not np.isfinite(said[inside]).all():
        return ()
    level = np.array([danger_level(float(p)) for p in said])
    return tuple(
        HeadlineLevel(
            level=one,
            days=int(here.sum()),
            share=float(here.sum() / inside.sum()),
            mean_probability=float(said[here].mean()) if here.any() else None,
            expected_waves=float(waves[here].sum()),
        )
        for one in DangerLevel
        for here in (inside & (level == one),)
    )


def _condition_scores(pool: Walk, ground: Ground, periods: Sequence[Period], steps: _Steps) -> Iterator[ConditionScore]:
    event, plain = ground.events(MEASURED_USD), _column(pool, MEASURED_USD)
    history = ground.evidence.history
    for condition in CONDITIONS:
        steps.next(f"if the price falls {condition.move:.0%}")
        came = excursions(history, condition) >= condition.move
        places = np.flatnonzero(came[ground.rows])
        said, usual = np.full(len(ground.rows), np.nan), np.full(len(ground.rows), np.nan)
        for place in places:
            row = int(ground.rows[place])
            known = ground.evidence.head(row)
            said[place] = given(known, condition).exceedance([MEASURED_USD])[0]
            usual[place] = np.nanmean(history.total_usd[:row][came[:row]] >= MEASURED_USD)
        for period in periods:
            here = ground.inside(period) & np.isfinite(said)
            if here.any():
                yield ConditionScore(
                    move=condition.move,
                    period=period.name,
                    days=int(here.sum()),
                    events=int(event[here].sum()),
                    brier=float(((said - event) ** 2)[here].mean()),
                    brier_unconditional=float(((plain - event) ** 2)[here].mean()),
                    brier_climatology=float(((usual - event) ** 2)[here].mean()),
                    mean_probability=float(said[here].mean()),
                )


def _cases(pool: Walk, said: FloatArray, ground: Ground) -> tuple[Case, ...]:
    column = THETA_USD.index(MEASURED_USD)
    places = [int(place) for text in CASES for place in np.flatnonzero(ground.day == parse_time(text))]
    return tuple(
        Case(
            day=int(ground.day[place]),
            probability=float(pool.probability[place, column]),
            low=float(pool.low[place, column]),
            high=float(pool.high[place, column]),
            headline_probability=float(said[place]) if np.isfinite(said[place]) else None,
            total_usd=float(ground.total_usd[place]),
        )
        for place in places
    )
