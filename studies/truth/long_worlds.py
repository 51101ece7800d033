"""One long world measured: the forecast walked through it, and flushes and deleveraging beside those of the truth."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.history import WARM_UP_DAYS
from runout.forecast.registry import CLIMATOLOGY, ISSUED, MODELS, REFERENCE
from runout.forecast.walking import walk
from runout.indicators import deleveraging, flushes, funding, liquidations, open_interest
from runout.lake import Lake
from runout.pipeline.forecast_history import read_past
from runout.pipeline.prices import with_price
from runout.pipeline.synthesize import END
from runout.scores.arrays import BoolArray, FloatArray
from runout.synthetic.scenarios import SCRIPTS
from studies.truth.design import Arrays, Case
from studies.truth.worlds import FORECAST_KINDS, make

TRAINING_DAYS: Final = 365 + WARM_UP_DAYS
EXCEEDED: Final = 0.93
"""Quantile of the totals of the training days that is the threshold of a world: about one day in fourteen."""
REFIT_DAYS: Final = 7
WALKED: Final = (CLIMATOLOGY, REFERENCE, ISSUED)
DIRECTIONS: Final[tuple[flushes.Direction, ...]] = ("flush", "squeeze")
_FOUR_HOURS: Final = 4 * NANOSECONDS_PER_HOUR
_RANKED: Final = 90 * NANOSECONDS_PER_DAY
_LATEST: Final = NANOSECONDS_PER_DAY


class LongMeasures(Arrays, frozen=True, eq=False, kw_only=True):
    """What a long world said.

    Parameters
    ----------
    probability
        Of a day's measured total reaching the world's threshold, by day and model (:data:`WALKED`).
    event
        Whether it did, by day.
    flushes
        By direction: events of the truth, those of them flagged, events flagged, those of them true.
    scripted
        By direction: scripted moves of 3% or more, and those flagged in time.
    deleveraging
        Days judged, days of the truth, days flagged, days of both.
    """

    probability: FloatArray
    event: FloatArray
    flushes: FloatArray
    scripted: FloatArray
    deleveraging: FloatArray


def measure_long(case: Case) -> LongMeasures:
    """Simulate a long world and measure it."""
    with TemporaryDirectory() as folder:
        made = make(case, FORECAST_KINDS)
        lake = made.lake(Path(folder))
        truth = made.truth["forced_closes"].filter(pl.col("coin") == "BTC")
        probability, event = _walked(lake)
        found = [_flushes(lake, truth, direction) for direction in DIRECTIONS]
        return LongMeasures(
            probability=probability, event=event.astype(np.float64),
            flushes=np.array([_matched(true, flagged) for true, flagged in found]),
            scripted=np.array([_scripted(case, one, flagged) for one, (_, flagged) in
                               zip(DIRECTIONS, found, strict=True)]),
            deleveraging=_deleveraging(lake, truth, case),
        )  # fmt: skip


# -- the forecast -----------------------------------------------------------------------------------------------------


def _walked(lake: Lake) -> tuple[FloatArray, BoolArray]:
    evidence = evidence_of(read_past(lake, END).history)
    total = np.exp(evidence.design.log_total)
    # A day without any liquidation has no logarithm: it is neither learned from nor scored.
    known = np.isfinite(evidence.design.log_total)
    first = int(np.searchsorted(np.cumsum(known), TRAINING_DAYS))
    theta = float(np.quantile(total[:first][known[:first]], EXCEEDED))
    later = np.flatnonzero(known & (np.arange(len(total)) > first)).tolist()
    rows = np.array([row for row in later if _answered(evidence, row)], dtype=np.int64)
    said = [
        walk(MODELS[name], evidence, rows.tolist(), [theta], refit_days=REFIT_DAYS).probability[:, 0] for name in WALKED
    ]
    return np.column_stack(said), total[rows] >= theta


def _answered(evidence: Evidence, row: int) -> bool:
    """Return whether a day would be forecast: not where the day before it had no liquidation at all."""
    known = evidence.head(row + 1 - evidence.design.lead)
    return bool(np.isfinite(known.design.autoregressors[-1]).all())


# -- flushes ----------------------------------------------------------------------------------------------------------

Span = tuple[int, int]


def _flushes(lake: Lake, truth: pl.DataFrame, direction: flushes.Direction) -> tuple[list[Span], list[Span]]:
    """Return the flushes of the definition on what was truly closed, and on what was reported: start and end."""
    bars = _rows(lake, "bars", _FOUR_HOURS, market="perpetual")
    reported = liquidations.by_side(_rows(lake, "liquidations", _FOUR_HOURS))
    return _events(bars, true_sides(truth, bars), direction), _events(bars, reported, direction)


def true_sides(truth: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Return dollars truly closed by force in each bar, by side, as reports are given.

    Parameters
    ----------
    truth
        Hourly coins by side and cause.
    bars
        ``event_time, span, close``, in time order, of four hours or of days.
    """
    ends = bars.select("event_time", "span", "known_time", price="close")
    step = int(bars["span"][0])
    end = (pl.col("event_time") + step - 1) // step * step
    coins = truth.group_by(end.alias("event_time"), "liquidated_side").agg(pl.col("quantity_base").sum())
    summed = coins.pivot("liquidated_side", index="event_time", values="quantity_base")
    joined = ends.join(summed, on="event_time", how="left").sort("event_time")
    return joined.select(
        "event_time", "span", "known_time",
        *((pl.col(side).fill_null(0.0) * pl.col("price")).alias(f"{side}_usd") for side in ("long", "short")),
    )  # fmt: skip


def _events(bars: pl.DataFrame, sides: pl.DataFrame, direction: flushes.Direction) -> list[Span]:
    side = "long" if direction == "flush" else "short"
    totals = liquidations.trailing(sides).select(
        "event_time", "known_time", pl.col(f"{side}_usd").alias("trailing_usd"),
        pl.col(f"{side}_percentile").alias("percentile"),
    ).join(sides.select("event_time", pl.col(f"{side}_usd").alias("interval_usd")), on="event_time")  # fmt: skip
    spans: dict[int, int] = {}
    for one in flushes.flush_states(bars, totals, direction):
        spans[one.start_time] = one.event_time
    return sorted(spans.items())


def _matched(true: list[Span], flagged: list[Span]) -> tuple[int, int, int, int]:
    hits = sum(any(_overlap(one, other) for other in flagged) for one in true)
    right = sum(any(_overlap(one, other) for other in true) for one in flagged)
    return len(true), hits, len(flagged), right


def _overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _scripted(case: Case, direction: flushes.Direction, flagged: list[Span]) -> tuple[int, int]:
    sign = -1.0 if direction == "flush" else 1.0
    begins = [
        END - int(move.hours * NANOSECONDS_PER_HOUR)
        for move in SCRIPTS[case.scenario].moves
        if sign * move.size >= flushes.MOVE
    ]
    return len(begins), sum(any(a <= begin + _LATEST and b >= begin for a, b in flagged) for begin in begins)


# -- deleveraging -----------------------------------------------------------------------------------------------------


def _deleveraging(lake: Lake, truth: pl.DataFrame, case: Case) -> FloatArray:
    """Return days judged, of the truth, flagged, and of both, after the first 90 days.

    Truth: coins truly open fall beyond their noise while what was truly closed by force ranks at 90 or more.
    """
    bars = _rows(lake, "bars", NANOSECONDS_PER_DAY, market="perpetual")
    interest = with_price(_rows(lake, "open_interest", NANOSECONDS_PER_DAY), bars)
    rates = funding.funding_state(_rows(lake, "funding", NANOSECONDS_PER_DAY)).select("event_time", "yearly_percentile")
    reported = liquidations.by_side(_rows(lake, "liquidations", NANOSECONDS_PER_DAY))
    said = _states(interest, reported, rates)
    real = _states(_true_interest(lake, interest, case), true_sides(truth, bars), None)
    both = said.join(real, on="event_time", suffix="_true").filter(
        pl.col("event_time") > int(bars["event_time"][0]) + _RANKED
    )
    flagged, true = ((both[name] == "deleveraging").to_numpy() for name in ("state", "state_true"))
    return np.array([both.height, true.sum(), flagged.sum(), (true & flagged).sum()], dtype=np.float64)


def _states(interest: pl.DataFrame, sides: pl.DataFrame, rates: pl.DataFrame | None) -> pl.DataFrame:
    change = open_interest.changes(interest, NANOSECONDS_PER_DAY).select("event_time", "change_base", "noise_base")
    rank = liquidations.trailing(sides).select("event_time", "total_percentile")
    joined = change.join(rank, on="event_time", how="left")
    joined = (
        joined.with_columns(yearly_percentile=pl.lit(None, pl.Float64))
        if rates is None
        else joined.join(rates, on="event_time", how="left")
    )
    columns = ("change_base", "noise_base", "total_percentile", "yearly_percentile")
    state = [
        deleveraging.state(
            deleveraging.Reading(
                coin_change=moved, coin_noise=noise, liquidation_percentile=forced, funding_percentile=paid
            )
        )
        for moved, noise, forced, paid in joined.select(columns).iter_rows()
    ]
    return joined.select("event_time", state=pl.Series(state, dtype=pl.String))


def _true_interest(lake: Lake, interest: pl.DataFrame, case: Case) -> pl.DataFrame:
    """Return open interest with the venue put right that counts both sides without saying so."""
    hours = SCRIPTS[case.scenario].unit_change_hours
    if not hours:
        return interest
    doubled = _rows(lake, "open_interest", _FOUR_HOURS, venue="synth-c").select(
        "event_time", half=pl.col("open_interest_usd") / 2.0
    ).filter(pl.col("event_time") > END - int(hours * NANOSECONDS_PER_HOUR))  # fmt: skip
    joined = interest.join(doubled, on="event_time", how="left")
    return joined.with_columns(pl.col("open_interest_usd") - pl.col("half").fill_null(0.0)).drop("half")


def _rows(lake: Lake, kind: str, step: int, *, market: str | None = None, venue: str | None = None) -> pl.DataFrame:
    """Return rows of BTC's one series of a kind and step (of the widest scope unless a venue is named), by time."""
    found = [one for one in lake.series(kind, "BTC") if one.step == step]
    if market is not None:
        found = [one for one in found if one.market == market]
    wanted = [one for one in found if one.venues == (venue,)] if venue is not None else found
    chosen = min(wanted, key=lambda one: (one.venues != ("all",), -len(one.venues), one.series))
    return lake.as_of(kind, at=None, series=[chosen.series]).sort("event_time")
