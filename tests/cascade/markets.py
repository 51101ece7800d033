"""Markets to slide on."""

import numpy as np

from runout.cascade.depth import Band, depth
from runout.cascade.ladder import Group, ladder, rungs
from runout.cascade.market import Venue, coin_market, market

DEFINITION = "made up"


def homogeneous_coin(ratio, *, coin="BTC", bins=4000, horizon=0.3, usd=100e6, venue=None, exponent=1.0, **options):
    """Return a coin of one venue whose ladder has R = ratio on both sides."""
    side = rungs(np.linspace(0, horizon, bins + 1), np.full(bins, ratio * usd * horizon / 0.01 / bins))
    book = depth(usd, definition=DEFINITION, exponent=exponent, **options)
    one = Venue(name="one", depth=book, **(venue or {}))
    return coin_market(ladder(coin, 100_000.0, long=side, short=side), (one,))


def random_market(seed, venues=3, *, coins=1, finite_insurance=True):
    """Return coins on several venues with lumpy ladders, latencies, small insurance funds and withdrawing makers."""
    rng = np.random.default_rng(seed)
    found = [_random_coin(rng, f"C{i}", venues, finite_insurance=finite_insurance) for i in range(coins)]
    coupling = np.where(np.eye(coins) == 1, 1.0, rng.uniform(0, 0.3, (coins, coins)))
    return market(*found, coupling=coupling)


def _random_coin(rng, name, venues, *, finite_insurance):
    names = [f"v{i}" for i in range(venues)]
    groups = (*(Group(venue, leverage) for venue in names for leverage in ("low", "high")), Group(None, "unsplit"))
    bins = 150
    sides = []
    for _ in range(2):
        usd = rng.lognormal(0, 1.5, (len(groups), bins)) * 4e4 * (rng.random((len(groups), bins)) < 0.6)
        sides.append(rungs(np.linspace(0, 0.3, bins + 1), usd, usd * 0.6, usd * 1.5))
    made = tuple(
        Venue(
            name=one,
            depth=depth(
                Band(*np.sort(rng.lognormal(16.5, 0.4, 3))), definition=DEFINITION, exponent=0.75,
                half_life_seconds=rng.uniform(10, 60), withdrawal=0.3, usual_move=0.005,
            ),
            latency_seconds=rng.integers(0, 5), pace_seconds=rng.uniform(0, 5), margin_rate=0.005,
            insurance_usd=rng.uniform(0, 2e5) if finite_insurance else np.inf,
            backstop_share=2 / 3 if i == 0 else None, backstop_usd=1e7,
        )
        for i, one in enumerate(names)
    )  # fmt: skip
    book = ladder(name, rng.uniform(1, 1e5), long=sides[0], short=sides[1], groups=groups)
    return coin_market(book, made, beta=rng.uniform(0.5, 1.5), mark_index_weight=0.7, arbitrage_seconds=3.0)


def random_walks(rng, paths, steps, daily_volatility, *, tail=3.0):
    """Return a day of log-price paths with independent steps; each day's scale has a Student t tail."""
    walks = np.cumsum(rng.standard_normal((paths, steps)), axis=1)
    scale = np.full(paths, daily_volatility / np.sqrt(steps))
    if tail is not None:
        scale *= np.sqrt((tail - 2) / rng.chisquare(tail, paths))
    return walks * scale[:, None]
