"""Flows of spot against leverage with the verdict's track record, basis, premium and depth."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.indicators import depth, flows
from runout.indicators.track_record import return_after, slug, track_record
from runout.indicators.windows import (
    at_least_days,
    floats,
    percentile_rank,
    rows_in_window,
    times,
    trailing_known_time,
    trailing_sum,
)
from runout.lake import catalogue
from runout.lake.catalogue import FlowPair
from runout.pipeline.derivations.computation import (
    Computation,
    Tables,
    inputs_of,
    labelled,
    long_form,
    own_indicators,
    rows_of,
)
from runout.records import Series

DAY = NANOSECONDS_PER_DAY
GRID = 4 * NANOSECONDS_PER_HOUR
HORIZONS = {"24h": DAY, "7d": 7 * DAY}
_FLOW_COLUMNS = (
    "spot_net_usd", "perpetual_net_usd", "spot_score", "perpetual_score", "leverage_share",
    "leverage_share_percentile", "spot_to_futures", "spot_led_share",
)  # fmt: skip
_TURNOVER_COLUMNS = ("turnover_usd", "turnover_percentile", "ranked_days")
_DEPTH_COLUMNS = ("depth_usd", "withdrawal", "bid_withdrawal", "imbalance", "depth_percentile")


def record_rows(record: pl.DataFrame, prefix: str, coin: str, scope: str) -> pl.DataFrame:
    """Return a track record as ``indicators`` rows, ``prefix.verdict.cases`` and so on."""
    columns = ("cases", "hits", "base_rate", "low", "high")
    long = record.select(
        "event_time", "known_time", "verdict", *(pl.col(name).cast(pl.Float64) for name in columns)
    ).unpivot(columns, index=["event_time", "known_time", "verdict"], variable_name="field", value_name="value")
    verdict = pl.col("verdict").replace({item: slug(item) for item in record["verdict"].unique()})
    named = long.select(
        "event_time",
        "known_time",
        pl.concat_str([pl.lit(prefix), verdict, pl.col("field")], separator=".").alias("indicator"),
        "value",
    )
    return labelled(named, coin, scope)


def flow_verdicts(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of flows and of what followed each verdict, for each pair of flows."""
    known = list(series)
    computations: list[Computation] = []
    for pair in catalogue.flow_pairs(known, coin):
        price = catalogue.bars(known, coin, step=pair.spot.step) or catalogue.bars(known, coin)
        if price is not None and price.step <= GRID:
            computations.append(_flows(pair, price))
    return computations


def _flows(pair: FlowPair, price: Series) -> Computation:
    coin = pair.spot.coin

    def derive(tables: Tables, _: int) -> Tables:
        spot, leveraged = (
            on_grid(flows.net_taker_flow(_traded(rows_of(tables, s)))) for s in (pair.spot, pair.leveraged)
        )
        wide = flows.spot_against_perpetual(spot, leveraged)
        closes = rows_of(tables, price).select("event_time", pl.col("close"), pl.col("known_time").alias("price_known"))
        judged = wide.join(closes, on="event_time").sort("event_time")
        parts = [
            long_form(wide, "flows.24h", coin, pair.name, _FLOW_COLUMNS),
            long_form(_turnover(spot, leveraged), "flows.24h", coin, pair.name, _TURNOVER_COLUMNS),
        ]
        for label, horizon in HORIZONS.items():
            parts.append(record_rows(_against(judged, horizon), f"flows.record.{label}", coin, pair.name))
        return {"indicators": pl.concat(parts, how="diagonal")}

    return Computation(
        name=f"flows/{pair.name}",
        inputs=inputs_of(*dict.fromkeys((pair.spot, pair.leveraged, price))),
        lookback=0,  # a track record counts from the beginning
        outputs=own_indicators("flows", coin, pair.name),
        derive=derive,
        step=GRID,
    )


def _turnover(spot: pl.DataFrame, leveraged: pl.DataFrame) -> pl.DataFrame:
    """Return what both markets traded in the trailing day, and its rank in the past year."""
    both = spot.join(leveraged, on="event_time", suffix="_leveraged").sort("event_time")
    t, known = times(both), np.maximum(times(both, "known_time"), times(both, "known_time_leveraged"))
    volume = floats(both, "volume_usd") + floats(both, "volume_usd_leveraged")
    total = trailing_sum(volume, t, times(both, "span"), DAY)
    rank = percentile_rank(total, t, flows.RANK_WINDOW, 1)
    rank = at_least_days(rank, total, t, flows.RANK_WINDOW, flows.RANK_MINIMUM_DAYS)
    first = t[rows_in_window(t, flows.RANK_WINDOW)] if len(t) else t
    columns = {"turnover_usd": total, "turnover_percentile": rank, "ranked_days": (t - first) / DAY}
    known = trailing_known_time(known, t, flows.RANK_WINDOW)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def _against(judged: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """Return how often the price then stood against the side on which leverage had traded, by verdict."""
    t, close = times(judged), floats(judged, "close")
    later = return_after(t, close, horizon)
    side = np.sign(floats(judged, "perpetual_net_usd"))
    outcome = np.where(np.isnan(later) | np.isnan(side), np.nan, (later * side < 0).astype(np.float64))
    scores = judged.select("spot_score", "perpetual_score").iter_rows()
    verdicts = [flows.divergence(spot, leveraged) for spot, leveraged in scores]
    known = np.maximum(times(judged, "known_time"), times(judged, "price_known"))
    return track_record(t, verdicts, outcome, horizon, known)


def on_grid(flow: pl.DataFrame) -> pl.DataFrame:
    """Return net flows summed to intervals of 4 h, only where the steps cover them."""
    if flow.is_empty() or flow["span"].max() == GRID:
        return flow
    ends = (-(-pl.col("event_time") // GRID) * GRID).alias("event_time")
    summed = (
        flow.sort("event_time")
        .group_by(ends, maintain_order=True)
        .agg(pl.col("span").sum(), pl.col("known_time").max(), pl.col("net_usd").sum(), pl.col("volume_usd").sum())
    )
    return summed.filter(pl.col("span") == GRID).sort("event_time")


def _traded(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.drop_nulls(["buy_usd", "sell_usd"] if "buy_usd" in rows.columns else ["taker_buy_usd", "volume_usd"])


def depth_states(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of depth within 1% and its withdrawal, for the perpetual and the spot book."""
    known = list(series)
    results = [catalogue.depth(known, coin, market) for market in ("perpetual", "spot")]
    return [_depth(coin, item) for item in results if item is not None]


def _depth(coin: str, series: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        rows = tables["depth"].filter(pl.col("band") == 0.01).drop_nulls(["bid_usd", "ask_usd"]).sort("event_time")
        return {"indicators": long_form(depth.depth_state(rows), "depth", coin, series.series, _DEPTH_COLUMNS)}

    return Computation(
        name=f"depth/{series.series}",
        inputs=inputs_of(series),
        lookback=depth.RANK_WINDOW + 2 * DAY,
        outputs=own_indicators("depth", coin, series.series),
        derive=derive,
    )


def premiums(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computations of the basis (perpetual over spot, same pair) and of the Coinbase premium, with ranks."""
    known = list(series)
    coinbase = catalogue.premium(known, coin, "coinbase-premium")
    results = [_premium(coin, coinbase)] if coinbase else []
    pair = catalogue.bar_pair(known, coin)
    return [*results, _basis(coin, *pair)] if pair else results


def _premium(coin: str, item: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        rows = tables["premium"].drop_nulls("rate").sort("event_time")
        return {
            "indicators": long_form(_ranked(rows), "premium", coin, item.series, ("rate", "percentile", "ranked_days"))
        }

    return Computation(
        name=f"premium/{item.series}",
        inputs=inputs_of(item),
        lookback=flows.RANK_WINDOW + 2 * DAY,
        outputs=own_indicators("premium", coin, item.series),
        derive=derive,
    )


def _basis(coin: str, leveraged: Series, spot: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        other = rows_of(tables, spot).select(
            "event_time", pl.col("close").alias("spot"), pl.col("known_time").alias("k")
        )
        both = rows_of(tables, leveraged).filter(pl.col("event_time") % GRID == 0).join(other, on="event_time")
        rows = both.select(
            "event_time", pl.max_horizontal("known_time", "k").alias("known_time"),
            (pl.col("close") / pl.col("spot") - 1).alias("rate"),
        ).sort("event_time")  # fmt: skip
        return {
            "indicators": long_form(
                _ranked(rows), "basis", coin, leveraged.series, ("rate", "percentile", "ranked_days")
            )
        }

    return Computation(
        name=f"basis/{leveraged.series}",
        inputs=inputs_of(leveraged, spot),
        lookback=flows.RANK_WINDOW + 2 * DAY,
        outputs=own_indicators("basis", coin, leveraged.series),
        derive=derive,
        step=GRID,
    )


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    t, rate = times(rows), floats(rows, "rate")
    known = trailing_known_time(times(rows, "known_time"), t, flows.RANK_WINDOW)
    rank = percentile_rank(rate, t, flows.RANK_WINDOW, 1)
    rank = at_least_days(rank, rate, t, flows.RANK_WINDOW, flows.RANK_MINIMUM_DAYS)
    first = t[rows_in_window(t, flows.RANK_WINDOW)] if len(t) else t
    columns = {"rate": rate, "percentile": rank, "ranked_days": (t - first) / DAY}
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)
