"""The largest fall is found, and the order inside a bar is not guessed."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY, bars
from runout.indicators.positioning import relative_short_size
from runout.indicators.price import change, largest_fall


def test_a_high_and_a_low_of_the_same_bar_are_not_taken_as_a_fall() -> None:
    one = pl.DataFrame({"event_time": [1], "open": [100.0], "high": [110.0], "low": [99.0]})
    fall = largest_fall(one)
    assert fall is not None
    assert (fall.high, fall.low) == (100.0, 99.0)


def test_no_bars_no_fall() -> None:
    assert largest_fall(bars(1, 0).clear()) is None


@given(seed=st.integers(0, 100))
def test_the_fall_equals_the_plain_search_over_pairs(seed: int) -> None:
    rows = bars(4, seed)
    high, low, first = (rows[name].to_numpy() for name in ("high", "low", "open"))
    pairs = [low[j] / max([*high[:j], first[j]]) - 1 for j in range(len(low))]
    fall = largest_fall(rows)
    assert fall is not None
    assert fall.move == pytest.approx(min(pairs))
    assert fall.high_time <= fall.low_time


def test_a_change_needs_a_bar_that_ends_at_its_start() -> None:
    rows = bars(3, 1)
    assert change(rows, int(rows["event_time"][-1]) - DAY) == pytest.approx(rows["close"][-1] / rows["close"][-7] - 1)
    assert change(rows, 12345) is None


def test_with_as_many_long_accounts_as_short_ones_sizes_are_equal() -> None:
    assert relative_short_size(0.5) == 1.0
    assert np.isclose(relative_short_size(0.6181), 1.6185, atol=1e-4)
    with pytest.raises(ValueError, match="inside 0 and 1"):
        relative_short_size(1.0)
