"""Flows: the exact delta of bars, sums by a plain loop, who leads by definition, and a real day by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY, STEP
from indicators.real_tables import klines
from runout.clock import parse_time
from runout.indicators.flows import divergence, net_taker_flow, spot_against_perpetual

amounts = st.floats(0, 1e9)


def flow(n: int, seed: int, step: int = STEP) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    time = (np.arange(n, dtype=np.int64) + 1) * step
    return pl.DataFrame({"event_time": time, "known_time": time, "span": step}).with_columns(
        net_usd=pl.Series(rng.normal(0, 1e8, n)), volume_usd=pl.Series(rng.lognormal(22, 0.3, n))
    )


@given(buys=amounts, sells=amounts)
def test_bars_and_taker_volumes_of_the_same_trades_give_the_same_flow(buys: float, sells: float) -> None:
    stamp = {"event_time": [STEP], "span": [STEP], "known_time": [STEP]}
    volumes = net_taker_flow(pl.DataFrame(stamp | {"buy_usd": [buys], "sell_usd": [sells]}))
    bars = net_taker_flow(pl.DataFrame(stamp | {"taker_buy_usd": [buys], "volume_usd": [buys + sells]}))
    assert volumes["net_usd"][0] == pytest.approx(bars["net_usd"][0], abs=1e-6)
    assert volumes["volume_usd"][0] == bars["volume_usd"][0]
    assert abs(volumes["net_usd"][0]) <= volumes["volume_usd"][0]


def test_sums_scores_and_shares_are_those_of_a_plain_loop() -> None:
    spot, perpetual = flow(120 * 6, 1), flow(120 * 6, 2)
    found = spot_against_perpetual(spot, perpetual)
    row, i = found.row(700, named=True), 700
    days = [
        [sum(frame[name][k - 5 : k + 1]) for k in range(5, i + 1)]
        for frame in (spot, perpetual)
        for name in ("net_usd", "volume_usd")
    ]
    spot_net, spot_volume, perpetual_net, perpetual_volume = days
    assert row["spot_net_usd"] == pytest.approx(spot_net[-1])
    assert row["perpetual_net_usd"] == pytest.approx(perpetual_net[-1])
    past = spot_net[-540:]
    mean = sum(past) / 540
    deviation = (sum((value - mean) ** 2 for value in past) / 539) ** 0.5
    assert row["spot_score"] == pytest.approx(spot_net[-1] / deviation)
    share = [p / (p + s) for p, s in zip(perpetual_volume, spot_volume, strict=True)]
    assert row["leverage_share"] == pytest.approx(share[-1])
    assert row["leverage_share_percentile"] == pytest.approx(
        100 * (sum(value < share[-1] for value in share) + 0.5) / len(share)
    )
    assert row["spot_to_futures"] == pytest.approx(spot_volume[-1] / perpetual_volume[-1])
    assert row["spot_led_share"] == pytest.approx(abs(spot_net[-1]) / (abs(spot_net[-1]) + abs(perpetual_net[-1])))


def test_markets_that_reach_back_differently_are_not_compared() -> None:
    fine = flow(120 * 6, 2).with_columns(span=pl.lit(STEP // 4, pl.Int64))
    assert spot_against_perpetual(flow(120 * 6, 1), fine).is_empty()


@pytest.mark.parametrize(
    ("spot", "perpetual", "verdict"),
    [
        (-1.2, 1.5, "leverage against spot"),
        (1.2, -1.5, "leverage against spot"),
        (0.3, 1.5, "leverage alone"),
        (-0.99, 1.0, "leverage alone"),
        (1.5, 0.3, "spot alone"),
        (1.5, 1.2, "spot and leverage agree"),
        (-1.5, -1.2, "spot and leverage agree"),
        (0.5, -0.5, "quiet"),
        (None, 1.0, "unknown"),
        (1.0, None, "unknown"),
    ],
)
def test_the_verdict_says_which_market_is_loud(spot: float | None, perpetual: float | None, verdict: str) -> None:
    assert divergence(spot, perpetual) == verdict


@pytest.mark.real
def test_takers_sold_2_01_billion_of_perpetuals_and_0_14_billion_of_spot_on_14_august_2025(real_data: Path) -> None:
    start, sums = parse_time("2025-08-14"), {}
    for market in ("perp", "spot"):
        day = klines(real_data, market).filter((pl.col("event_time") > start) & (pl.col("event_time") <= start + DAY))
        assert day.height == 288
        trades = day.select("taker_buy_quote_volume", "quote_volume").iter_rows()
        by_hand = sum(2 * bought - traded for bought, traded in trades)
        rows = day.select(
            "event_time", known_time="event_time", span=pl.lit(DAY // 288),
            taker_buy_usd="taker_buy_quote_volume", volume_usd="quote_volume",
        )  # fmt: skip
        sums[market] = net_taker_flow(rows)
        assert sums[market]["net_usd"].sum() == pytest.approx(by_hand)
    both = spot_against_perpetual(sums["spot"], sums["perp"]).row(-1, named=True)
    assert both["perpetual_net_usd"] == pytest.approx(-2_008_051_573, abs=1)
    assert both["spot_net_usd"] == pytest.approx(-141_689_221, abs=1)
    assert both["leverage_share"] == pytest.approx(31_188_419_054 / (31_188_419_054 + 3_359_128_391))
    assert both["spot_led_share"] == pytest.approx(141_689_221 / (141_689_221 + 2_008_051_573))
    assert both["spot_score"] is None
