"""The mapping file: what the columns of somebody's table mean, said in TOML.

One mapping describes a provider: a ``[[file]]`` block for each kind of record a file holds. Several blocks may read the
same file (a file with several venues whose units differ, or with a column for each side).
"""

import re
from typing import Literal, get_args

import msgspec

from runout.clock import parse_time
from runout.errors import ConfigurationError
from runout.records import KINDS, Schema
from runout.records.series import Capture, Margin, Market
from runout.sources.stamps import EARLIEST, EPOCH_UNITS_NS, LATEST, duration_ns, pattern_fault

Kind = Literal[
    "bars", "liquidations", "open_interest", "funding", "positioning", "taker_flow", "depth", "premium", "market_caps",
    "reserves", "fund_flows",
]  # fmt: skip
# What the reader makes itself; a mapping has other words for it.
_MADE = {"series", "coin", "event_time", "span", "known_time", "vintage", "sequence"}


class Time(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the stamp is, how it is written, and what it says.

    Parameters
    ----------
    column
        Column of the file.
    format
        ``iso``, ``seconds``, ``milliseconds``, ``microseconds``, ``nanoseconds``, or a pattern such as ``%Y.%m.%d``.
    stamp
        ``open``: the stamp opens an interval of one step. ``day``: the row speaks of the dated day. ``instant``: the
        row is of the stamp's moment.
    step
        Distance between rows, such as ``5m``; empty where there is none.
    lag
        How long after the end of what a row speaks of it is published.
    shift
        What is added to every stamp, such as ``5m`` or ``-1h``, where the provider labels rows by another moment.
    """

    column: str
    format: str = "iso"
    stamp: Literal["open", "instant", "day"] = "open"
    step: str = ""
    lag: str = "0s"
    shift: str = "0s"

    @property
    def step_ns(self) -> int:
        """The step in nanoseconds; 0 for none."""
        return duration_ns(self.step) if self.step else 0

    @property
    def lag_ns(self) -> int:
        """The publication lag in nanoseconds."""
        return duration_ns(self.lag)

    @property
    def shift_ns(self) -> int:
        """What is added to a stamp, in nanoseconds."""
        return -duration_ns(self.shift[1:]) if self.shift.startswith("-") else duration_ns(self.shift)

    @property
    def span_ns(self) -> int:
        """How far a row reaches back: the step of an interval, 0 for an instant."""
        return 0 if self.stamp == "instant" else self.step_ns


class Cell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of the file and the factor that brings it to the record's unit (percent to fraction: 0.01)."""

    column: str
    scale: float = 1.0


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column that says whose position was closed, and which of its values mean long and short."""

    column: str
    long: tuple[str, ...]
    short: tuple[str, ...]


class TableFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one kind of file holds.

    Parameters
    ----------
    name
        File names it reads: ``*`` and ``?`` as in a shell; ``{coin}`` stands for the coin.
    kind
        Record kind.
    time
        The stamp.
    columns
        Record column to column of the file, or to a table with ``column`` and ``scale``.
    constants
        Record column to one value for every row.
    keep
        Column of the file to the values wanted; other rows are left out.
    side
        For liquidations: the column that tells the side.
    coin, coin_column, quotes
        The coin, or the column that names it (or a symbol, whose ending ``quotes`` are cut off); or ``{coin}`` in name.
    venues, venue_column
        Venues inside the figures, or the column that names the venue.
    instruments, market, margin, measure, feed, capture, note
        Scope, as in :class:`runout.records.Series`; ``{coin}`` and ``{venue}`` in ``instruments`` are filled in.
    scope
        Scope inside the series' identifier; without it venue and measure.
    delimiter
        Of text files.
    since, until
        Dates (or times, UTC): the block reads rows whose stamp is not before ``since`` and is before ``until``. A
        change of the provider's format is a second block from its date on.
    """

    name: str
    kind: Kind
    time: Time
    columns: dict[str, str | Cell]
    instruments: str
    market: Market
    constants: dict[str, float | str] = {}
    keep: dict[str, tuple[str, ...]] = {}
    side: Side | None = None
    coin: str = ""
    coin_column: str = ""
    quotes: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    venue_column: str = ""
    margin: Margin = "all"
    measure: str = ""
    feed: str = ""
    capture: Capture = "not-applicable"
    note: str = ""
    scope: str = ""
    delimiter: str = ","
    since: str = ""
    until: str = ""

    @property
    def limits_ns(self) -> tuple[int, int]:
        """First stamp that the block reads, and the first that it reads no more, UTC ns."""
        return parse_time(self.since) if self.since else EARLIEST, parse_time(self.until) if self.until else LATEST

    def matches(self, name: str) -> re.Match[str] | None:
        """Match a file name; the group ``coin`` is what stands for ``{coin}``."""
        pattern = re.escape(self.name).replace(r"\{coin\}", "(?P<coin>[A-Za-z0-9]+)", 1)
        return re.fullmatch(pattern.replace(r"\*", ".*").replace(r"\?", "."), name)

    def cells(self) -> dict[str, Cell]:
        """Return where each record column comes from."""
        return {name: c if isinstance(c, Cell) else Cell(column=c) for name, c in self.columns.items()}

    def needed(self) -> list[str]:
        """Return the columns the file must have."""
        named = [self.time.column, *(cell.column for cell in self.cells().values()), *self.keep]
        named += [self.coin_column, self.venue_column, self.side.column if self.side else ""]
        return list(dict.fromkeys(name for name in named if name))


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"files": "file"}):
    """A provider's tables.

    Parameters
    ----------
    provider
        Name in the identifiers of the series.
    files
        Blocks ``[[file]]``.
    about
        What the tables are, for a reader of the mapping.
    skips
        Why files or rows of the provider are left out; said in the summary of an import that skips rows.
    """

    provider: str
    files: tuple[TableFile, ...]
    about: str = ""
    skips: str = ""


def read_mapping(data: bytes, where: str) -> Mapping:
    """Return the mapping in ``data``.

    Parameters
    ----------
    data
        TOML in UTF-8.
    where
        Name of the file, for messages.

    Raises
    ------
    ConfigurationError
        If it is not TOML, has a field that no mapping has, or does not fill the record kind it names.
    """
    try:
        mapping = msgspec.toml.decode(data, type=Mapping)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"expected a mapping in {where}, found: {error}{_hint(str(error))}; see docs/importing.md for its fields"
        ) from error
    faults = [] if re.fullmatch(r"[a-z0-9][a-z0-9-]*", mapping.provider) else ["provider: expected a-z, 0-9 and -"]
    faults += [] if mapping.files else ["file: expected at least one [[file]] block, found none"]
    faults += [f"[[file]] {file.name!r}: {fault}" for file in mapping.files for fault in _faults(file)]
    if faults:
        raise ConfigurationError(f"expected a mapping that can be read in {where}, found: {'; '.join(faults)}")
    return mapping


_ENUMERATIONS = {"kind": Kind, "market": Market, "margin": Margin, "capture": Capture}
_CHOICES = {name: get_args(values) for name, values in _ENUMERATIONS.items()}


def _hint(error: str) -> str:
    """Return the choices where the decoder names only what it found."""
    field = error.rpartition(".")[2].rstrip("`")
    if field == "stamp":
        return (
            " (stamp: expected 'open' for the start of an interval, 'day' for a date, 'instant' for a moment; a stamp "
            "at an interval's close is 'open' with shift = minus one step, such as '-1h')"
        )
    choices = _CHOICES.get(field, ()) if "enum value" in error else ()
    return f" ({field}: expected one of {', '.join(choices)})" if choices else ""


def _faults(item: TableFile) -> list[str]:
    schema = KINDS[item.kind]
    faults = [*_time_faults(item.time), *_column_faults(item, schema)]
    if sum((bool(item.coin), bool(item.coin_column), "{coin}" in item.name)) != 1:
        faults.append("expected exactly one of coin, coin_column and {coin} in name")
    if bool(item.venues) == bool(item.venue_column):
        faults.append("expected exactly one of venues and venue_column")
    if not re.fullmatch(r"[a-z0-9.+-]*(\{venue\})?[a-z0-9.+-]*", item.scope + item.measure):
        faults.append("scope and measure: expected a-z, 0-9, '.', '+', '-', and {venue} at most once in scope")
    if len(item.delimiter) != 1 or item.delimiter in '"\r\n':
        faults.append("delimiter: expected one character other than a quote or line end")
    if item.kind == "liquidations" and (item.side is not None) == ("liquidated_side" in item.constants):
        faults.append(
            "expected exactly one of [file.side] and liquidated_side in constants (longs and shorts in two columns: "
            "two blocks of the same name, liquidated_side 'long' in the one and 'short' in the other)"
        )
    if item.kind == "open_interest" and not item.time.step:
        faults.append("time: expected a step such as '1h' with open_interest: maps and leverage are of regular rows")
    if item.constants.get("interval_hours", 1.0) == 0:
        faults.append("constants: expected more than 0 in interval_hours, found 0")
    return faults + _limit_faults(item)


def _limit_faults(item: TableFile) -> list[str]:
    try:
        since, until = item.limits_ns
    except ValueError as error:
        return [f"since and until: {error}"]
    return [] if since < until else [f"expected since before until, found {item.since!r} and {item.until!r}"]


def _time_faults(time: Time) -> list[str]:
    faults: list[str] = []
    for text in (time.step, time.lag, time.shift.removeprefix("-")):
        try:
            duration_ns(text or "0s")
        except ValueError as error:
            faults.append(f"time: {error}")
    if time.stamp != "instant" and not time.step:
        faults.append(f"time: expected a step with stamp {time.stamp!r}")
    if time.stamp == "day" and time.step not in {"", "1d"}:
        faults.append(f"time: expected step '1d' with stamp 'day', found {time.step!r}")
    if time.format != "iso" and time.format not in EPOCH_UNITS_NS and "%" not in time.format:
        forms = ", ".join(["iso", *EPOCH_UNITS_NS])
        faults.append(f"time: expected format {forms} or a pattern such as %Y-%m-%d, found {time.format!r}")
    elif "%" in time.format and (fault := pattern_fault(time.format)):
        faults.append(f"time: {fault}")
    return faults


def _column_faults(table_file: TableFile, schema: Schema) -> list[str]:
    allowed = [name for name in schema.names if name not in _MADE]
    provided = {*table_file.columns, *table_file.constants, *(("liquidated_side",) if table_file.side else ())}
    faults = [
        f"expected columns of {table_file.kind} ({', '.join(allowed)}), found {n!r}"
        for n in sorted(provided - {*allowed})
    ]
    required = {column.name for column in schema.columns if column.required} - _MADE
    faults += [f"expected {name!r}, which every row of {table_file.kind} has" for name in sorted(required - provided)]
    values = {column.name for column in schema.columns if column.type in {"float", "integer"}}
    faults += [
        f"columns: expected numbers, found {name!r}" for name in sorted({*table_file.columns} - values & {*allowed})
    ]
    wrong = {name: value for name, value in table_file.constants.items() if isinstance(value, str) == (name in values)}
    faults += [f"constants: expected a number or text as {n!r} is, found {v!r}" for n, v in wrong.items()]
    both = sorted({*table_file.columns} & {*table_file.constants})
    return [*faults, *(f"expected {name!r} in columns or in constants, found it in both" for name in both)]
