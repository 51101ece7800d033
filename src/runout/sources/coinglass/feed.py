"""What one CoinGlass endpoint's figures are: the words in which the tables of this package are written.

An :class:`Endpoint` says how its rows are laid out; each of its :class:`Feed` entries says what part of a row becomes
which record, in which unit, of which scope, and what the stamp means. A new endpoint is a new entry in a table.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.records.series import Margin, Market

Convert = Callable[[pl.Expr], pl.Expr]
Stamp = Literal["open", "instant", "day"]

WIDE = "value of one venue"  # stands for the venue columns of a table that has one column a venue


def as_published(value: pl.Expr) -> pl.Expr:
    """Return the figure as it came."""
    return value


def from_percent(value: pl.Expr) -> pl.Expr:
    """Return percent as a fraction."""
    return value / 100.0


def share_of_ratio(ratio: pl.Expr) -> pl.Expr:
    """Return the long share of a long/short ratio r: r / (1 + r)."""
    return ratio / (1.0 + ratio)


class Value(msgspec.Struct, frozen=True):
    """One column of a record.

    Parameters
    ----------
    column
        Name in the provider's table.
    convert
        From the provider's unit to ours.
    beside
        True for what only accompanies the figure (a price): a row that holds nothing else is no record.
    optional
        Whether editions of the table without the column exist.
    """

    column: str
    convert: Convert = as_published
    beside: bool = False
    optional: bool = False


class Record(msgspec.Struct, frozen=True):
    """One record made of a row: its values, and what is the same in every record of the feed."""

    values: dict[str, Value]
    constants: dict[str, pl.Expr] = msgspec.field(default_factory=dict[str, pl.Expr])


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One series, or one a venue or instrument, out of a table.

    Parameters
    ----------
    kind
        Record kind.
    scope
        Part of the series identifier; ``{venue}`` and ``{instrument}`` are filled in.
    records
        What each row becomes.
    venues
        Venues inside the figure; empty: the venue of the row or file.
    instruments, market, margin, measure, note
        As in :class:`runout.records.Series`; ``{coin}`` and ``{instrument}`` are filled in.
    stamp
        What the provider's stamp is. ``open``: the row speaks of the step that begins there.
    lag
        Nanoseconds between the end of what a row speaks of and the moment it is known.
    span
        Nanoseconds that a row reaches back, where that is not the step.
    """

    kind: str
    scope: str
    records: tuple[Record, ...]
    venues: tuple[str, ...] = ()
    instruments: str = "perpetual and dated futures"
    market: Market = "all-derivatives"
    margin: Margin = "all"
    measure: str = ""
    stamp: Stamp = "open"
    lag: int = 0
    span: int | None = None
    note: str = ""

    def columns(self) -> list[Value]:
        """Return every value that the records read."""
        return [value for record in self.records for value in record.values.values()]

    def lag_at(self, step: int) -> int:
        """Return the publication lag in nanoseconds.

        A daily instant is dated by its day alone: it is taken as known at the end of that day.
        """
        return step if self.stamp == "instant" and step == NANOSECONDS_PER_DAY else self.lag


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint, as exported and as the API answers.

    Parameters
    ----------
    name
        Name in file names.
    feeds
        What its rows hold; empty where nothing of it is imported.
    left_out
        Why nothing of it is imported.
    left_out_with
        Columns that mark an edition of the table of which nothing is imported, and why.
    time
        Column of the stamp.
    coin
        Column of the coin, where the file name does not hold it.
    venue, instrument
        Columns of the venue and the instrument, where rows have them.
    default_venue
        Venue where neither row nor file name holds one.
    vintage
        Column of the edition a row was taken from.
    padded
        Whether rows of zeros precede the first real value.
    unused
        Columns known and not read.
    json_names
        Column names of the API where they differ from those of the exports.
    json_seconds
        Whether the API documents its stamps in seconds; then seconds and milliseconds are both read.
    """

    name: str
    feeds: tuple[Feed, ...] = ()
    left_out: str = ""
    left_out_with: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    time: str = "ts_ms"
    coin: str = ""
    venue: str = ""
    instrument: str = ""
    default_venue: str = ""
    vintage: str = "from_snapshot"
    padded: bool = False
    unused: tuple[str, ...] = ()
    json_names: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    json_seconds: bool = False

    @property
    def wide(self) -> bool:
        """Whether the table has one column a venue."""
        return any(value.column == WIDE for feed in self.feeds for value in feed.columns())


def by_side(long: str, short: str) -> tuple[Record, ...]:
    """Return the two records of a row of liquidations, from the columns of the longs and the shorts liquidated."""
    return tuple(
        Record({"value_usd": Value(column)}, {"liquidated_side": pl.lit(side), "sequence": pl.lit(0)})
        for side, column in (("long", long), ("short", short))
    )


def weighted_funding(measure: str, column: str) -> Feed:
    """Return the feed of a funding rate weighted over venues, of which a column holds the close of the interval."""
    return Feed(
        kind="funding",
        scope=measure,
        venues=("all",),
        measure=measure,
        instruments="perpetuals, weighted over venues",
        market="perpetual",
        records=(Record({"rate": Value(column, from_percent)}, {"interval_hours": pl.lit(8.0)}),),
        note="quoted in percent per 8 h by the provider; the close of the interval",
    )
