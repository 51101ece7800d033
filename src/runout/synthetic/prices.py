"""The latent price: correlated one-minute returns with GARCH volatility and jumps, and scripted moves."""

import numpy as np
import numpy.typing as npt

from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.traits import fall_scale
from runout.synthetic.world import BURN_IN_DAYS, World

Floats = npt.NDArray[np.float64]

MINUTES_PER_HOUR, MINUTES_PER_DAY = 60, 1440
DAILY_VOLATILITY = 0.018
GARCH_NEWS, GARCH_MEMORY = 0.09, 0.895
"""Hourly GARCH(1,1): weight of the last squared return and of the last variance."""
FAST_DEVIATION, FAST_HALF_LIFE_HOURS = 0.45, 3.0
"""A second factor of volatility that lives for hours: deviation of its logarithm, and half-life."""
SLOW_DEVIATION, SLOW_HALF_LIFE_HOURS = 0.25, 120.0
"""A third that lives for days."""
CLOCK_SWING, CLOCK_PEAK_HOUR = 0.7, 15.0
"""The day's round of activity: half the log of variance at the busiest hour (UTC) over that at the quietest."""
JUMPS_PER_DAY, JUMP_MEAN, JUMP_DEVIATION = 0.2, -0.003, 0.012
SCRIPTED_DAYS = 30


def latent_returns(world: World, rng: np.random.Generator) -> Floats:
    r"""Return exogenous log returns, shape (coins + 1, minutes), the burn-in first; the last row is the common shock.

    Hours of the common shock have :math:`h_{t+1} = \omega + \alpha c_t^2 + \beta h_t` (GARCH, Bollerslev 1986), times
    log-normal factors that revert within hours and within days (time scales as in Engle and Lee 1999) and the round of
    the day :math:`\exp(a \cos(2 \pi (u - 15) / 24) / 2)`, u the UTC hour, plus jumps
    at a rate of one in five days, with a mean of −0.3% and a deviation of 1.2%; a coin's return is
    :math:`\beta c_t + e_t`.
    """
    days = world.days + BURN_IN_DAYS
    common = _garch_minutes(days * 24, rng)
    jumps = rng.random(len(common)) < JUMPS_PER_DAY / MINUTES_PER_DAY
    common += JUMPS_PER_DAY / MINUTES_PER_DAY * -JUMP_MEAN
    common += jumps * rng.normal(JUMP_MEAN, JUMP_DEVIATION, len(common))
    script = SCRIPTS[world.scenario]
    common[-SCRIPTED_DAYS * MINUTES_PER_DAY :] += script.drift / (SCRIPTED_DAYS * MINUTES_PER_DAY)
    scale = fall_scale(world)
    for move in script.moves:
        first, lasts = len(common) - round(move.hours * MINUTES_PER_HOUR), round(move.lasts * MINUTES_PER_HOUR)
        common[first : first + lasts] += scale * move.size / lasts
    returns = np.empty((len(world.coins) + 1, len(common)))
    returns[-1] = common
    for number, coin in enumerate(world.coins):
        own = coin.own_volatility / np.sqrt(MINUTES_PER_DAY) * rng.standard_normal(len(common))
        returns[number] = coin.beta * common + own
    return returns


def _garch_minutes(hours: int, rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal((hours, MINUTES_PER_HOUR)) / np.sqrt(MINUTES_PER_HOUR)
    usual = DAILY_VOLATILITY**2 / 24
    variance = np.empty(hours)
    level = usual * np.exp(rng.normal(0.0, 0.5))
    for hour, shock in enumerate(noise.sum(axis=1)):
        variance[hour] = level
        level = usual * (1 - GARCH_NEWS - GARCH_MEMORY) + level * (GARCH_NEWS * shock**2 + GARCH_MEMORY)
    factor = (
        _living_for(FAST_HALF_LIFE_HOURS, FAST_DEVIATION, hours, rng)
        * _living_for(SLOW_HALF_LIFE_HOURS, SLOW_DEVIATION, hours, rng)
        * _round_of_the_day(hours)
    )
    return ((np.sqrt(variance) * factor)[:, None] * noise).ravel()


def _living_for(half_life_hours: float, deviation: float, hours: int, rng: np.random.Generator) -> Floats:
    """Return a log-normal factor of volatility of mean square 1, by hour."""
    keep = 0.5 ** (1 / half_life_hours)
    shocks = rng.normal(0.0, deviation * np.sqrt(1 - keep**2), hours)
    logarithm, level = np.empty(hours), rng.normal(0.0, deviation)
    for hour, shock in enumerate(shocks):
        level = keep * level + shock
        logarithm[hour] = level
    return np.exp(logarithm - deviation**2)


def _round_of_the_day(hours: int) -> Floats:
    """Return the factor of volatility of each hour, of mean square 1 over a day; hours count from a UTC midnight."""
    away = 2 * np.pi * ((np.arange(hours) + 0.5) % 24 - CLOCK_PEAK_HOUR) / 24
    return np.exp(0.5 * CLOCK_SWING * np.cos(away)) / np.sqrt(np.i0(CLOCK_SWING))
