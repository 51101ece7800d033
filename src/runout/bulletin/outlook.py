"""A forecast as JSON and as a table."""

from collections.abc import Iterator
from typing import Final

import msgspec
import polars as pl

from runout.clock import format_time
from runout.forecast.record import Conditional, Forecast, Window
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


def as_json(made: Forecast) -> str:
    """Return a forecast as JSON text: times ISO 8601 UTC, figures to six decimals."""
    document = {"schema_version": SCHEMA_VERSION, **_plain(made)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _plain(made: Forecast) -> dict[str, object]:
    kept = {name: getattr(made, name) for name in ("coin", "scope", "model", "fingerprint", "method_version")}
    return {
        "at": format_time(made.at),
        **kept,
        "code_version": made.code_version,
        "data_through": format_time(made.data_through),
        "ratio": {"median": _round(made.ratio_median), "events": made.ratio_events},
        "problem": None if made.problem is None else msgspec.structs.asdict(made.problem),
        "next_24h": None if made.next_24h is None else _plain_window(made.next_24h),
        "windows": [_plain_window(one) for one in made.windows],
        "conditions": [_plain_condition(one) for one in made.conditions],
        "notes": list(made.notes),
    }


def _plain_window(one: Window) -> dict[str, object]:
    return {
        "start": format_time(one.start),
        "end": format_time(one.end),
        "lead_days": one.lead,
        "danger_level": None if one.level is None else int(one.level),
        "danger_word": None if one.level is None else one.level.word,
        "base_rate": _round(one.base_rate),
        "median_usd": round(one.median_usd),
        "headline": [_plain_chance(p) for p in one.headline],
        "measured": [_plain_chance(p) for p in one.measured],
        "missing": list(one.missing),
        "scope": one.scope,
    }


def _plain_condition(one: Conditional) -> dict[str, object]:
    return {
        "coin": one.coin,
        "direction": one.direction,
        "move": one.move,
        "days": one.days,
        "headline": [_plain_chance(p) for p in one.headline],
        "measured": [_plain_chance(p) for p in one.measured],
        "refused": one.refused,
    }


def _plain_chance(one: Probability) -> dict[str, float]:
    return {
        "theta_usd": one.theta_usd,
        "probability": round(one.probability, _DIGITS),
        "low": round(one.low, _DIGITS),
        "high": round(one.high, _DIGITS),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def table(made: Forecast) -> pl.DataFrame:
    """Return the chances of a forecast as a table: a row for each window or condition, total and threshold.

    Returns
    -------
    polars.DataFrame
        ``start_time, end_time`` of the UTC day; ``lead_days``; ``danger_level``, null where none is stated;
        ``condition_coin, condition_direction, condition_move`` (a fraction), null where nothing is assumed;
        ``total``: ``headline`` (all coins, all venues, inferred) or ``measured``; ``theta_usd``; ``probability`` of a
        total of at least that, with its 90% interval ``low, high``; ``refused``: why a condition has no chances.
    """
    rows = [row for window in made.windows for row in _window_rows(window)]
    rows += [row for one in made.conditions for row in _condition_rows(one, made.windows[0])]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def _window_rows(of: Window) -> Iterator[tuple[object, ...]]:
    head = (of.start, of.end, of.lead, None if of.level is None else int(of.level), None, None, None)
    yield from (
        (*head, total, one.theta_usd, one.probability, one.low, one.high, None)
        for total, chances in (("headline", of.headline), ("measured", of.measured))
        for one in chances
    )


def _condition_rows(of: Conditional, first: Window) -> Iterator[tuple[object, ...]]:
    head = (first.start, first.end, first.lead, None, of.coin, of.direction, of.move)
    if of.refused:
        yield (*head, None, None, None, None, None, of.refused)
    for total, chances in (("headline", of.headline), ("measured", of.measured)):
        for one in chances:
            yield (*head, total, one.theta_usd, one.probability, one.low, one.high, None)
