"""What a synthetic world is: coins, venues, scenario. Its numbers are choices, said here, never fitted to a model."""

from typing import Literal

import msgspec

Scenario = Literal["calm", "flush"]

LEVERAGES = (3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Leverage classes of accounts that can be liquidated; isolated margin."""

LEVERAGE_SHARES = (0.34, 0.25, 0.22, 0.12, 0.05, 0.02)
"""Share of each class in what such accounts open."""

MAINTENANCE_MARGIN = 0.005
"""Maintenance margin rate of every class: one tier, flat."""

HEDGED_SHARE = 0.45
"""Share of what is opened by accounts that cannot be liquidated (hedgers, basis positions)."""


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
        Open interest before the burn-in (USD, single-sided).
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
    """One perpetual venue: its share of open interest and volume, and what its liquidation feed shows.

    ``capped``: at most the largest liquidation a second is published, so the share shown falls with the rate.
    """

    name: str
    share: float
    capped: bool


VENUES = (
    Venue(name="synth-a", share=0.42, capped=True),
    Venue(name="synth-b", share=0.22, capped=True),
    Venue(name="synth-c", share=0.26, capped=False),
    Venue(name="synth-d", share=0.10, capped=True),
)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """A world to be simulated; the same world gives the same bytes.

    Parameters
    ----------
    scenario
        ``calm``, or ``flush``: a scripted fall of 6.5% within an hour, four days before the end.
    days
        Length.
    seed
        Seed of every random draw.
    start
        UTC ns of the first moment; a UTC midnight.
    """

    scenario: Scenario
    days: int
    seed: int
    start: int
    coins: tuple[Coin, ...] = COINS
    venues: tuple[Venue, ...] = VENUES

    @property
    def title(self) -> str:
        """The world in words: what a series of it carries as its feed.

        Examples
        --------
        >>> World(scenario="calm", days=30, seed=1, start=0).title
        'simulation: calm, 30 days, seed 1'
        """
        return f"simulation: {self.scenario}, {self.days} days, seed {self.seed}"
