"""Daily ladders against a plain twin, their causality, and how far apart ways and dollars lie."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from forecast.histories import history, with_another_future, without
from runout.forecast.features import evidence_of
from runout.forecast.history import History
from runout.forecast.structural.ladders import (
    CELL,
    GRID,
    GROUPS,
    HALF_WIDTH,
    HAZARD,
    POPULATION,
    SHARE,
    SHIFT,
    ladder_of,
    within,
)
from runout.forecast.structural.terrain import terrain_of

PAST = history(130, seed=4, coins=("BTC", "ETH"))


def ladders_of(past: History) -> np.ndarray:
    return np.stack([ladder_of(past, column) for column in range(len(past.coins))], axis=1)


LADDERS = ladders_of(PAST)
PARTS = 4


def legs(opening: float, high: float, low: float, close: float) -> list[tuple[float, float]]:
    """Return the twelve parts of a day's way, each from and to."""
    turns = [opening, low, high, close] if close >= opening else [opening, high, low, close]
    return [(a + (b - a) * i / PARTS, a + (b - a) * (i + 1) / PARTS) for a, b in pairwise(turns) for i in range(PARTS)]


def plain_longs(of: History, column: int, days: int) -> np.ndarray:
    """Return coins of longs by class and level after some days: every cohort an array of its own, nothing lazy."""
    hazard, population, share = HAZARD, POPULATION, SHARE
    base = float(np.log(of.close[0, column])) - HALF_WIDTH
    interest = of.open_interest_usd[:, column] / of.close[:, column]
    held = np.zeros((len(share), len(hazard), round(2 * HALF_WIDTH / CELL)))
    apart = population / hazard / (population / hazard).sum() * interest[0]
    for day in range(days):
        way = legs(*(float(np.log(getattr(of, name)[day, column])) for name in ("open", "high", "low", "close")))
        length = np.array([abs(b - a) + 1e-4 for a, b in way])
        volume = of.volume_usd[day, column] / of.close[day, column]
        change = float(np.clip(interest[day] - interest[day - 1], -volume, volume)) if day else 0.0
        for (a, b), part in zip(way, length / length.sum(), strict=True):
            gone = 0.0
            place = (min(a, b) - base) / CELL
            for k, shift in enumerate(SHIFT.tolist()):
                last = int(np.floor(place)) + shift
                gone += held[k, :, last + 1 :].sum() + (1 - place % 1) * held[k, :, last].sum()
                held[k, :, last + 1 :] = 0.0
                held[k, :, last] *= place % 1
            total = held.sum(axis=(0, 2)) + apart
            rest = max((volume - change) / 2 * part - gone, 0.0)
            kept = 1 - np.minimum(rest * hazard / (hazard @ total), 0.999)
            closed = float(((1 - kept) * total).sum())
            held *= kept[:, np.newaxis]
            apart *= kept
            opens = (max(change * part + closed + gone, 0.0)) * population
            first, top = (int(np.floor((one - base) / CELL)) for one in (min(a, b), max(a, b)))
            held[:, :, first : top + 1] += (share[:, np.newaxis] * opens)[..., np.newaxis] / (top - first + 1)
            apart += opens * (1 - share.sum())
        scale = interest[day] / (held.sum() + apart.sum())
        held *= scale
        apart *= scale
    return held.sum(axis=1)


@pytest.mark.parametrize("days", [1, 2, 9, 30])
def test_a_ladder_is_that_of_a_plain_twin(days: int) -> None:
    held = plain_longs(PAST, 1, days)
    close = float(PAST.close[days - 1, 1])
    found = LADDERS[days - 1, 1, 0].sum(axis=0) / close
    base = float(np.log(PAST.close[0, 1])) - HALF_WIDTH
    expected = []
    for distance in GRID:
        away = (np.log(close) - distance - base) / CELL
        bucket = int(np.floor(away))
        entries = [(k, bucket + shift) for k, shift in enumerate(SHIFT.tolist())]
        expected.append(sum(held[k, i + 1 :].sum() + (1 - away % 1) * held[k, i] for k, i in entries))
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9 * max(expected))


def test_longs_and_shorts_are_mirror_images() -> None:
    opening = PAST.open.copy()
    opening[0] *= 0.999  # a day that ends where it began goes low first in either world
    of = msgspec.structs.replace(PAST, open=opening)
    mirror = 1e8 / of.close
    mirrored = msgspec.structs.replace(
        of, open=1e8 / of.open, high=1e8 / of.low, low=1e8 / of.high, close=mirror,
        open_interest_usd=of.open_interest_usd / of.close * mirror, volume_usd=of.volume_usd / of.close * mirror,
    )  # fmt: skip
    there, here = (
        ladders_of(one)[:, :, side] / one.close[:, :, np.newaxis, np.newaxis] for one, side in ((mirrored, 0), (of, 1))
    )
    assert np.allclose(there[..., -1], here[..., -1], rtol=1e-6)
    assert np.allclose(there, here, rtol=0.02, atol=0.002 * here.max())


def test_dollars_grow_with_distance_and_stay_under_open_interest() -> None:
    assert (np.diff(LADDERS, axis=-1) >= -1e-6).all()
    most = LADDERS.sum(axis=3)[..., -1] / PAST.open_interest_usd[:, :, np.newaxis]
    assert 0.01 < most[5:].min() <= most.max() <= sum(SHARE) + 1e-9
    assert LADDERS.shape == (130, 2, 2, len(GROUPS), len(GRID))


@given(some.integers(0, 2**32), some.integers(2, 128))
@settings(max_examples=5)
def test_a_ladder_does_not_move_with_what_came_later(seed: int, days: int) -> None:
    other = with_another_future(PAST, days, np.random.default_rng(seed))
    assert np.array_equal(LADDERS[:days], ladders_of(other)[:days])


def test_a_coin_without_volume_has_no_ladder_and_a_silent_day_leaves_it_as_it_was() -> None:
    assert not ladders_of(without(PAST, "volume_usd", coin=0))[:, 0].any()
    silent = {name: getattr(PAST, name).copy() for name in ("close", "open_interest_usd")}
    for values in silent.values():
        values[60] = np.nan
    gap = ladders_of(msgspec.structs.replace(PAST, **silent))
    assert np.array_equal(gap[60], gap[59])
    assert np.array_equal(gap[:60], LADDERS[:60])


def test_dollars_within_a_distance_are_read_off_the_ladder() -> None:
    usd = LADDERS[50, 0, 0]
    assert np.allclose(within(usd, np.array([0.0, 0.0025, 0.6, 3.0])), usd[:, [0, 1, -1, -1]].T)
    assert np.allclose(within(usd, np.array(0.00375)), (usd[:, 1] + usd[:, 2]) / 2)
    assert within(LADDERS, np.full((130, 2, 2), 0.03)).shape == (130, 2, 2, len(GROUPS))


def test_ways_count_from_the_last_close_known() -> None:
    evidence = evidence_of(PAST)
    terrain = terrain_of(evidence)
    day, coin = 40, 1
    assert terrain.fall[day, coin] == pytest.approx(max(np.log(PAST.close[39, coin] / PAST.low[day, coin]), 0.0))
    assert terrain.rise[day, coin] == pytest.approx(max(np.log(PAST.high[day, coin] / PAST.close[39, coin]), 0.0))
    assert np.allclose(terrain.swept[day, coin, 0], within(LADDERS[39, coin, 0], terrain.fall[day, coin]))
    two = terrain_of(evidence_of(PAST, lead=2))
    assert two.fall[day, coin] == pytest.approx(max(np.log(PAST.close[38, coin] / PAST.low[day, coin]), 0.0))
