"""Flushes begin and end by the definition, in both directions, and do not depend on the future."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import HOUR, STEP, bars, liquidations
from runout.indicators.flushes import Direction, Flush, flush_states
from runout.indicators.liquidations import by_side, trailing
from runout.indicators.windows import extreme_before


def totals(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    sides = by_side(rows)
    found = trailing(sides).select(
        "event_time",
        "known_time",
        pl.col(f"{side}_usd").alias("trailing_usd"),
        pl.col(f"{side}_percentile").alias("percentile"),
    )
    return found.join(sides.select("event_time", pl.col(f"{side}_usd").alias("interval_usd")), on="event_time")


def market(lows: list[float], percentiles: list[float], opens: float = 100.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    n = len(lows)
    time = [(i + 1) * STEP for i in range(n)]
    price = pl.DataFrame(
        {"event_time": time, "known_time": time, "open": [opens] * n, "high": [opens] * n, "low": lows},
        schema_overrides={"low": pl.Float64},
    )
    forced = pl.DataFrame(
        {
            "event_time": time,
            "known_time": time,
            "interval_usd": [1.0] * n,
            "trailing_usd": [6.0] * n,
            "percentile": percentiles,
        }
    )
    return price, forced


def test_a_fall_of_three_percent_with_unusual_liquidations_starts_a_flush_that_ends_after_twelve_quiet_hours() -> None:
    price, forced = market([99.0, 96.5, 96.0, 99.0, 99.0, 99.0, 99.0], [50, 97, 97, 97, 50, 50, 50])
    states = flush_states(price, forced, "flush")
    assert [s.event_time // STEP for s in states] == [2, 3, 4, 5, 6]
    assert [s.state for s in states] == ["running"] * 4 + ["ended"]
    assert states[-1].extreme_price == 96.0
    assert states[-1].extreme_time == 3 * STEP
    assert states[-1].move == pytest.approx(-0.04)
    assert states[-1].liquidated_usd == pytest.approx(6 + 4)
    assert states[-1].event_time - states[-1].extreme_time == 12 * HOUR


@pytest.mark.parametrize(("low", "percentile"), [(97.1, 99.0), (96.0, 94.9)])
def test_neither_a_smaller_fall_nor_usual_liquidations_make_a_flush(low: float, percentile: float) -> None:
    assert flush_states(*market([low], [percentile]), "flush") == []


@pytest.mark.parametrize("direction", ["flush", "squeeze"])
@given(cut=st.integers(1, 200 * 6), seed=st.integers(0, 3))
def test_states_up_to_a_moment_do_not_depend_on_what_follows(direction: Direction, cut: int, seed: int) -> None:
    price, forced = bars(200, seed), totals(liquidations(200, seed), "long" if direction == "flush" else "short")
    everything = flush_states(price, forced, direction)
    until = price["event_time"][cut - 1]
    early = flush_states(price.head(cut), forced.filter(pl.col("event_time") <= until), direction)
    assert early == [state for state in everything if state.event_time <= until]


@given(seed=st.integers(0, 20))
def test_going_on_from_a_running_state_equals_starting_from_the_beginning(seed: int) -> None:
    price, forced = bars(200, seed), totals(liquidations(200, seed), "long")
    everything = flush_states(price, forced, "flush")
    running = [state for state in everything if state.state == "running"]
    for state in running[:3]:
        tail = price.filter(pl.col("event_time") > state.event_time - 30 * HOUR)
        onward = flush_states(tail, forced, "flush", running=state)
        assert onward == [s for s in everything if s.event_time > state.event_time]
    for after in price["event_time"].gather_every(37).to_list():
        at = next((state for state in running if state.event_time == after), None)
        tail = price.filter(pl.col("event_time") > after - 30 * HOUR)
        onward = flush_states(tail, forced, "flush", at, after)
        assert onward == [s for s in everything if s.event_time > after]


def test_a_squeeze_is_the_mirror_of_a_flush() -> None:
    price, forced = market([99.0, 96.5, 96.0, 99.0], [50, 97, 97, 97])
    mirrored = price.with_columns(
        high=10_000 / pl.col("low"), low=10_000 / pl.col("high"), open=10_000 / pl.col("open")
    )
    down, up = flush_states(price, forced, "flush"), flush_states(mirrored, forced, "squeeze")
    assert [(s.event_time, s.state) for s in up] == [(s.event_time, s.state) for s in down]
    assert isinstance(up[0], Flush)
    assert up[-1].move > 0


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 57, 300])
@pytest.mark.parametrize("pick", [np.maximum, np.minimum])
def test_the_extreme_before_a_row_is_that_of_its_plain_version(rows, pick):
    rng = np.random.default_rng(rows)
    values, first = rng.normal(size=rows), np.maximum(np.arange(rows) - rng.integers(0, 40, rows), 0)
    plain = [pick.reduce(values[a:i]) if a < i else np.nan for i, a in enumerate(first)]
    assert np.array_equal(extreme_before(values, first, pick), plain, equal_nan=True)
