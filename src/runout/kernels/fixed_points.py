"""Compiled loops of the cascade.

The plain twin of the walk is in its test.
"""

import numpy as np
import numpy.typing as npt
from numba import njit  # pyright: ignore[reportUnknownVariableType] - numba has no types

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@njit(cache=True, error_model="numpy", nogil=True)
def walk(
    paths: Floats,
    long_levels: Floats,
    short_levels: Floats,
    long_usd: Floats,
    short_usd: Floats,
    variant: Integers,
    bid_usd: Floats,
    ask_usd: Floats,
    distance: float,
    exponent: Floats,
    keep: float,
    reach: Floats,
    forced: Floats,
    beyond: npt.NDArray[np.bool_],
) -> None:
    """Walk price paths through ladders of both sides, each path with its own ladder and book.

    Parameters
    ----------
    paths
        Shape (paths, steps): log-price relative to the start without forced trades.
    long_levels, short_levels
        Shape (n + 1,), (m + 1,): distances down and up, the last one where the map ends.
    long_usd, short_usd
        Shape (variants, n), (variants, m).
    variant
        Shape (paths,): which ladder.
    bid_usd, ask_usd
        Shape (paths,): dollars that move the price by ``distance``.
    distance
        Of the impact law.
    exponent
        Shape (paths,): δ.
    keep
        Share of what was traded that still weighs on the book one step later.
    reach
        Shape (paths, 2): lowest and highest log-price; written.
    forced
        Shape (paths, 2): dollars of longs and shorts liquidated; written.
    beyond
        Shape (paths,): whether the path left the map; written.
    """
    steps, longs, shorts = paths.shape[1], long_usd.shape[1], short_usd.shape[1]
    first_long, first_short = -long_levels[0], short_levels[0]
    for p in range(len(paths)):
        v, taken, moved = variant[p], 0.0, 0.0
        # What fades fast is forgotten below a tenth of a basis point; what lasts would add up, and is kept.
        faint = min(bid_usd[p], ask_usd[p]) * (1e-5 / distance) ** (1.0 / exponent[p]) if keep < 0.5 else 0.0
        down, up, low, high = 0, 0, 0.0, 0.0
        next_down, next_up = first_long, first_short
        long_total, short_total, out = 0.0, 0.0, False
        for t in range(steps):
            if taken != 0.0:
                taken *= keep
                if abs(taken) < faint:
                    taken = 0.0
                moved = displacement(taken, bid_usd[p], ask_usd[p], distance, exponent[p])
            x = paths[p, t] + moved
            while x <= next_down or x >= next_up:
                if x <= next_down:
                    while down < longs and x <= -long_levels[down]:
                        taken += long_usd[v, down]
                        long_total += long_usd[v, down]
                        down += 1
                    next_down = -long_levels[down]
                    out = down == longs and x <= next_down
                else:
                    while up < shorts and x >= short_levels[up]:
                        taken -= short_usd[v, up]
                        short_total += short_usd[v, up]
                        up += 1
                    next_up = short_levels[up]
                    out = up == shorts and x >= next_up
                low, high = min(low, x), max(high, x)
                if out:
                    break
                moved = displacement(taken, bid_usd[p], ask_usd[p], distance, exponent[p])
                x = paths[p, t] + moved
            if x < low:
                low = x
            elif x > high:
                high = x
            if out:
                break
        reach[p, 0], reach[p, 1] = low, high
        forced[p, 0], forced[p, 1] = long_total, short_total
        beyond[p] = out


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def displacement(taken: float, bid_usd: float, ask_usd: float, distance: float, exponent: float) -> float:
    """Return the log-price displacement of net dollars sold (positive) or bought (negative).

    Parameters
    ----------
    taken
        Dollars, net.
    bid_usd, ask_usd
        Depth within ``distance`` of the price, dollars.
    distance
        Log price.
    exponent
        Of the displacement in the share of depth taken.
    """
    if taken > 0.0:
        return -distance * (taken / bid_usd) ** exponent
    if taken < 0.0:
        return distance * (-taken / ask_usd) ** exponent
    return 0.0
