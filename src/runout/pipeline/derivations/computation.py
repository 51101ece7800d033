"""What a computation is: a pure function from input tables to derived rows, its scope and how far it looks back."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import polars as pl

from runout.records import Series
from runout.version import METHOD_VERSION

Tables = dict[str, pl.DataFrame]


class Computation(msgspec.Struct, frozen=True, kw_only=True):
    """One derived quantity over one scope.

    Parameters
    ----------
    name
        ``indicator/scope``; names the state in the ``computations`` table.
    inputs
        Series read, by record kind.
    lookback
        Nanoseconds before the first new row that the result can depend on; 0: everything, always.
    lookbacks
        Shorter ones of single kinds, its own among them.
    outputs
        Which rows of which derived tables are its own.
    derive
        From input tables (by kind), and the moment (UTC ns) up to which its rows stand, to rows of derived tables (by
        kind); 0: from the start. Rows up to that moment are left out of what it gives.
    step
        Rows come at whole steps of time only (UTC ns): between them there is nothing to compute; 0: at any time.
    saves_time
        No answer needs its rows, which only spare a walk over the past: what runs on may compute them later.
    goes_on
        Of a computation that keeps its state: from its own rows of the lookback (by kind), and the moment up to which
        they stand, the moment (UTC ns) from which inputs are read; 0: from the start. ``derive`` is given those rows
        too.
    """

    name: str
    inputs: dict[str, tuple[str, ...]]
    lookback: int
    outputs: dict[str, pl.Expr]
    derive: Callable[[Tables, int], Tables]
    lookbacks: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    step: int = 0
    saves_time: bool = False
    goes_on: Callable[[Tables, int], int] | None = None


def inputs_of(*series: Series) -> dict[str, tuple[str, ...]]:
    """Return identifiers by kind, as :class:`Computation` takes them."""
    kinds = dict.fromkeys(item.kind for item in series)
    return {kind: tuple(item.series for item in series if item.kind == kind) for kind in kinds}


def rows_of(tables: Tables, series: Series) -> pl.DataFrame:
    """Return the rows of one series in time order."""
    return tables[series.kind].filter(pl.col("series") == series.series).sort("event_time")


def own_indicators(family: str, coin: str, scope: str) -> dict[str, pl.Expr]:
    """Return the predicate of the ``indicators`` rows of one family and scope."""
    own = (pl.col("scope") == scope) & (pl.col("coin") == coin) & (pl.col("method_version") == METHOD_VERSION)
    return {"indicators": own & pl.col("indicator").str.starts_with(f"{family}.")}


def long_form(wide: pl.DataFrame, prefix: str, coin: str, scope: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return a wide table as ``indicators`` rows; what was not observed has no row.

    Parameters
    ----------
    wide
        ``event_time, known_time`` and ``columns``.
    prefix
        Before the column's name, with a point between, in ``indicator``.
    coin, scope
        Of the rows.
    columns
        To be taken.
    """
    long = (
        wide.select("event_time", "known_time", *(pl.col(name).cast(pl.Float64) for name in columns))
        .unpivot(columns, index=["event_time", "known_time"], variable_name="indicator", value_name="value")
        .drop_nulls("value")
    )
    return labelled(long.with_columns((pl.lit(f"{prefix}.") + pl.col("indicator")).alias("indicator")), coin, scope)


def labelled(rows: pl.DataFrame, coin: str, scope: str) -> pl.DataFrame:
    """Return ``event_time, known_time, indicator, value`` rows with their coin, scope and method version."""
    return rows.with_columns(coin=pl.lit(coin), scope=pl.lit(scope), method_version=pl.lit(METHOD_VERSION))
