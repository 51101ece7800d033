"""Who trades: the accounts of a coin, the rules they live by, and the state of their market at the start."""

import numpy as np

from runout.margin import brackets
from runout.synthetic.prices import DAILY_VOLATILITY, MINUTES_PER_DAY
from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.state import (
    ACCOUNT,
    BUCKETS,
    CARRY_TRADER,
    CROSS_FUND,
    HEDGER,
    MARKET,
    OWN,
    TAKER,
    TREND_FOLLOWER,
    WHOLE,
    Floats,
    Integers,
    Log,
    Market,
    Records,
    records,
)  # fmt: skip
from runout.synthetic.traits import Traits, drawn_traits
from runout.synthetic.world import LEVERAGES, Coin, World

TURNS_PER_DAY = 4.0
"""How often a trader looks at the market."""
SPOT_DEPTH = 0.8
"""Depth of the spot market over that of all perpetual venues."""
HOURLY_CLOSE_SHARE = 0.003
"""Chance in an hour that a position is closed, for each unit of leverage."""
LARGEST_WEIGHT = 25.0
"""Sizes of accounts follow a Pareto law of tail exponent 1.4, cut at so many times its smallest."""
BORROWERS_WANT, HEDGERS_WANT, CARRIED = 3.4, 2.0, 0.3
"""Sum of the usual sizes of traders with borrowed money, of hedgers and of carry traders, over the open interest."""
HALF_LIFE_MINUTES = 6.0
"""Half of what is taken out of a book is replenished in so long."""
PATIENCE = 0.25
"""Share of ordinary orders that walks the book; the rest waits in it."""
LARGEST_SHARE = 0.004
"""No account wants more than about this share of the open interest."""


def made_market(world: World, coin: Coin, log: Log, rng: np.random.Generator) -> Market:
    """Return the market of a coin before its first minute: nobody holds anything."""
    traits, venues, mean_usd = drawn_traits(world), len(world.venues), _mean_position_usd(world, coin)
    accounts = _accounts(world, coin, traits, rng)
    multiple = SCRIPTS[world.scenario].leverage * world.leverage_scale
    shares = np.append(np.cumsum(traits.leverage_shares)[:-1], 1.0)
    return Market(
        accounts=accounts, markets=_markets(world, coin, traits, mean_usd), whole=_whole(world, coin, traits),
        heads=np.full((venues, 2, BUCKETS), -1, np.int64),
        edge=np.tile(np.array([0, BUCKETS - 1], np.int64), (venues, 1)), tiers=_tiers(world, mean_usd),
        leverages=np.stack([np.maximum(np.array(LEVERAGES) * multiple, 1.2), shares]),
        cross=np.flatnonzero(accounts.kind == CROSS_FUND).astype(np.int64), **log._asdict(),
    )  # fmt: skip


def _mean_position_usd(world: World, coin: Coin) -> float:
    return 2.0 * coin.open_interest_usd / world.traders_of(coin)


def _accounts(world: World, coin: Coin, traits: Traits, rng: np.random.Generator) -> Records:
    venues, traders = len(world.venues), world.traders_of(coin)
    shares = np.array([venue.share for venue in world.venues])
    others = (0.14, traits.cross, traits.hedgers, 0.05)
    kinds = [TREND_FOLLOWER, CROSS_FUND, HEDGER, CARRY_TRADER, TAKER]
    accounts = records(ACCOUNT, OWN * venues + traders)
    own, crowd = accounts[: OWN * venues], accounts[OWN * venues :]
    own.kind, own.venue = np.tile(np.arange(OWN), venues), np.repeat(np.arange(venues), OWN)
    crowd.kind = rng.choice(kinds, traders, p=[*others, 1.0 - sum(others)])
    crowd.weight = _weights(crowd.kind, rng)
    crowd.venue = rng.choice(venues, traders, p=shares / shares.sum())
    capital = SCRIPTS[world.scenario].capital
    own.cash = coin.open_interest_usd * np.array([
        part * venue.share
        for venue in world.venues
        for part in (1.0, 1.0, capital * venue.backstop, capital * venue.insurance)
    ])  # fmt: skip
    accounts.outside = -accounts.cash
    accounts.leverage = 1.0
    for name in ("opened", "reduced", "following", "preceding", "bucket"):
        accounts[name] = -1
    return accounts


def _weights(kind: Integers, rng: np.random.Generator) -> Floats:
    """Return the usual size of each account, over the open interest that all want."""
    weight = np.minimum((1.0 - rng.random(len(kind))) ** (-1.0 / 1.4), LARGEST_WEIGHT)
    weight = np.minimum(weight, LARGEST_SHARE / BORROWERS_WANT * weight.sum())
    for kinds, requested in (
        ([TAKER, TREND_FOLLOWER, CROSS_FUND], BORROWERS_WANT), ([HEDGER], HEDGERS_WANT), ([CARRY_TRADER], CARRIED),
    ):  # fmt: skip
        own = np.isin(kind, kinds)
        weight[own] *= requested / max(weight[own].sum(), 1.0)
    return weight


def _whole(world: World, coin: Coin, traits: Traits) -> Records:
    whole = records(WHOLE, 1)
    whole.fundamental = whole.value = whole.slow_average = whole.first_price = coin.price
    whole.pledge_value = 1.0
    whole.usual_variance = (DAILY_VOLATILITY**2 * coin.beta**2 + coin.own_volatility**2) / MINUTES_PER_DAY
    for name in ("depth_ratio", "withdrawal", "permanent", "long_bias", "top_up", "herding"):
        whole[name] = getattr(traits, name)
    whole.replenished, whole.patience, whole.forced_impact = (
        0.5 ** (1 / HALF_LIFE_MINUTES),
        PATIENCE,
        world.forced_impact,
    )
    whole.close_rate = HOURLY_CLOSE_SHARE * 24.0 / TURNS_PER_DAY
    return whole


def _tiers(world: World, mean_usd: float) -> Floats:
    """Return rates and amounts, shape (venues, 2, tiers); a venue with fewer tiers repeats its last."""
    most = max(len(venue.tier_rates) for venue in world.venues)
    tiers = np.empty((len(world.venues), 2, most))
    for number, venue in enumerate(world.venues):
        table = brackets(np.array(venue.tier_floors) * mean_usd, venue.tier_rates)
        tiers[number] = np.stack([table.rates[-1:], table.amounts[-1:]])
        tiers[number, :, : len(table)] = np.stack([table.rates, table.amounts])
    return tiers


def _markets(world: World, coin: Coin, traits: Traits, mean_usd: float) -> Records:
    markets = records(MARKET, len(world.venues) + 1)
    for name in ("mid", "price", "before", "mark"):
        markets[name] = coin.price
    shares = np.array([venue.share for venue in world.venues])
    markets.depth_share, markets.lag = np.append(shares / shares.sum(), SPOT_DEPTH), 1.0
    markets.depth = traits.depth_ratio * markets.depth_share * coin.open_interest_usd
    markets.variance = _whole(world, coin, traits).usual_variance
    venues = markets[:-1]
    for name in ("lag", "mark_rule", "clearance_fee", "bound", "partial_share"):
        venues[name] = [getattr(venue, name) for venue in world.venues]
    venues.funding_minutes = [60 * venue.funding_hours for venue in world.venues]
    venues.partial_floor = [mean_usd * venue.partial_floor for venue in world.venues]
    return markets
