"""The hidden truth of a world as tables: forced closes, liquidations, positions, their changes, insurance."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.synthetic.simulation import Track
from runout.synthetic.state import CHANGES, HOUR_INSURANCE, KINDS, STAGES, Records
from runout.synthetic.world import World


def truth_tables(world: World, tracks: dict[str, Track]) -> dict[str, pl.DataFrame]:
    """Return the truth by table name; every table has the column ``coin``.

    ``positions``: every position at the end of each of the last days; the true ladder is its ``liquidation_price``
    (null: cannot be liquidated; of cross-margin accounts: all else standing still). ``changes``: every change of one in
    those days, as it stands afterwards. ``liquidations``: each forced close, its stage and cause. ``forced_closes``:
    the same summed by hour, side and cause, in coins, before any publication rule. ``insurance``: equity of each
    venue's fund by hour.
    """
    makers = {
        "positions": _positions, "changes": _changes, "liquidations": _liquidations, "forced_closes": _forced_closes,
        "insurance": _insurance,
    }  # fmt: skip
    return {
        name: pl.concat([make(world, track).with_columns(coin=pl.lit(coin)) for coin, track in tracks.items()])
        for name, make in makers.items()
    }


def _venues(world: World, place: np.ndarray) -> pl.Series:
    return pl.Series(np.array([venue.name for venue in world.venues])[place.astype(np.int64)], dtype=pl.String)


def _positions(world: World, track: Track) -> pl.DataFrame:
    day, account, venue, kind, quantity, entry, leverage, level, opened = track.snapshots.T
    return pl.DataFrame({
        "day": day.astype(np.int64), "account": account.astype(np.int64), "venue": _venues(world, venue),
        "kind": pl.Series(np.array(KINDS)[kind.astype(np.int64)], dtype=pl.String),
        "side": np.sign(quantity).astype(np.int64), "size": np.abs(quantity), "entry": entry, "leverage": leverage,
        "liquidation_price": level, "opened_time": world.start + opened.astype(np.int64) * NANOSECONDS_PER_MINUTE,
    }).with_columns(pl.when(pl.col("liquidation_price") > 0).then(pl.col("liquidation_price")))  # fmt: skip


def _times(world: World, rows: Records) -> np.ndarray:
    """Return the end of each row's minute."""
    return world.start + (rows.minute + 1) * NANOSECONDS_PER_MINUTE


def _changes(world: World, track: Track) -> pl.DataFrame:
    rows = track.changes
    return pl.DataFrame({
        "event_time": _times(world, rows), "account": rows.account,
        "change": pl.Series(np.array(CHANGES)[rows.change], dtype=pl.String),
        "side": np.sign(rows.quantity).astype(np.int64),
        "size": np.abs(rows.quantity), "entry": rows.entry, "leverage": rows.leverage, "liquidation_price": rows.level,
    }).with_columns(pl.when(pl.col("liquidation_price") > 0).then(pl.col("liquidation_price")))  # fmt: skip


def _side(rows: Records) -> pl.Series:
    return pl.Series(np.where(rows.side > 0, "long", "short"), dtype=pl.String)


def _cause(track: Track) -> pl.Series:
    return pl.Series(np.where(track.endogenous, "endogenous", "exogenous"), dtype=pl.String)


def _liquidations(world: World, track: Track) -> pl.DataFrame:
    rows = track.forced
    return pl.DataFrame({
        "event_time": _times(world, rows), "round": rows["round"], "account": rows.account,
        "venue": _venues(world, rows.venue), "liquidated_side": _side(rows),
        "stage": pl.Series(np.array(STAGES)[rows.stage], dtype=pl.String), "cause": _cause(track),
        "quantity_base": rows.quantity, "price": rows.price, "bankruptcy_price": rows.bankruptcy_price,
        "mark_price": rows.mark, "insurance_usd": rows.insurance_usd,
    })  # fmt: skip


def _forced_closes(world: World, track: Track) -> pl.DataFrame:
    hours = len(track.hourly)
    ends = world.start + (np.arange(hours, dtype=np.int64) + 1) * NANOSECONDS_PER_HOUR
    parts: list[pl.DataFrame] = []
    for side, number in (("long", 1), ("short", -1)):
        for cause, requested in (("exogenous", False), ("endogenous", True)):
            rows = track.forced[(track.forced.side == number) & (track.endogenous == requested)]
            amount = np.bincount(rows.minute // 60, rows.quantity, minlength=hours).astype(np.float64)
            parts.append(
                pl.DataFrame({"event_time": ends, "quantity_base": amount}).with_columns(
                    liquidated_side=pl.lit(side), cause=pl.lit(cause)
                )
            )
    return pl.concat(parts)


def _insurance(world: World, track: Track) -> pl.DataFrame:
    hours = len(track.hourly)
    ends = world.start + (np.arange(hours, dtype=np.int64) + 1) * NANOSECONDS_PER_HOUR
    return pl.concat([
        pl.DataFrame({"event_time": ends, "equity_usd": track.hourly[:, place, HOUR_INSURANCE]}).with_columns(
            venue=pl.lit(venue.name)
        )
        for place, venue in enumerate(world.venues)
    ])  # fmt: skip
