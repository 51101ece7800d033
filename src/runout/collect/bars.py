"""Bars with the taker's side, made of trades as they come: closed by the venue's clock, mended by late trades."""

import io
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.records import KINDS

GRACE = 5 * NANOSECONDS_PER_SECOND
"""How far the venue's clock must be past the end of a bar before it is closed."""
_MEND = 10 * NANOSECONDS_PER_MINUTE

_KEYS = ["series", "end"]
_OPEN = {
    "series": pl.String(), "end": pl.Int64(), "coin": pl.String(), "step": pl.Int64(),
    "first": pl.Int64(), "first_sequence": pl.Int64(), "open": pl.Float64(),
    "last": pl.Int64(), "last_sequence": pl.Int64(), "close": pl.Float64(),
    "high": pl.Float64(), "low": pl.Float64(), "volume_base": pl.Float64(), "volume_usd": pl.Float64(),
    "taker_buy_base": pl.Float64(), "taker_buy_usd": pl.Float64(), "trades": pl.Int64(), "changed": pl.Boolean(),
}  # fmt: skip
_SUMS = ("volume_base", "volume_usd", "taker_buy_base", "taker_buy_usd", "trades")
_SEEN = {"series": pl.String(), "end": pl.Int64(), "identity": pl.UInt64()}


class Bars:
    """Open bars of all series of one venue.

    Parameters
    ----------
    state
        What :meth:`state` returned; None to begin.

    Notes
    -----
    A bar is closed when the venue's clock (the latest event time of anything the venue sent) is :data:`GRACE` past its
    end. A trade that comes later makes a new version of the bar, for ten minutes; after that it is counted as late.
    A trade that comes twice (two connections, a snapshot after a reconnect) counts once.
    """

    def __init__(self, state: bytes | None = None) -> None:
        self._open, self._seen = (pl.DataFrame(schema=_OPEN), pl.DataFrame(schema=_SEEN))
        self._closed = 0
        if state:
            closed, length = int.from_bytes(state[:8], "little"), int.from_bytes(state[8:16], "little")
            self._closed = closed
            self._open = pl.read_ipc(io.BytesIO(state[16 : 16 + length]))
            self._seen = pl.read_ipc(io.BytesIO(state[16 + length :]))

    def state(self) -> bytes:
        """Return everything a restart needs."""
        tables = [_bytes(self._open), _bytes(self._seen)]
        heading = self._closed.to_bytes(8, "little") + len(tables[0]).to_bytes(8, "little")
        return heading + tables[0] + tables[1]

    def add(self, trades: pl.DataFrame, steps: dict[str, int]) -> tuple[int, int]:
        """Take trades and return how many came again, and how many too late.

        Parameters
        ----------
        trades
            Columns ``series``, ``coin``, ``event_time`` (UTC ns), ``sequence``, ``price``, ``quantity_base``,
            ``value_usd``, ``taker_buys``.
        steps
            Nanoseconds between bars, by series.
        """
        step = pl.col("series").replace_strict(steps, return_dtype=pl.Int64)
        timed = trades.with_columns(step=step).with_columns(
            end=(pl.col("event_time") // pl.col("step") + 1) * pl.col("step"),
            identity=pl.struct("series", "event_time", "sequence").hash(seed=7),
        )
        fresh = timed.filter(pl.col("end") > self._closed - _MEND)
        new = fresh.unique([*_KEYS, "identity"], keep="first", maintain_order=True).join(
            self._seen, on=[*_KEYS, "identity"], how="anti", maintain_order="left"
        )
        self._seen = pl.concat([self._seen, new.select(*_SEEN)])
        self._open = _together(pl.concat([self._open, _partial(new)]))
        return fresh.height - new.height, timed.height - fresh.height

    def close(self, clock: int, known: int) -> pl.DataFrame:
        """Return the bars whose end the venue's clock has passed, and new versions of those that changed since.

        Parameters
        ----------
        clock, known
            The venue's clock; when the bars are known (UTC ns).
        """
        self._closed = max(self._closed, clock - GRACE)
        due = pl.col("changed") & (pl.col("end") <= self._closed)
        bars = self._open.filter(due)
        if bars.is_empty():
            return KINDS["bars"].empty()
        keep = pl.col("end") > self._closed - _MEND
        self._open = self._open.filter(keep).with_columns(changed=~due & pl.col("changed"))
        self._seen = self._seen.filter(keep)
        return bars.sort(_KEYS).select(
            "series", "coin", pl.col("end").alias("event_time"), pl.col("step").alias("span"),
            pl.max_horizontal(pl.lit(known, pl.Int64), "end").alias("known_time"),
            "open", "high", "low", "close", "volume_base", "volume_usd", "taker_buy_base", "taker_buy_usd", "trades",
            pl.lit(None, pl.String).alias("vintage"),
        )  # fmt: skip


def _partial(trades: pl.DataFrame) -> pl.DataFrame:
    """Return what trades add to their bars."""
    rows = trades.sort(*_KEYS, "event_time", "sequence", maintain_order=True)
    bought = pl.col("taker_buys").cast(pl.Float64)
    return _reduced(
        rows.select(
            *_KEYS, "coin", "step",
            first="event_time", first_sequence="sequence", open="price",
            last="event_time", last_sequence="sequence", close="price",
            high="price", low="price", volume_base="quantity_base", volume_usd="value_usd",
            taker_buy_base=pl.col("quantity_base") * bought, taker_buy_usd=pl.col("value_usd") * bought,
            trades=pl.lit(1, pl.Int64), changed=pl.lit(value=True),
        )
    )  # fmt: skip


def _together(parts: pl.DataFrame) -> pl.DataFrame:
    """Put the open bars and what came to them together, in the order they came."""
    return _reduced(parts.sort(_KEYS, maintain_order=True))


def _reduced(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each key of rows sorted by key: sums in row order, the same trades give the same bits."""
    if rows.is_empty():
        return pl.DataFrame(schema=_OPEN)
    starts = (rows["series"].ne(rows["series"].shift()) | rows["end"].ne(rows["end"].shift())).fill_null(value=True)
    places = starts.arg_true().to_numpy()
    heads = rows[places]

    def over(name: str, reduce: np.ufunc) -> NDArray[Any]:
        return reduce.reduceat(rows[name].to_numpy(), places)

    group = starts.cum_sum()
    ends = rows.with_columns(_group=group, _row=pl.int_range(pl.len()))
    first = ends.sort("_group", "first", "first_sequence", "_row").unique("_group", keep="first", maintain_order=True)
    last = ends.sort("_group", "last", "last_sequence", "_row").unique("_group", keep="last", maintain_order=True)
    return heads.select(*_KEYS, "coin", "step").with_columns(
        *(first[name] for name in ("first", "first_sequence", "open")),
        *(last[name] for name in ("last", "last_sequence", "close")),
        high=over("high", np.maximum),
        low=over("low", np.minimum),
        **{name: over(name, np.add) for name in _SUMS},
        changed=over("changed", np.logical_or),
    )


def _bytes(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_ipc(buffer)
    return buffer.getvalue()
