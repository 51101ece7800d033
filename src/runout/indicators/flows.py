"""Flows: who leads, spot or leverage? Net taker volume, its divergence, and leverage's share of turnover."""

from typing import Literal

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import (
    Floats,
    Times,
    at_least_days,
    deviation,
    floats,
    percentile_rank,
    quotient,
    times,
    trailing_known_time,
    trailing_sum,
)

DAY = NANOSECONDS_PER_DAY
RANK_WINDOW = 365 * DAY
NOISE_WINDOW = 90 * DAY
NOISE_MINIMUM_DAYS = 30
RANK_MINIMUM_DAYS = 90
LOUD = 1.0

Verdict = Literal[
    "leverage against spot", "leverage alone", "spot alone", "spot and leverage agree", "quiet", "unknown"
]


def net_taker_flow(rows: pl.DataFrame) -> pl.DataFrame:
    """Return taker buys minus taker sells per interval: the steps of the cumulative volume delta.

    Parameters
    ----------
    rows
        ``taker_flow`` rows (``buy_usd, sell_usd``), or ``bars`` rows (``taker_buy_usd, volume_usd``: then
        net = 2 · taker buys − volume, exact).

    Returns
    -------
    polars.DataFrame
        ``event_time, span, known_time, net_usd, volume_usd``, sorted.
    """
    if "buy_usd" in rows.columns:
        net, volume = pl.col("buy_usd") - pl.col("sell_usd"), pl.col("buy_usd") + pl.col("sell_usd")
    else:
        net, volume = 2 * pl.col("taker_buy_usd") - pl.col("volume_usd"), pl.col("volume_usd")
    named = (net.alias("net_usd"), volume.alias("volume_usd"))
    return rows.select("event_time", "span", "known_time", *named).sort("event_time")


def spot_against_perpetual(spot: pl.DataFrame, perpetual: pl.DataFrame, window: int = DAY) -> pl.DataFrame:
    r"""Return trailing net flows of both markets, their standard scores, and leverage's share.

    .. math:: \text{leverage share} = \frac{V_p}{V_p + V_s},\qquad \text{spot-led share} = \frac{|D_s|}{|D_s| + |D_p|}

    with V the volume and D the net taker flow of the window.

    Parameters
    ----------
    spot, perpetual
        As :func:`net_taker_flow` returns, of one venue (flows of different venues do not compare).
    window
        Nanoseconds.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, spot_net_usd, perpetual_net_usd, spot_score, perpetual_score, leverage_share,
        leverage_share_percentile, spot_to_futures, spot_led_share``. Scores are flows over their own standard deviation
        in the trailing 90 days (at least 30 of them; the rank at least 90 of 365); times at which either market is
        missing, or the two reach back differently, are absent.
    """
    both = spot.join(perpetual, on=["event_time", "span"], suffix="_perpetual").sort("event_time")
    t, spans = times(both), times(both, "span")
    sums = {
        name: trailing_sum(floats(both, column), t, spans, window)
        for name, column in (
            ("spot_net_usd", "net_usd"),
            ("perpetual_net_usd", "net_usd_perpetual"),
            ("spot_volume", "volume_usd"),
            ("perpetual_volume", "volume_usd_perpetual"),
        )
    }
    spot_net, perpetual_net = sums["spot_net_usd"], sums["perpetual_net_usd"]
    spot_volume, perpetual_volume = sums.pop("spot_volume"), sums.pop("perpetual_volume")
    share = quotient(perpetual_volume, perpetual_volume + spot_volume)
    rank = percentile_rank(share, t, RANK_WINDOW, 1)
    columns = {
        **sums,
        "spot_score": _score(spot_net, t),
        "perpetual_score": _score(perpetual_net, t),
        "leverage_share": share,
        "leverage_share_percentile": at_least_days(rank, share, t, RANK_WINDOW, RANK_MINIMUM_DAYS),
        "spot_to_futures": quotient(spot_volume, perpetual_volume),
        "spot_led_share": quotient(np.abs(spot_net), np.abs(spot_net) + np.abs(perpetual_net)),
    }
    known = np.maximum(times(both, "known_time"), times(both, "known_time_perpetual"))
    known = trailing_known_time(known, t, RANK_WINDOW + window)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def _score(net: Floats, t: Times) -> Floats:
    score = quotient(net, deviation(net, t, NOISE_WINDOW, 2))
    return at_least_days(score, net, t, NOISE_WINDOW, NOISE_MINIMUM_DAYS)


def divergence(spot_score: float | None, perpetual_score: float | None) -> Verdict:
    """Return who leads: the article's "false signal" is leverage that buys while spot does not.

    A flow is loud from one standard deviation on. ``leverage against spot``: both loud, opposite signs. ``leverage
    alone`` or ``spot alone``: only that market is loud. ``spot and leverage agree``: both loud, one sign.
    """
    if spot_score is None or perpetual_score is None:
        return "unknown"
    spot_loud, perpetual_loud = abs(spot_score) >= LOUD, abs(perpetual_score) >= LOUD
    if spot_loud and perpetual_loud:
        return "leverage against spot" if spot_score * perpetual_score < 0 else "spot and leverage agree"
    if perpetual_loud:
        return "leverage alone"
    return "spot alone" if spot_loud else "quiet"
