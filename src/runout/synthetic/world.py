"""What a synthetic world is: coins, venues, scenario, family. Its numbers are choices, said here, never fitted."""

from typing import Literal

import msgspec

Scenario = Literal["calm", "overheated", "flush", "double-dip", "squeeze", "systemic", "outage", "unit-change"]
Family = Literal["mixed", "isolated", "cross", "hedged", "top-ups", "herding"]
"""``mixed`` has a little of everything; ``isolated`` nothing that an estimator of maps would not assume; each of the
others breaks one assumption on purpose."""
Feed = Literal["largest", "one", "complete", "both-counterparties"]

LEVERAGES = (2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Leverage classes of what traders open with borrowed money."""

LEVERAGE_SHARES = (0.12, 0.26, 0.24, 0.21, 0.11, 0.045, 0.015)
"""Share of each class in the number of positions opened, before the world's own draw."""

BURN_IN_DAYS = 20
"""Days simulated before the first that is published: until then the book is that of the start, not of the market."""


class Coin(msgspec.Struct, frozen=True, kw_only=True):
    """One coin of the world.

    Parameters
    ----------
    name
        Symbol; the market is made up whatever the symbol.
    price
        Price before the burn-in (USD).
    open_interest_usd
        Open interest that accounts want before the burn-in (USD, single-sided).
    beta, own_volatility
        Loading on the common shock, and daily volatility of its own (fraction).
    supply
        Coins in existence: market capitalisation over price.
    hourly
        Whether 4 h series are published beside the daily ones.
    """

    name: str
    price: float
    open_interest_usd: float
    beta: float
    own_volatility: float
    supply: float
    hourly: bool = False


COINS = (
    Coin(name="BTC", price=60_000, open_interest_usd=30e9, beta=1.0, own_volatility=0.006, supply=19.8e6, hourly=True),
    Coin(name="ETH", price=3_000, open_interest_usd=12e9, beta=1.25, own_volatility=0.014, supply=120e6, hourly=True),
    Coin(name="SOL", price=150, open_interest_usd=4e9, beta=1.4, own_volatility=0.022, supply=540e6, hourly=True),
    Coin(name="XRP", price=0.6, open_interest_usd=2e9, beta=1.2, own_volatility=0.022, supply=57e9, hourly=True),
    Coin(name="BNB", price=500, open_interest_usd=0.8e9, beta=0.9, own_volatility=0.012, supply=146e6),
    Coin(name="DOGE", price=0.12, open_interest_usd=1.2e9, beta=1.5, own_volatility=0.025, supply=146e9),
    Coin(name="ADA", price=0.45, open_interest_usd=0.5e9, beta=1.3, own_volatility=0.02, supply=35e9),
)


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual venue: its share of accounts and depth, its rules, and what its feeds show.

    Parameters
    ----------
    name, share
        Name, and share of accounts and depth.
    feed
        Liquidations shown: the ``largest`` of each second; ``one`` of each second, whichever came first; all
        (``complete``); all, as a flag on the fills of ``both-counterparties``, which a reader must halve.
    side_word
        Whether the feed's side is that of the closing ``order`` or of the ``position``. Records hold the position's.
    lag
        Share of the distance to the fundamental that its makers' quotes close in a minute.
    mark_rule
        0 median of index with funding, index with mean basis, and last; 1 index with mean basis; 2 last price.
    funding_hours
        Hours between payments.
    clearance_fee
        Of the notional closed by force, as far as margin is left; goes to the insurance fund.
    bound
        Furthest that one order of the engine may walk from the price, fraction.
    partial_share, partial_floor
        Share closed at first of a position worth more than so many mean positions.
    backstop, insurance
        Capital at the start, fraction of the venue's first open interest; 0: there is none.
    tier_floors, tier_rates
        Maintenance tiers: floors in mean positions, since an account here stands for many.
    """

    name: str
    share: float
    feed: Feed
    side_word: Literal["order", "position"] = "order"
    lag: float = 0.9
    mark_rule: Literal[0, 1, 2] = 0
    funding_hours: int = 8
    clearance_fee: float = 0.002
    bound: float = 0.05
    partial_share: float = 1.0
    partial_floor: float = 1e9
    backstop: float = 0.0
    insurance: float = 0.03
    tier_floors: tuple[float, ...] = (0.0, 3.0, 12.0)
    tier_rates: tuple[float, ...] = (0.004, 0.006, 0.012)

    @property
    def capped(self) -> bool:
        """Whether the feed leaves events out."""
        return self.feed in {"largest", "one"}


VENUES = (
    Venue(name="synth-a", share=0.42, feed="largest", lag=1.0),
    Venue(
        name="synth-b", share=0.22, feed="one", lag=0.7, mark_rule=1, bound=0.03, partial_share=0.5, partial_floor=6.0,
        tier_rates=(0.004, 0.008, 0.015),
    ),
    Venue(
        name="synth-c", share=0.26, feed="complete", side_word="position", lag=0.85,
        clearance_fee=0.0, tier_floors=(0.0, 2.0, 6.0, 20.0), tier_rates=(0.005, 0.0065, 0.01, 0.02),
    ),
    Venue(
        name="synth-d", share=0.10, feed="both-counterparties", side_word="position", lag=0.6,
        mark_rule=2, funding_hours=1, clearance_fee=0.0, partial_share=0.2, partial_floor=2.0, backstop=0.02,
        insurance=0.015, tier_floors=(0.0, 10.0), tier_rates=(0.0125, 0.025),
    ),
)  # fmt: skip


class World(msgspec.Struct, frozen=True, kw_only=True):
    """A world to be simulated; the same world gives the same bytes.

    Parameters
    ----------
    scenario
        What befalls it; ``scenarios.py`` says it in numbers.
    days
        Length.
    seed
        Seed of every random draw.
    start
        UTC ns of the first moment; a UTC midnight.
    family
        Which assumptions its accounts break.
    traders
        Accounts of the world, spread over the coins by the square root of their open interest, 400 a coin at least.
    truth_days
        Days at the end of which every change of a position, and every position at each day's end, is kept.
    depth_scale, leverage_scale, forced_impact
        Depth, borrowed multiples and impact of forced orders against what the world would else have; for experiments.
    """

    scenario: Scenario
    days: int
    seed: int
    start: int
    coins: tuple[Coin, ...] = COINS
    venues: tuple[Venue, ...] = VENUES
    family: Family = "mixed"
    traders: int = 8000
    truth_days: int = 14
    depth_scale: float = 1.0
    leverage_scale: float = 1.0
    forced_impact: float = 1.0

    @property
    def title(self) -> str:
        """The world in words: what a series of it carries as its feed.

        Examples
        --------
        >>> World(scenario="calm", days=30, seed=1, start=0).title
        'simulation: calm, 30 days, seed 1'
        """
        family = "" if self.family == "mixed" else f", {self.family}"
        crowd = "" if self.traders == 8000 else f", {self.traders} traders"
        return f"simulation: {self.scenario}{family}{crowd}, {self.days} days, seed {self.seed}"

    def traders_of(self, coin: Coin) -> int:
        """Return how many accounts trade a coin; it depends on no other coin that is simulated beside it."""
        whole = sum(item.open_interest_usd**0.5 for item in COINS)
        return max(round(self.traders * coin.open_interest_usd**0.5 / whole), 400)
