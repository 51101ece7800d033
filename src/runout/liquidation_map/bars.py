"""Bars as the map takes them: traded range, and volume where it is known."""

from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import UsageError
from runout.scores.arrays import FloatArray, IntArray

_COLUMNS: Final = ("event_time", "span", "low", "high")
_SPIKE: Final = 0.1
"""A wick of a tenth of the price within one bar."""


class Irregular(NamedTuple):
    """A bar that a reader should know of.

    ``event_time`` is UTC ns; ``observed`` and ``allowed`` are nanoseconds for a gap, a fraction of the price for a
    spike, a factor from open and close for a print far off, which is left out.
    """

    kind: Literal["gap", "spike", "print far off"]
    event_time: int
    observed: float
    allowed: float


class Bars(msgspec.Struct, frozen=True, eq=False):
    """Bars of one market, in time order, shape (bars,).

    Parameters
    ----------
    event_time, span
        End, UTC ns, and length, ns.
    low, high
        Traded price, dollars.
    volume_base
        Coins traded, each trade once; NaN where it is not known.
    """

    event_time: IntArray
    span: IntArray
    low: FloatArray
    high: FloatArray
    volume_base: FloatArray

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.event_time)

    def part(self, rows: slice) -> "Bars":
        """Return some of the bars."""
        return Bars(*(getattr(self, name)[rows] for name in Bars.__struct_fields__))

    @classmethod
    def from_rows(cls, rows: pl.DataFrame) -> "Bars":
        """Return bars from a table with those columns; ``volume_base`` may be absent or null.

        Raises
        ------
        UsageError
            If a bar could not have been traded, or times do not ascend.
        """
        if missing := [name for name in _COLUMNS if name not in rows.columns]:
            raise UsageError(f"expected columns {' '.join(_COLUMNS)}, found none of {' '.join(missing)}")
        volume = rows.get_column("volume_base", default=pl.Series([None] * rows.height, dtype=pl.Float64))
        bars = cls(
            rows["event_time"].cast(pl.Int64).to_numpy(), rows["span"].cast(pl.Int64).to_numpy(),
            rows["low"].cast(pl.Float64).to_numpy(), rows["high"].cast(pl.Float64).to_numpy(),
            volume.cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        )  # fmt: skip
        sound = (bars.low > 0.0) & (bars.high >= bars.low) & np.isfinite(bars.high) & ~(bars.volume_base < 0.0)
        sound &= np.concatenate([[True], np.diff(bars.event_time) > 0]) & (bars.span > 0)
        if not sound.all():
            row = int(np.flatnonzero(~sound)[0])
            raise UsageError(
                f"expected bars with 0 < low ≤ high, volume ≥ 0 and ascending times, found low {bars.low[row]}, high "
                f"{bars.high[row]}, volume {bars.volume_base[row]} at row {row}"
            )
        return bars

    def at_constant_clock(self) -> "Bars":
        """Return bars that turn over the same share in the same time, whatever was traded: only prices are left.

        A map of them is the plainest one of the price path, which the inferred map is set against (docs/map.md).
        """
        return msgspec.structs.replace(self, volume_base=self.span / NANOSECONDS_PER_DAY)

    def idle(self, before: int) -> IntArray:
        """Return the nanoseconds without a bar before each, the state's last bar having ended at ``before``."""
        ends = np.concatenate([[before], self.event_time[:-1]])
        return np.maximum(self.event_time - self.span - ends, 0)

    def irregular(self) -> list[Irregular]:
        """Return gaps, and bars that span over a tenth of the price: what was traded was traded, and is kept."""
        if not len(self):
            return []
        idle = self.idle(int(self.event_time[0] - self.span[0]))
        reach = self.high / self.low - 1.0
        gaps = [Irregular("gap", int(self.event_time[i]), float(idle[i]), 0.0) for i in np.flatnonzero(idle)]
        spikes = np.flatnonzero(reach > _SPIKE)
        return gaps + [Irregular("spike", int(self.event_time[i]), float(reach[i]), _SPIKE) for i in spikes]
