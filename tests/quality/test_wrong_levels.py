"""Figures that were wrong in public and passed: zeros between levels, a print far off, a level that never moves."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, parse_time
from runout.quality.jumps import spikes, wicks
from runout.quality.quantity_series import Observed
from runout.quality.stale_values import frozen
from runout.records import KINDS, Series, conform

START = parse_time("2025-06-01")


def hourly(kind: str, **columns: object) -> Observed:
    height = max(len(values) for values in columns.values() if isinstance(values, np.ndarray))
    times = START + np.arange(1, height + 1) * NANOSECONDS_PER_HOUR
    one = Series(
        series=f"mine/{kind}/BTC/okx/1h",
        kind=kind,
        provider="mine",
        coin="BTC",
        venues=("okx",),
        instruments="BTC-USDT-SWAP",
        market="perpetual",
        step=NANOSECONDS_PER_HOUR,
    )
    rows = pl.DataFrame({"event_time": times, "known_time": times, **columns})
    span = NANOSECONDS_PER_HOUR if kind == "bars" else 0
    rows = rows.with_columns(series=pl.lit(one.series), coin=pl.lit("BTC"), span=pl.lit(span))
    return Observed(one, conform(rows, KINDS[kind]))


def interest(rows: int = 720) -> np.ndarray:
    return 3e9 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.002, rows)))


def test_zeros_between_levels_are_errors() -> None:
    values = interest()
    values[[100, 400]] = 0.0
    found = spikes(hourly("open_interest", open_interest_usd=values))
    assert [(one.check, one.severity, one.start_time) for one in found] == [
        ("spike", "error", START + 101 * NANOSECONDS_PER_HOUR),
        ("spike", "error", START + 401 * NANOSECONDS_PER_HOUR),
    ]
    assert spikes(hourly("open_interest", open_interest_usd=interest())) == []


def test_a_level_that_never_moves_is_frozen() -> None:
    [found] = frozen(hourly("open_interest", open_interest_usd=np.full(2000, 9_123_456_789.0)))
    assert (found.check, found.severity, found.observed) == ("frozen", "error", 2000.0)


def test_funding_that_never_moves_may_rest() -> None:
    assert frozen(hourly("funding", rate=np.full(200, 1.25e-5), interval_hours=np.ones(200))) == []


def test_one_print_far_from_all_around_it_is_a_warning() -> None:
    close = interest(100) / 3e4
    open_ = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
    bars = {"open": open_, "close": close, "low": low}
    assert wicks(hourly("bars", high=high, **bars)) == []
    high[50] *= 8
    [found] = wicks(hourly("bars", high=high, **bars))
    assert (found.severity, found.start_time) == ("warning", START + 51 * NANOSECONDS_PER_HOUR)
    assert "high is 8" in found.statement or "a factor 8" in found.statement
