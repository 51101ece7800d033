r"""A day of price paths through uncertain ladders and books: the distribution of liquidations and of the low.

Along each path the price without forced trades is given; forced trades displace it by :math:`f(|C|)` against net sales
C, which fade by half in the half-life of the book. Within a step the slide runs to its least fixed point. Each path
draws its own depth and exponent, and one of a few hundred draws of the ladder from its bands.

A past path already holds what forced trades did to it. Which share of it came from outside is an assumption that the
caller makes (and varies) by scaling the paths he hands in.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats, number, positive
from runout.cascade.depth import Band, side_usd
from runout.cascade.ladder import Direction, Rungs
from runout.cascade.market import CoinMarket, Market, impact_of
from runout.errors import UsageError

BAND_DEVIATIONS: Final = 1.6448536269514722
"""Standard deviations from the middle to the edge of a band, 5% to 95%."""


class Uncertainty(msgspec.Struct, frozen=True, kw_only=True):
    """How bands become draws.

    Parameters
    ----------
    variants
        Draws of the ladder, shared out among the paths.
    common
        Part of a bin's error that all bins of a draw share, as a correlation; the rest is each bin's own.
    exponent_deviation
        Standard deviation of γ between paths.
    """

    variants: int = 256
    common: float = 0.7
    exponent_deviation: float = 0.05


EXACT: Final = Uncertainty(variants=1, exponent_deviation=0.0)
"""For ladders and depths without bands: nothing is drawn but the paths."""


class Day(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What came of each path; arrays of shape (paths,).

    Parameters
    ----------
    price_usd
        Of the first coin, where paths start.
    long_usd, short_usd
        Liquidated, all coins. A floor where the path left the map.
    low, high
        Lowest and highest log-price of the first coin relative to the start; −inf or inf where it left its map that
        way.
    beyond
        Whether some coin left its map.
    """

    price_usd: float
    long_usd: Floats
    short_usd: Floats
    low: Floats
    high: Floats
    beyond: npt.NDArray[np.bool_]


class _Ways(msgspec.Struct, frozen=True, eq=False):
    """One coin's paths: lowest and highest log-price, dollars of longs and shorts, and which left the map."""

    reach: Floats
    forced: Floats
    beyond: npt.NDArray[np.bool_]


def simulate_day(
    market: Market,
    paths: Floats,
    rng: np.random.Generator,
    *,
    step_seconds: float,
    uncertainty: Uncertainty = Uncertainty(),  # noqa: B008 - frozen
) -> Day:
    """Return what each of many price paths liquidates, and how low and high it goes.

    Parameters
    ----------
    market
        With bands. Coins follow the same paths, times their ``beta``; coupling through forced trades is left out, and
        books neither withdraw nor have stages here.
    paths
        Shape (paths, steps): log-price of the first coin relative to the start, without forced trades. A coarse step
        misses extremes between its ends.
    rng
        Source of randomness for ladders and books.
    step_seconds
        Length of a step.
    uncertainty
        How bands become draws.

    Raises
    ------
    UsageError
        If the paths are not a finite table, or a parameter is out of range.
    """
    walked = np.ascontiguousarray(paths, dtype=np.float64)
    if walked.ndim != 2 or not walked.size or not np.isfinite(walked).all():
        raise UsageError(f"expected finite paths of shape (paths, steps), found shape {walked.shape}")
    positive("step_seconds", step_seconds)
    positive("variants", uncertainty.variants)
    number("common", uncertainty.common, least=0, most=1)
    number("exponent_deviation", uncertainty.exponent_deviation, least=0, most=1)
    luck = rng.standard_normal(len(walked))  # makers withdraw from all coins together
    ways = [_walk(coin, walked, luck, rng, step=step_seconds, uncertainty=uncertainty) for coin in market.coins]
    forced = np.sum([way.forced for way in ways], axis=0)
    low, high = _reach(market.coins[0], ways[0])
    beyond = np.any([way.beyond for way in ways], axis=0)
    price = market.coins[0].ladder.price_usd
    return Day(price_usd=price, long_usd=forced[:, 0], short_usd=forced[:, 1], low=low, high=high, beyond=beyond)


def _walk(
    coin: CoinMarket, paths: Floats, luck: Floats, rng: np.random.Generator, *, step: float, uncertainty: Uncertainty
) -> _Ways:
    from runout.kernels.fixed_points import walk  # noqa: PLC0415 - numba takes over a second to load

    law = impact_of(coin, "down")
    exponent = 1 / law.exponent + uncertainty.exponent_deviation * rng.standard_normal(len(paths))
    long_levels, long_usd = _ladders(coin.ladder.long, rng, uncertainty)
    short_levels, short_usd = _ladders(coin.ladder.short, rng, uncertainty)
    variant = rng.integers(0, uncertainty.variants, len(paths))
    results = _Ways(np.empty((len(paths), 2)), np.empty((len(paths), 2)), np.empty(len(paths), dtype=np.bool_))
    bids, asks = (_drawn(_depth(coin, direction), luck) for direction in ("down", "up"))
    walk(
        paths if coin.beta == 1 else paths * coin.beta,
        long_levels, short_levels, long_usd, short_usd, variant, bids, asks,
        law.distance, 1 / np.clip(exponent, 0.3, 2.0), _share_left(coin, step),
        results.reach, results.forced, results.beyond,
    )  # fmt: skip
    return results


def _reach(coin: CoinMarket, ways: _Ways) -> tuple[Floats, Floats]:
    low, high = ways.reach[:, 0].copy(), ways.reach[:, 1].copy()
    if coin.ladder.long is not None:
        low[ways.beyond & (low <= -coin.ladder.long.horizon)] = -np.inf
    if coin.ladder.short is not None:
        high[ways.beyond & (high >= coin.ladder.short.horizon)] = np.inf
    return low, high


def _ladders(side: Rungs | None, rng: np.random.Generator, uncertainty: Uncertainty) -> tuple[Floats, Floats]:
    """Return levels with the horizon, and draws of their dollars, shape (variants, levels)."""
    if side is None:
        return np.array([np.inf]), np.zeros((uncertainty.variants, 0))
    band = Band(*(item.sum(axis=0) for item in (side.low_usd, side.usd, side.high_usd)))  # pyright: ignore[reportArgumentType]
    shape = (uncertainty.variants, len(side.distance))
    shared, own = rng.standard_normal((shape[0], 1)), rng.standard_normal(shape)
    luck = np.sqrt(uncertainty.common) * shared + np.sqrt(1 - uncertainty.common) * own
    return np.append(side.distance, side.horizon), _drawn(band, luck)


def _drawn(band: Band, luck: Floats) -> Floats:
    """Return draws with the band's middle as median and its edges at 5% and 95%: lognormal on each side."""
    low, value, high = np.asarray(band.low), np.asarray(band.value), np.asarray(band.high)
    z = luck / BAND_DEVIATIONS
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(value > 0, value * (high / value) ** z, high * z)
        down = np.where(low > 0, value * (value / low) ** z, np.maximum(value * (1 + z), 0))
    return np.ascontiguousarray(np.where(z > 0, up, down))


def _depth(coin: CoinMarket, direction: Direction) -> Band:
    if coin.impact is not None:
        return Band(*(coin.impact.scale_usd,) * 3)
    sides = [side_usd(venue.depth, direction) for venue in coin.venues]
    return Band(*(float(sum(getattr(band, name) for band in sides)) for name in ("low", "value", "high")))


def _share_left(coin: CoinMarket, step: float) -> float:
    """Return the share that weighs on the book a step later: venues' own, weighted by their depth."""
    depths = [venue.depth for venue in coin.venues]
    weights = np.array([depth.bid_usd.value + depth.ask_usd.value for depth in depths])
    kept = 0.5 ** (step / np.array([depth.half_life_seconds for depth in depths]))
    return float(weights @ kept / weights.sum()) if weights.sum() > 0 else 1.0
