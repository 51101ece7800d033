"""Days of price paths: against the static solver, against a plain walk, and what uncertainty does."""

import math

import numpy as np
import pytest

from cascade.markets import homogeneous_coin, random_market, random_walks
from runout.cascade.depth import Band, depth
from runout.cascade.ladder import ladder, rungs
from runout.cascade.market import Venue, coin_market, impact_of, market
from runout.cascade.montecarlo import (
    EXACT,
    Uncertainty,
    simulate_day,
)
from runout.cascade.static import curve, stops
from runout.errors import UsageError

STEP = 900.0


def two_sided_coin(seed=1, *, band=1.0, half_life_seconds=math.inf, exponent=0.75, size=2e6):
    rng = np.random.default_rng(seed)
    sides = []
    for _ in range(2):
        usd = rng.lognormal(0, 1, 200) * size
        sides.append(rungs(np.linspace(0, 0.4, 201), usd, usd / band, usd * band))
    book = depth(
        Band(150e6 / band, 150e6, 150e6 * band), ask_usd=Band(120e6 / band, 120e6, 120e6 * band), definition="made up",
        exponent=exponent, half_life_seconds=half_life_seconds,
    )  # fmt: skip
    return coin_market(ladder("BTC", 1e5, long=sides[0], short=sides[1]), (Venue(name="one", depth=book),))


def plain_walk(path, coin, keep):
    """Return (low, high, longs, shorts, beyond) of one path, the plain way."""
    longs, shorts = coin.ladder.long, coin.ladder.short
    down, up = impact_of(coin, "down"), impact_of(coin, "up")
    levels = np.append(longs.distance, longs.horizon), np.append(shorts.distance, shorts.horizon)
    gone, taken, low, high = [0, 0], 0.0, 0.0, 0.0
    usd = np.append(longs.usd[0], 0.0), np.append(shorts.usd[0], 0.0)
    faint = min(float(one.inverse(1e-5)) for one in (down, up)) if keep < 0.5 else 0.0  # a tenth of a basis point
    for place in path:
        taken = 0.0 if abs(taken * keep) < faint else taken * keep
        while True:
            x = place - float(down.displacement(max(taken, 0.0))) + float(up.displacement(max(-taken, 0.0)))
            reached = [np.searchsorted(levels[0], -x, side="right"), np.searchsorted(levels[1], x, side="right")]
            low, high = min(low, x), max(high, x)
            side = 0 if reached[0] > gone[0] else 1 if reached[1] > gone[1] else None
            if side is None:
                break
            taken += (1, -1)[side] * usd[side][gone[side] : reached[side]].sum()
            gone[side] = reached[side]
            if gone[side] > 200:
                break
        if max(gone) > 200:
            break
    return low, high, usd[0][: gone[0]].sum(), usd[1][: gone[1]].sum(), max(gone) > 200


def test_a_path_of_one_step_is_a_static_slide():
    coin = two_sided_coin()
    shocks = np.random.default_rng(2).uniform(0, 0.41, 400)
    for sign, side in ((-1, "long"), (1, "short")):
        day = simulate_day(
            market(coin), sign * shocks[:, None], np.random.default_rng(0), step_seconds=STEP, uncertainty=EXACT
        )
        direction = "down" if side == "long" else "up"
        found = stops(curve(getattr(coin.ladder, side), impact_of(coin, direction)), shocks)
        reach = -day.low if side == "long" else day.high
        assert reach == pytest.approx(found.distance, rel=1e-12)
        assert getattr(day, f"{side}_usd") == pytest.approx(found.liquidated_usd, rel=1e-12)
        assert np.array_equal(day.beyond, np.isinf(found.distance))


def test_the_compiled_walk_is_its_plain_twin():
    coin = two_sided_coin(half_life_seconds=600.0, size=4e6)
    rng = np.random.default_rng(5)
    paths = random_walks(rng, 300, 40, 0.15)
    day = simulate_day(market(coin), paths, rng, step_seconds=STEP, uncertainty=EXACT)
    plain = [plain_walk(path, coin, 0.5 ** (STEP / 600)) for path in paths]
    inside = ~day.beyond
    assert np.array_equal(day.beyond, [one[4] for one in plain])
    assert 0 < inside.sum() < len(paths)
    found = np.column_stack([day.low, day.high, day.long_usd, day.short_usd])[inside]
    assert found == pytest.approx(np.array([one[:4] for one in plain])[inside], rel=1e-9)


def test_without_impact_a_day_liquidates_what_its_paths_pass():
    coin = two_sided_coin(exponent=1.0)
    still = coin_market(coin.ladder, (Venue(name="one", depth=depth(1e30, definition="endless", exponent=1.0)),))
    paths = random_walks(np.random.default_rng(3), 500, 48, 0.03)
    day = simulate_day(market(still), paths, np.random.default_rng(0), step_seconds=STEP, uncertainty=EXACT)
    low, high = np.minimum(paths.min(axis=1), 0), np.maximum(paths.max(axis=1), 0)
    cumulative = np.concatenate([[0], np.cumsum(coin.ladder.long.usd[0])])
    expected = cumulative[np.searchsorted(coin.ladder.long.distance, -low, side="right")]
    inside = ~day.beyond
    assert day.low[inside] == pytest.approx(low[inside])
    assert day.high[inside] == pytest.approx(high[inside])
    assert day.long_usd[inside] == pytest.approx(expected[inside])


def test_books_that_refill_hold_more():
    falls = -np.abs(random_walks(np.random.default_rng(3), 2000, 48, 0.03))
    lows = [
        simulate_day(
            market(coin), falls, np.random.default_rng(0), step_seconds=STEP, uncertainty=EXACT
        ).long_usd.mean()
        for coin in (two_sided_coin(half_life_seconds=h, size=4e5) for h in (60.0, 7200.0, math.inf))
    ]
    assert lows[0] < lows[1] < lows[2]


def test_bands_widen_the_distribution_and_leave_its_middle():
    paths = np.full((4000, 1), -0.05)
    narrow, wide = (
        simulate_day(market(two_sided_coin(band=band, size=3e5)), paths, np.random.default_rng(0), step_seconds=STEP)
        for band in (1.05, 1.6)
    )
    assert np.median(wide.long_usd) == pytest.approx(np.median(narrow.long_usd), rel=0.1)
    assert np.std(np.log(wide.long_usd)) > 3 * np.std(np.log(narrow.long_usd))


def test_draws_of_a_band_have_its_edges_at_five_and_ninety_five_percent():
    coin = coin_market(
        ladder("BTC", 1e5, long=rungs([0, 0.02, 0.9], [50e6, 0], [20e6, 0], [80e6, 0])),
        (Venue(name="one", depth=depth(1e20, definition="endless", exponent=1.0)),),
    )
    day = simulate_day(
        market(coin), np.full((20_000, 1), -0.05), np.random.default_rng(0), step_seconds=STEP,
        uncertainty=Uncertainty(variants=4096),
    )  # fmt: skip
    assert np.quantile(day.long_usd, (0.05, 0.5, 0.95)) == pytest.approx([20e6, 50e6, 80e6], rel=0.05)


def test_a_day_is_repeated_by_its_seed():
    one, two = (
        simulate_day(random_market(4, coins=2), random_walks(np.random.default_rng(1), 50, 20, 0.05),
                     np.random.default_rng(8), step_seconds=STEP) for _ in range(2)
    )  # fmt: skip
    for name in ("long_usd", "short_usd", "low", "high", "beyond"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_coins_add_up_and_follow_by_their_beta():
    coins = [homogeneous_coin(0.2), homogeneous_coin(0.2, coin="ETH")]
    paths = random_walks(np.random.default_rng(1), 300, 20, 0.02, tail=None)
    alone, both = (
        simulate_day(market(*coins[:n]), paths, np.random.default_rng(0), step_seconds=STEP, uncertainty=EXACT)
        for n in (1, 2)
    )
    assert both.long_usd == pytest.approx(2 * alone.long_usd)
    assert np.array_equal(both.low, alone.low)


@pytest.mark.parametrize("venues", [(), None], ids=["no venue", "an empty book"])
def test_without_depth_every_path_that_meets_a_position_leaves_the_map(venues):
    empty = (Venue(name="one", depth=depth(0.0, definition="empty")),) if venues is None else venues
    coin = coin_market(ladder("BTC", 1e5, long=rungs([0, 0.1, 0.3], [5.0, 1.0])), empty)
    paths = np.array([[-0.01, 0.02], [-0.06, 0.0], [0.5, 0.5]])
    day = simulate_day(market(coin), paths, np.random.default_rng(0), step_seconds=STEP, uncertainty=EXACT)
    assert day.beyond.tolist() == [False, True, False]
    assert day.low.tolist() == [-0.01, -math.inf, 0.0]
    assert day.long_usd.tolist() == [0.0, 6.0, 0.0]
    assert day.short_usd.tolist() == [0.0, 0.0, 0.0]  # shorts are not mapped


@pytest.mark.parametrize(
    "paths", [np.zeros(3), np.zeros((0, 4)), np.array([[math.nan]])], ids=["one row", "none", "NaN"]
)
def test_what_is_no_table_of_paths_is_refused(paths):
    with pytest.raises(UsageError, match="finite paths"):
        simulate_day(market(two_sided_coin()), paths, np.random.default_rng(0), step_seconds=STEP)
