"""An indicator in twenty lines: how fast open interest grows, in percent an hour."""

from collections.abc import Iterable

import polars as pl

from runout.pipeline.derivations.computation import Computation, Tables, inputs_of, long_form, own_indicators, rows_of
from runout.records import Series


def computations(series: Iterable[Series]) -> list[Computation]:
    """Return one computation for each series of open interest with a step."""
    return [speed(one) for one in series if one.kind == "open_interest" and one.step]


def speed(interest: Series) -> Computation:
    """Return growth over one step, in percent an hour: 100 · (value / value before − 1) · 1 h / step."""

    def derive(tables: Tables, _: int) -> Tables:
        value = pl.coalesce("open_interest_usd", "open_interest_base")
        percent = 100.0 * value.pct_change() * 3_600_000_000_000 / interest.step
        rows = rows_of(tables, interest).select("event_time", "known_time", percent_per_hour=percent)
        return {"indicators": long_form(rows, "interest_speed", interest.coin, interest.series, ["percent_per_hour"])}

    return Computation(
        name=f"interest_speed/{interest.series}", inputs=inputs_of(interest), lookback=interest.step,
        outputs=own_indicators("interest_speed", interest.coin, interest.series), derive=derive,
    )  # fmt: skip
