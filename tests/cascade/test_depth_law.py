"""The laws of depth and impact: inverses, integrals, fits, and what they refuse."""

import numpy as np
import pytest

from cascade.markets import DEFINITION, homogeneous_coin
from runout.cascade.arrays import amounts
from runout.cascade.depth import Impact, depth
from runout.cascade.ladder import ladder, rungs
from runout.cascade.market import Venue, coin_market, market
from runout.cascade.montecarlo import simulate_day
from runout.errors import UsageError

LAWS = (
    Impact(2e8, 0.01, 1.0),
    Impact(2e8, 0.01, 4 / 3),
    Impact(1e10, 0.03, 0.5, linear_usd=1e5),
)


@pytest.mark.parametrize("law", LAWS)
def test_dollars_move_the_price_and_the_move_says_the_dollars(law: Impact) -> None:
    usd = np.array([1.0, 1e4, 1e5, 3e7, 4e8])
    np.testing.assert_allclose(law.inverse(law.displacement(usd)), usd, rtol=1e-9)
    assert law.displacement(0.0) == 0.0
    assert (np.diff(law.displacement(usd)) > 0).all()


def test_a_law_that_moves_nothing_needs_endless_dollars() -> None:
    still = Impact(1e8, 0.0, 1.0)
    assert still.displacement(1e12) == 0.0
    assert still.inverse([0.0, 0.01]).tolist() == [0.0, np.inf]


def test_a_coin_with_a_law_of_its_own_walks_by_that_law() -> None:
    side = rungs(np.array([0.0, 0.01, 0.02, 0.3]), np.array([0.0, 5e7, 0.0]))
    book = depth(1e8, definition=DEFINITION, exponent=1.0)
    venues = (Venue(name="one", depth=book),)
    own = coin_market(ladder("BTC", 100.0, long=side), venues, impact=Impact(1e12, 0.01, 1.0))
    walked = coin_market(ladder("BTC", 100.0, long=side), venues)
    path = np.array([[0.0, -0.0201, -0.0201, -0.0201]])
    lows = [
        simulate_day(market(one), path, np.random.default_rng(1), step_seconds=60.0).low[0] for one in (own, walked)
    ]
    assert lows[0] == pytest.approx(-0.0201, abs=1e-4)  # ten thousand times as deep: forced trades move nothing
    assert lows[1] < -0.022


def test_a_side_without_a_map_has_nothing_to_liquidate() -> None:
    both = homogeneous_coin(0.5, bins=50)
    one_sided = coin_market(ladder("BTC", 100.0, long=both.ladder.side("down")), both.venues)
    path = np.array([[0.0, 0.05, 0.1]])
    day = simulate_day(market(one_sided), path, np.random.default_rng(1), step_seconds=60.0)
    assert (day.short_usd[0], day.long_usd[0]) == (0.0, 0.0)


def test_amounts_are_numbers() -> None:
    with pytest.raises(UsageError, match="numbers in dollars"):
        amounts("dollars", ["many"])
