"""What stands on one screen of a bulletin: figures, each with what it is of. Its JSON is these records."""

from typing import Literal

import msgspec


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """A number with its interval, null where it has none."""

    value: float
    low: float | None = None
    high: float | None = None


class Chance(Amount, frozen=True, kw_only=True):
    """The chance of ``event``, such as at least $330.0M reported."""

    event: str


class Danger(msgspec.Struct, frozen=True, kw_only=True):
    """The danger level of the UTC day, set at its start.

    Parameters
    ----------
    level
        1 to 5; null where it is not stated.
    word
        The level in a word.
    set_at
        ISO 8601 UTC: start of the day it is of.
    chance
        Of a day of at least $1B market-wide, a fraction, with its 90% interval.
    base_rate
        Share of the past 365 days with as much.
    reason
        Why there is no level; empty where there is one.
    measured, measured_scope
        Where there is none: chances of what these data report of the day, and of what; empty where not known.
    next_level, next_chance, next_from
        The same of the 24 h from a later hour, ISO 8601 UTC; null and empty where totals are of whole days.
    """

    level: int | None
    word: str
    set_at: str
    chance: Amount | None
    base_rate: float | None
    reason: str
    measured: tuple[Chance, ...] = ()
    measured_scope: str = ""
    next_level: int | None = None
    next_chance: Amount | None = None
    next_from: str = ""


class Liquidated(msgspec.Struct, frozen=True, kw_only=True):
    """Liquidations of the 24 hours to ``end``: market-wide (inferred, with an interval) or as reported (a lower bound).

    ``usd`` in dollars; ``uncertainty`` names its interval; ``long_share`` is a fraction; ``held_hours``: null for 24.
    """

    usd: Amount
    scope: str
    end: str
    inferred: bool
    uncertainty: str
    long_share: float | None = None
    held_hours: float | None = None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Inferred liquidation levels between two prices; ``distance`` of the near end as a fraction of the price.

    ``usd`` is what the venue would report as liquidated if the price crosses the range, with its 90% band.
    """

    side: Literal["long", "short"]
    low_price: float
    high_price: float
    distance: float
    usd: Amount
    scope: str
    time: str


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """What a fall by ``move`` would do.

    Parameters
    ----------
    move
        Fraction, negative.
    price
        Where it leads; null where no move was asked of the map.
    condition
        What the chance assumes, in words.
    chance
        Of a day of at least $1B market-wide if so, with its 90% interval.
    days_share
        Share of comparable past days that fell as far within 24 hours.
    stop_price
        Where forced selling would end.
    forced, market_wide
        Dollars liquidated on the way, market-wide if so, else on the venue of the map.
    time
        Of the map it was asked of, or of the forecast.
    """

    move: float
    price: float | None
    condition: str
    chance: Amount | None
    days_share: float | None
    stop_price: float | None
    forced: Amount | None
    market_wide: bool
    time: str


class LevelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How often days of a danger level were followed by a wave: a fraction of ``days``, with its 90% interval."""

    level: int
    days: int
    frequency: Amount


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """A bulletin on one screen.

    Parameters
    ----------
    coin, at, synthetic
        As of the bulletin.
    price
        USD per coin, the newest known.
    price_time, oldest_time
        ISO 8601 UTC: of that price, and of the oldest figure shown here (the danger level, set at 00:00, not counted).
    age_minutes
        Of the price, at ``at``.
    danger, liquidated, reported, fall
        Null where the bulletin has none that is current; ``reported`` is the part that ``liquidated`` is inferred from.
    levels
        Two of each side, the nearest first, longs below and shorts above.
    leverage
        Open interest in a sentence; empty where not known.
    leverage_time
        What it is of.
    record
        Of each danger level; empty where none is known.
    missing
        What is not shown and why, a sentence each.
    more
        The command that prints the whole bulletin.
    """

    coin: str
    at: str
    synthetic: bool
    price: float | None
    price_time: str
    oldest_time: str
    age_minutes: int
    danger: Danger | None
    liquidated: Liquidated | None
    reported: Liquidated | None
    levels: tuple[Level, ...]
    fall: Fall | None
    leverage: str
    leverage_time: str
    record: tuple[LevelRecord, ...]
    missing: tuple[str, ...]
    more: str
