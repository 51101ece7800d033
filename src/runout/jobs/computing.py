"""Bring derived state up to date: indicators that need long history, and flush events.

Each computation runs over what was known at successive moments: a revision of an input adds rows known from then on
and leaves the earlier ones, so a bulletin as of a moment reads what stood then. Only the tail is computed anew, from
the last computed time minus the computation's lookback; where rows below that time were added since, everything is.
"""

from collections.abc import Callable, Iterable

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators import flushes, liquidations, open_interest
from runout.jobs import selection
from runout.jobs.progress import Progress, no_progress
from runout.jobs.selection import LiquidationGroup
from runout.lake import Lake
from runout.records import KINDS, Series
from runout.version import METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
_LIQUIDATION_COLUMNS = (
    "long_usd", "short_usd", "total_usd", "long_share",
    "total_percentile", "long_percentile", "short_percentile", "ranked_days",
)  # fmt: skip
_CHANGE_COLUMNS = ("change_usd", "position_usd", "price_usd", "change_base", "noise_usd", "noise_base")
_DAILY = DAY


class Computation(msgspec.Struct, frozen=True, kw_only=True):
    """One derived quantity over one scope.

    Parameters
    ----------
    name
        ``indicator/scope``; names the state in the ``computations`` table.
    inputs
        Series read, by record kind.
    lookback
        Nanoseconds before the first new row that the result can depend on.
    outputs
        Which rows of which derived tables are its own, as column values.
    derive
        From input tables (by kind) to rows of derived tables (by kind).
    """

    name: str
    inputs: dict[str, tuple[str, ...]]
    lookback: int
    outputs: dict[str, dict[str, str]]
    derive: Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]]


def compute(lake: Lake, *, progress: Progress = no_progress) -> int:
    """Compute what is missing of a lake's derived state.

    Returns
    -------
    int
        Rows written. A second call without new data writes none.
    """
    plan = computations(lake.series())
    written = 0
    for number, computation in enumerate(plan, start=1):
        progress(computation.name, number, len(plan))
        written += _bring_up_to_date(lake, computation)
    lake.compact()
    return written


def computations(series: Iterable[Series]) -> list[Computation]:
    """Return everything that can be derived from ``series``, in a fixed order."""
    known = list(series)
    groups = selection.liquidation_groups(known)
    plan = [_trailing_liquidations(group) for group in groups]
    coins = sorted({s.coin for s in known if s.kind == "open_interest"})
    for coin in coins:
        interest = selection.all_venue_open_interest(known, coin)
        price = selection.bars(known, coin, step=interest.step) if interest else None
        if interest and price:
            plan.append(_open_interest_changes(coin, interest, price))
    for group in groups:
        plan += _flushes(group, known)
    return plan


def computed_through(lake: Lake) -> dict[str, int]:
    """Return how far each computation of the present method version has come (UTC ns)."""
    rows = lake.scan("computations").filter(pl.col("method_version") == METHOD_VERSION).collect()
    return dict(rows.group_by("computation").agg(pl.col("through").max()).iter_rows())


# -- the computations ---------------------------------------------------------------------------------------------


def _trailing_liquidations(group: LiquidationGroup) -> Computation:
    def derive(inputs: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        trailing = liquidations.trailing(liquidations.by_side(inputs["liquidations"], len(group.series)))
        return {"indicators": _long_form(trailing, "liquidations.24h", group.coin, group.name, _LIQUIDATION_COLUMNS)}

    return Computation(
        name=f"liquidations.24h/{group.name}",
        inputs={"liquidations": tuple(s.series for s in group.series)},
        lookback=liquidations.RANK_WINDOW + 2 * DAY,
        outputs={"indicators": {"scope": group.name, "coin": group.coin, "method_version": METHOD_VERSION}},
        derive=derive,
    )


def _open_interest_changes(coin: str, interest: Series, price: Series) -> Computation:
    windows = open_interest.CHANGE_WINDOWS

    def derive(inputs: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        rows = with_price(inputs["open_interest"], inputs["bars"])
        wide = {f"open_interest.{label}": open_interest.changes(rows, window) for label, window in windows.items()}
        parts = [_long_form(frame, name, coin, interest.series, _CHANGE_COLUMNS) for name, frame in wide.items()]
        return {"indicators": pl.concat(parts)}

    return Computation(
        name=f"open_interest/{interest.series}",
        inputs={"open_interest": (interest.series,), "bars": (price.series,)},
        lookback=open_interest.NOISE_WINDOW + 4 * DAY,
        outputs={"indicators": {"scope": interest.series, "coin": coin, "method_version": METHOD_VERSION}},
        derive=derive,
    )


def _flushes(group: LiquidationGroup, series: list[Series]) -> list[Computation]:
    coin = "BTC" if group.coin == selection.ALL_COINS else group.coin
    price = selection.bars(series, coin, step=group.step)
    return [_flush(group, price, direction) for direction in ("flush", "squeeze")] if price else []


def _flush(group: LiquidationGroup, price: Series, direction: flushes.Direction) -> Computation:
    side = "long" if direction == "flush" else "short"

    def derive(inputs: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        sides = liquidations.by_side(inputs["liquidations"], len(group.series))
        totals = liquidations.trailing(sides).select(
            "event_time",
            "known_time",
            pl.col(f"{side}_usd").alias("trailing_usd"),
            pl.col(f"{side}_percentile").alias("percentile"),
        )
        totals = totals.join(sides.select("event_time", pl.col(f"{side}_usd").alias("interval_usd")), on="event_time")
        states = flushes.flush_states(inputs["bars"], totals, direction)
        rows = [
            msgspec.structs.asdict(s)
            | {"series": group.name, "coin": price.coin, "move": s.move, "method_version": METHOD_VERSION}
            for s in states
        ]
        return {"flushes": pl.DataFrame(rows, schema=KINDS["flushes"].dtypes)}

    return Computation(
        name=f"{direction}/{group.name}/{price.series}",
        inputs={"liquidations": tuple(s.series for s in group.series), "bars": (price.series,)},
        lookback=0,  # an event's state reaches back to its start: always from the beginning
        outputs={"flushes": {"series": group.name, "direction": direction, "method_version": METHOD_VERSION}},
        derive=derive,
    )


def with_price(interest: pl.DataFrame, price: pl.DataFrame) -> pl.DataFrame:
    """Return dollar open interest with the price at the same instant: a bar's close at its end."""
    closes = price.select("event_time", pl.col("close"), pl.col("known_time").alias("price_known_time"))
    joined = interest.drop("price").join(closes, on="event_time", how="inner")
    return joined.select(
        "event_time",
        pl.max_horizontal("known_time", "price_known_time").alias("known_time"),
        "open_interest_usd",
        pl.col("close").alias("price"),
    ).sort("event_time")


def _long_form(wide: pl.DataFrame, prefix: str, coin: str, scope: str, columns: tuple[str, ...]) -> pl.DataFrame:
    return (
        wide.select("event_time", "known_time", *columns)
        .unpivot(columns, index=["event_time", "known_time"], variable_name="indicator", value_name="value")
        .drop_nulls("value")
        .with_columns(
            (pl.lit(f"{prefix}.") + pl.col("indicator")).alias("indicator"),
            coin=pl.lit(coin),
            scope=pl.lit(scope),
            method_version=pl.lit(METHOD_VERSION),
        )
    )


# -- keeping them up to date ----------------------------------------------------------------------------------------


def _bring_up_to_date(lake: Lake, computation: Computation) -> int:
    newest, total = _extent(lake, computation, through=None)
    if total == 0:
        return 0
    state = _state(lake, computation)
    if state is not None and (newest, total) == state:
        return 0
    if state is not None and _extent(lake, computation, through=state[0])[1] != state[1]:
        for kind, scope in computation.outputs.items():  # history has changed below: derive it again from the start
            lake.discard(kind, pl.all_horizontal(pl.col(name).eq_missing(value) for name, value in scope.items()))
        state = None
    since = state[0] - computation.lookback if state is not None and computation.lookback else 0
    fresh_after = state[0] if since and state else 0
    written = 0
    for at in _moments(lake, computation, since):
        derived = computation.derive(_read(lake, computation, since, at))
        for kind, rows in derived.items():
            written += lake.append(kind, rows.filter(pl.col("event_time") > fresh_after)).added.height
    row = (computation.name, METHOD_VERSION, newest, total)
    lake.append("computations", pl.DataFrame([row], schema=KINDS["computations"].dtypes, orient="row"))
    return written


def _state(lake: Lake, computation: Computation) -> tuple[int, int] | None:
    mine = (pl.col("computation") == computation.name) & (pl.col("method_version") == METHOD_VERSION)
    rows = lake.scan("computations").filter(mine).sort("through", "rows_used").collect()
    return None if rows.is_empty() else (rows["through"][-1], rows["rows_used"][-1])


def _extent(lake: Lake, computation: Computation, through: int | None) -> tuple[int, int]:
    """Return the newest event time of the inputs, and how many rows they have up to ``through``."""
    newest, total = 0, 0
    for kind, names in computation.inputs.items():
        rows = lake.scan(kind).filter(pl.col("series").is_in(list(names)))
        if through is not None:
            rows = rows.filter(pl.col("event_time") <= through)
        last, count = rows.select(pl.col("event_time").max(), pl.len()).collect().row(0)
        newest, total = max(newest, last or 0), total + count
    return newest, total


def _moments(lake: Lake, computation: Computation, since: int) -> list[int | None]:
    """Return the moments at which the inputs must be looked at: just before each revision, and now."""
    moments: set[int] = set()
    for kind, names in computation.inputs.items():
        key = KINDS[kind].revision_key
        rows = lake.scan(kind).filter(pl.col("series").is_in(list(names)), pl.col("event_time") >= since)
        revised = rows.filter(pl.col("known_time") > pl.col("known_time").min().over(key))
        moments.update(revised.select("known_time").unique().collect()["known_time"].to_list())
    return [*(moment - 1 for moment in sorted(moments)), None]


def _read(lake: Lake, computation: Computation, since: int, at: int | None) -> dict[str, pl.DataFrame]:
    return {
        kind: lake.as_of(kind, at=at, series=names, since=since or None) for kind, names in computation.inputs.items()
    }
