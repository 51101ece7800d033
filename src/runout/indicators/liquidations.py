"""Liquidations by side and window: totals, long share, imbalance, intensity, and where they stand in their own past."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import (
    Times,
    floats,
    observed_in_window,
    percentile_rank,
    times,
    trailing_known_time,
    trailing_sum,
)

DAY = NANOSECONDS_PER_DAY
RANK_WINDOW = 365 * DAY
RANK_MINIMUM_DAYS = 90


def daily_totals(rows: pl.DataFrame, step: int, *, phase: int = 0) -> pl.DataFrame:
    """Return interval totals summed to UTC days, of the days in which every interval has a row.

    With a phase, to windows of 24 h that begin so long after midnight.

    Parameters
    ----------
    rows
        ``liquidations`` rows of interval totals of one step.
    step
        Their step, UTC ns, of which a whole number makes a day; rows of days are returned as they are.
    phase
        Nanoseconds after midnight, a whole number of steps.

    Returns
    -------
    polars.DataFrame
        Rows of days. A side without a row in an interval that has one of the other side counts as zero, as in
        :func:`by_side`. A day is known when its last interval is.
    """
    if step == DAY:
        return rows
    day = (pl.col("event_time") - pl.col("span") - phase) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY + phase
    whole = rows.with_columns(interval="event_time", event_time=day + DAY, span=pl.lit(DAY))
    whole = whole.filter(pl.col("interval").n_unique().over("series", "event_time") == DAY // step).with_columns(
        known_time=pl.col("known_time").max().over("series", "event_time")
    )
    return (
        whole.sort("series", "interval", "liquidated_side")
        .group_by("series", "coin", "event_time", "span", "known_time", "liquidated_side", maintain_order=True)
        .agg(pl.col("value_usd").sum())
    )


def by_side(rows: pl.DataFrame, coins: int | None = None) -> pl.DataFrame:
    """Return interval totals with one column a side, summed over the series given.

    Parameters
    ----------
    rows
        ``liquidations`` rows of interval totals; one or several series of the same step.
    coins
        How many series must report at a time for the sum to stand; None: as many as ever report.

    Returns
    -------
    polars.DataFrame
        ``event_time, span, known_time, long_usd, short_usd``, sorted; times at which a series is missing are absent,
        since a sum over fewer coins is another quantity.
    """
    expected = rows["series"].n_unique() if coins is None else coins
    wide = (
        rows.sort("series", "event_time", "liquidated_side")
        .group_by("event_time", "span", maintain_order=True)
        .agg(
            pl.col("known_time").max(),
            pl.col("value_usd").filter(pl.col("liquidated_side") == "long").sum().alias("long_usd"),
            pl.col("value_usd").filter(pl.col("liquidated_side") == "short").sum().alias("short_usd"),
            pl.col("series").n_unique().alias("series"),
        )
    )
    return wide.filter(pl.col("series") == expected).drop("series").sort("event_time")


def trailing(sides: pl.DataFrame, window: int = DAY, after: int = -1) -> pl.DataFrame:
    r"""Return trailing totals and what follows from them.

    .. math:: \text{long share} = \frac{L_l}{L_l + L_s},\qquad \text{imbalance} = \frac{L_l - L_s}{L_l + L_s}

    Parameters
    ----------
    sides
        As :func:`by_side` returns.
    window
        Nanoseconds; a multiple of the span of the rows.
    after
        UTC ns; percentiles up to then are not wanted, and null.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, long_usd, short_usd, total_usd, long_share, imbalance, total_percentile,
        long_percentile, short_percentile, ranked_days``; percentiles rank the totals among those of the trailing
        365 days (at least 90 days of them; ``ranked_days`` says how many were held). Null where the window is not
        covered.
    """
    t, spans = times(sides), times(sides, "span")
    long = trailing_sum(floats(sides, "long_usd"), t, spans, window)
    short = trailing_sum(floats(sides, "short_usd"), t, spans, window)
    total = long + short
    with np.errstate(invalid="ignore", divide="ignore"):
        long_share = np.where(total > 0, long / total, np.nan)
    minimum = _minimum_ranked(spans)
    columns = {
        "long_usd": long,
        "short_usd": short,
        "total_usd": total,
        "long_share": long_share,
        "imbalance": 2 * long_share - 1,
        "total_percentile": percentile_rank(total, t, RANK_WINDOW, minimum, after),
        "long_percentile": percentile_rank(long, t, RANK_WINDOW, minimum, after),
        "short_percentile": percentile_rank(short, t, RANK_WINDOW, minimum, after),
        "ranked_days": observed_in_window(total, t, RANK_WINDOW) * (_step(spans) / DAY),
    }
    known = trailing_known_time(times(sides, "known_time"), t, RANK_WINDOW)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def intensity(total_usd: float, open_interest_before_usd: float) -> float:
    """Return liquidations over the open interest that stood before them (fraction).

    Reported figures are floors. A normal day is about 0.2 to 0.5%, a crash 5 to 15%.

    Examples
    --------
    >>> intensity(500e6, 80e9)
    0.00625
    """
    if open_interest_before_usd <= 0:
        raise ValueError(f"expected positive open interest, found {open_interest_before_usd}")
    return total_usd / open_interest_before_usd


def _step(spans: Times) -> int:
    return max(int(np.median(spans)), 1) if len(spans) else DAY


def _minimum_ranked(spans: Times) -> int:
    return RANK_MINIMUM_DAYS * DAY // _step(spans)
