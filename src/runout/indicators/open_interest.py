"""Open interest: how much of a change is position and how much is price, and how large such changes usually are."""

from typing import NamedTuple

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.indicators.windows import deviation, floats, times, trailing_known_time, value_before

DAY = NANOSECONDS_PER_DAY
NOISE_WINDOW = 90 * DAY
NOISE_MINIMUM_DAYS = 30
CHANGE_WINDOWS = {"24h": 24 * NANOSECONDS_PER_HOUR, "48h": 48 * NANOSECONDS_PER_HOUR}


class Change(NamedTuple):
    """A change of open interest, split exactly.

    Parameters
    ----------
    change_usd
        Dollars at the end minus dollars at the start; equals ``position_usd + price_usd``.
    position_usd
        Part that comes from contracts opened (positive) or closed.
    price_usd
        Part that comes from the price of the contracts that stood.
    change_base
        Change in coins.
    share
        Change in coins over the coins at the start (fraction).
    """

    change_usd: float
    position_usd: float
    price_usd: float
    change_base: float
    share: float


def decompose(start_usd: float, start_price: float, end_usd: float, end_price: float) -> Change:
    r"""Split a change of dollar open interest into position and price effect, without residual.

    .. math:: \Delta O = \bar P\,\Delta N + \bar N\,\Delta P,\qquad N = O/P,\ \bar x = (x_0 + x_1)/2

    Symmetric in time. Coins are dollars over the price at the same instant; with one price for all
    venues the split of a sum is the sum of the splits.

    Parameters
    ----------
    start_usd, end_usd
        Open interest, dollars.
    start_price, end_price
        Dollars per coin, positive.

    Examples
    --------
    >>> decompose(100.0, 10.0, 132.0, 12.0)
    Change(change_usd=32.0, position_usd=11.0, price_usd=21.0, change_base=1.0, share=0.1)
    """
    if min(start_price, end_price) <= 0:
        raise ValueError(f"expected positive prices, found {start_price} and {end_price}")
    start_base, end_base = start_usd / start_price, end_usd / end_price
    position = (start_price + end_price) / 2 * (end_base - start_base)
    price = (start_base + end_base) / 2 * (end_price - start_price)
    share = (end_base - start_base) / start_base if start_base else float("nan")
    return Change(end_usd - start_usd, position, price, end_base - start_base, share)


def changes(rows: pl.DataFrame, window: int) -> pl.DataFrame:
    """Return the change over each trailing window, split, with the usual size of such a change.

    Parameters
    ----------
    rows
        ``event_time, known_time, open_interest_usd, price``, sorted, one row a time.
    window
        Nanoseconds; the earlier value must stand exactly that far back.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, change_usd, position_usd, price_usd, change_base, noise_usd, noise_base``; the last
        two are standard deviations of the same change over the 90 days before (overlapping windows, at least 30 days).
    """
    t = times(rows)
    end, price = floats(rows, "open_interest_usd"), floats(rows, "price")
    start, start_price = value_before(end, t, window), value_before(price, t, window)
    start_base, end_base = start / start_price, end / price
    change, change_base = end - start, end_base - start_base
    minimum = _minimum_rows(t)
    columns = {
        "change_usd": change,
        "position_usd": (start_price + price) / 2 * change_base,
        "price_usd": (start_base + end_base) / 2 * (price - start_price),
        "change_base": change_base,
        "noise_usd": deviation(change, t, NOISE_WINDOW, minimum),
        "noise_base": deviation(change_base, t, NOISE_WINDOW, minimum),
    }
    known = trailing_known_time(times(rows, "known_time"), t, NOISE_WINDOW + window)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def sign_dependence(changes_base: dict[str, float]) -> tuple[str, ...]:
    """Return the fewest venues without which the sum of coin changes has the other sign.

    Venues are taken away in order of how much they push the sum to its sign. Empty where the sum is zero or no removal
    turns it (then the sign does not hang on any of them).

    Examples
    --------
    >>> sign_dependence({"a": 5.0, "b": 1.0, "c": -4.0})
    ('a',)
    >>> sign_dependence({"a": 5.0, "b": 1.0})
    ()
    """
    total = sum(changes_base[name] for name in sorted(changes_base))
    sign = np.sign(total)
    removed: list[str] = []
    for name in sorted(changes_base, key=lambda venue: (-sign * changes_base[venue], venue)):
        if sign * changes_base[name] <= 0:
            break
        total -= changes_base[name]
        removed.append(name)
        if len(removed) < len(changes_base) and sign * total < 0:
            return tuple(removed)
    return ()


def _minimum_rows(t: np.ndarray) -> int:
    step = int(np.median(np.diff(t))) if len(t) > 1 else DAY
    return int(NOISE_MINIMUM_DAYS * DAY // max(step, 1))
