"""The market of one coin, hour by hour: price path, forced closes and their impact, opens and closes in balance.

Each hour:

1. the latent path moves the price; positions whose liquidation price it crosses are closed by force, exogenously;
2. what is closed moves the price by 1% for every ``depth`` dollars (of which 15% is gone an hour later); positions
   crossed only by that move are closed too, endogenously, for at most six rounds, the last of which moves nothing;
3. of what is closed by force, half is taken over by new positions that cannot be liquidated and half ends positions of
   the other side, so both sides stay equal;
4. ordinary accounts close a share of their positions and open new ones, so that both sides end equal.
"""

import msgspec
import numpy as np

from runout.synthetic.accounts import Side
from runout.synthetic.prices import STEPS_PER_DAY, STEPS_PER_HOUR
from runout.synthetic.world import BURN_IN_DAYS, Coin

ROUNDS = 6
DEPTH_SHARE = 0.01
"""Depth within 1% over open interest."""
TAKEN_OVER = 0.5
TRUTH_DAYS = 14
SMALLEST = 1e-5
"""Positions below this share of the first open interest are folded together once a day."""
RECOVERY_PER_HOUR = 0.15
"""Share of the price impact of forced closes that is gone an hour later."""


class Track(msgspec.Struct, frozen=True):
    """Everything that happened to one coin.

    Parameters
    ----------
    price
        Shape (five-minute steps + 1,): price after each step, the first before any.
    open_interest
        Shape (hours + 1,): coins, single-sided, after each hour.
    volume
        Shape (hours,): coins traded on all venues, each trade once.
    net_taker
        Shape (hours,): taker buys minus taker sells, coins.
    long_exogenous, long_endogenous, short_exogenous, short_endogenous
        Shape (hours,): coins closed by force, by side and cause.
    long_accounts
        Shape (hours,): share of accounts that are long.
    depth
        Shape (hours,): dollars within 1% of the price, each side.
    positions
        Hidden truth at the end of each of the last 14 days: day, side, size, entry, leverage, liquidation price.
    """

    price: np.ndarray
    open_interest: np.ndarray
    volume: np.ndarray
    net_taker: np.ndarray
    long_exogenous: np.ndarray
    long_endogenous: np.ndarray
    short_exogenous: np.ndarray
    short_endogenous: np.ndarray
    long_accounts: np.ndarray
    depth: np.ndarray
    positions: np.ndarray


def simulate(coin: Coin, latent: np.ndarray, rng: np.random.Generator) -> Track:
    """Return what happens to ``coin`` after the burn-in when ``latent`` (five-minute log returns) moves its price."""
    hours = len(latent) // STEPS_PER_HOUR
    price = np.empty(len(latent) + 1)
    price[0] = coin.price
    longs, shorts = Side(1), Side(-1)
    start = coin.open_interest_usd / coin.price
    for side in (longs, shorts):
        side.open_unlevered(start, coin.price)
    target = start * np.exp(np.cumsum(rng.normal(0.0, 0.0022, hours)))
    interest = np.empty(hours + 1)
    interest[0] = longs.total
    flows = {name: np.zeros(hours) for name in ("volume", "net_taker", "le", "ln", "se", "sn", "accounts", "depth")}
    thinness = np.exp(rng.normal(0.0, 0.15, hours))
    churn = np.exp(rng.normal(0.0, 0.4, hours))
    positions: list[np.ndarray] = []
    displaced = 0.0
    for hour in range(hours):
        steps = slice(hour * STEPS_PER_HOUR, (hour + 1) * STEPS_PER_HOUR)
        depth = DEPTH_SHARE * interest[hour] * price[steps.start] * thinness[hour]
        recovery = -RECOVERY_PER_HOUR * displaced / STEPS_PER_HOUR
        path, forced, impact = _forced(price[steps.start], latent[steps] + recovery, longs, shorts, depth)
        displaced = displaced * (1 - RECOVERY_PER_HOUR) + impact
        price[steps.start + 1 : steps.stop + 1] = path
        ordinary = _ordinary(longs, shorts, float(path[-1]), float(target[hour]))
        interest[hour + 1] = longs.total
        move = abs(float(np.log(path[-1] / price[steps.start])))
        flows["volume"][hour] = ordinary + sum(forced) + interest[hour] * churn[hour] * (0.08 + 4 * move)
        flows["le"][hour], flows["ln"][hour], flows["se"][hour], flows["sn"][hour] = forced
        direction = np.tanh(60 * np.log(path[-1] / price[steps.start]))
        flows["net_taker"][hour] = flows["volume"][hour] * (0.06 * direction + 0.02 * rng.standard_normal())
        flows["accounts"][hour] = 0.5 - 2.2 * np.log(path[-1] / price[max(steps.start - STEPS_PER_DAY, 0)])
        flows["depth"][hour] = depth / (1 + 25 * move)
        if hour % 24 == 23:
            longs.tidy(start * SMALLEST)
            shorts.tidy(start * SMALLEST)
            if hour >= hours - 24 * TRUTH_DAYS:
                positions += [_snapshot(hour // 24 - BURN_IN_DAYS, side) for side in (longs, shorts)]
    first = BURN_IN_DAYS * 24
    seen = {name: values[first:] for name, values in flows.items()}
    return Track(
        price[first * STEPS_PER_HOUR :], interest[first:], seen["volume"], seen["net_taker"],
        seen["le"], seen["ln"], seen["se"], seen["sn"],
        np.clip(seen["accounts"] + 0.08, 0.2, 0.8), seen["depth"], np.concatenate(positions),
    )  # fmt: skip


def _forced(
    price: float, latent: np.ndarray, longs: Side, shorts: Side, depth: float
) -> tuple[np.ndarray, tuple[float, float, float, float], float]:
    """Close what the hour's path crosses; return the path, coins by side and cause, and the impact (log price)."""
    path = price * np.exp(np.cumsum(latent))
    long_sums, short_sums, total_impact = [0.0, 0.0], [0.0, 0.0], 0.0
    for round_number in range(ROUNDS):
        cause = 0 if round_number == 0 else 1
        sold = _close_crossed(longs, shorts, float(path.min()))
        bought = _close_crossed(shorts, longs, float(path.max()))
        long_sums[cause] += sold
        short_sums[cause] += bought
        if sold + bought == 0.0:
            break
        if round_number == ROUNDS - 1:
            break  # makers take what the last round closes without moving the price: nobody stands beyond it
        impact = -0.01 * (sold - bought) * price / depth
        total_impact += impact
        turn = int(np.argmin(path)) if sold >= bought else int(np.argmax(path))
        path = np.concatenate([path[:turn], path[turn:] * np.exp(impact)])
    return path, (long_sums[0], long_sums[1], short_sums[0], short_sums[1]), total_impact


def _close_crossed(side: Side, other: Side, worst: float) -> float:
    gone = side.crossed(worst)
    amount = float(side.size[gone].sum())
    if amount > 0.0:
        side.remove(gone)
        side.open_unlevered(TAKEN_OVER * amount, worst)
        other.close((1 - TAKEN_OVER) * amount / other.total)
    return amount


def _ordinary(longs: Side, shorts: Side, price: float, target: float) -> float:
    """Close and open as ordinary accounts do, both sides ending equal; return the coins that had to trade."""
    before = longs.total, shorts.total
    longs.close_ordinarily()
    shorts.close_ordinarily()
    closed = before[0] - longs.total, before[1] - shorts.total
    wanted = max(longs.total, shorts.total, before[0] + 0.1 * (target - before[0]))
    opened = wanted - longs.total, wanted - shorts.total
    longs.open(opened[0], price)
    shorts.open(opened[1], price)
    return max(opened[0] + closed[1], opened[1] + closed[0])


def _snapshot(day: int, side: Side) -> np.ndarray:
    count = len(side.size)
    fixed = (np.full(count, day), np.full(count, side.side))
    return np.column_stack([*fixed, side.size, side.entry, side.leverage, side.level])
