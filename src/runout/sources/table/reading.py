"""Tables described by a mapping: rows of any CSV or Parquet file become records."""

import hashlib
import math
import re
from collections.abc import Iterable

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_duration
from runout.errors import SchemaError
from runout.records import KINDS, Series
from runout.sources.archives import unpack
from runout.sources.content import (
    Content,
    as_literal,
    number,
    read_delimited,
    read_parquet,
    require_columns,
    unread,
    whole_number,
)
from runout.sources.protocol import REFUSED_SCHEMA, Document, Normalised, check_rows
from runout.sources.stamps import coarse, moment, require_times
from runout.sources.table.mapping import Cell, Mapping, TableFile

# A number that a comma locale may mean as thousands; and the share of equal events that chance can explain.
_DOTTED = r"^\s*-?[1-9]\d{0,2}\.\d{3}\s*$"
_FEW_REPEATS = 0.05
_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".csv.zip", ".zip")


class TableSource(msgspec.Struct, frozen=True, kw_only=True):
    """A provider described by a mapping.

    Parameters
    ----------
    provider
        Name as typed on the command line.
    mapping
        What its tables mean.
    edition
        Short fingerprint of the mapping: with another mapping the files are read again.
    """

    provider: str
    mapping: Mapping
    edition: str

    @property
    def normaliser(self) -> str:
        """Name and version of this reader with this mapping."""
        return f"table-{self.mapping.provider}-{self.edition}/1"

    @property
    def file_names(self) -> tuple[str, ...]:
        """Names of the mapping's blocks."""
        return tuple(dict.fromkeys(one.name for one in self.mapping.files))

    def recognises(self, name: str) -> bool:
        """Whether a block of the mapping reads files of this name."""
        return any(one.matches(name) for one in self.mapping.files)

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return the records of every block that reads this file; a row refused by one block is refused whole."""
        blocks = [(one, match) for one in self.mapping.files if (match := one.matches(document.name))]
        if not blocks:
            raise SchemaError(f"expected a file named {', '.join(self.file_names)}, found {document.name!r}")
        content = _content(document, blocks[0][0].delimiter)
        for one, _ in blocks:
            require_columns(content, one.needed())
        read = [_candidates(content, self.mapping.provider, one, match) for one, match in blocks]
        refused = _refused(content, blocks, read, now)
        records: dict[str, list[pl.DataFrame]] = {}
        series: dict[str, Series] = {}
        wanted: set[int] = set()
        notes: list[str] = []
        for (one, _), rows in zip(blocks, read, strict=True):
            wanted.update(rows["row"])
            clean = rows.filter(~pl.col("row").is_in(refused["row"].implode()))
            sound, _ = check_rows(clean, one.kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))
            if sound.height:
                records.setdefault(one.kind, []).append(sound)
                series |= {s.series: s for s in _series_of(clean, self.mapping.provider, one)}
            notes += _notes(document.name, content, one, clean)
        skipped = content.cells.height - len(wanted)
        if skipped:
            because = f": {self.mapping.skips}" if self.mapping.skips else ""
            notes.append(f"{document.name}: {skipped} rows not wanted by the mapping, or empty{because}")
        return Normalised(
            series=tuple(series.values()),
            tables={kind: pl.concat(tables) for kind, tables in records.items()},
            refused=refused,
            rows_in=content.cells.height,
            rows_skipped=skipped,
            notes=tuple(dict.fromkeys(notes)),
        )


def table_source(provider: str, mapping: Mapping, data: bytes) -> TableSource:
    """Return the source of a mapping and the bytes it was read from."""
    return TableSource(provider=provider, mapping=mapping, edition=hashlib.sha256(data).hexdigest()[:8])


def _content(document: Document, delimiter: str) -> Content:
    data = unpack(document)
    return read_parquet(data) if document.name.endswith(".parquet") else read_delimited(data, delimiter=delimiter)


def _refused(
    content: Content, blocks: Iterable[tuple[TableFile, re.Match[str]]], read: Iterable[pl.DataFrame], now: int
) -> pl.DataFrame:
    """Return one refusal for each row that any block refuses."""
    refusals = [
        check_rows(rows, one.kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))[1]
        for (one, _), rows in zip(blocks, read, strict=True)
    ]
    together = pl.concat([pl.DataFrame(schema=REFUSED_SCHEMA), *refusals])
    return together.unique("row", keep="first", maintain_order=True).sort("row")


def _candidates(content: Content, provider: str, one: TableFile, match: re.Match[str]) -> pl.DataFrame:
    """Return candidate records of one block: its rows, with their place in the file and what is wrong with them."""
    types = content.cells.schema
    require_times(one.time.column, types[one.time.column])
    written = moment(one.time.column, types[one.time.column], one.time.format)
    stamp = written + one.time.shift_ns
    since, until = one.limits_ns
    event_time = stamp + one.time.span_ns
    values = {name: _value(name, one.kind, cell, types[cell.column]) for name, cell in one.cells().items()}
    faults = [unread(c.column, types[c.column], values[name], "a number") for name, c in one.cells().items()]
    coin = _coin(one, match)
    venue = _text(one.venue_column).str.to_lowercase() if one.venue_column else pl.lit("+".join(one.venues))
    rows = content.cells.select(
        row=pl.int_range(1, pl.len() + 1),
        coin=coin,
        symbol=_text(one.coin_column) if one.coin_column else pl.lit(""),
        venue=venue,
        event_time=event_time,
        known_time=event_time + one.time.lag_ns,
        span=pl.lit(one.time.span_ns),
        fault=pl.coalesce(
            content.faults,
            *_stamp_faults(one, types[one.time.column], stamp),
            *faults,
            _symbol_fault(one, coin),
            *_scope_faults(coin, venue),
            _side_fault(one),
        ),
        wanted=content.faults.is_not_null()
        | (_wanted(one) & _observed(values, faults) & ((written >= since) & (written < until)).fill_null(value=True)),
        **values,
        **{name: pl.lit(value) for name, value in one.constants.items()},
        **({"liquidated_side": _side(one)} if one.side else {}),
    )
    rows = rows.filter("wanted").drop("wanted").with_columns(series=_identifier(provider, one))
    return _numbered(rows, one) if one.kind == "liquidations" else rows


def _value(name: str, kind: str, cell: Cell, dtype: pl.DataType) -> pl.Expr:
    integers = {column.name for column in KINDS[kind].columns if column.type == "integer"}
    return whole_number(cell.column, dtype) if name in integers else number(cell.column, dtype) * cell.scale


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String, strict=False).str.strip_chars()


def _coin(one: TableFile, match: re.Match[str]) -> pl.Expr:
    if one.coin:
        return pl.lit(one.coin)
    if not one.coin_column:
        return pl.lit(match["coin"].upper())
    symbol = _text(one.coin_column).str.to_uppercase()
    if not one.quotes:
        return symbol
    endings = "|".join(re.escape(quote) for quote in sorted(one.quotes, key=len, reverse=True))
    return symbol.str.extract(f"^(.+?)(?:{endings})$")


def _wanted(one: TableFile) -> pl.Expr:
    return pl.all_horizontal(
        pl.lit(value=True),
        *(_text(name).is_in(list(values)).fill_null(value=False) for name, values in one.keep.items()),
    )


def _observed(values: dict[str, pl.Expr], faults: list[pl.Expr]) -> pl.Expr:
    """Whether a row holds anything: a row of empty cells says that nothing was observed, which is no fault."""
    return pl.any_horizontal(*(value.is_not_null() for value in values.values()), *(f.is_not_null() for f in faults))


def _side(one: TableFile) -> pl.Expr:
    if one.side is None:
        return pl.lit(None, pl.String)
    value = _text(one.side.column)
    return (
        pl.when(value.is_in(list(one.side.long)))
        .then(pl.lit("long"))
        .when(value.is_in(list(one.side.short)))
        .then(pl.lit("short"))
    )


def _side_fault(one: TableFile) -> pl.Expr:
    if one.side is None:
        return pl.lit(None, pl.String)
    expected = ", ".join([*one.side.long, *one.side.short])
    text = pl.format(
        f"{one.side.column}: expected one of {expected}, found '{{}}'", _text(one.side.column).fill_null("")
    )
    return pl.when(_side(one).is_null()).then(text).otherwise(None)


def _stamp_faults(one: TableFile, dtype: pl.DataType, stamp: pl.Expr) -> list[pl.Expr]:
    column = as_literal(one.time.column)
    found = pl.col(one.time.column).cast(pl.String, strict=False).fill_null("nothing")
    unread = f"{column}: expected a time ({as_literal(one.time.format)}) between 2009 and 2100, found '{{}}'"
    short = (
        f"{column}: expected all digits of a time in {one.time.format}, found '{{}}', rounded by a spreadsheet; export "
        "the column as whole numbers"
    )
    within = (
        f"{column}: expected the start of a UTC day with stamp 'day', found '{{}}', within one: the day is of another "
        "time zone; say stamp 'open' (with step '1d') where it begins then"
    )
    is_within = (stamp % NANOSECONDS_PER_DAY != 0) if one.time.stamp == "day" else pl.lit(value=False)
    checks = [
        (stamp.is_null(), unread),
        (coarse(one.time.column, dtype, one.time.format, one.time.step_ns), short),
        (is_within, within),
    ]
    return [pl.when(wrong).then(pl.format(text, found)).otherwise(None) for wrong, text in checks]


def _symbol_fault(one: TableFile, coin: pl.Expr) -> pl.Expr:
    if not one.quotes:
        return pl.lit(None, pl.String)
    text = pl.format(
        f"{as_literal(one.coin_column)}: expected a symbol that ends in {', '.join(one.quotes)}, found '{{}}'",
        _text(one.coin_column).fill_null("nothing"),
    )
    return pl.when(coin.is_null()).then(text).otherwise(None)


def _scope_faults(coin: pl.Expr, venue: pl.Expr) -> list[pl.Expr]:
    """Coins and venues become part of identifiers: only what names look like is let in."""
    return [
        pl.when(value.str.contains(pattern).fill_null(value=False).not_()).then(
            pl.format(f"{what}: expected a name, found '{{}}'", value.fill_null("nothing"))
        ).otherwise(None)
        for what, value, pattern in (("coin", coin, r"^[A-Z0-9]{1,20}$"), ("venue", venue, r"^[a-z0-9 .+-]{1,60}$"))
    ]  # fmt: skip


def _identifier(provider: str, one: TableFile) -> pl.Expr:
    step = format_duration(one.time.step_ns) if one.time.step else "irregular"
    template = one.scope or ("{venue}" + (f"-{one.measure}" if one.measure else ""))
    venue = [pl.col("venue").str.replace_all(" ", "-", literal=True)] if "{venue}" in template else []
    scope = template.replace("{venue}", "{}")
    return pl.format(f"{provider}/{one.kind}/{{}}/{scope}/{step}", pl.col("coin"), *venue)


def _numbered(rows: pl.DataFrame, one: TableFile) -> pl.DataFrame:
    """Return the rows with a sequence that comes from what an event says, whatever its place and file.

    Events of two contracts at one instant and side are two events also where they come in two files, and an event
    that two files hold is one. Equal events of one file are told apart by their count.
    """
    if one.time.stamp != "instant":
        return rows.with_columns(sequence=pl.lit(0))
    again = rows.select(pl.int_range(pl.len()).over(*_event(one))).to_series()
    numbers = [rows[name].cast(pl.Float64).fill_null(math.nan).to_numpy() for name in sorted(one.columns)]
    bits = np.column_stack([*(column.view(np.int64) for column in numbers), again.to_numpy()])
    said = [
        hashlib.blake2b(symbol.encode() + row.tobytes(), digest_size=8).digest()
        for symbol, row in zip(rows["symbol"].fill_null(""), bits, strict=True)
    ]
    return rows.with_columns(sequence=pl.Series([int.from_bytes(one) >> 1 for one in said], dtype=pl.Int64))


def _event(one: TableFile) -> list[str]:
    return ["series", "event_time", "liquidated_side", "symbol", *one.columns]


def _notes(name: str, content: Content, one: TableFile, rows: pl.DataFrame) -> list[str]:
    """Return what a reader should look at, though nothing in the file is against its mapping."""
    notes: list[str] = []
    repeated = rows.height - rows.n_unique(_event(one)) if one.kind == "liquidations" and not one.time.span_ns else 0
    if repeated > _FEW_REPEATS * rows.height:
        notes.append(
            f"{name}: {repeated} of {rows.height} events repeat another of the file in every value, and are kept; if "
            "the feed reconnected and sent them again, take them out of the file: their dollars are counted twice"
        )
    for column in dict.fromkeys(cell.column for cell in one.cells().values()):
        cells = content.cells[column]
        if one.delimiter != ";" or cells.dtype != pl.String or cells.drop_nulls().is_empty():
            continue
        if cells.drop_nulls().str.contains(_DOTTED).all():
            notes.append(
                f"{name}: every number of {column} has a point before three digits, such as {cells.drop_nulls()[0]}: "
                "read as a decimal point; if it parts thousands, the figures are 1,000 times too small: save it without"
            )
    return notes


def _series_of(rows: pl.DataFrame, provider: str, one: TableFile) -> list[Series]:
    scopes = rows.select("series", "coin", "venue").unique().sort("series")
    return [
        Series(
            series=name,
            kind=one.kind,
            provider=provider,
            coin=coin,
            venues=tuple(venue.split("+")),
            instruments=one.instruments.replace("{coin}", coin).replace("{venue}", venue),
            market=one.market,
            margin=one.margin,
            measure=one.measure,
            feed=one.feed,
            capture=one.capture,
            step=one.time.step_ns,
            stamp=one.time.stamp,
            publication_lag=one.time.lag_ns,
            note=one.note,
        )
        for name, coin, venue in scopes.iter_rows()
    ]
