"""The state of the map: one step a bar, resumable to the bit, blind to later bars, empty where the price has been."""

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquidation_map.map_specimens import PRICE, STEP, bars, swept_to, traded, walked
from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import UsageError
from runout.kernels import levels
from runout.liquidation_map import BUCKET, Bars, MapState, Prior, advance, from_bytes, shipped, start, to_bytes
from runout.liquidation_map.prior import CELL, CELLS
from runout.liquidation_map.state import Steps, crossed, outward, resting


def same(one: MapState, other: MapState) -> bool:
    """Return whether two states are the same to the bit."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("mass", "marks", "sums"))


@given(seed=st.integers(0, 50), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_bar_by_bar_or_all_at_once_is_the_same_to_the_bit(seed: int, cuts: list[int]) -> None:
    whole = bars(walked(seed, 300))
    state = start()
    steps = Steps(state, whole)
    for cut in sorted(cuts):
        steps.through(int(whole.event_time[min(cut, 299)]))
    steps.through(int(whole.event_time[-1]))
    assert same(state, advance(start(), whole))
    assert state.bars == 300


def test_at_a_constant_clock_only_prices_count() -> None:
    whole = bars(walked(2, 300))
    traded_much = msgspec.structs.replace(whole, volume_base=whole.volume_base * np.arange(300))
    plain = advance(start(), whole.at_constant_clock())
    assert same(plain, advance(start(), traded_much.at_constant_clock()))
    assert np.allclose(plain.masses(), advance(start(), whole).masses(), atol=1e-6)  # where volume is even, both agree


def test_a_kept_state_goes_on_as_if_it_had_never_stopped() -> None:
    whole = bars(walked(3, 400))
    cut = int(np.flatnonzero(whole.event_time % BUCKET == 0)[3]) + 1
    before = advance(start(), whole.part(slice(0, cut)))
    kept = to_bytes(before)
    resumed = advance(from_bytes(kept), whole.part(slice(cut, None)))
    assert np.array_equal(from_bytes(kept).masses(), before.masses())
    assert same(resumed, advance(start(), whole))
    assert resumed.bars == 400
    assert len(kept) < 8_000


def test_only_the_end_of_four_hours_can_be_kept_and_only_a_state_read() -> None:
    with pytest.raises(UsageError, match="end of four hours"):
        to_bytes(advance(start(), bars(walked(1, 5))))
    import zlib

    with pytest.raises(UsageError, match="state of a map"):
        from_bytes(zlib.compress(b"nothing"))


def test_compiled_and_plain_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bars(walked(4, 500))
    plain = advance(start(), whole)
    monkeypatch.setattr(levels, "COMPILED_FROM", 0)
    assert same(plain, advance(start(), whole))


@given(seed=st.integers(0, 50), side=st.sampled_from([0, 1]), away=st.floats(0.001, 0.3))
def test_what_the_price_went_through_is_gone_and_nothing_else(seed: int, side: int, away: float) -> None:
    state, price = traded(seed, 200)
    toward = -1.0 if side == 0 else 1.0
    target = price * np.exp(toward * away)
    after = swept_to(state, target)
    # A cell that the price went through by less than half stays whole.
    passed = np.array(sorted((price, target * np.exp(-toward * CELL))))
    if passed[0] < passed[1] and (passed[1] < price or side == 1):
        assert resting(after.masses(), target, passed)[side, 0] == 0.0
    beyond = np.array(sorted((target * np.exp(toward * CELL), target * np.exp(toward * 0.4))))
    assert resting(after.masses(), target, beyond)[side, 0] == pytest.approx(
        resting(state.masses(), price, beyond)[side, 0], abs=2e-4
    )


@given(seed=st.integers(0, 50))
def test_nothing_looks_ahead(seed: int) -> None:
    path = walked(seed, 200)
    other = path.copy()
    other[120:] *= 1.05
    states = [advance(start(), bars(one).part(slice(0, 119))) for one in (path, other)]
    assert same(*states)


@given(seed=st.integers(0, 50), volume=st.sampled_from([0.0, 1.0, 1e6]))
def test_mass_is_a_fraction_and_never_negative(seed: int, volume: float) -> None:
    whole = bars(walked(seed, 150))
    state = advance(start(), msgspec.structs.replace(whole, volume_base=np.full(150, volume)))
    assert (state.masses() >= 0.0).all()
    assert (state.masses().sum(axis=1) <= 1.0 + 1e-3).all()
    assert state.masses().any() == (volume > 0.0)


def test_without_a_sweep_all_that_opened_is_on_the_map() -> None:
    still = bars(np.full(60, PRICE))
    state = advance(start(), still)
    turned = 60 - 1
    opened = 1.0 - np.exp(-shipped().clock.turnover * turned * STEP / NANOSECONDS_PER_DAY)
    assert state.masses().sum(axis=1) == pytest.approx(opened, rel=1e-3)
    edges, mass = outward(state.masses(), 0, PRICE)
    steps = np.floor((np.log(PRICE) - edges[1:]) / CELL).astype(int)
    assert steps[mass > 0.0] == pytest.approx(shipped().shift, abs=1)
    assert mass[mass > 0.0] / mass.sum() == pytest.approx(shipped().share(), abs=2e-3)


def test_volume_is_a_clock_in_normal_days_and_its_unit_does_not_matter() -> None:
    whole = bars(walked(2, 300))
    states = [
        advance(start(), msgspec.structs.replace(whole, volume_base=whole.volume_base * unit)) for unit in (1.0, 1e6)
    ]
    assert np.allclose(states[0].masses(), states[1].masses(), atol=2e-6)


def test_without_volume_the_range_is_the_clock() -> None:
    whole = bars(walked(2, 600))
    blind = advance(start(), msgspec.structs.replace(whole, volume_base=np.full(600, np.nan)))
    seen = advance(start(), whole)
    assert blind.masses().sum() == pytest.approx(seen.masses().sum(), rel=0.1)


def test_a_gap_ages_the_map_by_its_length_and_is_named() -> None:
    whole = bars(walked(6, 200))
    later = 3 * NANOSECONDS_PER_DAY
    holed = msgspec.structs.replace(
        whole, event_time=np.where(np.arange(200) < 150, whole.event_time, whole.event_time + later)
    )
    before = advance(start(), holed.part(slice(0, 150)))
    after = advance(before.copy(), holed.part(slice(150, 151)))
    assert after.masses().sum() < before.masses().sum() * np.exp(-3 * shipped().clock.turnover) * 1.1
    assert [(one.kind, one.observed) for one in holed.irregular()] == [("gap", later)]


def on_a_line(path: np.ndarray, side: int) -> dict[int, float]:
    """Return a side's masses by cell, kept without a ring: every cell there ever was has a place of its own."""
    direction, prior = (1.0, -1.0)[side], shipped()
    stays = float(np.exp(-prior.clock.turnover * STEP / NANOSECONDS_PER_DAY))
    kept: dict[int, float] = {}
    for ends in np.sort(direction * np.log(np.stack([path[:-1], path[1:]], axis=1)) / CELL, axis=1):
        reached, first, last = int(np.ceil(ends[0] - 0.5)), *np.floor(ends).astype(int).tolist()
        kept = {cell: mass * stays for cell, mass in kept.items() if cell < reached}
        for shift, share in zip(prior.shift.tolist(), prior.share().tolist(), strict=True):
            for entry in range(first, last + 1):
                cell = entry - shift
                kept[cell] = kept.get(cell, 0.0) + (1.0 - stays) / (last - first + 1) * share
    return kept


@pytest.mark.parametrize(("side", "factor"), [(0, 30.0), (1, 1.0 / 30.0)])
def test_a_market_that_leaves_its_ring_behind_finds_nothing_of_it_ahead(side: int, factor: float) -> None:
    path = np.concatenate(
        [walked(1, 200), PRICE * np.geomspace(1.0, factor, 900), PRICE * factor * walked(2, 50) / PRICE]
    )
    state = advance(start(), bars(path))
    edges, mass = outward(state.masses(), side, float(path[-1]))
    line = on_a_line(path, side)
    expected = [line.get(cell, 0.0) for cell in np.round(edges[1:] / CELL).astype(int).tolist()]
    near = slice(0, CELLS - 100)  # a ring ends so far from the highest price, which lies within 100 cells of the last
    assert np.allclose(mass[near], expected[near], rtol=1e-3, atol=3e-6)


def test_a_level_is_worth_the_price_in_its_middle() -> None:
    for side, direction in enumerate((1.0, -1.0)):
        masses = np.zeros((2, CELLS))
        cell = int(np.floor(direction * np.log(PRICE) / CELL)) - 100
        masses[side, cell & (CELLS - 1)] = 0.25
        beyond = PRICE * np.exp(-direction * 0.2)
        assert crossed(masses, side, PRICE, beyond) == pytest.approx(0.25 * np.exp(direction * (cell + 0.5) * CELL))


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_a_market_may_move_by_orders_of_magnitude(factor: float) -> None:
    path = np.concatenate(
        [walked(1, 300), np.geomspace(PRICE, PRICE * factor, 40), PRICE * factor * walked(2, 300) / PRICE]
    )
    state = advance(start(), bars(path))
    for side, way in ((0, 0.9), (1, 1.1)):
        whole = crossed(state.masses(), side, path[-1], path[-1] * way)
        assert 0.0 < whole < path[-1] * 1.2
    assert (state.masses().sum(axis=1) <= 1.0 + 1e-3).all()


def test_a_spike_is_kept_and_named_and_a_bar_before_the_state_is_refused() -> None:
    whole = bars(np.array([100.0, 100.0, 130.0, 100.0]))
    assert {one.kind for one in whole.irregular()} == {"spike"}
    state = advance(start(), whole)
    with pytest.raises(UsageError, match="after the state"):
        advance(state, whole)


@pytest.mark.parametrize(
    "wrong", [{"low": 0.0}, {"high": 0.5}, {"volume_base": -1.0}, {"span": 0}], ids=["low", "high", "volume", "span"]
)
def test_bars_that_could_not_have_been_traded_are_refused(wrong: dict[str, float]) -> None:
    row = {"event_time": STEP, "span": STEP, "low": 1.0, "high": 2.0, "volume_base": 3.0}
    assert len(Bars.from_rows(pl.DataFrame([row]))) == 1
    with pytest.raises(UsageError, match="at row 0"):
        Bars.from_rows(pl.DataFrame([row | wrong]))
    with pytest.raises(UsageError, match="none of span"):
        Bars.from_rows(pl.DataFrame([row]).drop("span"))


def test_a_table_without_volume_has_bars_whose_volume_is_not_known() -> None:
    rows = pl.DataFrame({"event_time": [STEP], "span": [STEP], "low": [1.0], "high": [2.0]})
    assert np.isnan(Bars.from_rows(rows).volume_base).all()


def test_classes_that_do_not_fit_the_ring_are_refused() -> None:
    prior = shipped()
    assert prior.share().sum() == pytest.approx(1.0)
    assert (np.diff(prior.share()) > 0.0).all()
    far = msgspec.structs.replace(prior.distance, farthest=CELL * CELLS)
    with pytest.raises(UsageError, match="expected distances"):
        Prior(since="", distance=far, clock=prior.clock, feed=prior.feed)
