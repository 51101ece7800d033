"""How right a slide was: predicted dollars as a distribution, and beside what came. Arrays in, numbers out."""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats
from runout.cascade.depth import Band
from runout.cascade.ladder import Direction, Rungs
from runout.cascade.market import CoinMarket, Market
from runout.cascade.montecarlo import BAND_DEVIATIONS, EXACT, Uncertainty, simulate_day
from runout.errors import NotEnoughDataError
from runout.scores import FrequencyInterval, wilson_interval

STRATA: Final = 8
"""Values of the factor between dollars forced and reported, equally likely, that draws are shared out among."""
TOTALS: Final = Uncertainty(common=1.0)
"""Bands of a map's ladder are those of sums from the price outward: all levels of a draw err together."""
_RESAMPLES: Final = 2000


class Drawn(msgspec.Struct, frozen=True, eq=False):
    """Draws of one slide or day.

    Parameters
    ----------
    reported_usd, forced_usd
        What a feed shows, and what was closed by force, shape (draws,). A floor where the draw left the map.
    beyond
        Share of the draws that left the map.
    """

    reported_usd: Floats
    forced_usd: Floats
    beyond: float


class Line(msgspec.Struct, frozen=True, eq=False):
    """A regression of log dollars, with the deviation of its residuals."""

    coefficients: Floats
    deviation: float

    def band(self, covariates: npt.ArrayLike) -> Band:
        """Return 5%, 50% and 95% of the dollars."""
        middle = float(np.append(1.0, covariates) @ self.coefficients)
        away = BAND_DEVIATIONS * self.deviation
        return Band(*(float(np.exp(middle + one)) for one in (-away, 0.0, away)))


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Many predictions beside what came.

    Parameters
    ----------
    cases
        How many.
    error, error_low, error_high
        Median error factor, exp of the absolute log ratio, with its 90% bootstrap interval.
    ratio
        Median of predicted over realised: above 1, too much.
    inside
        How often the 90% band held what came.
    """

    cases: int
    error: float
    error_low: float
    error_high: float
    ratio: float
    inside: FrequencyInterval


def at_factor(whole: Market, factor: float, of: Band) -> Market:
    """Return a market whose forced dollars are reported ones times ``factor``, with the band of the map alone.

    Parameters
    ----------
    whole
        Made with the factor's whole band ``of``, as :func:`runout.pipeline.whatif_answers.forced_ladder` does.
    factor, of
        The factor now, and the band it had.
    """
    coins = tuple(
        msgspec.structs.replace(
            coin,
            ladder=msgspec.structs.replace(
                coin.ladder, long=_scaled(coin.ladder.long, factor, of), short=_scaled(coin.ladder.short, factor, of)
            ),
        )
        for coin in whole.coins
    )
    return msgspec.structs.replace(whole, coins=coins)


def moves(distance: npt.ArrayLike, direction: Direction) -> Floats:
    """Return moves made at once as paths of one step, shape (draws, 1)."""
    away = np.asarray(distance, dtype=np.float64)[:, np.newaxis]
    return -away if direction == "down" else away


def drawn(
    whole: Market, paths: Floats, direction: Direction, factor: Band, rng: np.random.Generator,
    *, step_seconds: float = 60.0,
) -> Drawn:  # fmt: skip
    """Return dollars that paths from outside set off, with map, books and factor drawn from their bands.

    Parameters
    ----------
    whole
        As for :func:`at_factor`.
    paths
        Log-price relative to the start, shape (draws, steps): shared out among the factors in turn. Of one step:
        exactly the static solution.
    direction
        Whose side is counted: ``down`` longs.
    factor
        Dollars forced over reported; its edges are 5% and 95%.
    rng
        Source of randomness.
    step_seconds
        Length of a step: books refill in it.
    """
    forced, reported, beyond = (np.zeros(len(paths)) for _ in range(3))
    for place in range(STRATA):
        mine = np.arange(place, len(paths), STRATA)
        if not len(mine):
            continue
        one = _quantile(factor, (place + 0.5) / STRATA)
        known = at_factor(whole, one, factor)
        day = simulate_day(known, paths[mine], rng, step_seconds=step_seconds, uncertainty=TOTALS)
        forced[mine] = day.long_usd if direction == "down" else day.short_usd
        reported[mine], beyond[mine] = forced[mine] / one, day.beyond
    return Drawn(reported, forced, float(beyond.mean()))


def central_usd(whole: Market, path: Floats, direction: Direction, *, step_seconds: float = 60.0) -> float:
    """Return dollars that one path sets off at the central values of map and books.

    Where a map's band reaches down to next to nothing, the median of draws hangs on that edge; this does not.
    """
    coins = tuple(_certain(coin) for coin in whole.coins)
    certain = msgspec.structs.replace(whole, coins=coins)
    rng = np.random.default_rng(0)
    day = simulate_day(certain, np.atleast_2d(path), rng, step_seconds=step_seconds, uncertainty=EXACT)
    return float((day.long_usd if direction == "down" else day.short_usd)[0])


def on_the_way(side: Rungs | None, distance: float) -> Band:
    """Return dollars of a ladder up to a distance: the map without feedback."""
    if side is None:
        return Band(0.0, 0.0, 0.0)
    gone = side.distance <= distance
    return Band(*(float(one[:, gone].sum()) for one in (side.low_usd, side.usd, side.high_usd)))


def line(covariates: npt.ArrayLike, usd: npt.ArrayLike) -> Line:
    """Return the least squares line of log dollars; cases without dollars are left out.

    Parameters
    ----------
    covariates
        Shape (cases, k).
    usd
        Shape (cases,).

    Raises
    ------
    NotEnoughDataError
        If there are not at least three cases more than coefficients.
    """
    given, dollars = np.atleast_2d(np.asarray(covariates, dtype=np.float64)), np.asarray(usd, dtype=np.float64)
    kept = (dollars > 0.0) & np.isfinite(given).all(axis=1)
    design, target = np.column_stack([np.ones(kept.sum()), given[kept]]), np.log(dollars[kept])
    free = len(target) - design.shape[1]
    if free < 3:
        raise NotEnoughDataError(f"expected at least {design.shape[1] + 3} cases with dollars, found {len(target)}")
    found = np.asarray(np.linalg.lstsq(design, target, rcond=None)[0], dtype=np.float64)
    return Line(found, float(np.sqrt(((target - design @ found) ** 2).sum() / free)))


def error_factor(predicted: npt.ArrayLike, realised: npt.ArrayLike) -> Floats:
    """Return max(p/r, r/p), at least 1; ``inf`` where one of them is nothing, 1 where both are.

    Examples
    --------
    >>> error_factor([50.0, 0.0, 0.0], [100.0, 1.0, 0.0]).tolist()
    [2.0, inf, 1.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.asarray(predicted, dtype=np.float64) / np.asarray(realised, dtype=np.float64)
        return np.where(np.isnan(ratio), 1.0, np.maximum(ratio, 1.0 / ratio))


def summary(bands: list[Band], realised: npt.ArrayLike, rng: np.random.Generator) -> Summary:
    """Return how right bands were.

    Raises
    ------
    NotEnoughDataError
        If there are none.
    """
    came = np.asarray(realised, dtype=np.float64)
    if not len(came):
        raise NotEnoughDataError("expected at least one prediction, found none")
    middle = np.array([one.value for one in bands])
    errors = error_factor(middle, came)
    again = np.median(errors[rng.integers(0, len(errors), (_RESAMPLES, len(errors)))], axis=1)
    low, high = np.quantile(again, [0.05, 0.95], method="nearest").tolist()
    inside = sum(one.low <= value <= one.high for one, value in zip(bands, came.tolist(), strict=True))
    with np.errstate(divide="ignore"):
        ratio = float(np.median(middle / came))
    return Summary(
        cases=len(came), error=float(np.median(errors)), error_low=low, error_high=high, ratio=ratio,
        inside=wilson_interval(inside, len(came)),
    )  # fmt: skip


def band_of(values: npt.ArrayLike) -> Band:
    """Return 5%, 50% and 95% of draws."""
    return Band(*np.quantile(np.asarray(values, dtype=np.float64), [0.05, 0.5, 0.95]).tolist())


def _certain(coin: CoinMarket) -> CoinMarket:
    sides = {
        name: None if one is None else msgspec.structs.replace(one, low_usd=one.usd, high_usd=one.usd)
        for name, one in (("long", coin.ladder.long), ("short", coin.ladder.short))
    }
    venues = tuple(
        msgspec.structs.replace(
            venue,
            depth=msgspec.structs.replace(
                venue.depth, bid_usd=_point(venue.depth.bid_usd), ask_usd=_point(venue.depth.ask_usd)
            ),
        )
        for venue in coin.venues
    )
    return msgspec.structs.replace(coin, ladder=msgspec.structs.replace(coin.ladder, **sides), venues=venues)


def _point(of: Band) -> Band:
    return Band(of.value, of.value, of.value)


def _scaled(side: Rungs | None, factor: float, of: Band) -> Rungs | None:
    if side is None:
        return None
    return msgspec.structs.replace(
        side, usd=side.usd * (factor / of.value), low_usd=side.low_usd * (factor / of.low),
        high_usd=side.high_usd * (factor / of.high),
    )  # fmt: skip


def _quantile(of: Band, level: float) -> float:
    from scipy.special import ndtri  # noqa: PLC0415 - a third of a second, only where something is drawn

    z = float(ndtri(level)) / BAND_DEVIATIONS
    edge = of.high / of.value if z > 0 else of.value / of.low
    return float(of.value * edge**z)
