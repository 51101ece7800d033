"""``runout rows``: what a series says, as it was known at a moment. Every finding's evidence names this command."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from cyclopts import Parameter

from runout.api.tables import dated
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_form
from runout.clock import format_time
from runout.errors import UsageError
from runout.lake import known_span
from runout.units import dollars, percent, price

Format = Literal["csv", "json", "parquet"]
Listing = Literal["text", "csv", "json"]


def rows(
    series: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    at: str | None = None,
    since: str | None = None,
    lake: str | None = None,
    format: Format | None = None,  # noqa: A002 - the public name of the flag
    out: Path | None = None,
) -> None:
    """Print rows of series, as they were known at a moment.

    Parameters
    ----------
    series
        Identifiers of series of one kind, such as ``coinglass/open_interest/BTC/all/4h``.
    at
        UTC time; rows known later are left out.
    since
        UTC time; rows of earlier moments are left out.
    lake
        Folder of the lake.
    format
        csv, json (a row a line), or parquet (needs --out; times are UTC datetimes); by the name of --out if absent.
    out
        File to write to; stdout if absent.

    Raises
    ------
    UsageError
        If a series is not in the lake, they are of several kinds, or --since comes after --at.
    """
    form: Format = chosen_form(Format, format, out)
    moment, begin = time_option(at) if at else None, time_option(since) if since else None
    if moment is not None and begin is not None and begin > moment:
        raise UsageError(f"--since must not be after --at: expected --since before {at}, found {since}")
    store = open_lake(lake)
    known = {item.series: item for item in store.series()}
    missing = [name for name in series if name not in known]
    kinds = {known[name].kind for name in series if name in known}
    if missing or len(kinds) != 1:
        raise UsageError(
            f"expected series of one kind that stand in {store.root}, found {missing or sorted(kinds)}; "
            "list them with `runout series`"
        )
    kind = kinds.pop()
    table = store.as_of(kind, at=moment, series=series, since=begin)
    if table.is_empty():
        span = known_span(store.as_of(kind, series=series))
        _report_empty(f"no rows of {', '.join(series)}{_within(at, since)}; {store.root} has {span}")
    _give(table, form, out)


def _give(table: pl.DataFrame, form: Format, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(_readable(table).write_csv() if form == "csv" else _readable(table).write_ndjson())
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        dated(table).write_parquet(out)
    elif form == "csv":
        _readable(table).write_csv(out)
    else:
        _readable(table).write_ndjson(out)
    screen.console().print(f"wrote {out}", soft_wrap=True, markup=False)


def list_series(
    *,
    lake: str | None = None,
    coin: str | None = None,
    format: Listing = "text",  # noqa: A002 - the public name of the flag
) -> None:
    """List the series of a lake with their rows, first and last time, and scope.

    Parameters
    ----------
    lake
        Folder of the lake.
    coin
        Only series of this coin.
    format
        text: a table of the width of the screen. csv, json (a series a line): with kind, step and note too.
    """
    store = open_lake(lake)
    listed = pl.DataFrame(
        [
            (series.series, series.kind, series.step_text(), series.scope(), series.note)
            for series in store.series(coin=coin)
        ],
        schema=dict.fromkeys(("series", "kind", "step", "scope", "note"), pl.String),
        orient="row",
    )
    table = listed.join(store.extent(), on="series", how="left", maintain_order="left").with_columns(
        pl.col("rows").fill_null(0)
    )
    columns = ["series", "kind", "step", "rows", "first_time", "last_time", "scope", "note"]
    if table.is_empty():
        _report_empty(f"no series{f' of {coin}' if coin else ''} in {store.root}")
    if format == "text":
        _print_series(table)
    else:
        _give(table.select(columns), format, None)


def flushes(
    *,
    at: str | None = None,
    scope: str | None = None,
    lake: str | None = None,
    format: Listing = "text",  # noqa: A002 - the public name of the flag
) -> None:
    """List flushes and squeezes as they were known at a moment, the latest state of each.

    Parameters
    ----------
    at
        UTC time; what was known later is left out.
    scope
        Only those of this group of liquidation series.
    lake
        Folder of the lake.
    format
        text: a table for each group of series, of the width of the screen. csv, json (an event a line): all columns.
    """
    store = open_lake(lake)
    table = store.as_of("flushes", at=time_option(at) if at else None, series=[scope] if scope else None)
    latest = table.sort("event_time").unique(["series", "direction", "start_time"], keep="last", maintain_order=True)
    if latest.is_empty():
        scopes = sorted(store.as_of("flushes")["series"].unique())
        stored = f"{len(scopes)} groups have some: see `runout flushes`" if scopes else "`runout compute` finds them"
        _report_empty(f"no flush or squeeze{f' of {scope}' if scope else ''}{_within(at)} in {store.root}; {stored}")
    if format == "text":
        _print_flushes(latest)
    else:
        _give(latest.sort("start_time", "series", "direction"), format, None)


def _print_series(table: pl.DataFrame) -> None:
    sheet = screen.sheet()
    shown = table.select(
        "series",
        pl.Series("rows", [f"{count:,}" for count in table["rows"]]),
        _days("first_time").alias("first"),
        _days("last_time").alias("last"),
        "scope",
    )
    for columns in (shown.columns, ["series", "rows", "first", "last"], ["series", "first", "last"]):
        if sheet.fits(columns, rows := shown.select(columns).rows()):
            sheet.table(columns, rows)
            break
    else:
        sheet.table(["", *shown.columns[1:-1]], shown.drop("scope").rows())
    sheet.line(f"{table.height} series; with scopes and notes: --format csv")
    sys.stdout.write(sheet.text())


def _report_empty(subject: str) -> None:
    screen.console(stderr=True).print(subject, soft_wrap=True, markup=False)


def _within(at: str | None, since: str | None = None) -> str:
    return (f" since {since}" if since else "") + (f" known by {at}" if at else "")


def _days(column: str) -> pl.Expr:
    return pl.from_epoch(pl.col(column), "ns").dt.to_string("%Y-%m-%d").fill_null("")


def _print_flushes(latest: pl.DataFrame) -> None:
    sheet = screen.sheet()
    by_scope = latest.sort("series", "coin", "start_time", "direction").group_by("series", "coin", maintain_order=True)
    for (series, coin), events in by_scope:
        sheet.line(f"{coin}, {series}", bold=True)
        rows = [
            (
                f"  {row['direction']}", format_time(row["start_time"]), format_time(row["event_time"]), row["state"],
                f"{price(row['reference_price'])} to {price(row['extreme_price'])}",
                percent(row["move"], signed=True), dollars(row["liquidated_usd"]),
            )
            for row in events.iter_rows(named=True)
        ]  # fmt: skip
        sheet.table(("", "from", "to", "state", "price", "move", "liquidated"), rows)
    sys.stdout.write(sheet.text())


def _readable(rows: pl.DataFrame) -> pl.DataFrame:
    instants = [name for name in rows.columns if name.endswith("_time")]
    return rows.with_columns(pl.from_epoch(pl.col(name), "ns").dt.to_string("iso:strict") + "Z" for name in instants)
