"""Flushes and squeezes: a fall (rise) of at least 3% within 24 h with unusual forced selling (buying).

The definition stands in ``docs/definitions.md``. The move is measured from the highest price of the 24 h before to the
low of the bar, so that nothing depends on the unobserved order inside one bar.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.indicators.windows import Floats, Times, extreme_before, floats, rows_in_window, times

Direction = Literal["flush", "squeeze"]

MOVE = 0.03
PERCENTILE = 95.0
MOVE_WINDOW = NANOSECONDS_PER_DAY
QUIET = 12 * NANOSECONDS_PER_HOUR


class Flush(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of a flush or squeeze at ``event_time``.

    Parameters
    ----------
    direction
        ``flush``: price fell, longs were liquidated; ``squeeze`` is the mirror.
    start_time
        End of the first bar that met the condition.
    event_time, known_time
        The bar this state belongs to, and when it was known.
    state
        ``running``, or ``ended`` after 12 h without a new extreme.
    reference_price, extreme_price
        Extreme of the 24 h before the start, and extreme reached so far.
    extreme_time
        End of the bar that holds the extreme.
    liquidated_usd
        Liquidations of the losing side from the first bar on, the 24 h window before it included.
    """

    direction: Direction
    start_time: int
    event_time: int
    known_time: int
    state: Literal["running", "ended"]
    reference_price: float
    extreme_price: float
    extreme_time: int
    liquidated_usd: float

    @property
    def move(self) -> float:
        """Extreme over reference minus one."""
        return self.extreme_price / self.reference_price - 1


def flush_states(
    bars: pl.DataFrame,
    liquidations: pl.DataFrame,
    direction: Direction,
    running: Flush | None = None,
    after: int = -1,
) -> list[Flush]:
    """Return the state of every flush (or squeeze) at each bar while it runs, and when it ends.

    Parameters
    ----------
    bars
        ``event_time, known_time, open, high, low``, sorted; any step up to a day.
    liquidations
        Per bar time: ``event_time, known_time``, the interval's ``interval_usd`` of the losing side, its trailing 24 h
        total ``trailing_usd`` and that total's trailing ``percentile`` (0–100); as
        :func:`runout.indicators.liquidations.trailing` gives.
    direction
        Which of the two.
    running
        State of an event that had not ended, to go on from: bars up to its own are passed over.
    after
        UTC ns; states at bars up to then are not wanted.

    Returns
    -------
    list of Flush
        In time order; bars at which a liquidation row is missing neither start nor extend, but can end an event.
    """
    sign = 1.0 if direction == "flush" else -1.0
    joined = bars.join(liquidations, on="event_time", how="left", suffix="_liquidations").sort("event_time")
    worst, best = ("low", "high") if direction == "flush" else ("high", "low")
    reference = _reference(floats(joined, best), floats(joined, "open"), times(joined), sign)
    extreme = floats(joined, worst)
    known = np.maximum(times(joined, "known_time"), joined["known_time_liquidations"].fill_null(0).to_numpy())
    triggered = (sign * (extreme / reference - 1) <= -MOVE) & (floats(joined, "percentile") >= PERCENTILE)
    begin = int(np.searchsorted(times(joined), max(after, running.event_time if running else 0), side="right"))
    columns = (
        times(joined),
        known,
        reference,
        extreme,
        triggered,
        floats(joined, "interval_usd"),
        floats(joined, "trailing_usd"),
    )
    return list(_states(zip(*(c[begin:].tolist() for c in columns), strict=True), direction, sign, running))


def _reference(best: Floats, opens: Floats, ends: Times, sign: float) -> Floats:
    """Best price of the 24 h before each bar: earlier bars that end within them, and the bar's own open."""
    first = rows_in_window(ends, MOVE_WINDOW)
    pick = np.maximum if sign > 0 else np.minimum
    return np.where(first < np.arange(len(ends)), pick(extreme_before(best, first, pick), opens), opens)


def _states(
    rows: Iterator[tuple[int, int, float, float, bool, float, float]],
    direction: Direction,
    sign: float,
    running: Flush | None,
) -> Iterator[Flush]:
    current = running
    for time, known, reference, extreme, triggered, interval_usd, trailing_usd in rows:
        if current is None:
            if not triggered:
                continue
            current = Flush(
                direction=direction, start_time=time, event_time=time, known_time=known, state="running",
                reference_price=reference, extreme_price=extreme, extreme_time=time, liquidated_usd=trailing_usd,
            )  # fmt: skip
        else:
            deeper = sign * extreme < sign * current.extreme_price
            extreme_time = time if deeper else current.extreme_time
            current = msgspec.structs.replace(
                current,
                event_time=time,
                known_time=max(known, current.known_time),
                state="ended" if time - extreme_time >= QUIET else "running",
                extreme_price=extreme if deeper else current.extreme_price,
                extreme_time=extreme_time,
                liquidated_usd=current.liquidated_usd + (0.0 if np.isnan(interval_usd) else interval_usd),
            )
        yield current
        if current.state == "ended":
            current = None
