"""The ratio of headline to measured totals, as it could be fitted each time a published figure was added."""

import polars as pl

from runout.indicators.liquidations import by_side
from runout.jobs.derivations.computation import Computation, Tables, inputs_of, long_form, own_indicators
from runout.jobs.selection import LiquidationGroup
from runout.observation.coverage import WIDE_PRIOR, fit_before
from runout.observation.headline_events import shipped_facts
from runout.observation.headline_windows import Totals, pair_facts, totals_of

FAMILY = "headline.ratio"
COLUMNS = ("low_log", "median_log", "high_log", "events")
LEVEL = 0.8


def headline_ratio(wide: LiquidationGroup, fine: LiquidationGroup) -> Computation:
    """Return the fits of the ratio for ``wide`` totals, whose hours within the day ``fine`` tells.

    A row stands at each moment a fact and its measured total were both known: the quantiles of the logarithm of the
    ratio that bound 80%, its median, and how many waves are behind it. A first row, before any fact, is the prior.
    """

    def derive(tables: Tables) -> Tables:
        rows = tables["liquidations"]
        daily, short = totals_in(rows, wide), totals_in(rows, fine)
        used = [fact for fact in shipped_facts() if fact.status == "used"]
        pairs = pair_facts(used, daily, short, "rolling-24h")
        first = int(daily.known.min()) if len(daily.known) else 0
        moments = sorted({first, *(pair.known_time for pair in pairs)})
        fits = [fit_before(pairs, WIDE_PRIOR, moment + 1) for moment in moments]
        tail = (1 - LEVEL) / 2
        quantiles = [one.quantile([tail, 0.5, 1 - tail]) for one in fits]
        wide_form = pl.DataFrame(
            {
                "event_time": moments,
                "known_time": moments,
                "events": [float(len(one.events)) for one in fits],
            }
        ).with_columns(pl.Series(name, [q[i] for q in quantiles]).log() for i, name in enumerate(COLUMNS[:3]))
        return {"indicators": long_form(wide_form, FAMILY, wide.coin, wide.name, COLUMNS)}

    return Computation(
        name=f"{FAMILY}/{wide.name}",
        inputs=inputs_of(*wide.series, *fine.series),
        lookback=0,
        outputs=own_indicators(FAMILY, wide.coin, wide.name),
        derive=derive,
    )


def totals_in(rows: pl.DataFrame, group: LiquidationGroup) -> Totals:
    """Return the totals of a group among rows of several groups."""
    mine = rows.filter(pl.col("series").is_in([one.series for one in group.series]))
    sides = by_side(mine, len(group.series))
    return totals_of(sides.with_columns((pl.col("long_usd") + pl.col("short_usd")).alias("total_usd")))
