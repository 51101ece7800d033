"""Tables described by a mapping: rows of any CSV or Parquet file become records."""

import hashlib
import re
from collections.abc import Iterable

import msgspec
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
from runout.sources.stamps import moment
from runout.sources.table.mapping import Cell, Mapping, TableFile

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

    def recognises(self, name: str) -> bool:
        """Whether a block of the mapping reads files of this name."""
        return any(one.matches(name) for one in self.mapping.files)

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return the records of every block that reads this file; a row refused by one block is refused whole."""
        blocks = [(one, match) for one in self.mapping.files if (match := one.matches(document.name))]
        if not blocks:
            names = ", ".join(dict.fromkeys(one.name for one in self.mapping.files))
            raise SchemaError(f"expected a file named {names}, found {document.name!r}")
        content = _content(document, blocks[0][0].delimiter)
        for one, _ in blocks:
            require_columns(content, one.needed())
        read = [_candidates(content, self.mapping.provider, one, match) for one, match in blocks]
        refused = _refused(content, blocks, read, now)
        records: dict[str, list[pl.DataFrame]] = {}
        series: dict[str, Series] = {}
        wanted: set[int] = set()
        for (one, _), rows in zip(blocks, read, strict=True):
            wanted.update(rows["row"])
            clean = rows.filter(~pl.col("row").is_in(refused["row"].implode()))
            sound, _ = check_rows(clean, one.kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))
            if sound.height:
                records.setdefault(one.kind, []).append(sound)
                series |= {s.series: s for s in _series_of(clean, self.mapping.provider, one)}
        skipped = content.cells.height - len(wanted)
        because = f": {self.mapping.skips}" if self.mapping.skips else ""
        return Normalised(
            series=tuple(series.values()),
            tables={kind: pl.concat(tables) for kind, tables in records.items()},
            refused=refused,
            rows_in=content.cells.height,
            rows_skipped=skipped,
            notes=(f"{document.name}: {skipped} rows not wanted by the mapping, or empty{because}",) if skipped else (),
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
    stamp = moment(one.time.column, types[one.time.column], one.time.format)
    if one.time.stamp == "day":
        stamp = stamp - stamp % NANOSECONDS_PER_DAY
    event_time = stamp + one.time.span_ns
    values = {name: _value(name, one.kind, cell, types[cell.column]) for name, cell in one.cells().items()}
    faults = [unread(c.column, types[c.column], values[name], "a number") for name, c in one.cells().items()]
    coin = _coin(one, match)
    venue = _text(one.venue_column).str.to_lowercase() if one.venue_column else pl.lit("+".join(one.venues))
    rows = content.cells.select(
        row=pl.int_range(1, pl.len() + 1),
        coin=coin,
        venue=venue,
        event_time=event_time,
        known_time=event_time + one.time.lag_ns,
        span=pl.lit(one.time.span_ns),
        fault=pl.coalesce(
            content.faults, _stamp_fault(one, stamp), *faults, *_scope_faults(coin, venue), _side_fault(one)
        ),
        wanted=content.faults.is_not_null() | (_wanted(one) & _observed(values, faults)),
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


def _stamp_fault(one: TableFile, stamp: pl.Expr) -> pl.Expr:
    found = pl.col(one.time.column).cast(pl.String, strict=False).fill_null("nothing")
    expected = as_literal(f"{one.time.column}: expected a time ({one.time.format}) between 2009 and 2100")
    text = pl.format(f"{expected}, found '{{}}'", found)
    return pl.when(stamp.is_null()).then(text).otherwise(None)


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
    """Return the rows with a sequence: events of one instant and side by their values, whatever the file's order."""
    if one.time.stamp != "instant":
        return rows.with_columns(sequence=pl.lit(0))
    instant = ["series", "event_time", "liquidated_side"]
    return rows.sort(*instant, *sorted(one.columns), nulls_last=True).with_columns(
        sequence=pl.int_range(pl.len()).over(instant)
    )


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
