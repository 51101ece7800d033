"""From the rows of a table to records: the one path that every endpoint takes.

A document's rows become a *frame*: place, stamp, scope and the numbers that its feeds read, each with the fault of
what could not be read. Each feed then leaves out what is no observation (padding, unfinished bars, empty cells),
names its series and hands candidates to :func:`runout.sources.protocol.check_rows`.
"""

from collections.abc import Iterator

import msgspec
import polars as pl

from runout.records import KINDS, Series, conform
from runout.sources.coinglass.feed import Feed, Record
from runout.sources.coinglass.frames import check_columns, frame_of, venue_columns
from runout.sources.coinglass.names import File
from runout.sources.coinglass.scopes import SCOPE, identifier, series_of
from runout.sources.content import Content
from runout.sources.protocol import REFUSED_SCHEMA, Normalised, check_rows


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one feed made of one frame."""

    kind: str
    series: tuple[Series, ...]
    records: tuple[pl.DataFrame, ...]
    refused: tuple[pl.DataFrame, ...]
    used: pl.Series
    notes: tuple[str, ...]


def normalise_rows(file: File, content: Content, *, now: int) -> Normalised:
    """Return the records of a table.

    Parameters
    ----------
    file
        What the file's name says.
    content
        Its rows.
    now
        UTC ns; rows that speak of later moments are refused.

    Raises
    ------
    SchemaError
        If a column is missing or is no column of numbers or text.
    """
    check_columns(file, content)
    parts: list[_Part] = []
    for venue_column in venue_columns(file, content) or [""]:
        frame = frame_of(file, content, venue_column, now=now)
        parts.extend(_part(feed, file, content, frame, now) for feed in file.endpoint.feeds)
    return _together(file, content, parts)


def _part(feed: Feed, file: File, content: Content, frame: pl.DataFrame, now: int) -> _Part:
    rows, notes = _observations(feed, file, frame, now)
    outcomes = [
        check_rows(candidates, feed.kind, now=now, raw_of=lambda bad: content.raw(bad["row"].to_list()))
        for candidates in (_candidates(feed, record, file, rows) for record in feed.records)
    ]
    return _Part(
        kind=feed.kind,
        series=tuple(series_of(feed, file, rows)),
        records=tuple(records for records, _ in outcomes),
        refused=tuple(refused for _, refused in outcomes),
        used=rows["row"],
        notes=notes,
    )


def _observations(feed: Feed, file: File, frame: pl.DataFrame, now: int) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows that observe something, or are at fault, with the times of their records."""
    primary = [v.column for v in feed.columns() if not v.beside and f"cell {v.column}" in frame.columns]
    present = [name for name in dict.fromkeys(v.column for v in feed.columns()) if f"cell {name}" in frame.columns]
    end = pl.col("stamp") + (0 if feed.stamp == "instant" else file.step)
    rows = frame.with_columns(
        fault=pl.coalesce("fault", *(f"fault {name}" for name in present)),
        event_time=end,
        known_time=end + feed.lag_at(file.step),
        span=pl.lit(_span(feed, file)),
    )
    faulty = pl.col("fault").is_not_null()
    rows = rows.filter(faulty | pl.any_horizontal(pl.col(f"cell {name}").is_not_null() for name in primary))
    notes: list[str] = []
    for reason, keep in _reasons(feed, file, primary, now):
        kept = rows.filter(faulty | keep)
        if kept.height < rows.height:
            notes.append(f"{file.endpoint.name}: {reason} are left out")
        rows = kept
    return rows.with_columns(fault=pl.coalesce("fault", _repetition())), tuple(notes)


def _reasons(feed: Feed, file: File, primary: list[str], now: int) -> Iterator[tuple[str, pl.Expr]]:
    """Return why sound rows are no observation, each with the rows that are none the less."""
    if file.endpoint.padded:
        cells = [pl.col(f"cell {name}") for name in primary]
        real = pl.any_horizontal((cell.fill_nan(None).fill_null(0.0) != 0.0) for cell in cells)
        first = pl.col("stamp").filter(real).min().over(SCOPE)
        yield (
            "rows of zeros or NaN before a series' first real value",
            (pl.col("stamp") >= first).fill_null(value=False),
        )
    if feed.stamp == "instant":
        return
    taken = now if file.fetched is None else file.fetched
    yield "bars that had not ended when they were read", pl.col("event_time") <= taken
    if file.fetched is None:
        day = (
            pl.col("vintage").str.slice(0, 8).str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("ns")).cast(pl.Int64)
        )
        last = pl.col("stamp") == pl.col("stamp").max().over([*SCOPE, "vintage"])
        unfinished = last & (pl.col("event_time") > day)
        yield "last bars of a snapshot, which may be incomplete,", ~unfinished.fill_null(value=False)


def _repetition() -> pl.Expr:
    first = pl.col("row").min().over([*SCOPE, "stamp"])
    repeated = pl.col("stamp").is_not_null() & (pl.col("row") != first)
    text = pl.format("expected each stamp once in a series, found the stamp of row {} again", first)
    return pl.when(repeated).then(text)


def _span(feed: Feed, file: File) -> int:
    if feed.span is not None:
        return feed.span
    return 0 if feed.stamp == "instant" else file.step


def _candidates(feed: Feed, record: Record, file: File, rows: pl.DataFrame) -> pl.DataFrame:
    values = {
        name: value.convert(pl.col(f"cell {value.column}"))
        for name, value in record.values.items()
        if f"cell {value.column}" in rows.columns
    }
    return rows.select(
        "row", "coin", "event_time", "span", "known_time", "vintage", "fault",
        identifier(feed, file).alias("series"),
        *(expression.alias(name) for name, expression in (record.constants | values).items()),
    )  # fmt: skip


def _together(file: File, content: Content, parts: list[_Part]) -> Normalised:
    tables: dict[str, pl.DataFrame] = {}
    for kind in dict.fromkeys(part.kind for part in parts):
        records = pl.concat([records for part in parts if part.kind == kind for records in part.records])
        if records.height:
            tables[kind] = conform(records, KINDS[kind])
    refused = pl.concat([pl.DataFrame(schema=REFUSED_SCHEMA), *(table for part in parts for table in part.refused)])
    written = {name for table in tables.values() for name in table["series"].unique()}
    described = {member.series: member for part in parts for member in part.series}
    used = {row for part in parts for row in part.used}
    notes = [*_unknown_columns(file, content), *(note for part in parts for note in part.notes)]
    return Normalised(
        series=tuple(described[name] for name in sorted(written)),
        tables=tables,
        refused=refused.unique(["row", "fault"], keep="first", maintain_order=True).sort("row", maintain_order=True),
        rows_in=content.cells.height,
        rows_skipped=content.cells.height - len(used),
        notes=tuple(dict.fromkeys(notes)),
    )


def _unknown_columns(file: File, content: Content) -> Iterator[str]:
    endpoint = file.endpoint
    if endpoint.wide:
        return
    known = {endpoint.time, endpoint.coin, endpoint.venue, endpoint.instrument, endpoint.vintage, *endpoint.unused}
    known |= {value.column for feed in endpoint.feeds for value in feed.columns()}
    unknown = [name for name in content.cells.columns if name not in known | {"commit_time", "snapshot_day"}]
    if unknown:
        yield f"{endpoint.name} has columns that are not read: {', '.join(unknown)[:200]}"
