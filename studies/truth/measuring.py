"""One world measured: the map at two moments, its bands, the leverage mix and the capped feeds, beside the truth."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl

from runout.bulletin.liquidation_map import LiquidationMap
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from runout.coverage.capture import corrected_totals, largest_of_each_second
from runout.lake import Lake
from runout.liquidation_map import shipped
from runout.liquidation_map.clusters import Sweep
from runout.liquidation_map.dollars import SIDES
from runout.pipeline.build_map import liquidation_map
from runout.scores.arrays import FloatArray
from runout.synthetic.feeds import EVENT_DAYS, SPREAD_MINUTES
from runout.synthetic.true_levels import DIRECTION, by_class, true_levels, would_be_reported
from runout.synthetic.world import VENUES
from studies.truth import ladders, nulls
from studies.truth.design import Arrays, Case
from studies.truth.worlds import VENUE, Made, make

MOMENTS_BEFORE_END: Final = (10, 3)
"""Days, at whose ends maps are drawn, counted back from the last: before what the script has in store, and the night
after it. Their histories of sweeps, a week each, do not overlap."""
_PATHS: Final = (1,)
"""Moments at which the map of the path alone is drawn too: one of them, for time."""


class MapMeasures(Arrays, frozen=True, eq=False, kw_only=True):
    """What a world said of the map.

    Parameters
    ----------
    reach
        Of the map, log price, shape (moments, sides).
    floor
        Sampling floor of the truth within it.
    accounts
        True positions within it.
    true, product, path, naive
        Dollars by moment, side and cell; the product's and the path's are expected to be reported.
    sweeps
        A row each: side, predicted, low, high, reported, true.
    clusters
        A row each: side, expected, low, high, what would be reported of the true ones resting there, those.
    levels
        Levels inside their bands and levels in all, by moment and side.
    opened
        Coins truly opened, by side and class of distance (what lies beyond the classes last).
    capture
        A row each of venue and day: place, reported, estimated, low, high, true, saturated share; place 9 is all
        venues, 20 the complete feed of the third, capped on purpose.
    """

    reach: FloatArray
    floor: FloatArray
    accounts: FloatArray
    true: FloatArray
    product: FloatArray
    path: FloatArray
    naive: FloatArray
    sweeps: FloatArray
    clusters: FloatArray
    levels: FloatArray
    opened: FloatArray
    capture: FloatArray


def measure_map(case: Case) -> MapMeasures:
    """Simulate a world and measure it."""
    made = make(case)
    with TemporaryDirectory() as folder:
        lake, flat = made.lake(Path(folder) / "lake"), made.path_lake(Path(folder) / "path")
        return measured(made, lake, flat)


def measured(made: Made, lake: Lake, flat: Lake) -> MapMeasures:
    """Measure a world that stands in a lake, and in one of its path alone."""
    days = [made.world.days - 1 - before for before in MOMENTS_BEFORE_END]
    moments = [made.moment(day) for day in days]
    coin = made.world.coins[0].name
    maps = [liquidation_map(lake, coin, at, venue=VENUE) for at in moments]
    paths = {row: liquidation_map(flat, coin, moments[row], venue=VENUE) for row in _PATHS}
    bars = made.rows("bars", "5m")
    truth = [_positions(made, day) for day in days]
    resting = [[_true(one, side, m.price) for side in (0, 1)] for one, m in zip(truth, maps, strict=True)]
    reach = np.array([[_reach(m, side) for side in (0, 1)] for m in maps])
    return MapMeasures(
        reach=reach, floor=_floors(truth, maps, reach), accounts=_accounts(truth, maps, reach),
        true=np.array(resting), product=_gridded(dict(enumerate(maps))), path=_gridded(paths),
        naive=np.array([_naive(bars, m) for m in maps]),
        sweeps=_sweeps(made, maps), clusters=_clusters(truth, maps),
        levels=_levels(truth, maps), opened=_opened(made), capture=_captured(made),
    )  # fmt: skip


# -- ladders ----------------------------------------------------------------------------------------------------------


def _positions(made: Made, day: int) -> pl.DataFrame:
    return made.truth["positions"].filter((pl.col("day") == day) & (pl.col("venue") == VENUE))


def _true(positions: pl.DataFrame, side: int, price: float) -> FloatArray:
    return ladders.histogram(*true_levels(positions, side, price))


def _reach(of: LiquidationMap, side: int) -> float:
    edge = of.ladder.edges[0] if side == 0 else of.ladder.edges[-1]
    return float(abs(np.log(edge / of.price)))


def _gridded(maps: Mapping[int, LiquidationMap]) -> FloatArray:
    """Return the ladders by moment, side and cell; NaN at moments without a map."""
    out = np.full((len(MOMENTS_BEFORE_END), 2, ladders.CELLS), np.nan)
    for row, m in maps.items():
        for side, name in enumerate(SIDES):
            out[row, side] = ladders.on_grid(m.ladder.edges, m.ladder.total_usd(name), m.price, side)
    return out


def _naive(bars: pl.DataFrame, of: LiquidationMap) -> FloatArray:
    return nulls.naive_ladder(bars.filter(pl.col("event_time") <= of.through), of.price)


def _floors(truth: list[pl.DataFrame], maps: list[LiquidationMap], reach: FloatArray) -> FloatArray:
    rng = np.random.default_rng(0)
    return np.array([
        [
            ladders.sampling_floor(
                *true_levels(one, side, m.price), ladders.whole_cells(float(reach[row, side])), rng
            )
            for side in (0, 1)
        ]
        for row, (one, m) in enumerate(zip(truth, maps, strict=True))
    ])  # fmt: skip


def _accounts(truth: list[pl.DataFrame], maps: list[LiquidationMap], reach: FloatArray) -> FloatArray:
    out = np.zeros_like(reach)
    for row, (one, m) in enumerate(zip(truth, maps, strict=True)):
        for side in (0, 1):
            distance, _ = true_levels(one, side, m.price)
            out[row, side] = ((distance >= 0.0) & (distance < reach[row, side])).sum()
    return out


# -- bands ------------------------------------------------------------------------------------------------------------


def _sweeps(made: Made, maps: list[LiquidationMap]) -> FloatArray:
    """Return rows of the sweeps that have a report."""
    found = [(one, _truly_closed(made, one)) for m in maps for one in m.sweeps if one.realised_usd is not None]
    rows = [
        (SIDES.index(one.side), one.predicted.usd, one.predicted.low_usd, one.predicted.high_usd, one.realised_usd,
         true)
        for one, true in found
    ]  # fmt: skip
    return np.array(rows, dtype=np.float64).reshape(-1, 6)


def _truly_closed(made: Made, sweep: Sweep) -> float:
    inside = made.truth["liquidations"].filter(
        (pl.col("venue") == VENUE) & (pl.col("liquidated_side") == sweep.side),
        pl.col("event_time").is_between(sweep.start, sweep.end, closed="right"),
    )
    return float((inside["quantity_base"] * inside["price"]).sum())


def _clusters(truth: list[pl.DataFrame], maps: list[LiquidationMap]) -> FloatArray:
    rows: list[tuple[float, ...]] = []
    for one, m in zip(truth, maps, strict=True):
        levels = [true_levels(one, side, 1.0) for side in (0, 1)]
        for cluster in m.clusters:
            side = SIDES.index(cluster.side)
            price = np.exp(-DIRECTION[side] * levels[side][0])
            inside = levels[side][1][(price >= cluster.low) & (price < cluster.high)].sum()
            shown = float(would_be_reported(np.array([inside]))[0])
            rows.append((side, cluster.total.usd, cluster.total.low_usd, cluster.total.high_usd, shown, inside))
    return np.array(rows, dtype=np.float64).reshape(-1, 6)


def _levels(truth: list[pl.DataFrame], maps: list[LiquidationMap]) -> FloatArray:
    """Return how many levels in which the map has something hold what would be reported of them, and how many are."""
    out = np.zeros((len(maps), 2, 2))
    for row, (one, m) in enumerate(zip(truth, maps, strict=True)):
        for side, name in enumerate(SIDES):
            distance, usd = true_levels(one, side, 1.0)
            price = np.exp(-DIRECTION[side] * distance)
            shown = would_be_reported(np.histogram(price, m.ladder.edges, weights=usd)[0].astype(np.float64))
            drawn = m.ladder.total_usd(name) > 0.0
            # A band below a dollar is nothing: an empty level is inside it.
            inside = (shown >= m.ladder.low_usd[side] - 1.0) & (shown <= m.ladder.high_usd[side] + 1.0)
            out[row, side] = (inside & drawn).sum(), drawn.sum()
    return out


# -- leverage ---------------------------------------------------------------------------------------------------------


def _opened(made: Made) -> FloatArray:
    """Return coins that accounts of the venue opened with a liquidation price, by side and class of distance."""
    accounts = made.truth["positions"].filter(pl.col("venue") == VENUE).select("account").unique()
    opened = made.truth["changes"].filter(
        (pl.col("change") == "opened") & pl.col("liquidation_price").is_not_null()
    ).join(accounts, on="account", how="semi")  # fmt: skip
    found: list[FloatArray] = []
    for sign in DIRECTION:
        mine = opened.filter(pl.col("side") == sign)
        distance = np.abs(np.log(mine["liquidation_price"].to_numpy() / mine["entry"].to_numpy()))
        found.append(by_class(distance, mine["size"].to_numpy(), tuple(shipped().distances.tolist())))
    return np.array(found)


# -- capped feeds -----------------------------------------------------------------------------------------------------

ALL_VENUES, RECAPPED = 9, 20


def _captured(made: Made) -> FloatArray:
    until = made.world.start + made.world.days * NANOSECONDS_PER_DAY
    since = until - EVENT_DAYS * NANOSECONDS_PER_DAY
    rng = np.random.default_rng(made.world.seed)
    rows: list[FloatArray] = []
    whole = np.zeros((EVENT_DAYS, 5))
    for place, venue in enumerate(VENUES):
        feed = next(
            r for s, r in made.published if s.kind == "liquidations" and not s.step and s.venues[0] == venue.name
        )
        time, usd = feed["event_time"].to_numpy(), feed["value_usd"].to_numpy()
        true = _true_days(made, venue.name, since)
        if venue.feed in {"largest", "one"}:
            found = corrected_totals(
                time, usd, since=since, until=until, rule="largest" if venue.feed == "largest" else "one", rng=rng
            )
            said = found.select("reported_usd", "total_usd", "low_usd", "high_usd").to_numpy()
            rows.append(_labelled(place, said, true, found["saturated_share"].to_numpy()))
        else:
            shown = np.bincount((time - since) // NANOSECONDS_PER_DAY, usd, minlength=EVENT_DAYS)[:, np.newaxis]
            said = np.repeat(shown, 4, axis=1)
        if venue.feed == "complete":
            rows.append(_recapped(time, usd, since, until, rng))
        whole += np.column_stack([said, true])
    rows.append(_labelled(ALL_VENUES, whole[:, :4], whole[:, 4], np.zeros(EVENT_DAYS)))
    return np.concatenate(rows)


def _labelled(place: int, said: FloatArray, true: FloatArray, saturated: FloatArray) -> FloatArray:
    return np.column_stack([np.full(len(said), place), said, true, saturated])


def _recapped(time: np.ndarray, usd: FloatArray, since: int, until: int, rng: np.random.Generator) -> FloatArray:
    """Cap a complete feed to the largest of each second, and estimate what it had."""
    kept = largest_of_each_second(time, usd)
    found = corrected_totals(time[kept], usd[kept], since=since, until=until, rule="largest", rng=rng)
    said = found.select("reported_usd", "total_usd", "low_usd", "high_usd").to_numpy()
    true = np.bincount((time - since) // NANOSECONDS_PER_DAY, usd, minlength=EVENT_DAYS).astype(np.float64)
    return _labelled(RECAPPED, said, true, found["saturated_share"].to_numpy())


def _true_days(made: Made, venue: str, since: int) -> FloatArray:
    """Return dollars closed by force on a venue on each of the last days, as spread over minutes as they are shown."""
    rows = made.truth["liquidations"].filter(pl.col("venue") == venue)
    usd = (rows["quantity_base"] * rows["price"]).to_numpy() / SPREAD_MINUTES
    first = rows["event_time"].to_numpy() - NANOSECONDS_PER_MINUTE
    last = since + EVENT_DAYS * NANOSECONDS_PER_DAY - NANOSECONDS_PER_MINUTE
    out = np.zeros(EVENT_DAYS)
    for late in range(SPREAD_MINUTES):
        minute = np.minimum(first + late * NANOSECONDS_PER_MINUTE, last)
        inside = minute >= since
        out += np.bincount((minute[inside] - since) // NANOSECONDS_PER_DAY, usd[inside], minlength=EVENT_DAYS)
    return out
