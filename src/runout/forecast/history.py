"""The past as a forecast sees it: one row a finished UTC day, one column a coin.

Missing is NaN inside these arrays (a table holds null); it is never a zero. The last row is the last day that had
finished, and was known, when the forecast was made: whoever builds a history from what was known at a moment cannot
look ahead, because later days are not in it.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_date
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.shipped import REFERENCE_LEVEL, Level
from runout.scores.arrays import FloatArray, IntArray

DAY = NANOSECONDS_PER_DAY
WARM_UP_DAYS = 70
"""Days kept before the first liquidations: as many as the longest window of a feature needs."""
_NONE = pl.Series(dtype=pl.Int64)
FIELDS = (
    "long_usd", "short_usd", "open_interest_usd", "open", "high", "low", "close", "funding_rate", "long_short_ratio",
    "volume_usd",
)  # fmt: skip
"""Figures of a history, each of shape (days, coins)."""


class History(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Finished days of one scope.

    Parameters
    ----------
    coins
        Base assets, the columns.
    day
        Start of each day, UTC ns, one day apart, shape (days,).
    known_time
        When all of a row was known, UTC ns, shape (days,).
    long_usd, short_usd
        Liquidations of the day by side of the closed position, dollars, shape (days, coins); so all below.
    open_interest_usd
        At the end of the day, dollars.
    open, high, low, close
        Perpetual price, dollars.
    funding_rate
        At the end of the day, a fraction per 8 h.
    long_short_ratio
        Accounts long over accounts short.
    volume_usd
        Traded on the venue of the prices, dollars, each trade once.
    scope
        What the liquidations are liquidations of, for a reader.
    expected_level
        ln(liquidations over open interest) that a scope like this is expected to have before its totals are known.
    """

    coins: tuple[str, ...]
    day: IntArray
    known_time: IntArray
    long_usd: FloatArray
    short_usd: FloatArray
    open_interest_usd: FloatArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    funding_rate: FloatArray
    long_short_ratio: FloatArray
    volume_usd: FloatArray
    scope: str = ""
    expected_level: Level = REFERENCE_LEVEL

    def __len__(self) -> int:
        """Return the number of days."""
        return len(self.day)

    @property
    def weekday(self) -> IntArray:
        """Weekday of each row, 0 for Monday."""
        return weekday_of(self.day)

    @property
    def total_usd(self) -> FloatArray:
        """Liquidations of all coins, dollars, shape (days,); NaN where a coin is missing or nothing was reported.

        A sum over fewer coins is another quantity. A day without a dollar on any coin is an outage, not a calm.
        """
        total = (self.long_usd + self.short_usd).sum(axis=1)
        return np.where(total > 0.0, total, np.nan)

    def head(self, days: int) -> "History":
        """Return the first ``days`` rows: what was known at the end of the last of them."""
        arrays = {name: getattr(self, name)[:days] for name in ("day", "known_time", *FIELDS)}
        return msgspec.structs.replace(self, **arrays)


def weekday_of(day: IntArray) -> IntArray:
    """Return the weekday of UTC days given by their start (UTC ns), 0 for Monday."""
    return (day // DAY + 3) % 7  # 1970-01-01 was a Thursday


def history_from(
    tables: Mapping[str, pl.DataFrame],
    coins: Sequence[str],
    *,
    scope: str = "",
) -> History:
    """Return the history that a set of daily tables holds, from 70 days before the first liquidations.

    Parameters
    ----------
    tables
        By record kind, one row a coin and day: ``liquidations`` (``long_usd, short_usd``), ``open_interest``
        (``open_interest_usd``), ``bars`` (``open, high, low, close, volume_usd``), ``funding`` (``funding_rate``),
        ``positioning`` (``long_short_ratio``), each with ``coin, day, known_time``. Either ``liquidations`` or
        ``bars`` must have a row.
    coins
        Coins of the scope.
    scope
        For a reader.

    Returns
    -------
    History
        Ends with the last day that has liquidations or prices; without liquidations it begins with the prices. A row's
        ``known_time`` is the latest of its cells.

    Raises
    ------
    NotEnoughDataError
        If no liquidations are there.
    UsageError
        If a coin has two rows for a day.
    """
    days = {kind: tables[kind].filter(pl.col("coin").is_in(list(coins)))["day"] for kind in tables}
    observed_days = [days[kind].to_numpy() for kind in ("liquidations", "bars") if len(days.get(kind, _NONE))]
    spans = [(int(observed.min()), int(observed.max())) for observed in observed_days]
    if not spans:
        raise NotEnoughDataError(
            f"expected daily liquidations or prices of {' '.join(coins) or 'any coin'}, found none; import some, or "
            "name another time or scope"
        )
    first = spans[0][0] - WARM_UP_DAYS * DAY if len(days["liquidations"]) else spans[0][0]
    last = max(end for _, end in spans)
    day = np.arange(first, last + DAY, DAY, dtype=np.int64)
    arrays: dict[str, FloatArray] = {name: np.full((len(day), len(coins)), np.nan) for name in FIELDS}
    known = day + DAY
    for kind in sorted(tables):
        table = tables[kind].filter(
            pl.col("coin").is_in(list(coins)), pl.col("day").is_between(int(day[0]), int(day[-1]))
        )
        _require_one_row_a_day(table, kind)
        row = (table["day"].to_numpy() - day[0]) // DAY
        column = table["coin"].replace_strict(list(coins), range(len(coins)), return_dtype=pl.Int64).to_numpy()
        np.maximum.at(known, row, table["known_time"].to_numpy())
        for name in (name for name in FIELDS if name in table.columns):
            arrays[name][row, column] = table[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return History(coins=tuple(coins), day=day, known_time=known, scope=scope, **arrays)  # pyright: ignore[reportArgumentType] - named arrays


def _require_one_row_a_day(table: pl.DataFrame, kind: str) -> None:
    if table.select("coin", "day").is_duplicated().any():
        raise UsageError(f"expected one row of {kind} for each coin and day, found repeats")


def require_contiguous(history: History) -> None:
    """Raise unless the rows are consecutive windows of 24 h.

    Raises
    ------
    UsageError
        If they are not.
    """
    wrong = np.flatnonzero(np.diff(history.day) != DAY)
    if wrong.size:
        where = format_date(int(history.day[wrong[0]]))
        raise UsageError(f"expected rows that are consecutive days, found a break after {where}")
