"""All coins of a lake side by side, each against its own past year and against the others."""

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from runout.api.table_answer import TableAnswer, table_of
from runout.clock import NANOSECONDS_PER_DAY
from runout.lake import Lake, catalogue
from runout.records import Series

_YEAR: Final = 365 * NANOSECONDS_PER_DAY
_LEAST_DAYS: Final = 90
_MEASURES: Final = ("change_24h", "liquidations_usd", "open_interest_usd", "open_interest_change_24h", "funding_rate")


def screener(lake: Lake, at: int) -> TableAnswer:
    """Return the newest daily figures of every coin, ranked within its own past year and among the coins.

    Parameters
    ----------
    lake, at
        What was known by then (UTC ns).

    Returns
    -------
    TableAnswer
        A row a coin: ``coin``, ``time`` of its newest daily close, ``price_usd``, and of each measure the value, its
        rank in the coin's own past 365 days (``…_own_rank``, a fraction; null under 90 days) and among the coins
        (``…_market_rank``): ``change_24h`` of the price, ``liquidations_usd`` of the day as reported,
        ``open_interest_usd``, ``open_interest_change_24h``, ``funding_rate`` per its interval.
    """
    known = [series for series in lake.series(at=at) if series.step == NANOSECONDS_PER_DAY]
    coins = sorted({series.coin for series in catalogue.daily_bars(known)})
    used: list[Series] = []
    rows = [_row(lake, [item for item in known if item.coin == coin], coin, at, used) for coin in coins]
    table = pl.DataFrame([row for row in rows if row], infer_schema_length=None)
    if table.is_empty():
        return TableAnswer(table=pl.DataFrame(schema={"coin": pl.String}))
    ranks = [
        ((pl.col(name).rank("max") / pl.col(name).count()).alias(f"{name}_market_rank"))
        for name in _MEASURES
        if name in table.columns
    ]
    answer = table_of(table.with_columns(ranks), tuple(used))
    venues = " + ".join(sorted({venue for series in used for venue in series.venues}))
    return TableAnswer(
        table=answer.table, scope=f"{len(table)} coins, daily figures, {venues}", series=answer.series,
        capture=answer.capture, synthetic=answer.synthetic,
        note="Liquidations are as reported: where feeds are capped, a lower bound.",
    )  # fmt: skip


def _row(lake: Lake, known: Sequence[Series], coin: str, at: int, used: list[Series]) -> dict[str, object]:
    def read(kind: str, series: Series | None) -> pl.DataFrame | None:
        if series is None:
            return None
        rows = lake.as_of(kind, at=at, series=[series.series], since=at - _YEAR).sort("event_time")
        if rows.is_empty() or int(rows["event_time"][-1]) < at - 3 * NANOSECONDS_PER_DAY:
            return None
        used.append(series)
        return rows

    bars = read("bars", next(iter(catalogue.daily_bars(known)), None))
    if bars is None:
        return {}
    change = pl.col("close") / pl.col("close").shift() - 1.0
    moment = pl.from_epoch(pl.lit(int(bars["event_time"][-1])), "ns").dt.replace_time_zone("UTC")
    measures: dict[str, tuple[str, Series | None, Callable[[pl.DataFrame], pl.Series]]] = {
        "liquidations_usd": ("liquidations", _first(known, "liquidations"), _per_day),
        "open_interest_usd": ("open_interest", _first(known, "open_interest"), lambda rows: rows["open_interest_usd"]),
        "funding_rate": ("funding", next(iter(catalogue.weighted_funding(known, coin)), None), lambda r: r["rate"]),
    }
    results: dict[str, object] = {
        "coin": coin,
        "time": pl.select(moment).item(),
        "price_usd": float(bars["close"][-1]),
        **_ranked("change_24h", bars.select(change.alias("x"))["x"]),
    }
    for name, (kind, series, values) in measures.items():
        rows = read(kind, series)
        results |= _ranked(name, pl.Series([], dtype=pl.Float64) if rows is None else values(rows))
        if name == "open_interest_usd":
            usd = pl.Series([], dtype=pl.Float64) if rows is None else values(rows)
            results |= _ranked("open_interest_change_24h", usd / usd.shift() - 1.0)
    return results


def _first(known: Sequence[Series], kind: str) -> Series | None:
    """Return the series of a kind with most venues, all of them first."""
    series = [item for item in known if item.kind == kind]
    return max(series, key=lambda item: (item.venues == ("all",), len(item.venues), item.margin == "all"), default=None)


def _per_day(rows: pl.DataFrame) -> pl.Series:
    return rows.group_by("event_time", maintain_order=True).agg(pl.col("value_usd").sum())["value_usd"]


def _ranked(name: str, values: pl.Series) -> dict[str, object]:
    """Return the last value, and the share of its past that it reaches or exceeds."""
    observed = values.drop_nulls()
    last = float(observed[-1]) if len(observed) and values[-1] is not None else None
    enough = last is not None and len(observed) >= _LEAST_DAYS
    return {name: last, f"{name}_own_rank": float((observed <= last).sum() / len(observed)) if enough else None}
