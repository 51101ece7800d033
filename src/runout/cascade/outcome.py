"""How a slide ends, and what is said of it."""

from enum import StrEnum

import msgspec
import polars as pl

from runout.cascade.ladder import Direction
from runout.cascade.static import Tipping


class Ending(StrEnum):
    """How a slide ends. None of these is an error."""

    STOPPED = "stopped"
    """The books hold."""
    NO_EQUILIBRIUM = "no equilibrium within the horizon"
    """It runs off the map; what it liquidates is a floor."""
    BEYOND_MAP = "the shock itself lies beyond the map"
    """Nothing is known there; what is liquidated on the way is a floor."""
    NOT_MAPPED = "no map of this side"
    """Not observed is not the same as empty."""
    UNFINISHED = "still running when the time was up"
    """Rounds only."""


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How far and how much, in one case of the bands.

    Parameters
    ----------
    ending
        How it ended.
    shock_distance
        Log-distance that the shock moves the price by itself; for an order, through the book as it stood.
    distance
        Log-distance of the extreme that is reached; None where there is no stop on the map.
    price_usd
        The price there.
    liquidated_usd
        Of all coins of the market. A floor unless the slide stopped.
    amplification
        (distance − shock) / shock: 0.5 says that forced trades add half as much again. None without a shock or a stop.
    """

    ending: Ending
    shock_distance: float
    distance: float | None
    price_usd: float | None
    liquidated_usd: float
    amplification: float | None


class Slide(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a shock does, of the first coin where not said otherwise.

    Parameters
    ----------
    coin, price_usd, direction
        What slides, from where, which way.
    value
        At the central values.
    mild, severe
        At the edges of the bands, all together.
    liquidated
        Table ``coin, venue, level_kind, liquidated_side, liquidated_usd, mild_usd, severe_usd``; null: not split.
    tipping
        Levels at which the stop jumps, nearest first, at the central values and of the first coin alone.
    reproduction
        Dollars liquidated within the next one percent over dollars of depth in one percent, where the shock ends; None
        where the map does not reach so far.
    rounds
        Of the round-based solver: table ``round, time_seconds, distance, price_usd, triggered_usd, market_usd,
        backstop_usd, adl_usd, depth_share``; else None.
    stages
        Of the round-based solver: table by coin and venue of where the dollars went (see docs/cascade.md); else None.
    depth_definitions
        Whose depth the result rests on.
    """

    coin: str
    price_usd: float
    direction: Direction
    value: Extent
    mild: Extent
    severe: Extent
    liquidated: pl.DataFrame
    tipping: tuple[Tipping, ...] = ()
    reproduction: float | None = None
    rounds: pl.DataFrame | None = None
    stages: pl.DataFrame | None = None
    depth_definitions: tuple[str, ...] = ()
