"""Longer intervals from shorter ones, totals from events, and sums over parts: the way in which this product adds.

A sum has a value only where all its parts have one: what is missing is a gap, never a fall. Sums run in the order of
rows, so the same rows give the same bits. Each row says when it was known: with the last of its parts, or, where it had
to be waited whether a part still comes, when that wait was over. So what is computed as rows arrive equals what is
computed at once later.
"""

from collections.abc import Sequence

import polars as pl

BAR_SUMS = ("volume_base", "volume_usd", "taker_buy_base", "taker_buy_usd", "trades")


def ordered_sum(column: str) -> pl.Expr:
    """Return the sum of a column in the order of its rows, within a group; null where a value is, 0 of no rows."""
    values = pl.col(column)
    return pl.when(values.null_count() == 0).then(values.cum_sum().last().fill_null(0)).alias(column)


def window_of(moment: pl.Expr, step: int, phase: int = 0) -> pl.Expr:
    """Return the start of the window of length ``step`` that holds the instant before ``moment`` (UTC ns)."""
    return (moment - 1 - phase) // step * step + phase


def longer_bars(rows: pl.DataFrame, step: int, short: int, *, phase: int = 0, least: float = 1.0) -> pl.DataFrame:
    """Return bars of a longer step, of those windows of which enough short bars are there.

    Parameters
    ----------
    rows
        ``bars`` of one series, with ``event_time`` at their end.
    step, short
        Step of the result and of the rows, UTC ns.
    phase
        Nanoseconds after midnight at which windows may begin.
    least
        Share of its bars that a window must have.

    Returns
    -------
    polars.DataFrame
        ``opened`` (start of the window), ``coin``, ``known_time``, ``open``, ``high``, ``low``, ``close`` and the
        sums, sorted; a sum is null where one of its parts is.
    """
    ordered = rows.sort("event_time")
    opened = window_of(pl.col("event_time"), step, phase).alias("opened")
    if step == short and phase % step == 0:  # each bar is its window
        return ordered.select(opened, "coin", "open", "known_time", "high", "low", "close", *BAR_SUMS)
    return (
        ordered.group_by(opened, maintain_order=True)
        .agg(
            pl.col("coin", "open").first(),
            pl.col("known_time", "high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            *(ordered_sum(name) for name in BAR_SUMS),
            parts=pl.len(),
        )
        .filter(pl.col("parts") >= least * (step // short))
        .drop("parts")
    )


def event_totals(events: pl.DataFrame, ends: pl.DataFrame, step: int, grace: int) -> pl.DataFrame:
    """Return totals of single liquidations by interval and side: zero where a feed was silent.

    Parameters
    ----------
    events
        ``liquidations`` rows.
    ends
        Column ``event_time``: ends of the intervals wanted, UTC ns.
    step, grace
        Length of an interval; how long after it a late event may come, UTC ns.

    Returns
    -------
    polars.DataFrame
        ``event_time, liquidated_side, value_usd, quantity_base, known_time``, two rows an interval. One is known when
        an event after the grace has shown that the feed goes on; without such an event it is left out.
    """
    sums = (
        events.sort("event_time", "series", "sequence")
        .group_by(
            (window_of(pl.col("event_time") + 1, step) + step).alias("event_time"),
            "liquidated_side",
            maintain_order=True,
        )
        .agg(ordered_sum("value_usd"), ordered_sum("quantity_base"), pl.col("known_time").max())
    )
    proofs = events.select(pl.col("known_time").alias("proof")).sort("proof")
    shown = (
        ends.sort("event_time")
        .with_columns(over=pl.col("event_time") + grace)
        .join_asof(proofs, left_on="over", right_on="proof", strategy="forward", check_sortedness=False)
        .drop_nulls("proof")
    )
    grid = shown.join(pl.DataFrame({"liquidated_side": ["long", "short"]}), how="cross", maintain_order="left_right")
    totals = grid.join(sums, on=["event_time", "liquidated_side"], how="left", maintain_order="left")
    silent = pl.col("known_time").is_null()
    return totals.select(
        "event_time", "liquidated_side",
        pl.when(silent).then(0.0).otherwise(pl.col("value_usd")).alias("value_usd"),
        pl.when(silent).then(0.0).otherwise(pl.col("quantity_base")).alias("quantity_base"),
        known_time=pl.max_horizontal("known_time", "proof"),
    )  # fmt: skip


def at_whole_steps(instants: pl.DataFrame, proofs: pl.Series, step: int, within: int) -> pl.DataFrame:
    """Return a figure at whole steps of time from instants at which it was read: the last one before, if it is fresh.

    Parameters
    ----------
    instants
        ``event_time``, ``known_time`` and figures, sorted.
    proofs
        When anything of the same feed was known, UTC ns, sorted: a step is over when something came after it.
    step, within
        Step, and the most that a figure may be older than it, UTC ns.
    """
    if instants.is_empty() or proofs.is_empty():
        return instants.clear()
    first, newest = int(instants["event_time"][0]), int(proofs[-1])
    grid = pl.DataFrame(
        {"event_time": [t * step for t in range(-(-first // step), newest // step + 1)]},
        schema={"event_time": pl.Int64},
    )
    shown = grid.join_asof(
        proofs.alias("proof").to_frame(), left_on="event_time", right_on="proof", strategy="forward",
        coalesce=False, check_sortedness=False,
    )  # fmt: skip
    joined = shown.join_asof(
        instants.with_columns(read="event_time"), on="event_time", strategy="backward", check_sortedness=False
    )
    fresh = joined.filter(pl.col("event_time") - pl.col("read") <= within, pl.col("proof").is_not_null())
    return fresh.with_columns(known_time=pl.max_horizontal("known_time", "proof")).select(instants.columns)


def sum_of_parts(parts: Sequence[pl.DataFrame], values: Sequence[str], wait: int | None) -> pl.DataFrame:
    """Return sums over parts at the moments that all of them have which are to be had.

    Parameters
    ----------
    parts
        Tables with ``event_time``, ``known_time`` and ``values``, one row a moment.
    values
        Columns to be added.
    wait
        Nanoseconds for which a part that falls silent is waited for: no sum stands before it is back or the wait is
        over. One that was silent for longer has ended, and may begin anew. None: every part is always needed.

    Returns
    -------
    polars.DataFrame
        ``event_time``, ``known_time`` and ``values``, sorted.
    """
    if not parts:
        return pl.DataFrame(schema={"event_time": pl.Int64, "known_time": pl.Int64} | dict.fromkeys(values, pl.Float64))
    moments = pl.concat([part.select("event_time") for part in parts]).unique().sort("event_time")
    newest = moments["event_time"].max()
    total = moments.with_columns(known_time=pl.lit(0, pl.Int64), due=pl.lit(0), present=pl.lit(0)).with_columns(
        pl.lit(0.0).alias(name) for name in values
    )
    for part in parts:
        total = _with_part(total, part.sort("event_time"), values, wait, newest)
    return total.filter(pl.col("present") == pl.col("due"), pl.col("due") > 0).select(
        "event_time", "known_time", *values
    )


def _with_part(
    total: pl.DataFrame, part: pl.DataFrame, values: Sequence[str], wait: int | None, newest: object
) -> pl.DataFrame:
    before = part.select("event_time", last="event_time")
    after = part.select("event_time", next="event_time")
    joined = (
        total.join(part, on="event_time", how="left", suffix="_part", maintain_order="left")
        .join_asof(before, on="event_time", strategy="backward", check_sortedness=False)
        .join_asof(after, on="event_time", strategy="forward", check_sortedness=False)
    )
    present = pl.col("known_time_part").is_not_null()
    if wait is None:
        due, over = pl.lit(value=True), pl.lit(None, pl.Int64)
    else:
        began = pl.col("last").is_not_null()
        due = present | (began & (pl.coalesce("next", pl.lit(newest)) - pl.col("last") <= wait))
        # A part that was still waited for at this moment: that it had ended was known when the wait was over.
        waited = began & ~due & (pl.col("event_time") - pl.col("last") <= wait)
        over = pl.when(waited).then(pl.col("last") + wait)
    return joined.select(
        "event_time",
        known_time=pl.max_horizontal("known_time", "known_time_part", over),
        due=pl.col("due") + due.cast(pl.Int32),
        present=pl.col("present") + present.cast(pl.Int32),
        **{name: pl.col(name) + pl.when(present).then(f"{name}_part").otherwise(0.0) for name in values},
    )
