"""Open interest changes split exactly, and nothing later enters them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY, interest
from runout.indicators.open_interest import CHANGE_WINDOWS, changes, decompose, sign_dependence

dollars = st.floats(1e6, 1e12)
prices = st.floats(1e-3, 1e6)


def test_the_documented_change_of_august_2025_comes_out() -> None:
    # All venues, 48 h to 2025-08-18 12:00: dollars and closes of the two instants; split as the data notes state it.
    change = decompose(82_248_291_111, 117_340.4, 82_909_990_915, 114_900.0)
    assert change.change_usd == pytest.approx(661_699_804)
    assert change.position_usd == pytest.approx(2_397e6, abs=1e6)
    assert change.price_usd == pytest.approx(-1_736e6, abs=1e6)


@given(dollars, prices, dollars, prices)
def test_position_and_price_effect_leave_no_residual(o0: float, p0: float, o1: float, p1: float) -> None:
    change = decompose(o0, p0, o1, p1)
    scale = max(abs(change.position_usd), abs(change.price_usd), o0, o1)
    assert change.position_usd + change.price_usd == pytest.approx(change.change_usd, abs=1e-9 * scale)


@given(dollars, prices, dollars, prices)
def test_the_split_is_symmetric_in_time(o0: float, p0: float, o1: float, p1: float) -> None:
    there, back = decompose(o0, p0, o1, p1), decompose(o1, p1, o0, p0)
    assert there.position_usd == pytest.approx(-back.position_usd, rel=1e-9, abs=1e-6)


def test_a_price_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="expected positive prices"):
        decompose(1.0, 0.0, 1.0, 1.0)


@given(cut=st.integers(1, 160 * 6), seed=st.integers(0, 5))
def test_changes_up_to_a_moment_do_not_depend_on_what_follows(cut: int, seed: int) -> None:
    rows = interest(160, seed)
    for window in CHANGE_WINDOWS.values():
        assert changes(rows.head(cut), window).equals(changes(rows, window).head(cut))


@given(tail=st.integers(1, 60), seed=st.integers(0, 5))
def test_the_tail_computed_alone_equals_the_tail_of_everything(tail: int, seed: int) -> None:
    rows = interest(160, seed)
    lookback = rows.filter(pl.col("event_time") > rows["event_time"][-tail] - 94 * DAY)
    window = CHANGE_WINDOWS["48h"]
    assert changes(lookback, window).tail(tail).equals(changes(rows, window).tail(tail))


def test_a_change_needs_the_value_exactly_that_far_back() -> None:
    rows = interest(40, 1)
    gone = rows.filter(pl.col("event_time") != rows["event_time"][10])
    after = gone.filter(pl.col("event_time") == rows["event_time"][16])["event_time"].item()
    found = changes(gone, CHANGE_WINDOWS["24h"]).filter(pl.col("event_time") == after)
    assert found["change_usd"].to_list() == [None]


def test_the_sign_hangs_on_the_fewest_venues_that_turn_it() -> None:
    assert sign_dependence({"gate": 30.0, "mexc": 8.0, "binance": -25.0, "cme": -5.0}) == ("gate",)
    assert sign_dependence({"gate": 30.0, "mexc": 8.0, "bingx": 4.0, "binance": -4.0, "cme": -1.0}) == ("gate", "mexc")


def test_a_sign_that_all_share_hangs_on_none() -> None:
    assert sign_dependence({"a": 1.0, "b": 2.0}) == ()
