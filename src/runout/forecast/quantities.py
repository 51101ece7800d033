"""What a history knows of the last day, for the problem type: figures as the rules take them."""

import numpy as np

from runout.forecast.features import market_features
from runout.forecast.history import History

_RANK_DAYS = 365
_PERCENT = 100.0


def known_quantities(history: History) -> dict[str, float | None]:
    """Return the quantities of :func:`runout.forecast.problems.diagnose` that a history holds; None where missing.

    The map's mass is not among them.
    """
    results = market_features(history)
    lead = history.coins.index("BTC") if "BTC" in history.coins else 0
    close = np.where(history.close[:, lead] > 0.0, history.close[:, lead], np.nan)
    ranks = [_percentile(history.total_usd[: len(history) - back]) for back in range(7)]
    known = [rank for rank in ranks if rank is not None]
    return {
        "absolute_return_1d": _value(abs(np.log(close[-1] / close[-2]))) if len(close) > 1 else None,
        "coin_interest_drawdown_60d": _value(results["coin_interest_drawdown_60d"][-1]),
        "funding_3d": _value(results["funding_3d"][-1] / _PERCENT),
        "liquidations_percentile": ranks[0],
        "peak_percentile_7d": max(known, default=None),
    }


def _percentile(total: np.ndarray) -> float | None:
    """Return the rank of the last total among the year before it and itself, mid-ranks, 0 to 100."""
    window = total[-_RANK_DAYS:]
    observed = window[np.isfinite(window)]
    if not len(observed) or not np.isfinite(window[-1]):
        return None
    return float(_PERCENT * ((observed < window[-1]).sum() + 0.5 * (observed == window[-1]).sum()) / len(observed))


def _value(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
