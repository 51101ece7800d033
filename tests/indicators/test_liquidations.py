"""Liquidation totals refuse gaps, rank honestly and never look ahead."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY, STEP, liquidations
from runout.indicators.liquidations import by_side, intensity, trailing
from runout.indicators.windows import percentile_rank, trailing_sum


def test_sides_add_up_over_coins() -> None:
    rows = liquidations(3, 0)
    sides = by_side(rows)
    assert sides["long_usd"].sum() == pytest.approx(rows.filter(pl.col("liquidated_side") == "long")["value_usd"].sum())
    assert sides.height == 18


def test_a_time_at_which_a_coin_is_missing_is_absent() -> None:
    rows = liquidations(3, 0).filter(~((pl.col("coin") == "ETH") & (pl.col("event_time") == 2 * STEP)))
    assert 2 * STEP not in by_side(rows)["event_time"].to_list()


def test_a_window_with_a_hole_is_null_not_smaller() -> None:
    sides = by_side(liquidations(4, 1)).filter(pl.col("event_time") != 10 * STEP)
    found = trailing(sides)
    with_hole = found.filter(pl.col("event_time").is_between(10 * STEP, 15 * STEP))
    assert with_hole["total_usd"].null_count() == with_hole.height
    assert found.filter(pl.col("event_time") == 16 * STEP)["total_usd"].null_count() == 0


def test_shares_and_imbalance_agree() -> None:
    found = trailing(by_side(liquidations(100, 2))).drop_nulls("long_share")
    assert np.allclose(found["imbalance"], (found["long_usd"] - found["short_usd"]) / found["total_usd"])


@given(cut=st.integers(1, 120 * 6), seed=st.integers(0, 3))
def test_totals_up_to_a_moment_do_not_depend_on_what_follows(cut: int, seed: int) -> None:
    sides = by_side(liquidations(120, seed))
    assert trailing(sides.head(cut)).equals(trailing(sides).head(cut))


@given(tail=st.integers(1, 40), seed=st.integers(0, 3))
def test_the_tail_computed_alone_equals_the_tail_of_everything(tail: int, seed: int) -> None:
    sides = by_side(liquidations(420, seed))
    alone = sides.filter(pl.col("event_time") > sides["event_time"][-tail] - 367 * DAY)
    assert trailing(alone).tail(tail).equals(trailing(sides).tail(tail))


@given(
    values=st.lists(st.one_of(st.integers(0, 9), st.none()), min_size=1, max_size=60),
    window=st.integers(1, 30),
    after=st.integers(-1, 60),
)
def test_ranks_equal_their_plain_definition(values: list[int | None], window: int, after: int) -> None:
    x, t = np.array(values, float), np.arange(len(values), dtype=np.int64)
    plain = [
        100 * np.mean((past < x[i]) + 0.5 * (past == x[i])) if i > after and not np.isnan(x[i]) else np.nan
        for i in range(len(x))
        for past in [x[max(0, i - window + 1) : i + 1][~np.isnan(x[max(0, i - window + 1) : i + 1])]]
    ]
    assert np.allclose(percentile_rank(x, t, window, 1, after), plain, equal_nan=True)


@given(values=st.lists(st.floats(0, 1e9), min_size=1, max_size=50), window=st.integers(1, 12))
def test_trailing_sums_equal_their_plain_definition(values: list[float], window: int) -> None:
    x, t = np.array(values), np.arange(1, len(values) + 1, dtype=np.int64)
    found = trailing_sum(x, t, np.ones_like(t), window)
    plain = [x[i - window + 1 : i + 1].sum() if i >= window - 1 else np.nan for i in range(len(x))]
    assert np.allclose(found, plain, equal_nan=True)


def test_intensity_is_dollars_over_what_stood_before() -> None:
    assert intensity(1e9, 40e9) == pytest.approx(0.025)
    with pytest.raises(ValueError, match="positive open interest"):
        intensity(1.0, 0.0)
