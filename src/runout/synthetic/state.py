"""The state of one coin's market as arrays: accounts, markets, rules and what is logged; made, and copied.

Accounts come first by venue: four that belong to the venue's working (maker pool, arbitrageur, backstop, insurance
fund), then the traders. Markets are the perpetual venues in order, then the spot market.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Records = Any
"""``numpy.recarray``: one record an entry, fields by name; numpy's stubs do not know their fields."""

MAKER, ARBITRAGEUR, BACKSTOP, INSURANCE = range(4)
"""Place of a venue's own accounts among its four, and their kind."""
TAKER, TREND_FOLLOWER, CROSS_FUND, HEDGER, CARRY_TRADER = range(4, 9)
"""Kinds of traders. Takers and trend followers have isolated margin, cross funds pledge collateral that moves with the
market, hedgers and carry traders hold no borrowed money and cannot be liquidated."""
KINDS = (
    "maker", "arbitrageur", "backstop", "insurance", "taker", "trend follower", "cross fund", "hedger", "carry trader"
)  # fmt: skip
OWN = 4
"""Accounts of each venue's own."""

BUCKETS, BUCKET_WIDTH = 12_000, 0.0005
"""Liquidation prices are kept in lists by bucket of log price: so many, so wide, the middle one at the first price."""

OPENED, CLOSED, REDUCED, TOPPED_UP, ABSORBED, FORCED, DELEVERAGED = range(7)
CHANGES = ("opened", "closed", "reduced", "topped up", "absorbed", "forced", "deleveraged")
"""What changed a position."""
MARKET_STAGE, BACKSTOP_STAGE, INSURANCE_STAGE, DELEVERAGING_STAGE = range(4)
STAGES = ("market", "backstop", "insurance", "auto-deleveraging")
"""Stages of a liquidation."""

BARS_PER_DAY, MINUTES_PER_BAR, MINUTES_PER_DAY = 288, 5, 1440


ACCOUNT = np.dtype(
    [
        ("kind", "i8"), ("venue", "i8"), ("weight", "f8"), ("quantity", "f8"), ("cash", "f8"), ("outside", "f8"),
        ("entry", "f8"), ("leverage", "f8"), ("pledge", "f8"), ("opened", "i8"), ("level", "f8"), ("reduced", "i8"),
        ("seized", "f8"), ("following", "i8"), ("preceding", "i8"), ("bucket", "i8"),
    ]
)  # fmt: skip
"""One account. ``cash`` is what was paid in, what it bought and sold included, so that its equity is
``cash + quantity · price`` and no trade changes the sum over all accounts. ``outside`` is what was withdrawn less what
was paid in. ``opened`` is the minute its position was opened, −1 where there is none; ``level`` the liquidation price,
0 where there is none; ``reduced`` the minute
a partial liquidation began, ``seized`` the coins of the position that orders of the engine have closed.
``following``, ``preceding`` and ``bucket`` are the lists of levels."""
MARKET = np.dtype(
    [
        ("mid", "f8"), ("consumed", "f8"), ("depth", "f8"), ("variance", "f8"), ("price", "f8"), ("before", "f8"),
        ("mark", "f8"), ("basis", "f8"), ("premium", "f8"), ("funding", "f8"), ("long_open", "f8"),
        ("short_open", "f8"), ("lag", "f8"), ("depth_share", "f8"), ("mark_rule", "i8"), ("funding_minutes", "i8"),
        ("clearance_fee", "f8"), ("bound", "f8"), ("partial_share", "f8"), ("partial_floor", "f8"),
    ]
)  # fmt: skip
"""One market and its rules. Makers centre their quotes at ``mid``; ``consumed`` is what is taken out of the book and
not yet replenished, in depths (positive: bought); ``depth`` the dollars that move the price by 1%; ``basis`` and
``premium`` are the mean and the sum of the gap to spot. Rules as :class:`~runout.synthetic.world.Venue` has them."""
WHOLE = np.dtype(
    [
        ("fundamental", "f8"), ("value", "f8"), ("slow_average", "f8"), ("events", "f8"), ("minute", "i8"),
        ("pledge_value", "f8"),
        ("first_price", "f8"), ("usual_variance", "f8"), ("depth_ratio", "f8"), ("withdrawal", "f8"),
        ("replenished", "f8"), ("permanent", "f8"), ("patience", "f8"), ("forced_impact", "f8"), ("long_bias", "f8"),
        ("top_up", "f8"), ("herding", "f8"), ("close_rate", "f8"),
    ]
)  # fmt: skip
"""What the whole market has one of: the fundamental price (what makers quote
around), the value it returns to, the slow average of the spot price, the count of events, the minute, the
value of a pledged unit; and the dials of the world."""
CHANGE = np.dtype(
    [
        ("minute", "i8"), ("account", "i8"), ("change", "i8"), ("quantity", "f8"), ("entry", "f8"), ("leverage", "f8"),
        ("level", "f8"),
    ]
)  # fmt: skip
"""A position as it stands after a change."""
FORCED_CLOSE = np.dtype(
    [
        ("minute", "i8"), ("round", "i8"), ("account", "i8"), ("venue", "i8"), ("stage", "i8"), ("opened", "i8"),
        ("side", "i8"), ("quantity", "f8"), ("price", "f8"), ("bankruptcy_price", "f8"), ("mark", "f8"),
        ("insurance_usd", "f8"), ("insurance_room", "f8"),
    ]
)  # fmt: skip
"""A forced close at one stage, of the position opened in minute ``opened``; ``insurance_usd`` is the insurance
fund's equity before it, ``insurance_room`` the coins it could still have taken over at the bankruptcy price."""


BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME, BAR_BOUGHT = range(6)
HOUR_LONG, HOUR_SHORT, HOUR_LONG_ACCOUNTS, HOUR_SHORT_ACCOUNTS = range(4)
HOUR_BID, HOUR_ASK, HOUR_FUNDING, HOUR_INSURANCE = range(4, 8)


class Market(NamedTuple):
    """The whole of it.

    Accounts (n,); markets (venues + 1,), the spot market last; whole (1,); ``heads`` (venues, 2, buckets) and ``edge``
    (venues, 2): lists of liquidation prices of longs and shorts, and the bucket nearest the price that may hold one;
    ``tiers`` (venues, 2, tiers): rates and amounts; ``leverages`` (2, classes): multiples and cumulated shares;
    ``cross``: accounts under cross margin. What a day leaves behind: ``bars`` (venues + 1, 288, 6), ``hourly``
    (24, venues, 8), ``changes``, ``forced``, and ``counts`` of the rows in use of both.
    """

    accounts: Records
    markets: Records
    whole: Records
    heads: Integers
    edge: Integers
    tiers: Floats
    leverages: Floats
    cross: Integers
    bars: Floats
    hourly: Floats
    changes: Records
    forced: Records
    counts: Integers


class Draws(NamedTuple):
    """The random numbers of a day, drawn before it begins: no fate of an account changes another's.

    ``latent``: log returns of the fundamental by minute; ``target``: coins that accounts want open; ``pledge``: value
    of a pledged unit; ``first``: shape (1441,), where each minute's turns begin; ``turns``: shape (turns, 4), uniform.
    """

    latent: Floats
    target: Floats
    pledge: Floats
    first: Integers
    turns: Floats


class Log(NamedTuple):
    """The part of a market that a day leaves behind."""

    bars: Floats
    hourly: Floats
    changes: Records
    forced: Records
    counts: Integers


def empty_log(venues: int, turns: int, accounts: int) -> Log:
    """Return a log with room for a day of so many turns."""
    return Log(
        bars=np.zeros((venues + 1, BARS_PER_DAY, 6)),
        hourly=np.zeros((24, venues, 8)),
        changes=records(CHANGE, 2 * turns + 40 * accounts + 1000),
        forced=records(FORCED_CLOSE, turns + 40 * accounts + 1000),
        counts=np.zeros(2, np.int64),
    )


def records(subject: np.dtype[np.void], count: int) -> Records:
    """Return so many empty records."""
    return np.zeros(count, subject).view(np.recarray)


def copied(market: Market, log: Log, forced_impact: float) -> Market:
    """Return a market in the same state whose fate and log are its own, with another impact of forced orders."""
    whole = market.whole.copy()
    whole.forced_impact[:] = forced_impact
    return market._replace(
        accounts=market.accounts.copy(), markets=market.markets.copy(), whole=whole, heads=market.heads.copy(),
        edge=market.edge.copy(), **log._asdict(),
    )  # fmt: skip
