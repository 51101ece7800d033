"""Measured positions take the place of inferred ones: no coin is lost, none is counted twice."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquidation_map.map_specimens import OPEN_INTEREST, dollars, traded
from runout.errors import UsageError
from runout.liquidation_map.ladder import Ladder, ladder, price_edges
from runout.liquidation_map.measured import MeasuredPositions, merged, table


@pytest.fixture(scope="module")
def inferred() -> tuple[Ladder, np.ndarray]:
    state, price = traded()
    edges = price_edges(price * 0.9, price * 1.1, 100)
    return ladder(state.masses(), dollars(), price, edges, OPEN_INTEREST), np.full(2, OPEN_INTEREST)


def positions(count: int, seed: int, price: float, held: float) -> MeasuredPositions:
    rng = np.random.default_rng(seed)
    side = rng.integers(0, 2, count)
    away = np.exp(rng.normal(0.0, 0.05, count))
    at = np.where(rng.random(count) < 0.2, np.nan, np.where(side == 0, price / away, price * away))
    return MeasuredPositions(side=side, size_base=rng.random(count) * held / max(count, 1), liquidation_price=at)


@given(count=st.integers(0, 60), seed=st.integers(0, 1000))
def test_each_side_holds_what_it_held_and_nothing_is_negative(inferred, count, seed):
    of, held = inferred
    exact = positions(count, seed, of.price, held.min())
    made = merged(of, exact, held)
    assert made.positions_base() == pytest.approx(held, rel=1e-12)
    parts = made.inferred_base, made.measured_base, made.inferred_elsewhere_base, made.measured_elsewhere_base
    assert all((one >= -1e-9).all() for one in parts)
    fraction = made.measured_share()
    assert ((fraction >= 0) & (fraction <= 1)).all()
    published = np.bincount(exact.side, weights=exact.size_base, minlength=2)
    assert made.measured_base.sum(axis=1) + made.measured_elsewhere_base == pytest.approx(published)


def test_without_published_positions_the_ladder_is_as_inferred(inferred):
    of, held = inferred
    made = merged(of, positions(0, 0, of.price, 1.0), held)
    assert made.inferred_base == pytest.approx(of.coins)
    assert made.inferred_usd == pytest.approx(of.usd)
    assert not made.measured_share().any()


def test_a_side_that_is_published_whole_has_nothing_inferred(inferred):
    of, held = inferred
    low = of.edges[3] + 1.0
    exact = MeasuredPositions(side=np.array([0]), size_base=held[:1], liquidation_price=np.array([low]))
    made = merged(of, exact, held)
    assert not made.inferred_base[0].any()
    assert made.inferred_base[1] == pytest.approx(of.coins[1])
    assert made.measured_base[0, 3] == held[0]
    assert made.measured_usd[0].sum() == pytest.approx(held[0] * low)
    rows = table(made).filter(pl.col("side") == "long")
    assert rows["measured_share"].to_list() == [1.0]


def test_more_published_than_held_is_refused(inferred):
    of, held = inferred
    exact = MeasuredPositions(
        side=np.array([1]), size_base=held[1:] * 1.1, liquidation_price=np.array([of.price * 1.02])
    )
    with pytest.raises(UsageError, match="coins a side"):
        merged(of, exact, held)
    with pytest.raises(UsageError, match="above zero"):
        merged(of, MeasuredPositions(side=np.array([0]), size_base=np.zeros(1), liquidation_price=np.ones(1)), held)


@pytest.mark.real
def test_real_hyperliquid_whales_merge_into_a_ladder(real_data, inferred):
    rows = pl.read_parquet(real_data / "hl-whale-positions-kitty" / "positions.parquet")
    last = rows.filter((pl.col("coin") == "BTC") & (pl.col("snapshot_ts") == pl.col("snapshot_ts").max()))
    last = last.unique(["address", "coin", "direction"]).filter(pl.col("size") != 0)
    side = (last["direction"].str.to_lowercase() == "short").cast(pl.Int64).to_numpy()
    at = last["liquidation_px"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    exact = MeasuredPositions(
        side=side, size_base=last["size"].abs().to_numpy(), liquidation_price=np.where(at > 0, at, np.nan)
    )
    of, _ = inferred
    price = float((last["position_value"] / last["size"].abs()).median())
    scaled = ladder(traded()[0].masses(), dollars(), of.price, of.edges * price / of.price, OPEN_INTEREST)
    held = np.full(2, 40_000.0) + np.bincount(side, weights=exact.size_base, minlength=2)
    made = merged(scaled, exact, np.maximum(held, scaled.coins.sum(axis=1)))
    assert last.height > 100
    assert made.positions_base() == pytest.approx(np.maximum(held, scaled.coins.sum(axis=1)))
    assert 0.0 < made.measured_share().max() <= 1.0
