"""``runout map``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from runout.api.published_positions import read_published
from runout.bulletin.liquidation_map import LiquidationMap, Model
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_form
from runout.clock import now_ns
from runout.pipeline.build_map import liquidation_map

Format = Literal["text", "png", "html", "csv", "parquet", "json"]


def map_(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    since: Annotated[str | None, Parameter(name="--from")] = None,
    venue: str | None = None,
    model: Model = "inferred",
    published: Annotated[Path | None, Parameter(name="--positions")] = None,
    lake: str | None = None,
    format: Format | None = None,  # noqa: A002 - the public name of the flag
    out: Path | None = None,
) -> None:
    """Draw the inferred liquidation map of a coin: where positions would be liquidated, and how much, as of a moment.

    Parameters
    ----------
    coin
        Base asset.
    at
        UTC time, such as 2025-08-18T12:00Z: as it would have been drawn then; now if absent.
    since
        UTC time at which the heatmap and the history of sweeps begin; a week before if absent.
    venue
        Whose perpetual market; the one whose map bulletins show if absent.
    model
        inferred: the map. path: the same of the price path alone, volume left out. measured: published positions only.
    published
        File of positions that the venue publishes (Hyperliquid's, for one): CSV or Parquet with the columns side,
        size_base and liquidation_price. They are shown as measured, beside what is inferred of the rest.
    lake
        Folder of the lake.
    format
        text: tables of clusters. png: both pictures. html: a page with both. csv, parquet: a row a level. json: all.
        If absent, by the end of --out, else text.
    out
        File to write to; stdout if absent (not for png and parquet).
    """
    form: Format = chosen_form(Format, format, out)
    built = liquidation_map(
        open_lake(lake), coin.upper(), time_option(at) if at else now_ns(), since=time_option(since) if since else None,
        venue=venue.lower() if venue else None, model=model, published=read_published(published, coin.upper()),
    )  # fmt: skip
    if out is None:
        sys.stdout.write(_text(built, form, colour=screen.in_colour(), width=screen.screen_width()))
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(built, form, out)
    screen.console().print(f"wrote {out}", soft_wrap=True, markup=False)


def _text(built: LiquidationMap, form: Format, *, colour: bool = False, width: int | None = None) -> str:
    from runout.render.map import export  # noqa: PLC0415 - forms and pictures only when asked for

    if form == "html":
        return export.html(built)
    if form == "csv":
        return export.comma_separated(built)
    if form == "json":
        return export.json(built)
    return export.text(built, colour=colour, width=width)


def _write(built: LiquidationMap, form: Format, out: Path) -> None:
    if form == "png":
        from runout.render.map import pictures  # noqa: PLC0415 - matplotlib takes half a second

        out.write_bytes(pictures.png(built))
    elif form == "parquet":
        from runout.render.map import export  # noqa: PLC0415

        export.table(built).write_parquet(out)
    else:
        out.write_text(_text(built, form), encoding="utf-8")
