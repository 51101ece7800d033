"""Stylised facts: the bounds hold for the real data they were fixed from, and exclude what is no market."""

from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
import pytest

from runout.clock import parse_time
from runout.synthetic import Scenario, World
from runout.synthetic.generating import simulated
from runout.synthetic.publication import publish
from runout.synthetic.stylised import BOUNDS, facts_outside, liquidation_facts, return_facts, world_facts

DAY_BARS = 288
DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.real
def test_real_five_minute_returns_lie_within_the_bounds_in_every_sixty_days(real_data: Path) -> None:
    bars = pl.read_parquet(real_data / "klines-5m-2025" / "perp_BTCUSDT_5m_2025.parquet").sort("open_time")
    close = bars["close"].cast(pl.Float64).to_numpy()
    for first in range(0, len(close) - 60 * DAY_BARS, 60 * DAY_BARS):
        assert facts_outside(return_facts(close[first : first + 60 * DAY_BARS])) == []


@pytest.mark.real
def test_real_liquidations_lie_within_the_bounds_in_every_sixty_days(real_data: Path) -> None:
    folder = real_data / "coinglass-daily-le1ma1"
    forced, interest = (pl.read_csv(folder / f"{name}_agg_1d.csv") for name in ("liquidation", "futures_oi"))
    both = forced.join(interest, on=["symbol", "ts_utc"]).filter(pl.col("liq_long_usd") + pl.col("liq_short_usd") > 0)
    days = both.group_by("ts_utc").agg(pl.col("liq_long_usd", "liq_short_usd", "oi_total_close").sum()).sort("ts_utc")
    columns = [days.filter(pl.col("ts_utc") < "2025-09")[name].to_numpy() for name in days.columns[1:]]
    for first in range(0, len(columns[0]) - 60, 60):
        assert facts_outside(liquidation_facts(*(column[first : first + 60] for column in columns))) == []


def test_a_gaussian_walk_without_memory_is_no_market() -> None:
    close = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.001, 60 * DAY_BARS)))
    assert {"tail_exponent", "volatility_memory_hour"} <= set(facts_outside(return_facts(close)))


def test_the_exponent_of_a_pareto_tail_is_found() -> None:
    size = (1 - np.random.default_rng(2).random(200_000)) ** (-1 / 3.0)
    sign = np.random.default_rng(3).choice([-1, 1], len(size))
    assert return_facts(np.exp(np.cumsum(1e-4 * size * sign)))["tail_exponent"] == pytest.approx(3.0, rel=0.05)


def test_the_page_counts_the_worlds_that_lie_outside() -> None:
    facts = pl.read_csv(DOCS / "images" / "synthetic-facts.csv")
    outside = [row for row in facts.to_dicts() if facts_outside({name: row[name] for name in BOUNDS})]
    ordinary = [row for row in outside if row["scenario"] not in {"squeeze", "systemic"}]  # those are so by design
    page = (DOCS / "synthetic.md").read_text(encoding="utf-8")
    assert f"**{len(outside)} of {len(facts)} worlds lie outside and are excluded**" in page
    assert len(ordinary) <= 0.2 * len(facts)
    assert set(facts["scenario"]) == set(get_args(Scenario))


@pytest.mark.study
@pytest.mark.parametrize(("scenario", "seed"), [("flush", 101), ("systemic", 111), ("overheated", 112)])
def test_the_facts_of_the_page_are_those_of_the_worlds(scenario: Scenario, seed: int) -> None:
    of = World(scenario=scenario, days=60, seed=seed, start=parse_time("2025-07-03"), truth_days=1)
    found = world_facts(publish(of, simulated(of), np.random.default_rng([seed, 1000])))
    told = pl.read_csv(DOCS / "images" / "synthetic-facts.csv").row(
        by_predicate=(pl.col("scenario") == scenario) & (pl.col("seed") == seed), named=True
    )
    assert found == pytest.approx({name: told[name] for name in BOUNDS}, rel=1e-3, abs=2e-5)
