"""The cohort filter: both sides equal open interest, all at once equals one by one, and a plain twin agrees."""

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import UsageError
from runout.liquidation_map import Bars, Cohorts, MapState, advance, reached, start

STEP = 300 * 10**9
COHORTS = Cohorts(distance=(0.005, 0.02, 0.06), share=(0.2, 0.3, 0.1), cell=0.001, half_width=0.4)


def bars(count: int = 300, seed: int = 1, *, deviation: float = 0.003) -> Bars:
    rng = np.random.default_rng(seed)
    x = np.log(30_000) + np.cumsum(rng.standard_t(4, count + 1) * deviation / 1.4)
    wick = np.abs(rng.normal(0, deviation / 2, (2, count)))
    low, high = np.exp(np.minimum(x[1:], x[:-1]) - wick[0]), np.exp(np.maximum(x[1:], x[:-1]) + wick[1])
    volume = rng.gamma(2, 300, count)
    interest = 50_000 + np.cumsum(rng.uniform(-0.9, 0.9, count) * volume)
    return Bars(
        event_time=STEP * np.arange(1, count + 1), low=low, high=high, volume_base=volume,
        open_interest_base=interest, mark_low=low, mark_high=high,
    )  # fmt: skip


def fresh(cohorts: Cohorts = COHORTS) -> MapState:
    return start(30_000, 50_000, 0, STEP, cohorts)


def part(of: Bars, rows: slice) -> Bars:
    return Bars(**{name: getattr(of, name)[rows] for name in Bars.__struct_fields__})


def coins_of(state: MapState) -> np.ndarray:
    """Return mass by side, class, population and entry bucket, from the state's definition."""
    share = np.asarray(state.cohorts.share)[:, np.newaxis, np.newaxis]
    kept = state.opened[:, np.newaxis] - state.swept
    return share * kept * state.scale[:, np.newaxis, :, np.newaxis]


@given(some.integers(0, 2**32), some.floats(0.0005, 0.02))
@settings(max_examples=30)
def test_both_sides_equal_open_interest_after_every_bar(seed: int, deviation: float) -> None:
    state, market = fresh(), bars(120, seed, deviation=deviation)
    for i in range(len(market)):
        advance(state, part(market, slice(i, i + 1)))
        assert state.held() == pytest.approx([market.open_interest_base[i]] * 2, rel=1e-9)
        assert (coins_of(state) >= -1e-6).all()
        assert (coins_of(state).sum(axis=(1, 2, 3)) <= state.held() * (1 + 1e-9)).all()


@given(some.integers(0, 2**32), some.lists(some.integers(1, 299), max_size=6, unique=True))
@settings(max_examples=20)
def test_one_by_one_equals_all_at_once_to_the_bit(seed: int, cuts: list[int]) -> None:
    market = bars(300, seed, deviation=0.01)
    whole, pieces = fresh(), fresh()
    total = advance(whole, market).coins
    edges = [0, *sorted(cuts), 300]
    found = [advance(pieces, part(market, slice(a, b))).coins for a, b in pairwise(edges)]
    for name in ("opened", "swept", "scale", "total", "edge", "base"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name)), name
    assert np.allclose(np.sum(found, axis=0), total, rtol=1e-12)


def test_a_state_put_away_and_taken_up_goes_on_to_the_bit() -> None:
    market, whole, kept = bars(200), fresh(), fresh()
    advance(whole, market)
    advance(kept, part(market, slice(0, 77)))
    taken_up = msgspec.structs.replace(
        kept, **{name: np.frombuffer(getattr(kept, name).tobytes(), getattr(kept, name).dtype)
                 .reshape(getattr(kept, name).shape).copy()
                 for name in ("base", "opened", "swept", "scale", "total", "edge")},
    )  # fmt: skip
    advance(taken_up, part(market, slice(77, 200)))
    assert np.array_equal(coins_of(whole), coins_of(taken_up))


class Twin:
    """The same filter written as its definition reads: explicit mass of every class, closed bar by bar."""

    def __init__(self, cohorts: Cohorts, price: float, interest: float) -> None:
        self.c = cohorts
        self.base = (np.log(price) - cohorts.half_width, -np.log(price) - cohorts.half_width)
        sizes = (2, len(cohorts.distance), len(cohorts.population), cohorts.buckets)
        self.mass = np.zeros(sizes)
        settled = np.array(cohorts.population) / np.array(cohorts.hazard)
        self.never = np.tile(settled / settled.sum() * interest, (2, 1))

    def step(self, low: float, high: float, volume: float, change: float) -> np.ndarray:
        gone = np.zeros(self.mass.shape[:3])
        for side, (x_low, x_high) in enumerate(((np.log(low), np.log(high)), (-np.log(high), -np.log(low)))):
            position = (x_low - self.base[side]) / self.c.cell
            bucket = int(np.floor(position))
            for k, shift in enumerate(self.c.shift):
                for i in range(self.c.buckets):
                    level = i - shift
                    taken = 1.0 if level > bucket else 1.0 - (position - bucket) if level == bucket else 0.0
                    gone[side, k] += taken * self.mass[side, k, :, i]
                    self.mass[side, k, :, i] *= 1.0 - taken
            held = self.mass[side].sum(axis=(0, 2)) + self.never[side]
            rest = max((volume - change) / 2 - gone[side].sum(), 0.0)
            hazard = np.array(self.c.hazard)
            closing = np.minimum(rest * hazard / (hazard * held).sum(), 0.999)
            closed = (closing * held).sum()
            self.mass[side] *= (1 - closing)[np.newaxis, :, np.newaxis]
            self.never[side] *= 1 - closing
            opens = max(change + closed + gone[side].sum(), 0.0)
            first, last = (int(np.floor((x - self.base[side]) / self.c.cell)) for x in (x_low, x_high))
            for p, population in enumerate(self.c.population):
                for k, share in enumerate(self.c.share):
                    self.mass[side, k, p, first : last + 1] += opens * population * share / (last + 1 - first)
                self.never[side, p] += opens * population * (1 - sum(self.c.share))
        return gone


@pytest.mark.parametrize("seed", range(3))
def test_a_plain_twin_holds_and_liquidates_the_same(seed: int) -> None:
    market, state, twin = bars(80, seed, deviation=0.006), fresh(), Twin(COHORTS, 30_000, 50_000)
    change = np.diff(np.concatenate([[50_000.0], market.open_interest_base]))
    slot = np.arange(len(market))
    found = advance(state, market, slot).coins
    for i in range(len(market)):
        gone = twin.step(market.low[i], market.high[i], market.volume_base[i], change[i])
        assert np.allclose(found[i], gone, rtol=1e-8, atol=1e-6), i
    assert np.allclose(coins_of(state), twin.mass, rtol=1e-8, atol=1e-6)


def test_what_a_move_would_reach_is_what_the_next_bar_liquidates() -> None:
    market, state = bars(150), fresh()
    advance(state, part(market, slice(0, 149)))
    low = float(market.low[148]) * 0.97
    expected = reached(state, 0, low)
    deep = msgspec.structs.replace(
        part(market, slice(149, 150)), low=np.array([low]), mark_low=np.array([low]),
        high=np.maximum(market.high[149:150], low),
    )  # fmt: skip
    assert advance(state, deep).coins[0, 0] == pytest.approx(expected)
    assert expected.sum() > 0


def test_a_liquidation_is_not_taken_out_again_through_the_open_interest_it_took() -> None:
    market, state = bars(150), fresh()
    advance(state, market)
    low = float(market.low[-1]) * 0.9
    gone = float(reached(state, 0, low).sum())
    held = float(state.held()[0])
    fall = Bars(
        event_time=market.event_time[-1:] + STEP, low=np.array([low]), high=market.high[-1:],
        volume_base=np.array([gone]), open_interest_base=np.array([held - gone]), mark_low=np.array([low]),
        mark_high=market.high[-1:],
    )  # fmt: skip
    assert advance(state, fall).coins[0, 0].sum() == pytest.approx(gone)
    assert state.held() == pytest.approx([held - gone] * 2)
    assert reached(state, 0, low * 1.001).sum() == pytest.approx(0, abs=1e-6 * held)


def test_the_mark_price_decides_where_it_is_known() -> None:
    market, traded, marked = bars(150), fresh(), fresh()
    calm = msgspec.structs.replace(market, mark_low=market.high.copy())
    assert advance(marked, calm).coins[:, 0].sum() < advance(traded, market).coins[:, 0].sum()


# -- what the identity does not explain -------------------------------------------------------------------------------


def changed(**arrays: np.ndarray) -> Bars:
    return msgspec.structs.replace(bars(300), **arrays)


def test_open_interest_that_volume_cannot_move_is_a_finding_and_is_taken_over() -> None:
    market = bars(300)
    stepped = market.open_interest_base.copy()
    stepped[200:] += 2e6  # contracts read as coins from here on
    state = fresh()
    jumps = advance(state, changed(open_interest_base=stepped)).jumps
    assert [(one.kind, one.event_time) for one in jumps] == [
        ("open interest moved more than volume allows", int(market.event_time[200]))
    ]
    assert state.held() == pytest.approx([stepped[-1]] * 2)


def test_zero_volume_with_moving_open_interest_is_a_finding_for_each_bar() -> None:
    market = bars(300)
    still = market.volume_base.copy()
    still[100:103] = 0.0
    state = fresh()
    jumps = advance(state, changed(volume_base=still)).jumps
    assert len(jumps) == 3
    assert state.held() == pytest.approx([market.open_interest_base[-1]] * 2)


def test_missing_open_interest_is_carried_and_a_silent_day_is_a_finding() -> None:
    market = bars(900)
    gone = market.open_interest_base.copy()
    gone[100:700] = np.nan
    state = fresh()
    jumps = advance(state, msgspec.structs.replace(market, open_interest_base=gone)).jumps
    missing = [one for one in jumps if one.kind == "open interest missing"]
    assert len(missing) == 1
    assert missing[0].event_time == market.event_time[99] + NANOSECONDS_PER_DAY
    assert state.held() == pytest.approx([market.open_interest_base[-1]] * 2)


def test_seven_days_of_silence_are_a_finding_and_the_map_goes_on_from_what_is_reported() -> None:
    market = bars(300)
    later = market.event_time.copy()
    later[150:] += 7 * NANOSECONDS_PER_DAY
    state = fresh()
    jumps = advance(state, changed(event_time=later)).jumps
    assert [(one.kind, one.observed) for one in jumps] == [("gap", 7.0 * NANOSECONDS_PER_DAY)]
    assert state.held() == pytest.approx([market.open_interest_base[-1]] * 2)


def test_a_spike_is_a_finding_and_stays_traded() -> None:
    market = bars(300)
    low = market.low.copy()
    low[200] *= 0.8
    found = advance(fresh(), changed(low=low, mark_low=low))
    assert [one.kind for one in found.jumps] == ["spike"]
    assert found.coins[:, 0].sum() > advance(fresh(), market).coins[:, 0].sum()


def test_a_price_that_leaves_the_grid_takes_the_grid_along() -> None:
    count = 400
    x = np.log(30_000) + np.linspace(0, 1.6, count)
    volume, interest = np.full(count, 500.0), np.full(count, 50_000.0)
    market = Bars(
        event_time=STEP * np.arange(1, count + 1), low=np.exp(x - 0.002), high=np.exp(x + 0.002), volume_base=volume,
        open_interest_base=interest, mark_low=np.exp(x - 0.002), mark_high=np.exp(x + 0.002),
    )  # fmt: skip
    state = fresh()
    found = advance(state, market)
    assert found.coins[:, 1].sum() > 100 * found.coins[:, 0].sum()
    assert state.held() == pytest.approx([50_000] * 2)
    near = reached(state, 0, float(market.low[-1]) * 0.95)
    assert near.sum() > 0


@pytest.mark.parametrize(
    ("name", "value"), [("low", -1.0), ("high", 1.0), ("volume_base", -5.0), ("event_time", 0), ("low", float("nan"))]
)
def test_bars_that_nobody_could_have_traded_are_refused(name: str, value: float) -> None:
    market = bars(10)
    rows = pl.DataFrame({one: getattr(market, one) for one in Bars.__struct_fields__})
    broken = rows.with_columns(
        pl.when(pl.int_range(pl.len()) == 5)
        .then(pl.lit(value))
        .otherwise(pl.col(name))
        .cast(rows[name].dtype)
        .alias(name)
    )
    with pytest.raises(UsageError, match="expected bars with 0 < low"):
        Bars.of(broken)


def test_older_bars_and_impossible_starts_are_refused() -> None:
    state, market = fresh(), bars(10)
    advance(state, market)
    with pytest.raises(UsageError, match="after the state's last one"):
        advance(state, market)
    with pytest.raises(UsageError, match="above zero"):
        start(0.0, 1.0, 0, STEP)
    with pytest.raises(UsageError, match="ascending distances"):
        Cohorts(distance=(0.02, 0.01), share=(0.1, 0.1))


@pytest.mark.real
def test_all_of_2025_conserves_open_interest_and_comes_out_the_same_in_months(real_data: Path) -> None:
    raw = pl.read_parquet(real_data / "klines-5m-2025/perp_BTCUSDT_5m_2025.parquet").sort("open_time")
    interest = pl.read_parquet(
        real_data / "coinglass-4h-felipe/futures_openInterest_ohlc_aggregated_stablecoin_BTC__4h.parquet"
    ).sort("ts_ms")
    times = raw["open_time"].to_numpy() // 10 ** (len(str(raw["open_time"].max())) - 13)
    rows = pl.DataFrame(
        {
            "event_time": times * 10**6 + STEP,
            "low": raw["low"], "high": raw["high"], "volume_base": raw["volume"],
            "open_interest_base": np.interp(times + 300_000, interest["ts_ms"].to_numpy() + 4 * 3_600_000,
                                            interest["close"].to_numpy()),
        }
    )  # fmt: skip
    market = Bars.of(rows)
    begin = start(float(market.low[0]), float(market.open_interest_base[0]), int(market.event_time[0]) - STEP, STEP)
    whole, months = begin.copy(), begin.copy()
    total = advance(whole, market).coins
    found = []
    for first in range(0, len(market), 8_640):
        found.append(advance(months, part(market, slice(first, first + 8_640))).coins)
        now = market.open_interest_base[min(first + 8_640, len(market)) - 1]
        assert months.held() == pytest.approx([now] * 2, rel=1e-9)
    assert np.array_equal(whole.opened, months.opened)
    assert np.allclose(np.sum(found, axis=0), total, rtol=1e-9)
    assert total.sum() > 0
