"""The ratio of headline to measured totals, as it could be fitted each time a published figure was added."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from runout.coverage.market_wide_facts import shipped_facts
from runout.coverage.market_wide_ratio import WIDE_PRIOR, fit_before
from runout.coverage.market_wide_windows import Match, Pair, Totals, pair_facts, totals_of
from runout.indicators.liquidations import by_side
from runout.lake.catalogue import LiquidationGroup
from runout.pipeline.derivations.computation import Computation, Tables, inputs_of, long_form, own_indicators

FAMILY = "headline.ratio"
MATCHES: tuple[Match, ...] = ("rolling-24h", "utc-day")
COLUMNS = ("low_log", "median_log", "high_log", "events")
LEVEL = 0.8


def headline_ratio(wide: LiquidationGroup, fine: LiquidationGroup) -> Computation:
    """Return the fits of the ratio for ``wide`` totals, whose hours within the day ``fine`` tells.

    A row stands at each moment a fact and its measured total were both known: the quantiles of the logarithm of the
    ratio that bound 80%, its median, and how many waves are behind it. A first row, before any fact, is the prior.
    Figures of a rolling day are fitted apart from those that only a UTC day can be held against.
    """

    def derive(tables: Tables, _: int) -> Tables:
        rows = tables["liquidations"]
        daily, short = totals_in(rows, wide), totals_in(rows, fine)
        used = [fact for fact in shipped_facts() if fact.status == "used"]
        parts = [
            long_form(_fits(pair_facts(used, daily, short, match), daily), f"{FAMILY}.{match}", wide.coin, wide.name,
                      COLUMNS)
            for match in MATCHES
        ]  # fmt: skip
        return {"indicators": pl.concat(parts)}

    return Computation(
        name=f"{FAMILY}/{wide.name}",
        inputs=inputs_of(*wide.series, *fine.series),
        lookback=0,
        outputs=own_indicators(FAMILY, wide.coin, wide.name),
        derive=derive,
    )


def _fits(pairs: Sequence[Pair], daily: Totals) -> pl.DataFrame:
    first = int(daily.known.min()) if len(daily.known) else 0
    moments = sorted({first, *(pair.known_time for pair in pairs)})
    fits = [fit_before(pairs, WIDE_PRIOR, moment + 1) for moment in moments]
    tail = (1 - LEVEL) / 2
    quantiles = np.log([coverage.quantile([tail, 0.5, 1 - tail]) for coverage in fits])
    events = [float(len(coverage.events)) for coverage in fits]
    return pl.DataFrame(
        {
            "event_time": moments,
            "known_time": moments,
            "events": events,
            **dict(zip(COLUMNS[:3], quantiles.T, strict=True)),
        }
    )


def totals_in(rows: pl.DataFrame, group: LiquidationGroup) -> Totals:
    """Return the totals of a group among rows of several groups."""
    own = rows.filter(pl.col("series").is_in([member.series for member in group.series]))
    sides = by_side(own, len(group.series))
    return totals_of(sides.with_columns((pl.col("long_usd") + pl.col("short_usd")).alias("total_usd")))
