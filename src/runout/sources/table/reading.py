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
        return tuple(dict.fromkeys(file.name for file in self.mapping.files))

    def recognises(self, name: str) -> bool:
        """Whether a block of the mapping reads files of this name."""
        return any(file.matches(name) for file in self.mapping.files)

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return the records of every block that reads this file; a row refused by one block is refused whole."""
        blocks = [(file, match) for file in self.mapping.files if (match := file.matches(document.name))]
        if not blocks:
            raise SchemaError(f"expected a file named {', '.join(self.file_names)}, found {document.name!r}")
        content = _content(document, blocks[0][0].delimiter)
        for item, _ in blocks:
            require_columns(content, item.needed())
        read = [_candidates(content, self.mapping.provider, entry, match) for entry, match in blocks]
        refused = _refused(content, blocks, read, now)
        records: dict[str, list[pl.DataFrame]] = {}
        series: dict[str, Series] = {}
        requested: set[int] = set()
        notes: list[str] = []
        for (item, _), rows in zip(blocks, read, strict=True):
            requested.update(rows["row"])
            clean = rows.filter(~pl.col("row").is_in(refused["row"].implode()))
            sound, _ = check_rows(clean, item.kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))
            if sound.height:
                records.setdefault(item.kind, []).append(sound)
                series |= {s.series: s for s in _series_of(clean, self.mapping.provider, item)}
            notes += _notes(document.name, content, item, clean)
        skipped = content.cells.height - len(requested)
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
        check_rows(rows, item.kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))[1]
        for (item, _), rows in zip(blocks, read, strict=True)
    ]
    together = pl.concat([pl.DataFrame(schema=REFUSED_SCHEMA), *refusals])
    return together.unique("row", keep="first", maintain_order=True).sort("row")


def _candidates(content: Content, provider: str, item: TableFile, match: re.Match[str]) -> pl.DataFrame:
    """Return candidate records of one block: its rows, with their place in the file and what is wrong with them."""
    types = content.cells.schema
    require_times(item.time.column, types[item.time.column])
    written = moment(item.time.column, types[item.time.column], item.time.format)
    stamp = written + item.time.shift_ns
    since, until = item.limits_ns
    event_time = stamp + item.time.span_ns
    values = {name: _value(name, item.kind, cell, types[cell.column]) for name, cell in item.cells().items()}
    faults = [unread(c.column, types[c.column], values[name], "a number") for name, c in item.cells().items()]
    coin = _coin(item, match)
    venue = _text(item.venue_column).str.to_lowercase() if item.venue_column else pl.lit("+".join(item.venues))
    rows = content.cells.select(
        row=pl.int_range(1, pl.len() + 1),
        coin=coin,
        symbol=_text(item.coin_column) if item.coin_column else pl.lit(""),
        venue=venue,
        event_time=event_time,
        known_time=event_time + item.time.lag_ns,
        span=pl.lit(item.time.span_ns),
        fault=pl.coalesce(
            content.faults,
            *_stamp_faults(item, types[item.time.column], stamp),
            *faults,
            _symbol_fault(item, coin),
            *_scope_faults(coin, venue),
            _side_fault(item),
        ),
        wanted=content.faults.is_not_null()
        | (
            _selected(item) & _observed(values, faults) & ((written >= since) & (written < until)).fill_null(value=True)
        ),
        **values,
        **{name: pl.lit(value) for name, value in item.constants.items()},
        **({"liquidated_side": _side(item)} if item.side else {}),
    )
    rows = rows.filter("wanted").drop("wanted").with_columns(series=_identifier(provider, item))
    return _numbered(rows, item) if item.kind == "liquidations" else rows


def _value(name: str, kind: str, cell: Cell, dtype: pl.DataType) -> pl.Expr:
    integers = {column.name for column in KINDS[kind].columns if column.type == "integer"}
    return whole_number(cell.column, dtype) if name in integers else number(cell.column, dtype) * cell.scale


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String, strict=False).str.strip_chars()


def _coin(table_file: TableFile, match: re.Match[str]) -> pl.Expr:
    if table_file.coin:
        return pl.lit(table_file.coin)
    if not table_file.coin_column:
        return pl.lit(match["coin"].upper())
    symbol = _text(table_file.coin_column).str.to_uppercase()
    if not table_file.quotes:
        return symbol
    endings = "|".join(re.escape(quote) for quote in sorted(table_file.quotes, key=len, reverse=True))
    return symbol.str.extract(f"^(.+?)(?:{endings})$")


def _selected(table_file: TableFile) -> pl.Expr:
    return pl.all_horizontal(
        pl.lit(value=True),
        *(_text(name).is_in(list(values)).fill_null(value=False) for name, values in table_file.keep.items()),
    )


def _observed(values: dict[str, pl.Expr], faults: list[pl.Expr]) -> pl.Expr:
    """Whether a row holds anything: a row of empty cells says that nothing was observed, which is no fault."""
    return pl.any_horizontal(*(value.is_not_null() for value in values.values()), *(f.is_not_null() for f in faults))


def _side(table_file: TableFile) -> pl.Expr:
    if table_file.side is None:
        return pl.lit(None, pl.String)
    value = _text(table_file.side.column)
    return (
        pl.when(value.is_in(list(table_file.side.long)))
        .then(pl.lit("long"))
        .when(value.is_in(list(table_file.side.short)))
        .then(pl.lit("short"))
    )


def _side_fault(item: TableFile) -> pl.Expr:
    if item.side is None:
        return pl.lit(None, pl.String)
    expected = ", ".join([*item.side.long, *item.side.short])
    text = pl.format(
        f"{item.side.column}: expected one of {expected}, found '{{}}'", _text(item.side.column).fill_null("")
    )
    return pl.when(_side(item).is_null()).then(text).otherwise(None)


def _stamp_faults(table_file: TableFile, dtype: pl.DataType, stamp: pl.Expr) -> list[pl.Expr]:
    column = as_literal(table_file.time.column)
    results = pl.col(table_file.time.column).cast(pl.String, strict=False).fill_null("nothing")
    unread = f"{column}: expected a time ({as_literal(table_file.time.format)}) between 2009 and 2100, found '{{}}'"
    short = (
        f"{column}: expected all digits of a time in {table_file.time.format}, found '{{}}', rounded by a "
        f"spreadsheet; export "
        "the column as whole numbers"
    )
    within = (
        f"{column}: expected the start of a UTC day with stamp 'day', found '{{}}', within one: the day is of another "
        "time zone; say stamp 'open' (with step '1d') where it begins then"
    )
    is_within = (stamp % NANOSECONDS_PER_DAY != 0) if table_file.time.stamp == "day" else pl.lit(value=False)
    checks = [
        (stamp.is_null(), unread),
        (coarse(table_file.time.column, dtype, table_file.time.format, table_file.time.step_ns), short),
        (is_within, within),
    ]
    return [pl.when(wrong).then(pl.format(text, results)).otherwise(None) for wrong, text in checks]


def _symbol_fault(item: TableFile, coin: pl.Expr) -> pl.Expr:
    if not item.quotes:
        return pl.lit(None, pl.String)
    text = pl.format(
        f"{as_literal(item.coin_column)}: expected a symbol that ends in {', '.join(item.quotes)}, found '{{}}'",
        _text(item.coin_column).fill_null("nothing"),
    )
    return pl.when(coin.is_null()).then(text).otherwise(None)


def _scope_faults(coin: pl.Expr, venue: pl.Expr) -> list[pl.Expr]:
    """Coins and venues become part of identifiers: only what names look like is let in."""
    return [
        pl.when(value.str.contains(pattern).fill_null(value=False).not_()).then(
            pl.format(f"{subject}: expected a name, found '{{}}'", value.fill_null("nothing"))
        ).otherwise(None)
        for subject, value, pattern in (("coin", coin, r"^[A-Z0-9]{1,20}$"), ("venue", venue, r"^[a-z0-9 .+-]{1,60}$"))
    ]  # fmt: skip


def _identifier(provider: str, table_file: TableFile) -> pl.Expr:
    step = format_duration(table_file.time.step_ns) if table_file.time.step else "irregular"
    template = table_file.scope or ("{venue}" + (f"-{table_file.measure}" if table_file.measure else ""))
    venue = [pl.col("venue").str.replace_all(" ", "-", literal=True)] if "{venue}" in template else []
    scope = template.replace("{venue}", "{}")
    return pl.format(f"{provider}/{table_file.kind}/{{}}/{scope}/{step}", pl.col("coin"), *venue)


def _numbered(rows: pl.DataFrame, table_file: TableFile) -> pl.DataFrame:
    """Return the rows with a sequence that comes from what an event says, whatever its place and file.

    Events of two contracts at one instant and side are two events also where they come in two files, and an event
    that two files hold is one. Equal events of one file are told apart by their count.
    """
    if table_file.time.stamp != "instant":
        return rows.with_columns(sequence=pl.lit(0))
    again = rows.select(pl.int_range(pl.len()).over(*_event(table_file))).to_series()
    numbers = [rows[name].cast(pl.Float64).fill_null(math.nan).to_numpy() for name in sorted(table_file.columns)]
    bits = np.column_stack([*(column.view(np.int64) for column in numbers), again.to_numpy()])
    text = [
        hashlib.blake2b(symbol.encode() + row.tobytes(), digest_size=8).digest()
        for symbol, row in zip(rows["symbol"].fill_null(""), bits, strict=True)
    ]
    return rows.with_columns(sequence=pl.Series([int.from_bytes(route) >> 1 for route in text], dtype=pl.Int64))


def _event(table_file: TableFile) -> list[str]:
    return ["series", "event_time", "liquidated_side", "symbol", *table_file.columns]


def _notes(name: str, content: Content, item: TableFile, rows: pl.DataFrame) -> list[str]:
    """Return what a reader should look at, though nothing in the file is against its mapping."""
    notes: list[str] = []
    repeated = rows.height - rows.n_unique(_event(item)) if item.kind == "liquidations" and not item.time.span_ns else 0
    if repeated > _FEW_REPEATS * rows.height:
        notes.append(
            f"{name}: {repeated} of {rows.height} events repeat another of the file in every value, and are kept; if "
            "the feed reconnected and sent them again, take them out of the file: their dollars are counted twice"
        )
    for column in dict.fromkeys(cell.column for cell in item.cells().values()):
        cells = content.cells[column]
        if item.delimiter != ";" or cells.dtype != pl.String or cells.drop_nulls().is_empty():
            continue
        if cells.drop_nulls().str.contains(_DOTTED).all():
            notes.append(
                f"{name}: every number of {column} has a point before three digits, such as {cells.drop_nulls()[0]}: "
                "read as a decimal point; if it parts thousands, the figures are 1,000 times too small: save it without"
            )
    return notes


def _series_of(rows: pl.DataFrame, provider: str, table_file: TableFile) -> list[Series]:
    scopes = rows.select("series", "coin", "venue").unique().sort("series")
    return [
        Series(
            series=name,
            kind=table_file.kind,
            provider=provider,
            coin=coin,
            venues=tuple(venue.split("+")),
            instruments=table_file.instruments.replace("{coin}", coin).replace("{venue}", venue),
            market=table_file.market,
            margin=table_file.margin,
            measure=table_file.measure,
            feed=table_file.feed,
            capture=table_file.capture,
            step=table_file.time.step_ns,
            stamp=table_file.time.stamp,
            publication_lag=table_file.time.lag_ns,
            note=table_file.note,
        )
        for name, coin, venue in scopes.iter_rows()
    ]
