"""A map as text, page, JSON and tables."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import polars as pl

from runout import clock
from runout.bulletin.liquidation_map import LiquidationMap
from runout.liquidation_map import clusters, ladder
from runout.liquidation_map.clusters import Sweep
from runout.render import answer_page, page
from runout.render.map import labels, pictures
from runout.render.sheet import Sheet
from runout.version import METHOD_VERSION, SCHEMA_VERSION

_WIDTH: Final = 190


def text(of: LiquidationMap, *, colour: bool = False, width: int | None = None) -> str:
    """Return a map as text: its clusters, those swept since a day ago, and the largest sweeps of the window."""
    sheet = Sheet(width, wide=_WIDTH, colour=colour)
    title, *rest = labels.head(of)
    sheet.line(title, bold=True)
    for line in rest:
        sheet.line(line)
    for name, columns, rows in _tables(of):
        sheet.line()
        sheet.line(name, bold=True)
        sheet.table(columns, rows)
    sheet.line()
    for line in labels.foot(of):
        sheet.line(line)
    return sheet.text()


def html(of: LiquidationMap) -> str:
    """Return a map as one page that needs nothing else: both pictures, and the tables of :func:`text`."""
    title, *lead = labels.head(of)
    titles: dict[pictures.Kind, str] = {
        "heatmap": "Inferred liquidation levels over time",
        "levels": "Inferred liquidation levels by price, now",
    }
    return answer_page.render(
        title,
        kicker="Runout liquidation map, inferred",
        lead=lead,
        pictures=[page.Picture(*pictures.both_widths(of, kind), title=name) for kind, name in titles.items()],
        tables=[answer_page.CellTable(*one) for one in _tables(of)],
        notes=labels.foot(of),
        synthetic=of.synthetic,
    )


def table(of: LiquidationMap) -> pl.DataFrame:
    """Return the levels of a map as a table, with its coin, venue and moment.

    Returns
    -------
    polars.DataFrame
        Columns of :func:`runout.liquidation_map.ladder.table` behind ``coin, venue, time`` (UTC ns, last bar).
    """
    named = [pl.lit(of.coin).alias("coin"), pl.lit(of.venue).alias("venue"), pl.lit(of.through).alias("time")]
    return ladder.table(of.ladder).select(*named, pl.all())


def comma_separated(of: LiquidationMap) -> str:
    """Return :func:`table` as CSV, dollars to the cent."""
    rows = table(of)
    money = [name for name in rows.columns if "usd" in name or "price" in name]
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(rows.columns)
    rounded = rows.with_columns(
        pl.col(money).round(2), pl.col("coins", "prior_share").round(6), time=pl.lit(clock.format_time(of.through))
    )
    writer.writerows(rounded.rows())
    return sheet.getvalue()


def json(of: LiquidationMap) -> str:
    """Return a map as JSON: clusters, sweeps and levels; times ISO 8601 UTC, dollars whole, not known is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "method_version": METHOD_VERSION,
        "inferred": True,
        "coin": of.coin,
        "venue": of.venue,
        "synthetic": of.synthetic,
        **{name: clock.format_time(getattr(of, name)) for name in ("at", "since", "through")},
        "price": of.price,
        "open_interest_base": None if of.open_interest_base is None else round(of.open_interest_base, 6),
        "notes": [*labels.head(of)[2:], *labels.foot(of)],
        "clusters": [_cluster(row) for row in clusters.table(of.clusters).iter_rows(named=True)],
        "swept": [
            {
                "side": one.cluster.side, "low_price": one.cluster.low, "high_price": one.cluster.high,
                "day_ago_usd": round(one.cluster.total.usd), "share": round(one.share, 4),
                "predicted_usd": round(one.predicted_usd), "realised_usd": _whole(one.realised_usd),
            }
            for one in of.swept
        ],
        "sweeps": [_sweep(one) for one in of.sweeps],
        "levels": [_level(row) for row in ladder.table(of.ladder).iter_rows(named=True)],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _tables(of: LiquidationMap) -> list[tuple[str, Sequence[str], list[tuple[str, ...]]]]:
    found: list[tuple[str, Sequence[str], list[tuple[str, ...]]]] = []
    found.append(
        ("Clusters, the largest first", labels.CLUSTER_COLUMNS, [labels.cluster_row(one) for one in of.clusters])
    )
    if of.swept:
        rows = [labels.swept_row(one) for one in of.swept]
        found.append(("Clusters of 24 h ago that the price went into", labels.SWEPT_COLUMNS, rows))
    if of.sweeps:
        rows = [labels.sweep_row(one) for one in labels.largest_sweeps(of)]
        name = "Largest sweeps of the window: expected at the start of each 4 h, and reported"
        found.append((name, labels.SWEEP_COLUMNS, rows))
    return found


def _cluster(row: dict[str, Any]) -> dict[str, object]:
    kept = {name: _rounded(name, value) for name, value in row.items()}
    visit = row["last_visit_time"]
    return kept | {"last_visit_time": None if visit is None else clock.format_time(visit)}


def _level(row: dict[str, Any]) -> dict[str, object]:
    return {name: _rounded(name, value) for name, value in row.items()}


def _rounded(name: str, value: object) -> object:
    if not isinstance(value, float):
        return value
    return round(value) if "usd" in name else round(value, 6)


def _sweep(of: Sweep) -> dict[str, object]:
    return {
        "side": of.side, "start": clock.format_time(of.start), "end": clock.format_time(of.end), "low_price": of.low,
        "high_price": of.high, "predicted_usd": round(of.predicted.usd), "low_usd": round(of.predicted.low_usd),
        "high_usd": round(of.predicted.high_usd), "realised_usd": _whole(of.realised_usd),
    }  # fmt: skip


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
