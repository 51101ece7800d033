"""Open interest whose label changes from the end to the start of its interval: found by the price in it."""

import numpy as np
import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_MINUTE, parse_time
from runout.quality.audit_findings import AuditFinding
from runout.quality.prices import prices
from runout.quality.quantity_series import Observed
from runout.quality.stamp_checks import shifted_stamps
from runout.records import KINDS, Series, conform

STEP, DAY_ROWS = 5 * NANOSECONDS_PER_MINUTE, 288
START, CHANGE = parse_time("2026-06-24"), parse_time("2026-06-25")


def observed(kind: str, times: np.ndarray, **columns: np.ndarray) -> Observed:
    one = Series(
        series=f"mine/{kind}/BTC/binance/5m", kind=kind, provider="mine", coin="BTC", venues=("binance",),
        instruments="BTCUSDT", market="perpetual", margin="stablecoin", step=STEP,
    )  # fmt: skip
    rows = pl.DataFrame({"event_time": times, "known_time": times, **columns})
    return Observed(
        one,
        conform(rows.with_columns(series=pl.lit(one.series), coin=pl.lit("BTC"), span=pl.lit(STEP)), KINDS[kind]),
    )


def found(shift: int, *, days: int = 2, noise: float = 2e-4) -> list[AuditFinding]:
    """Return findings where rows after the change are stamped ``shift`` steps off."""
    rng = np.random.default_rng(5)
    ends = START + STEP * np.arange(-1, days * DAY_ROWS + 3)
    close = 1e5 * np.exp(np.cumsum(rng.normal(0, 0.001, len(ends))))
    bars = observed("bars", ends, open=close, high=close, low=close, close=close)
    inside = slice(2, len(ends) - 2)
    coins = 9e4 + np.cumsum(rng.normal(0, 20, len(ends)))[inside]
    mark = close[inside] * np.exp(rng.normal(0, noise, len(coins)))
    stamp = ends[inside] + np.where(ends[inside] > CHANGE, shift * STEP, 0)
    interest = observed("open_interest", stamp, open_interest_base=coins, open_interest_usd=coins * mark)
    rows = interest.rows.unique("event_time", keep="first").sort("event_time")
    return shifted_stamps(Observed(interest.series, rows), prices([bars]))


@pytest.mark.parametrize(("shift", "words"), [(-1, "one step early"), (1, "one step late")])
def test_a_label_that_changes_at_a_date_is_found_from_that_date_on(shift: int, words: str) -> None:
    [one] = found(shift)
    assert (one.check, one.severity) == ("stamp_shift", "warning")
    assert words in one.statement
    assert abs(one.start_time - CHANGE) <= 73 * STEP
    assert one.end_time > CHANGE + (DAY_ROWS - 73) * STEP


def test_true_stamps_and_prices_too_far_from_the_bars_say_nothing() -> None:
    assert found(0) == []
    assert found(0, noise=0.01) == []
    assert found(-1, noise=0.05) == []
