"""The picture of slides: what moves of every size would set off, and how often past days went so far."""

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import polars as pl

from runout.bulletin import palette
from runout.clock import say_time, to_datetime
from runout.records import venue_list
from runout.units import dollars, percent, price

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WAVE_USD: Final = 1e9
_SIZE: Final = (10.6, 6.6)
_RAREST: Final = 5e-4
_SOURCE: Final = (
    "From the inferred liquidation map and the books of {venue}; what its feed hides is assumed; headline through "
    "ratios of the past.\nBlue: falls, longs liquidated. Orange: rises, shorts liquidated."
)
_PROLOGUE: Final = re.compile(r"^.*?<svg [^>]*>", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


def png(rows: pl.DataFrame, *, asked: float | None = None, synthetic: bool = False) -> bytes:
    """Return the picture of ``slides`` rows as PNG; ``asked`` marks a move, as a fraction of the price."""
    return _saved(rows, asked, "png", synthetic=synthetic)


def svg(rows: pl.DataFrame, *, asked: float | None = None, synthetic: bool = False) -> str:
    """Return the picture of ``slides`` rows as one ``svg`` element on white, told in words as its ``aria-label``."""
    content = _saved(rows, asked, "svg", synthetic=synthetic).decode()
    box = re.search(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"', content)
    width, height = (box["width"], box["height"]) if box else ("0", "0")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(describe(rows))}">'
    )
    body = _METADATA.sub("", _PROLOGUE.sub("", content, count=1))
    named = re.sub(r'((?:id="|xlink:href="#|url\(#))', r"\1slides-", body)
    return opening + re.sub(r"\s*\n\s*", " ", named).strip()


def describe(rows: pl.DataFrame) -> str:
    """Return the picture in words."""
    said = [
        f"{percent(one['move'], signed=True, digits=0)}: {dollars(one[column])}, stop {price(one['stop_price'])}"
        for column in (_column(rows),)
        for one in _moves(rows).iter_rows(named=True)
        if abs(round(one["move"] * 100)) in {3, 5, 10} and abs(one["move"] * 100 % 1) < 1e-6
    ]
    return f"{_title(rows)}. {'; '.join(said)}."


def _title(rows: pl.DataFrame) -> str:
    first = rows.row(0, named=True)
    moment = f"{say_time(first['event_time'], first['event_time'])}, {to_datetime(first['event_time']):%Y}"
    return f"{first['coin']}: what a move would set off, inferred · {moment}"


def _moves(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("trigger") == "move").sort("move")


def _column(rows: pl.DataFrame) -> str:
    return "forced_usd" if rows["headline_usd"].is_null().all() else "headline_usd"


def _saved(rows: pl.DataFrame, asked: float | None, form: Literal["svg", "png"], *, synthetic: bool) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - half a second, only where something is drawn

    metadata = {"Date": None} if form == "svg" else {"Software": None}
    sheet = io.BytesIO()
    settings: Any = {
        "svg.fonttype": "none", "svg.hashsalt": "slides", "font.family": "DejaVu Sans", "font.size": 9.0,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": palette.AXIS.light,
        "text.parse_math": False,
    }  # fmt: skip
    with mpl.rc_context(settings):
        _drawn(rows, asked, synthetic=synthetic).savefig(
            sheet, format=form, dpi=72 if form == "svg" else 144, metadata=metadata
        )
    return sheet.getvalue()


def _drawn(rows: pl.DataFrame, asked: float | None, *, synthetic: bool) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_SIZE, layout="constrained")
    figure.suptitle(
        ("SYNTHETIC MARKET · " if synthetic else "") + _title(rows), x=0.01, ha="left", fontweight="bold", fontsize=11
    )
    parts = figure.subplots(3, 1, sharex=True, height_ratios=(3.0, 1.5, 1.2))
    _amounts(rows, parts[0])
    _stops(rows, parts[1])
    _chances(rows, parts[2])
    for part in parts:
        part.axvline(0.0, color=palette.PRICE.light, linewidth=1.0)
        part.grid(visible=True, color=palette.GRID.light, linewidth=0.8)
        part.set_axisbelow(True)
        if asked is not None:
            part.axvline(asked, color=palette.PRIMARY.light, linewidth=1.4, dashes=(4, 2))
    base = rows["price"][0]
    places = [step / 100.0 for step in range(-15, 16, 5)]
    moves = rows["move"].to_numpy()
    held = [one for one in places if moves.min() <= one <= moves.max()]
    parts[2].set_xticks(held, [f"{percent(one, signed=True, digits=0)}\n{price(base * (1.0 + one))}" for one in held])
    venue = venue_list((rows["venue"][0],))
    figure.supxlabel(_SOURCE.format(venue=venue), x=0.01, ha="left", fontsize=8, color=palette.MUTED.light)
    return figure


def _sides(rows: pl.DataFrame) -> list[tuple[pl.DataFrame, str]]:
    moves = _moves(rows)
    inks = (("down", palette.LONG.light), ("up", palette.SHORT.light))
    return [(moves.filter(pl.col("direction") == name), ink) for name, ink in inks]


def _amounts(rows: pl.DataFrame, on: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    column = _column(rows)
    low, high = column.replace("_usd", "_low_usd"), column.replace("_usd", "_high_usd")
    for side, ink in _sides(rows):
        x = side["move"].to_numpy()
        bottom, top = (np.maximum(side[name].to_numpy(), 1e5) for name in (low, high))
        on.fill_between(x, bottom, top, color=ink, alpha=0.14, linewidth=0)
        on.plot(x, np.maximum(side[column].to_numpy(), 1e5), color=ink, linewidth=2.0)
    through = rows.filter(pl.col("trigger") == "cluster")
    on.scatter(
        through["move"].to_numpy(), through[column].to_numpy(), s=28, color=palette.INK.light, zorder=4,
        label="through a large cluster",
    )  # fmt: skip
    on.set_yscale("log")
    on.yaxis.set_major_formatter(FuncFormatter(_money))
    if column == "headline_usd":
        on.axhline(WAVE_USD, color=palette.REFERENCE.light, linewidth=1.0, dashes=(4, 3))
    what = "all coins and venues" if column == "headline_usd" else f"on {venue_list((rows['venue'][0],))}"
    on.set_title(f"liquidated {what}: median, band of 90%", loc="left", fontsize=9, color=palette.MUTED.light)
    on.legend(frameon=False, loc="lower right")


def _stops(rows: pl.DataFrame, on: "Axes") -> None:
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    for side, ink in _sides(rows):
        x, base = side["move"].to_numpy(), side["trigger_price"].to_numpy()
        for name, width in (("stop_price", 2.0), ("severe_stop_price", 0.9)):
            beyond = np.abs(side[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() / base - 1.0)
            on.plot(x, beyond, color=ink, linewidth=width, dashes=() if width > 1.0 else (3, 2))
    on.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    on.set_ylim(bottom=0.0)
    words = "how much farther forced orders carry it: central values, and severe edge of all bands (dashed)"
    on.set_title(words, loc="left", fontsize=9, color=palette.MUTED.light)


def _chances(rows: pl.DataFrame, on: "Axes") -> None:
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    for side, ink in _sides(rows.filter(pl.col("chance").is_not_null())):
        x = side["move"].to_numpy()
        low, value, high = (
            np.maximum(side[name].to_numpy(), _RAREST) for name in ("chance_low", "chance", "chance_high")
        )
        on.fill_between(x, low, high, color=ink, alpha=0.14, linewidth=0)
        on.plot(x, value, color=ink, linewidth=1.6)
    on.set_yscale("log")
    on.set_ylim(_RAREST, 1.0)
    on.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    words = "past days that went so far within 24 h, volatility for volatility (90%)"
    on.set_title(words, loc="left", fontsize=9, color=palette.MUTED.light)


def _money(usd: float, _: int) -> str:
    return dollars(usd)
