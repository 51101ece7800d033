"""Single events with inverted sides are found as sums are: by the price beside them."""

import numpy as np
import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.quality.prices import prices
from runout.quality.quantity_series import Observed
from runout.quality.side_checks import swapped_sides
from runout.records import KINDS, Series, conform

START, FIVE, DAYS = parse_time("2025-06-01"), 5 * NANOSECONDS_PER_MINUTE, 40


def observed(kind: str, step: int, rows: pl.DataFrame) -> Observed:
    one = Series(
        series=f"mine/{kind}/BTC/bybit/{step}", kind=kind, provider="mine", coin="BTC", venues=("bybit",),
        instruments="BTCUSDT", market="perpetual", step=step,
    )  # fmt: skip
    named = rows.with_columns(series=pl.lit(one.series), coin=pl.lit("BTC"), span=pl.lit(step))
    return Observed(one, conform(named.with_columns(known_time="event_time"), KINDS[kind]))


def market(*, inverted: bool, events: int = 12_066) -> tuple[Observed, Observed]:
    rng = np.random.default_rng(11)
    ends = START + FIVE * np.arange(1, DAYS * 288 + 1)
    moves = rng.normal(0, 0.002, len(ends))
    close = 1e5 * np.exp(np.cumsum(moves))
    first = np.concatenate(([1e5], close[:-1]))
    price = {"open": first, "close": close, "high": np.maximum(first, close), "low": np.minimum(first, close)}
    bar = rng.choice(len(ends), events, p=np.abs(moves) / np.abs(moves).sum())
    long = (moves[bar] < 0) != inverted
    rows = pl.DataFrame(
        {
            "event_time": ends[bar] - rng.integers(0, FIVE, events), "liquidated_side": np.where(long, "long", "short"),
            "sequence": np.arange(events), "value_usd": rng.lognormal(9, 1.5, events),
        }
    )  # fmt: skip
    return observed("liquidations", 0, rows.sort("event_time")), observed(
        "bars", FIVE, pl.DataFrame({"event_time": ends, **price})
    )


@pytest.mark.parametrize("inverted", [True, False])
def test_inverted_sides_of_single_events_are_an_error_and_true_ones_are_not(inverted: bool) -> None:
    liquidations, bars = market(inverted=inverted)
    found = swapped_sides(liquidations, prices([bars]))
    assert [(one.check, one.severity) for one in found] == [("swapped_sides", "error")] * inverted
    for one in found:
        assert one.start_time < START + 6 * NANOSECONDS_PER_HOUR
        assert one.end_time > START + (DAYS * 24 - 6) * NANOSECONDS_PER_HOUR


def test_events_without_bars_beside_them_are_said_to_be_untested() -> None:
    liquidations, _ = market(inverted=True, events=500)
    assert [one.check for one in swapped_sides(liquidations, prices([]))] == ["untested"]
