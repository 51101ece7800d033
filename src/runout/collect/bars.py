"""Bars with the taker's side, made of trades as they come: closed by the venue's clock, mended by late trades."""

import io
from typing import Any

import msgspec
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


_TRADES = ("series", "coin", "event_time", "sequence", "price", "quantity_base", "value_usd", "taker_buys")
_NEVER = 1 << 62
_FOLD_ROWS = 500_000


class Closed(msgspec.Struct, frozen=True):
    """Bars to store, and how many trades came again, or too late to count, since the last."""

    bars: pl.DataFrame
    repeated: int
    late: int


class _Saved(msgspec.Struct, frozen=True):
    closed: int
    next: int
    open: bytes
    identities: bytes = msgspec.field(name="seen")
    waiting: list[bytes]


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
        self._open, self._seen = pl.DataFrame(schema=_OPEN), pl.DataFrame(schema=_SEEN)
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0
        self._closed = 0
        self._next = _NEVER
        if state:
            saved = msgspec.msgpack.decode(state, type=_Saved)
            self._closed, self._next = saved.closed, saved.next
            self._open, self._seen = _table(saved.open), _table(saved.identities)
            self._waiting = [_table(part) for part in saved.waiting]
            self._waiting_rows = sum(part.height for part in self._waiting)

    def state(self) -> bytes:
        """Return everything a restart needs."""
        waiting = [_bytes(part) for part in self._waiting]
        return msgspec.msgpack.encode(_Saved(self._closed, self._next, _bytes(self._open), _bytes(self._seen), waiting))

    def add(self, trades: pl.DataFrame, steps: dict[str, int]) -> None:
        """Take trades.

        Parameters
        ----------
        trades
            Columns ``series``, ``coin``, ``event_time`` (UTC ns), ``sequence``, ``price``, ``quantity_base``,
            ``value_usd``, ``taker_buys``.
        steps
            Nanoseconds between bars, by series.
        """
        if trades.is_empty():
            return
        step = pl.col("series").replace_strict(steps, return_dtype=pl.Int64)
        self._waiting.append(trades.select(*_TRADES).with_columns(step=step))
        self._waiting_rows += trades.height
        first, least = msgspec.convert(trades["event_time"].min(), int), min(steps.values())
        self._next = min(self._next, (first // least + 1) * least)

    def close(self, clock: int, known: int) -> Closed:
        """Return the bars whose end the venue's clock has passed, and new versions of those that changed since.

        Parameters
        ----------
        clock, known
            The venue's clock; when the bars are known (UTC ns).
        """
        closed = max(self._closed, clock - GRACE)
        # Trades wait until they make a difference: sums then depend on the trades and the clock alone.
        if self._next > closed and self._waiting_rows < _FOLD_ROWS:
            return Closed(KINDS["bars"].empty(), 0, 0)
        repeated, late = self._fold()
        self._closed = closed
        due = pl.col("changed") & (pl.col("end") <= self._closed)
        bars = self._open.filter(due).sort(_KEYS)
        keep = pl.col("end") > self._closed - _MEND
        self._open = self._open.filter(keep).with_columns(changed=~due & pl.col("changed"))
        self._seen = self._seen.filter(keep)
        following = self._open.filter("changed")["end"].min()
        self._next = _NEVER if following is None else msgspec.convert(following, int)
        return Closed(_as_bars(bars, known), repeated, late)

    def _fold(self) -> tuple[int, int]:
        """Put the waiting trades into the open bars, and return how many came again, and how many too late."""
        waiting, self._waiting, self._waiting_rows = self._waiting, [], 0
        if not waiting:
            return 0, 0
        timed = pl.concat(waiting).with_columns(
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


def _as_bars(bars: pl.DataFrame, known: int) -> pl.DataFrame:
    return bars.select(
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


def _table(data: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(data))
