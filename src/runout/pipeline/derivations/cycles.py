"""Open interest against price: divergence, peaks, deleveraging and analogues, with what followed."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators import analogues, deleveraging, divergence, funding, liquidations, open_interest, peak_history
from runout.indicators.track_record import largest_fall_after, return_after, track_record
from runout.indicators.windows import Floats, Times, floats, times
from runout.lake import catalogue
from runout.lake.catalogue import LiquidationGroup
from runout.pipeline.derivations.computation import Computation, Tables, inputs_of, labelled, long_form, own_indicators
from runout.pipeline.derivations.flows import record_rows
from runout.pipeline.prices import with_price
from runout.records import Series

DAY = NANOSECONDS_PER_DAY
FALLS = {"24h": (DAY, 0.03), "7d": (7 * DAY, 0.07)}
"""What a verdict on the cycle is scored against: the price falls that far within that time."""
FOLLOWED = 7 * DAY
LISTED = 5
"""How many analogues are kept one by one."""
_DIVERGENCE_COLUMNS = ("price_change", "coin_change", "price_score", "coin_score", "divergence")
_SCORE_COLUMNS = (
    "frequency", "base_rate", "neighbours", "with_fall", "median_return", "days_scored", "brier", "base_brier",
)  # fmt: skip


def divergences(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of the divergence of open interest and price for each all-venue series."""
    return [_divergence(coin, interest, price) for interest, price in _priced(series, coin)]


def peak_lists(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of price peaks with the open interest around them for each all-venue series."""
    return [_peaks(coin, interest, price) for interest, price in _priced(series, coin)]


def _priced(series: Iterable[Series], coin: str) -> list[tuple[Series, Series]]:
    known = list(series)
    pairs = [(item, catalogue.bars(known, coin, step=item.step)) for item in catalogue.all_venue_series(known, coin)]
    return [(item, price) for item, price in pairs if price is not None and item.provider == price.provider]


def _divergence(coin: str, interest: Series, price: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        rows = with_price(tables["open_interest"], tables["bars"])
        parts = [
            long_form(
                divergence.divergence(rows, window), f"divergence.{label}", coin, interest.series, _DIVERGENCE_COLUMNS
            )
            for label, window in divergence.WINDOWS.items()
        ]
        return {"indicators": pl.concat(parts)}

    return Computation(
        name=f"divergence/{interest.series}",
        inputs=inputs_of(interest, price),
        lookback=divergence.SCORE_WINDOW + 32 * DAY,
        outputs=own_indicators("divergence", coin, interest.series),
        derive=derive,
    )


def _peaks(coin: str, interest: Series, price: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        table = peak_history.peak_history(with_price(tables["open_interest"], tables["bars"]))
        named = table.select(
            "event_time", "known_time", (pl.lit("peak.") + pl.col("field")).alias("indicator"), "value"
        )
        return {"indicators": labelled(named, coin, interest.series)}

    return Computation(
        name=f"peaks/{interest.series}",
        inputs=inputs_of(interest, price),
        lookback=0,  # what is known of a peak comes after its own time
        outputs=own_indicators("peak", coin, interest.series),
        derive=derive,
    )


# -- verdicts by day, and what followed -------------------------------------------------------------------------------


def daily_records(series: Iterable[Series], coin: str, groups: Iterable[LiquidationGroup]) -> list[Computation]:
    """Return the computation of daily verdicts, of what followed them, and of analogues, where daily series allow."""
    known = list(series)
    daily = next(((i, p) for i, p in _priced(known, coin) if i.step == DAY), None)
    rates = next((item for item in catalogue.weighted_funding(known, coin) if item.step == DAY), None)
    liquidation_groups = [group for group in groups if group.step == DAY]
    forced = catalogue.widest_liquidations(liquidation_groups, catalogue.ALL_COINS) or catalogue.widest_liquidations(
        liquidation_groups, coin
    )
    if daily is None or rates is None or forced is None:
        return []
    interest, price = daily

    def derive(tables: Tables, _: int) -> Tables:
        days = _days(tables, len(forced.series))
        parts = [*_falls_after(days, coin, interest.series), *_analogues(days, coin, interest.series)]
        return {"indicators": pl.concat(parts, how="diagonal")}

    return [
        Computation(
            name=f"cycle/{interest.series}",
            inputs=inputs_of(interest, price, rates, *forced.series),
            lookback=0,  # a track record counts from the beginning
            outputs=own_indicators("cycle", coin, interest.series),
            derive=derive,
            step=DAY,
        )
    ]


def _days(tables: Tables, forced_series: int) -> pl.DataFrame:
    """Return one row a day: price, low, coins and their changes, funding rank, liquidation rank."""
    rows = with_price(tables["open_interest"], tables["bars"])
    change = open_interest.changes(rows, DAY).select("event_time", "change_base", "noise_base")
    rank = funding.funding_state(tables["funding"].drop_nulls(["rate", "interval_hours"]).sort("event_time"))
    forced = liquidations.trailing(liquidations.by_side(tables["liquidations"], forced_series))
    joined = rows.join(change, on="event_time", how="left")
    for frame, columns in (
        (rank, {"yearly_percentile": "funding_rank"}),
        (forced, {"total_percentile": "forced_rank"}),
    ):
        picked = frame.select(
            "event_time", pl.col("known_time").alias("other_known"), *(pl.col(a).alias(b) for a, b in columns.items())
        )
        joined = joined.join(picked, on="event_time", how="left")
        joined = joined.with_columns(pl.max_horizontal("known_time", "other_known").alias("known_time")).drop(
            "other_known"
        )
    for label, window in divergence.WINDOWS.items():
        moved = divergence.divergence(rows, window).select(
            "event_time", pl.exclude("event_time", "known_time").name.suffix(f"_{label}")
        )
        joined = joined.join(moved, on="event_time", how="left")
    return joined.sort("event_time")


def _falls_after(days: pl.DataFrame, coin: str, scope: str) -> list[pl.DataFrame]:
    t, close, low, known = times(days), floats(days, "price"), floats(days, "low"), times(days, "known_time")
    verdicts = {"deleveraging": _states(days)} | {
        f"divergence.{label}": _quadrants(days, label) for label in divergence.WINDOWS
    }
    parts: list[pl.DataFrame] = []
    for label, (horizon, depth) in FALLS.items():
        fall = largest_fall_after(t, close, low, horizon)
        outcome = np.where(np.isnan(fall), np.nan, (fall <= -depth).astype(np.float64))
        for name, words in verdicts.items():
            record = track_record(t, words, outcome, horizon, known)
            parts.append(record_rows(record, f"cycle.{name}.record.{label}", coin, scope))
    return parts


def _states(days: pl.DataFrame) -> list[str]:
    columns = ("change_base", "noise_base", "forced_rank", "funding_rank")
    return [
        deleveraging.state(
            deleveraging.Reading(
                coin_change=change, coin_noise=noise, liquidation_percentile=forced, funding_percentile=rate
            )
        )
        for change, noise, forced, rate in days.select(columns).iter_rows()
    ]


def _quadrants(days: pl.DataFrame, label: str) -> list[str]:
    pairs = days.select(f"price_change_{label}", f"coin_change_{label}").iter_rows()
    return [divergence.quadrant(price, coins) for price, coins in pairs]


def _analogues(days: pl.DataFrame, coin: str, scope: str) -> list[pl.DataFrame]:
    names = ["price_score_7d", "coin_score_7d", "price_score_30d", "coin_score_30d", "funding_rank", "forced_rank"]
    features = np.column_stack([floats(days, name) for name in names])
    t, close, known = times(days), floats(days, "price"), times(days, "known_time")
    fall = largest_fall_after(t, close, floats(days, "low"), FOLLOWED)
    later = return_after(t, close, FOLLOWED)
    features[np.isnan(fall) & (t <= t[-1] - FOLLOWED)] = np.nan  # a day whose sequel has a gap is nobody's analogue
    walked = _walk(features, t, fall, later)
    running = np.maximum.accumulate(known) if len(known) else known
    stamps = pl.DataFrame({"row": np.arange(len(t)), "event_time": t, "known_time": running})
    schema = {"row": pl.Int64, "indicator": pl.String, "value": pl.Float64}
    near = pl.DataFrame([item for day in walked for item in day.values()], schema=schema, orient="row")
    near = near.join(stamps, on="row").select("event_time", "known_time", "indicator", "value")
    scored = _score(walked, t, fall).join(stamps, on="row")
    return [labelled(near, coin, scope), long_form(scored, "cycle.analogues", coin, scope, _SCORE_COLUMNS)]


class _Day(NamedTuple):
    """Analogues of one day: their rows, what followed them, and the frequency beside the base rate of that day."""

    row: int
    neighbours: list[tuple[analogues.Analogue, float, float]]
    frequency: float
    base_rate: float

    def values(self) -> list[tuple[int, str, float]]:
        """Return the analogues as named values."""
        return [
            (self.row, f"cycle.analogue.{number:02d}.{name}", value)
            for number, (item, fall, later) in enumerate(self.neighbours[:LISTED], start=1)
            for name, value in (
                ("time", float(item.time)), ("distance", item.distance), ("fall", fall), ("return", later),
            )
        ]  # fmt: skip


def _walk(features: Floats, t: Times, fall: Floats, later: Floats) -> list[_Day]:
    """Return the analogues of each day, chosen among days whose sequel was known then."""
    outcome, place = fall <= -FALLS["7d"][1], {int(time): i for i, time in enumerate(t.tolist())}
    days: list[_Day] = []
    for i in range(len(t)):
        results = analogues.nearest(features, t, now=i, outcome_known=t + FOLLOWED)
        if not results:
            continue
        base_rate = float(outcome[(t <= t[i] - FOLLOWED) & ~np.isnan(fall)].mean())
        rows = [place[analogue.time] for analogue in results]
        followed = [(item, float(fall[row]), float(later[row])) for item, row in zip(results, rows, strict=True)]
        days.append(_Day(i, followed, analogues.frequency(outcome[rows], base_rate), base_rate))
    return days


def _score(days: list[_Day], t: Times, fall: Floats) -> pl.DataFrame:
    """Return each day's frequency beside the mean squared error of all earlier ones whose sequel was known."""
    row = np.array([day.row for day in days], dtype=np.int64)
    frequency, base = (np.array([getattr(day, name) for day in days]) for name in ("frequency", "base_rate"))
    followed = np.where(np.isnan(fall), np.nan, fall <= -FALLS["7d"][1])[row]
    over = ~np.isnan(followed)
    errors = {"brier": (frequency - followed) ** 2, "base_brier": (base - followed) ** 2}
    counted = np.searchsorted(t[row][over] + FOLLOWED, t[row], side="right")
    sums = {name: np.concatenate([[0.0], np.cumsum(loss[over])])[counted] for name, loss in errors.items()}
    means = {name: np.where(counted > 0, total / np.maximum(counted, 1), np.nan) for name, total in sums.items()}
    near = {
        "neighbours": [len(day.neighbours) for day in days],
        "with_fall": [sum(fell <= -FALLS["7d"][1] for _, fell, _ in day.neighbours) for day in days],
        "median_return": [float(np.median([later for _, _, later in day.neighbours])) for day in days],
    }
    table = {"row": row, "frequency": frequency, "base_rate": base, "days_scored": counted, **near, **means}
    return pl.DataFrame(table).fill_nan(None)
