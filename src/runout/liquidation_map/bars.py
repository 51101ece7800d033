"""Bars as the filter takes them: traded range, volume and open interest, checked."""

from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.errors import UsageError
from runout.scores.arrays import FloatArray, IntArray

_COLUMNS: Final = ("event_time", "low", "high", "volume_base", "open_interest_base")


class Bars(msgspec.Struct, frozen=True, eq=False):
    """Bars of one market, in time order, shape (bars,).

    Parameters
    ----------
    event_time
        End of each, UTC ns.
    low, high
        Traded price, dollars.
    volume_base
        Coins traded, each trade once.
    open_interest_base
        At the end of the bar, coins, single-sided; NaN where not known.
    mark_low, mark_high
        Mark price; the traded price where it is not known.
    """

    event_time: IntArray
    low: FloatArray
    high: FloatArray
    volume_base: FloatArray
    open_interest_base: FloatArray
    mark_low: FloatArray
    mark_high: FloatArray

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.event_time)

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Bars":
        """Return bars from a table with those columns (mark prices may be absent).

        Raises
        ------
        UsageError
            If prices or volumes are missing, not positive, or times do not ascend.
        """
        missing = [name for name in _COLUMNS if name not in rows.columns]
        if missing:
            raise UsageError(f"expected columns {' '.join(_COLUMNS)}, found {' '.join(rows.columns)}")
        low, high = (rows[name].cast(pl.Float64).to_numpy() for name in ("low", "high"))
        marks = {
            f"mark_{name}": rows[f"mark_{name}"].cast(pl.Float64).fill_null(rows[name]).to_numpy()
            if f"mark_{name}" in rows.columns
            else own
            for name, own in (("low", low), ("high", high))
        }
        made = cls(
            event_time=rows["event_time"].cast(pl.Int64).to_numpy(),
            low=low,
            high=high,
            volume_base=rows["volume_base"].cast(pl.Float64).to_numpy(),
            open_interest_base=rows["open_interest_base"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
            **marks,
        )
        made.require_sound()
        return made

    def require_sound(self) -> None:
        """Raise unless every bar could have been traded.

        Raises
        ------
        UsageError
            If one could not.
        """
        sound = (self.low > 0.0) & (self.high >= self.low) & (self.volume_base >= 0.0) & np.isfinite(self.high)
        ascending = np.concatenate([[True], np.diff(self.event_time) > 0])
        if not (sound & ascending).all():
            where = int(np.flatnonzero(~(sound & ascending))[0])
            raise UsageError(
                f"expected bars with 0 < low ≤ high, volume ≥ 0 and ascending times, found low {self.low[where]}, high "
                f"{self.high[where]}, volume {self.volume_base[where]} at row {where}"
            )
