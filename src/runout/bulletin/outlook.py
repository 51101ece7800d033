"""A forecast as JSON and as a table."""

from collections.abc import Iterator
from typing import Final

import msgspec
import polars as pl

from runout.clock import format_time
from runout.forecast.record import AskedForecast, Conditional, Forecast, Window
from runout.forecast.targets import Probability
from runout.version import SCHEMA_VERSION

_DIGITS: Final = 6
_TIME: Final = pl.Datetime("ns", "UTC")
_COLUMNS: Final[dict[str, pl.DataType]] = {
    "start_time": _TIME, "end_time": _TIME, "lead_days": pl.Int64(), "danger_level": pl.Int64(),
    "condition_coin": pl.String(), "condition_direction": pl.String(), "condition_move": pl.Float64(),
    "total": pl.String(), "theta_usd": pl.Float64(), "probability": pl.Float64(), "low": pl.Float64(),
    "high": pl.Float64(), "refused": pl.String(),
}  # fmt: skip


def as_json(forecast: AskedForecast) -> str:
    """Return a forecast as JSON text: times ISO 8601 UTC, figures to six decimals."""
    document = {"schema_version": SCHEMA_VERSION, **_plain(forecast)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _plain(forecast: AskedForecast) -> dict[str, object]:
    kept = {name: getattr(forecast, name) for name in ("coin", "scope", "model", "fingerprint", "method_version")}
    return {
        "at": format_time(forecast.at),
        "asked_at": format_time(forecast.asked_at),
        "synthetic": forecast.synthetic,
        "reason": forecast.reason,
        **kept,
        "code_version": forecast.code_version,
        "data_through": format_time(forecast.data_through),
        "ratio": {"median": _round(forecast.ratio_median), "events": forecast.ratio_events},
        "problem": None if forecast.problem is None else msgspec.structs.asdict(forecast.problem),
        "next_24h": None if forecast.next_24h is None else _plain_window(forecast.next_24h),
        "windows": [_plain_window(window) for window in forecast.windows],
        "conditions": [_plain_condition(conditional) for conditional in forecast.conditions],
        "notes": list(forecast.notes),
    }


def _plain_window(window: Window) -> dict[str, object]:
    return {
        "start": format_time(window.start),
        "end": format_time(window.end),
        "lead_days": window.lead,
        "danger_level": None if window.level is None else int(window.level),
        "danger_word": None if window.level is None else window.level.word,
        "base_rate": _round(window.base_rate),
        "median_usd": round(window.median_usd),
        "headline": [_plain_chance(p) for p in window.headline],
        "measured": [_plain_chance(p) for p in window.measured],
        "missing": list(window.missing),
        "scope": window.scope,
    }


def _plain_condition(conditional: Conditional) -> dict[str, object]:
    return {
        "coin": conditional.coin,
        "direction": conditional.direction,
        "move": conditional.move,
        "days": conditional.days,
        "headline": [_plain_chance(p) for p in conditional.headline],
        "measured": [_plain_chance(p) for p in conditional.measured],
        "refused": conditional.refused,
    }


def _plain_chance(probability: Probability) -> dict[str, float]:
    return {
        "theta_usd": probability.theta_usd,
        "probability": round(probability.probability, _DIGITS),
        "low": round(probability.low, _DIGITS),
        "high": round(probability.high, _DIGITS),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def table(forecast: Forecast) -> pl.DataFrame:
    """Return the chances of a forecast as a table: a row for each window or condition, total and threshold.

    Returns
    -------
    polars.DataFrame
        ``start_time, end_time`` of the UTC day; ``lead_days``; ``danger_level``, null where none is stated;
        ``condition_coin, condition_direction, condition_move`` (a fraction), null where nothing is assumed;
        ``total``: ``headline`` (all coins, all venues, inferred) or ``measured``; ``theta_usd``; ``probability`` of a
        total of at least that, with its 90% interval ``low, high``; ``refused``: why a condition has no chances.
    """
    rows = [row for window in forecast.windows for row in _window_rows(window)]
    rows += [row for conditional in forecast.conditions for row in _condition_rows(conditional, forecast.windows[0])]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def _window_rows(window: Window) -> Iterator[tuple[object, ...]]:
    head = (
        window.start,
        window.end,
        window.lead,
        None if window.level is None else int(window.level),
        None,
        None,
        None,
    )
    yield from (
        (*head, total, chance.theta_usd, chance.probability, chance.low, chance.high, None)
        for total, chances in (("headline", window.headline), ("measured", window.measured))
        for chance in chances
    )


def _condition_rows(conditional: Conditional, first: Window) -> Iterator[tuple[object, ...]]:
    head = (first.start, first.end, first.lead, None, conditional.coin, conditional.direction, conditional.move)
    if conditional.refused:
        yield (*head, None, None, None, None, None, conditional.refused)
    for total, chances in (("headline", conditional.headline), ("measured", conditional.measured)):
        for chance in chances:
            yield (*head, total, chance.theta_usd, chance.probability, chance.low, chance.high, None)
