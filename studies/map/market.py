"""What a map is scored on: bars of one market, and what was liquidated in each bucket of them."""

from typing import Final

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError, UsageError
from runout.scores.arrays import FloatArray, IntArray, require_equal_lengths

SIDES: Final = ("long", "short")
"""Whose positions were liquidated; column of every array that has one for each side."""

_ROWS: Final = (
    "event_time", "open", "high", "low", "close", "volume_base", "taker_buy_base", "trades", "open_interest_base",
)  # fmt: skip


class Market(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Bars without a gap, cut into buckets; the last buckets are scored, those before warm the maps up.

    Parameters
    ----------
    coin
        Base asset.
    event_time
        End of each bar, UTC ns, shape (bars,).
    open, high, low, close
        Dollars.
    volume_base, taker_buy_base
        Coins traded, and those of them that a taker bought.
    trades
        Count; not used before the first scored bucket.
    open_interest_base
        Coins at the end of the bar. Between two reports it is interpolated, so inside a bucket it knows the report at
        the bucket's end: what is scored must not read it there.
    liquidated_usd
        Realised by bucket and side, shape (buckets, 2): the scored buckets, and as many before them as bars reach.
    bars_each
        Bars of a bucket.
    scored
        Buckets that are scored.
    """

    coin: str
    event_time: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_base: FloatArray
    taker_buy_base: FloatArray
    trades: FloatArray
    open_interest_base: FloatArray
    liquidated_usd: FloatArray
    bars_each: int
    scored: int

    def __post_init__(self) -> None:
        rows: dict[str, FloatArray | IntArray] = {name: getattr(self, name) for name in _ROWS}
        require_equal_lengths(**rows)
        if len(self.event_time) != self.bars_each * len(self.liquidated_usd) or self.scored > len(self.liquidated_usd):
            raise UsageError(
                f"expected {self.bars_each} bars for each of the {len(self.liquidated_usd)} buckets, found "
                f"{len(self.event_time)}; {self.scored} scored"
            )
        if not all(np.isfinite(one).all() for one in rows.values()) or not np.isfinite(self.liquidated_usd).all():
            raise NotEnoughDataError("expected every bar, open interest and total of the scored period, found holes")
        if (np.diff(self.event_time) != self.step).any():
            raise NotEnoughDataError("expected bars without a gap, found one; score a period that has all of them")

    @property
    def step(self) -> int:
        """Length of a bar, ns."""
        return int(self.event_time[1] - self.event_time[0])

    @property
    def lead(self) -> int:
        """Buckets before the first scored one."""
        return len(self.liquidated_usd) - self.scored

    @property
    def log_dollars(self) -> FloatArray:
        """Log of realised dollars of the scored buckets, shape (scored, 2); nothing counts as a dollar."""
        return np.log(np.maximum(self.liquidated_usd, 1.0))[self.lead :]

    @property
    def origin(self) -> IntArray:
        """Start of each scored bucket, UTC ns."""
        return self.event_time[self.lead * self.bars_each :: self.bars_each] - self.step

    def by_bucket(self, values: FloatArray) -> FloatArray:
        """Return values of the bars by bucket, shape (buckets, bars_each), warm-up included."""
        return values.reshape(-1, self.bars_each)

    def in_bucket(self, values: FloatArray) -> FloatArray:
        """Return values of the bars of the scored buckets, shape (scored, bars_each)."""
        return self.by_bucket(values)[self.lead :]


def along_path(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, count: int) -> FloatArray:
    """Return prices along the shortest path through coarse bars, shape (bars, count + 1).

    A bar that rose goes open, low, high, close; one that fell goes open, high, low, close. Steps are of equal length
    in price, so the extremes may fall between two of them. Good enough to warm a map up, never scored.

    Parameters
    ----------
    open_, high, low, close
        Dollars, shape (bars,).
    count
        Steps a bar.
    """
    rose = close >= open_
    corners = np.stack([open_, np.where(rose, low, high), np.where(rose, high, low), close], axis=1)
    travelled = np.concatenate([np.zeros((len(open_), 1)), np.abs(np.diff(corners, axis=1)).cumsum(axis=1)], axis=1)
    share = np.arange(count + 1) / count
    rows = [np.interp(share * t[-1], t, c) for t, c in zip(travelled, corners, strict=True)]
    return np.array(rows).reshape(len(open_), count + 1)
