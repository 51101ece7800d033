r"""What a day's forecast is made from: each row of a design describes a day by what was known before it.

Liquidations enter as :math:`u = \ln L` less the weekday's effect, and everything is said *relative to its own level*
(an exponentially weighted mean, half-life 90 days): a feed that reports more from some day on moves the level, and the
forecast follows without being told the date. Market features are means over coins weighted by open interest.

========================== =========================================================================================
lag_1d … lag_30d           u of the last day, and its means over 3, 7 and 30 days, less the level
displacement               mean of \|ln price less its 2-day level\|: how far price stands from where it was
absolute_return_7d, …_1d   \|log return\|; return_7d with its sign
garman_klass               ln of Garman-Klass volatility of the day (Garman and Klass 1980), less its level
range                      ln of the day's high over low
realised_volatility_22d    ln of the deviation of 22 daily returns, less its level
open_interest_change_7d    log change of open interest in dollars
coin_interest_change_3d    log change of open interest in coins
coin_interest_drawdown_60d open interest in coins below its 60-day peak, log
drawdown_30d               price of the first coin below its 30-day highest close, log
funding_3d                 mean funding, percent per 8 h; funding_dispersion: ln of its deviation over coins
long_short_ratio           ln, less its level
breadth                    share of coins whose liquidations are above their 30-day median
short_liquidations         ln of short liquidations, less its level
========================== =========================================================================================
"""

from typing import Final

import msgspec
import numpy as np

from runout.forecast.filters import change, filled_forward, rolling, shifted, weighted_level, without_weekday
from runout.forecast.history import DAY, History, require_contiguous, weekday_of
from runout.scores.arrays import FloatArray, IntArray

LEVEL_HALF_LIFE_DAYS: Final = 90.0
LAGS: Final = ("lag_1d", "lag_3d", "lag_7d", "lag_30d")
FEATURES: Final = (
    "displacement", "absolute_return_7d", "garman_klass", "range", "realised_volatility_22d", "absolute_return_1d",
    "open_interest_change_7d", "coin_interest_change_3d", "coin_interest_drawdown_60d", "drawdown_30d", "return_7d",
    "funding_3d", "funding_dispersion", "long_short_ratio", "breadth", "short_liquidations",
)  # fmt: skip
LEVELLED: Final = frozenset(
    {"garman_klass", "realised_volatility_22d", "short_liquidations", "long_short_ratio", "funding_dispersion"}
)
_PERCENT = 100.0
_FUNDING_BOUNDS = (-0.1, 0.3)
_COIN_CHANGE_BOUND = 0.3
_LEAST_COIN_USD = 1e3


class Design(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rows that describe days by what was known ``lead`` days before their end.

    Parameters
    ----------
    names
        Columns of ``values``.
    values
        Shape (days + lead, columns); the last row describes the day to be forecast.
    level
        Level of u known for each row, shape (days + lead,).
    autoregressors
        Last ln L and its means over 7 and 30 days, as they stood, shape (days + lead, 3).
    weekday
        Of the day described, 0 for Monday.
    log_interest
        ln of open interest of all coins, known for each row.
    log_total
        ln of liquidations of each finished day, shape (days,): what is to be forecast.
    lead
        Days from the last row known to the day described; 1: the next day.
    """

    names: tuple[str, ...]
    values: FloatArray
    level: FloatArray
    autoregressors: FloatArray
    weekday: IntArray
    log_interest: FloatArray
    log_total: FloatArray
    lead: int

    @property
    def days(self) -> int:
        """Finished days."""
        return len(self.log_total)

    def head(self, days: int) -> "Design":
        """Return the design as it stood when ``days`` days had finished."""
        rows = days + self.lead
        return msgspec.structs.replace(
            self,
            values=self.values[:rows],
            level=self.level[:rows],
            autoregressors=self.autoregressors[:rows],
            weekday=self.weekday[:rows],
            log_interest=self.log_interest[:rows],
            log_total=self.log_total[:days],
        )


class Evidence(msgspec.Struct, frozen=True, eq=False):
    """A history and its design: what a model is fitted on."""

    history: History
    design: Design

    def head(self, days: int) -> "Evidence":
        """Return the evidence as it stood when ``days`` days had finished."""
        return Evidence(self.history.head(days), self.design.head(days))

    @property
    def target_start(self) -> int:
        """Start of the day that is forecast, UTC ns."""
        return int(self.history.day[-1]) + self.design.lead * DAY


def evidence_of(history: History, *, lead: int = 1) -> Evidence:
    """Return a history with its design; every column is causal, so a shorter history gives the same rows.

    Parameters
    ----------
    history
        Consecutive days.
    lead
        Days from the last row to the day that is forecast.

    Raises
    ------
    UsageError
        If days are missing between the rows.
    """
    require_contiguous(history)
    return Evidence(history, _design(history, lead))


def a_day_later(evidence: Evidence) -> Evidence:
    """Return what is known for the day after the one that ``evidence`` leads up to."""
    design = evidence.design
    moved = {name: shifted(getattr(design, name), 1) for name in ("values", "level", "autoregressors", "log_interest")}
    weekday = np.append(design.weekday, (design.weekday[-1] + 1) % 7)
    return Evidence(evidence.history, msgspec.structs.replace(design, weekday=weekday, lead=design.lead + 1, **moved))


def _design(history: History, lead: int) -> Design:
    with np.errstate(divide="ignore", invalid="ignore"):
        log_total = np.log(history.total_usd)
        inferred = np.log(inferred_total_usd(history))
    adjusted = without_weekday(inferred, history.weekday)
    level = weighted_level(adjusted, LEVEL_HALF_LIFE_DAYS)
    columns = {f"lag_{days}d": rolling(adjusted, days, np.nanmean) - level for days in (1, 3, 7, 30)}
    results = market_features(history)
    for name in FEATURES:
        level_of_it = weighted_level(results[name], LEVEL_HALF_LIFE_DAYS) if name in LEVELLED else 0.0
        columns[name] = results[name] - level_of_it
    autoregressors = np.column_stack([inferred, *(rolling(inferred, days, np.nanmean) for days in (7, 30))])
    days = history.day[0] + DAY * np.arange(len(history) + lead, dtype=np.int64)
    return Design(
        names=tuple(columns),
        values=shifted(np.column_stack(list(columns.values())), lead),
        level=shifted(level, lead),
        autoregressors=shifted(autoregressors, lead),
        weekday=weekday_of(days),
        log_interest=shifted(_log_sum(_carried(history.open_interest_usd)), lead),
        log_total=log_total,
        lead=lead,
    )


def inferred_total_usd(history: History) -> FloatArray:
    """Return liquidations of all coins, where a coin is missing by its share of the 90 days before.

    For lags only, never as an outcome: dividing by the share of the coins that did report keeps one silent coin from
    looking like a calm. NaN where the reporting coins held under 60% of the dollars.
    """
    by_coin = history.long_usd + history.short_usd
    observed = np.isfinite(by_coin)
    if observed.all():
        return history.total_usd
    usual = shifted(weighted_level(by_coin, LEVEL_HALF_LIFE_DAYS), 1)[:-1]
    usual = np.where(np.isfinite(usual), usual, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(observed.all(axis=1), 1.0, (usual * observed).sum(axis=1) / usual.sum(axis=1))
        total = np.where(observed, by_coin, 0.0).sum(axis=1) / share
    return np.where((share >= 0.6) & (total > 0.0), total, np.nan)


def market_features(history: History) -> dict[str, FloatArray]:
    """Return each feature as known at the end of each row, by name, before its level is taken off."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {**_price_features(history), **_interest_features(history), **_crowd_features(history)}


def _price_features(history: History) -> dict[str, FloatArray]:
    weight = _weights(history)
    opening, high, low, close = (_positive(a) for a in (history.open, history.high, history.low, history.close))
    log_close = np.log(close)
    returns = _mean(change(log_close, 1), weight)
    path = np.cumsum(np.nan_to_num(returns))
    return_7d = np.where(np.isfinite(returns), change(path, 7), np.nan)
    variance = 0.5 * np.log(high / low) ** 2 - (2.0 * np.log(2.0) - 1.0) * np.log(close / opening) ** 2
    lead_close = close[:, _lead_coin(history)]
    return {
        "displacement": _mean(np.abs(log_close - weighted_level(log_close, 2.0)), weight),
        "absolute_return_7d": np.abs(return_7d),
        "garman_klass": 0.5 * np.log(np.maximum(_mean(variance, weight), 1e-8)),
        "range": np.log(0.003 + _mean(np.log(high / low), weight)),
        "realised_volatility_22d": np.log(rolling(returns, 22, np.nanstd) + 0.002),
        "absolute_return_1d": np.abs(returns),
        "drawdown_30d": np.log(lead_close / rolling(lead_close, 30, np.nanmax)),
        "return_7d": return_7d,
    }


def _interest_features(history: History) -> dict[str, FloatArray]:
    interest, weight = _positive(history.open_interest_usd), _weights(history)
    in_coins = interest / _positive(history.close)
    coin_change = np.clip(_mean(change(np.log(in_coins), 1), weight), -_COIN_CHANGE_BOUND, _COIN_CHANGE_BOUND)
    coin_path = np.where(np.isfinite(coin_change), np.cumsum(np.nan_to_num(coin_change)), np.nan)
    # Coins that report on both days only: one that joins or falls silent must not look like a change of leverage.
    both = np.isfinite(interest[1:]) & np.isfinite(interest[:-1])
    now, before = (np.where(both, part, 0.0).sum(axis=1) for part in (interest[1:], interest[:-1]))
    dollar_change = shifted(np.log(now / before), 1)
    dollar_path = np.where(np.isfinite(dollar_change), np.cumsum(np.nan_to_num(dollar_change)), np.nan)
    return {
        "open_interest_change_7d": change(dollar_path, 7),
        "coin_interest_change_3d": change(coin_path, 3),
        "coin_interest_drawdown_60d": coin_path - rolling(coin_path, 60, np.nanmax),
    }


def _crowd_features(history: History) -> dict[str, FloatArray]:
    weight, funding = _weights(history), history.funding_rate * _PERCENT
    mean = np.clip(_mean(funding, weight), *_FUNDING_BOUNDS)
    spread = np.sqrt(np.maximum(_mean((funding - mean[:, np.newaxis]) ** 2, weight), 0.0))
    by_coin = history.long_usd + history.short_usd
    # A coin without a row stays missing here; np.maximum hands NaN on.
    log_coin = np.log(np.maximum(by_coin, _LEAST_COIN_USD))
    median = rolling(log_coin, 30, np.nanmedian)
    ranked = np.isfinite(median) & np.isfinite(log_coin)
    short = np.where(np.isfinite(history.short_usd), history.short_usd, 0.0).sum(axis=1)
    return {
        "funding_3d": rolling(mean, 3, np.nanmean),
        "funding_dispersion": np.log(spread + 0.002),
        "long_short_ratio": _mean(np.log(_positive(history.long_short_ratio)), weight),
        "breadth": (ranked & (log_coin > median)).sum(axis=1)
        / np.where(ranked.any(axis=1), ranked.sum(axis=1), np.nan),
        "short_liquidations": np.where(
            np.isfinite(history.short_usd).all(axis=1), np.log(np.maximum(short, 1.0)), np.nan
        ),
    }


def _positive(values: FloatArray) -> FloatArray:
    return np.where(values > 0.0, values, np.nan)


def _weights(history: History) -> FloatArray:
    """Return each coin's share of open interest; equal shares on a day without any open interest."""
    interest = np.nan_to_num(_positive(history.open_interest_usd))
    total = interest.sum(axis=1, keepdims=True)
    return np.where(total > 0.0, interest / np.where(total > 0.0, total, 1.0), 1.0 / interest.shape[1])


def _mean(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the mean over coins that have a value; NaN where none has."""
    observed = np.isfinite(values)
    stored = (weight * observed).sum(axis=1)
    return (np.where(observed, values, 0.0) * weight).sum(axis=1) / np.where(stored > 0.0, stored, np.nan)


def _log_sum(values: FloatArray) -> FloatArray:
    total = np.nan_to_num(_positive(values)).sum(axis=1)
    return np.log(np.where(total > 0.0, total, np.nan))


def _carried(values: FloatArray) -> FloatArray:
    """Return figures in which a coin that falls silent keeps its last: a missing one must not shrink the market."""
    return np.column_stack([filled_forward(column) for column in values.T])


def _lead_coin(history: History) -> int:
    return history.coins.index("BTC") if "BTC" in history.coins else 0
