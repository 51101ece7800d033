"""Figures published side by side that must agree: coins and dollars, share and ratio, a part and its whole bar."""

import numpy as np

from runout.clock import format_time
from runout.quality.audit_findings import AuditFinding, Values, breaches, finding
from runout.quality.prices import Prices
from runout.quality.quantity_series import Observed, column

DOLLARS_TOLERANCE = 0.05
"""Mark, index and last price, and the seconds between two snapshots, differ by less than 5%, even in a crash."""
BROKEN = 0.5
"""Beyond half, no price of the day explains it: a unit does."""
RATIO_TOLERANCE = 0.03
"""Ratios are published with two decimals and shares in whole tenths of a percent."""
VOLUME_TOLERANCE = 0.001
"""The volume-weighted price of a bar lies within it; a thousandth is left for rounding."""


def dollars_and_coins(observed: Observed, prices: Prices) -> list[AuditFinding]:
    """Return open interest whose dollars are not its coins times the price (its own if published, else the bars')."""
    series = observed.series
    if series.kind != "open_interest":
        return []
    base, usd, own = (column(observed, name) for name in ("open_interest_base", "open_interest_usd", "price"))
    price = np.where(np.isfinite(own.values), own.values, prices.close(series.coin, base.times))
    off = np.abs(usd.values / (base.values * price) - 1.0)
    off[~((base.values > 0.0) & (usd.values > 0.0))] = np.nan
    words = "dollars differ from coins times price"
    return _as_findings(observed, "dollars_coins_mismatch", off, tolerance=DOLLARS_TOLERANCE, words=words)


def depth_dollars_and_coins(observed: Observed, prices: Prices) -> list[AuditFinding]:
    """Return depth whose dollars are not its coins times the price."""
    if observed.series.kind != "depth":
        return []
    off = np.fmax(*(_depth_off(observed, side, prices) for side in ("bid", "ask")))
    words = "bid or ask dollars differ from coins times price, as if sampled at another time"
    return _as_findings(observed, "dollars_coins_mismatch", off, tolerance=DOLLARS_TOLERANCE, words=words)


def share_and_ratio(observed: Observed) -> list[AuditFinding]:
    """Return positioning whose long/short ratio is not share over one minus share."""
    if observed.series.kind != "positioning":
        return []
    share, ratio = column(observed, "long_share").values, column(observed, "long_short_ratio").values
    off = np.abs(ratio * (1.0 - share) / share - 1.0)
    words = "the ratio differs from long share over short share"
    return _as_findings(observed, "share_ratio_mismatch", off, tolerance=RATIO_TOLERANCE, words=words)


def volume_of_bars(observed: Observed) -> list[AuditFinding]:
    """Return bars whose volume-weighted price lies outside the bar, or whose taker part exceeds the whole."""
    if observed.series.kind != "bars":
        return []
    low, high, base, usd, taker = (
        column(observed, name).values for name in ("low", "high", "volume_base", "volume_usd", "taker_buy_base")
    )
    average = np.where((base > 0.0) & (usd > 0.0), usd / base, np.nan)
    outside = np.fmax(average / high, low / average) - 1.0
    excess = np.where(base > 0.0, taker / base - 1.0, np.nan)
    words = "dollars over coins traded lie outside the bar's low and high"
    results = _as_findings(observed, "volume_mismatch", outside, tolerance=VOLUME_TOLERANCE, words=words)
    words = "takers bought more than was traded"
    return results + _as_findings(observed, "volume_mismatch", excess, tolerance=VOLUME_TOLERANCE, words=words)


def _depth_off(observed: Observed, side: str, prices: Prices) -> Values:
    usd, base = column(observed, f"{side}_usd"), column(observed, f"{side}_base")
    off = np.abs(usd.values / (base.values * prices.close(observed.series.coin, usd.times)) - 1.0)
    return np.where((base.values > 0.0) & (usd.values > 0.0), off, np.nan)


def _as_findings(observed: Observed, check: str, off: Values, *, tolerance: float, words: str) -> list[AuditFinding]:
    times = observed.rows["event_time"].to_numpy()
    return [
        finding(
            check,
            "error" if off[b.row] > BROKEN else "warning",
            observed.series,
            (int(times[b.first]), int(times[b.last])),
            statement=f"{words} in {b.count} rows, most at {format_time(int(times[b.row]))}, by "
            f"{off[b.row]:.1%} (tolerance {tolerance:.1%})",
            remedy="see which of the two figures has the wrong unit or time, and use neither before",
            observed=float(off[b.row]),
            expected=tolerance,
        )
        for b in breaches(off, tolerance)
    ]
