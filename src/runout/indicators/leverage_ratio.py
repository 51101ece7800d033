"""Estimated leverage ratio: open interest over the coins that exchanges hold."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import floats, percentile_rank, quotient, times, trailing_known_time, value_before

DAY = NANOSECONDS_PER_DAY
RANK_WINDOW = 365 * DAY
RANK_MINIMUM = 180
CHANGE_WINDOW = 30 * DAY


def leverage_ratio(rows: pl.DataFrame) -> pl.DataFrame:
    r"""Return the estimated leverage ratio, where it stands in its past year, and its 30-day change.

    .. math:: \mathrm{ELR} = \frac{O}{R\,P},\qquad \mathrm{ELR_{stable}} = \frac{O}{R\,P + S}

    The level means little: providers label different addresses and differ by a factor of 1.5. The percentile within
    one provider's series is what can be read. The second form adds the stablecoins that exchanges hold, since most
    contracts are margined in them (CryptoQuant defines the first).

    Parameters
    ----------
    rows
        Daily, sorted: ``event_time, known_time, open_interest_usd, price, reserve_base`` and, where a provider gives
        it, ``stablecoin_reserve_usd`` (null: not observed).

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, ratio, ratio_percentile, ratio_change_30d`` (the last a fraction of the ratio 30 days
        before), ``stable_ratio, stable_ratio_percentile``. Percentiles need 180 days of the past 365.
    """
    t = times(rows)
    interest, price, reserve = (floats(rows, name) for name in ("open_interest_usd", "price", "reserve_base"))
    has_stable = "stablecoin_reserve_usd" in rows.columns
    stable = floats(rows, "stablecoin_reserve_usd") if has_stable else np.full(len(t), np.nan)
    ratio = quotient(interest, reserve * price)
    stable_ratio = quotient(interest, reserve * price + stable)
    change = quotient(ratio, value_before(ratio, t, CHANGE_WINDOW)) - 1
    columns = {
        "ratio": ratio,
        "ratio_percentile": percentile_rank(ratio, t, RANK_WINDOW, RANK_MINIMUM),
        "ratio_change_30d": change,
        "stable_ratio": stable_ratio,
        "stable_ratio_percentile": percentile_rank(stable_ratio, t, RANK_WINDOW, RANK_MINIMUM),
    }
    known = trailing_known_time(times(rows, "known_time"), t, RANK_WINDOW)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)
