"""A map as text, page, JSON and tables."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import polars as pl
import polars.selectors as cs

from runout import clock
from runout.bulletin.liquidation_map import LiquidationMap
from runout.liquidation_map import clusters, ladder, measured
from runout.liquidation_map.clusters import Sweep
from runout.liquidation_map.dollars import SIDES
from runout.render import answer_page, page
from runout.render.map import labels, pictures
from runout.render.sheet import Sheet
from runout.version import METHOD_VERSION, SCHEMA_VERSION

_WIDTH: Final = 190


def text(liquidation_map: LiquidationMap, *, colour: bool = False, width: int | None = None) -> str:
    """Return a map as text: its clusters, those swept since a day ago, and the largest sweeps of the window."""
    sheet = Sheet(width, wide=_WIDTH, colour=colour)
    title, *rest = labels.head(liquidation_map)
    sheet.line(title, bold=True)
    for line in rest:
        sheet.line(line)
    for name, columns, rows in _tables(liquidation_map):
        sheet.line()
        sheet.line(name, bold=True)
        sheet.table(columns, rows)
    sheet.line()
    for line in labels.foot(liquidation_map):
        sheet.line(line)
    return sheet.text()


def html(liquidation_map: LiquidationMap) -> str:
    """Return a map as one page that needs nothing else: both pictures, and the tables of :func:`text`."""
    title, *lead = labels.head(liquidation_map)
    titles: dict[pictures.Kind, str] = {
        "heatmap": "Inferred liquidation levels over time",
        "levels": "Inferred liquidation levels by price, now",
    }
    return answer_page.render(
        title,
        kicker="Runout liquidation map, inferred",
        lead=lead,
        pictures=[
            page.Picture(*pictures.both_widths(liquidation_map, kind), title=name) for kind, name in titles.items()
        ],
        tables=[answer_page.CellTable(*item) for item in _tables(liquidation_map)],
        notes=labels.foot(liquidation_map),
        synthetic=liquidation_map.synthetic,
    )


def table(item: LiquidationMap) -> pl.DataFrame:
    """Return the levels of a map as a table, with its coin, venue and moment.

    Returns
    -------
    polars.DataFrame
        Columns of :func:`runout.liquidation_map.ladder.table`, or with published positions of
        :func:`runout.liquidation_map.measured.table`, behind ``coin, venue, time`` (UTC ns, last bar).
    """
    levels = ladder.table(item.ladder) if item.measured is None else measured.table(item.measured)
    named = [pl.lit(item.coin).alias("coin"), pl.lit(item.venue).alias("venue"), pl.lit(item.through).alias("time")]
    return levels.select(*named, pl.all())


def comma_separated(subject: LiquidationMap) -> str:
    """Return :func:`table` as CSV, dollars to the cent."""
    rows = table(subject)
    money = [name for name in rows.columns if "usd" in name or "price" in name]
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(rows.columns)
    rounded = rows.with_columns(
        pl.col(money).round(2), cs.float().exclude(money).round(6), time=pl.lit(clock.format_time(subject.through))
    )
    writer.writerows(rounded.rows())
    return sheet.getvalue()


def json(subject: LiquidationMap) -> str:
    """Return a map as JSON: clusters, sweeps and levels; times ISO 8601 UTC, dollars whole, not known is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "method_version": METHOD_VERSION,
        "inferred": subject.model != "measured",
        "model": subject.model,
        "coin": subject.coin,
        "venue": subject.venue,
        "synthetic": subject.synthetic,
        **{name: clock.format_time(getattr(subject, name)) for name in ("at", "since", "through")},
        "price": subject.price,
        "open_interest_base": None if subject.open_interest_base is None else round(subject.open_interest_base, 6),
        "notes": [*labels.head(subject)[2:], *labels.foot(subject)],
        "clusters": [_cluster(row) for row in clusters.table(subject.clusters).iter_rows(named=True)],
        "swept": [
            {
                "side": item.cluster.side, "low_price": item.cluster.low, "high_price": item.cluster.high,
                "day_ago_usd": round(item.cluster.total.usd), "share": round(item.share, 4),
                "predicted_usd": round(item.predicted_usd), "realised_usd": _whole(item.realised_usd),
            }
            for item in subject.swept
        ],
        "sweeps": [_sweep(sweep) for sweep in subject.sweeps],
        "measured": None if subject.measured is None else {
            "positions": subject.measured.positions,
            "share": dict(zip(SIDES, subject.measured.published_share().round(6).tolist(), strict=True)),
            "levels": [_level(row) for row in measured.table(subject.measured).iter_rows(named=True)],
        },
        "levels": [_level(row) for row in ladder.table(subject.ladder).iter_rows(named=True)],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _tables(subject: LiquidationMap) -> list[tuple[str, Sequence[str], list[tuple[str, ...]]]]:
    results: list[tuple[str, Sequence[str], list[tuple[str, ...]]]] = []
    if subject.model != "measured":
        rows = [labels.cluster_row(item) for item in subject.clusters]
        results.append(("Clusters, the largest first", labels.CLUSTER_COLUMNS, rows))
    if subject.measured is not None:
        results.append(
            ("Measured levels, the largest", labels.MEASURED_COLUMNS, labels.measured_rows(subject.measured))
        )
    if subject.swept:
        rows = [labels.swept_row(item) for item in subject.swept]
        results.append(("Clusters of 24 h ago that the price went into", labels.SWEPT_COLUMNS, rows))
    if subject.sweeps:
        rows = [labels.sweep_row(sweep) for sweep in labels.largest_sweeps(subject)]
        name = "Largest sweeps of the window: expected at the start of each 4 h, and reported"
        results.append((name, labels.SWEEP_COLUMNS, rows))
    return results


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


def _sweep(sweep: Sweep) -> dict[str, object]:
    return {
        "side": sweep.side, "start": clock.format_time(sweep.start), "end": clock.format_time(sweep.end),
        "low_price": sweep.low,
        "high_price": sweep.high, "predicted_usd": round(sweep.predicted.usd),
        "low_usd": round(sweep.predicted.low_usd),
        "high_usd": round(sweep.predicted.high_usd), "realised_usd": _whole(sweep.realised_usd),
    }  # fmt: skip


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
