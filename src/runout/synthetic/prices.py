"""The latent price: correlated five-minute returns with stochastic volatility and jumps, and the scripted fall."""

import numpy as np
import numpy.typing as npt

from runout.synthetic.world import BURN_IN_DAYS, World

STEPS_PER_HOUR = 12
STEPS_PER_DAY = 24 * STEPS_PER_HOUR
DAILY_VOLATILITY = 0.018
FLUSH_DAYS_BEFORE_END = 4
FLUSH_HOUR = 14
FLUSH_MOVE = -0.065


def latent_returns(world: World, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    r"""Return exogenous log returns, shape (coins, five-minute steps), those of the burn-in first.

    Common shocks have log volatility that reverts with a half-life of four days (standard deviation .45), plus jumps at
    a rate of one in five days with a deviation of 1.2%; a coin's return is :math:`\beta c_t + e_t`.
    """
    days = world.days + BURN_IN_DAYS
    steps = days * STEPS_PER_DAY
    volatility = np.exp(_mean_reverting(days, rng))
    per_step = np.repeat(volatility, STEPS_PER_DAY) * DAILY_VOLATILITY / np.sqrt(STEPS_PER_DAY)
    common = per_step * rng.standard_normal(steps)
    jumps = rng.random(steps) < 1 / (5 * STEPS_PER_DAY)
    common += jumps * rng.normal(0.0, 0.012, steps)
    if world.scenario == "flush":
        first = (days - FLUSH_DAYS_BEFORE_END) * STEPS_PER_DAY + FLUSH_HOUR * STEPS_PER_HOUR
        common[first : first + STEPS_PER_HOUR] += FLUSH_MOVE / STEPS_PER_HOUR
    returns = np.empty((len(world.coins), steps))
    for number, coin in enumerate(world.coins):
        own = coin.own_volatility / np.sqrt(STEPS_PER_DAY) * rng.standard_normal(steps)
        returns[number] = coin.beta * common + own
    return returns


def _mean_reverting(days: int, rng: np.random.Generator, half_life: float = 4.0, deviation: float = 0.45) -> np.ndarray:
    keep = 0.5 ** (1 / half_life)
    shocks = rng.normal(0.0, deviation * np.sqrt(1 - keep**2), days)
    level = np.empty(days)
    level[0] = rng.normal(0.0, deviation)
    for day in range(1, days):
        level[day] = keep * level[day - 1] + shocks[day]
    return level - deviation**2 / 2
