"""Bars of trades are closed by the venue's clock, count each trade once, and are mended by late ones."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.collect.bars import GRACE, Bars

STEP = NANOSECONDS_PER_MINUTE
SECOND = NANOSECONDS_PER_SECOND
STEPS = {"a": STEP, "b": STEP}


def trades(count: int, seed: int = 0, until: int = 3 * STEP) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    price = chance.uniform(90, 110, count).round(2)
    size = chance.uniform(0, 1, count).round(3)
    return pl.DataFrame(
        {
            "series": chance.choice(["a", "b"], count),
            "coin": "BTC",
            "event_time": np.sort(chance.integers(0, until, count)),
            "sequence": np.arange(count),
            "price": price,
            "quantity_base": size,
            "value_usd": price * size,
            "taker_buys": chance.uniform(size=count) < 0.5,
        }
    ).with_columns(pl.col("event_time").cast(pl.Int64), pl.col("sequence").cast(pl.Int64))


def plain(table: pl.DataFrame) -> dict[tuple[str, int], tuple[float, ...]]:
    """Bars by a loop."""
    bars: dict[tuple[str, int], list[dict[str, float]]] = {}
    for trade in table.sort("event_time", "sequence").iter_rows(named=True):
        bars.setdefault((trade["series"], (trade["event_time"] // STEP + 1) * STEP), []).append(trade)
    return {
        key: (
            rows[0]["price"], max(r["price"] for r in rows), min(r["price"] for r in rows), rows[-1]["price"],
            sum(r["quantity_base"] for r in rows), sum(r["value_usd"] for r in rows),
            sum(r["quantity_base"] for r in rows if r["taker_buys"]), len(rows),
        )
        for key, rows in bars.items()
    }  # fmt: skip


def found(bars: pl.DataFrame) -> dict[tuple[str, int], tuple[float, ...]]:
    columns = ["open", "high", "low", "close", "volume_base", "volume_usd", "taker_buy_base", "trades"]
    return {(row["series"], row["event_time"]): tuple(row[c] for c in columns) for row in bars.iter_rows(named=True)}


@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(1, 8))
def test_bars_of_any_division_equal_a_loop_over_all_trades(seed: int, count: int, parts: int):
    table = trades(count, seed)
    bars = Bars()
    for start in range(0, count, max(1, count // parts)):
        bars.add(table[start : start + max(1, count // parts)], STEPS)
    bars = Bars(bars.state())
    closed = found(bars.close(10 * STEP, 10 * STEP).bars)
    expected = plain(table)
    assert closed.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(closed[key], values, rtol=1e-12)


def test_a_bar_is_closed_when_the_clock_is_the_grace_past_its_end():
    bars = Bars()
    bars.add(trades(20, until=STEP), STEPS)
    assert bars.close(STEP + GRACE - 1, 2 * STEP).bars.is_empty()
    closed = bars.close(STEP + GRACE, 2 * STEP).bars
    assert closed["event_time"].unique().to_list() == [STEP]
    assert closed["known_time"].unique().to_list() == [2 * STEP]
    assert bars.close(2 * STEP + GRACE, 3 * STEP).bars.is_empty()


def test_a_trade_that_comes_again_counts_once_even_after_a_restart():
    bars, table = Bars(), trades(30)
    bars.add(table, STEPS)
    bars.close(STEP + GRACE, 2 * STEP)
    bars = Bars(bars.state())
    bars.add(table[10:], STEPS)
    closed = bars.close(10 * STEP, 10 * STEP)
    assert closed.repeated == 20
    assert (
        sum(values[-1] for values in found(closed.bars).values()) == table.filter(pl.col("event_time") >= STEP).height
    )


def test_a_late_trade_makes_a_new_version_known_later_and_a_very_late_one_is_counted():
    bars, table = Bars(), trades(30, until=STEP)
    bars.add(table[1:], STEPS)
    first = bars.close(2 * STEP, 2 * STEP).bars
    bars.add(table[:1], STEPS)
    second = bars.close(2 * STEP, 2 * STEP + SECOND).bars
    assert second.height == 1
    before = first.filter(pl.col("series") == second["series"][0])
    assert second["trades"][0] == before["trades"][0] + 1
    assert second["known_time"][0] > before["known_time"][0]
    bars.add(trades(5), STEPS)
    assert bars.close(20 * STEP, 20 * STEP).late == 0
    bars.add(table[:1], STEPS)
    assert bars.close(20 * STEP, 20 * STEP).late == 1
