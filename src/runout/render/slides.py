"""The picture of slides: what moves of every size would set off, and how often past days went so far."""

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from runout.clock import say_moment
from runout.records import venue_list
from runout.render import palette, vector
from runout.render.figures import NARROW, WIDE
from runout.render.layout import SIZE, Look
from runout.units import dollars, percent, price

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WAVE_USD: Final = 1e9
_HEIGHT: Final = 560.0
_RESOLUTION: Final = 144
_RAREST: Final = 1e-3
_LEAST_USD: Final = 1e5
_FARTHEST: Final = 0.101
"""Moves beyond are left to the table: no more than one past day in a thousand went so far."""
_SOURCE: Final = (
    "From the inferred liquidation map and the books of {venue}; what its feed hides is assumed; headline through "
    "ratios of the past."
)
COLOURS: Final = (
    "Blue: falls, longs liquidated. Orange: rises, shorts liquidated. Moves beyond 10% are in the table only."
)
"""What stands below the picture."""


def png(rows: pl.DataFrame, *, asked: float | None = None, synthetic: bool = False) -> bytes:
    """Return the picture of ``slides`` rows as PNG; ``asked`` marks a move, as a fraction of the price."""
    return _saved(rows, asked, Look(float(WIDE), synthetic=synthetic, framed=True))


def svg(rows: pl.DataFrame, width: int = WIDE, *, asked: float | None = None, synthetic: bool = False) -> str:
    """Return the picture of ``slides`` rows as one ``svg`` element, told in words as its ``aria-label``.

    Parameters
    ----------
    rows
        Slides of one moment.
    width
        CSS pixels; below 560 the layout is that of a phone.
    asked
        A move that is marked, as a fraction of the price.
    synthetic
        Whether the market is simulated; the figure says so.
    """
    content = _saved(rows, asked, Look(float(width), synthetic=synthetic)).decode()
    return vector.element(content, words=describe(rows), prefix=f"slides-{width}")


def both_widths(rows: pl.DataFrame, *, asked: float | None = None, synthetic: bool = False) -> tuple[str, str]:
    """Return the picture for a desktop and for a phone."""
    wide, narrow = (svg(rows, width, asked=asked, synthetic=synthetic) for width in (WIDE, NARROW))
    return wide, narrow


def describe(rows: pl.DataFrame) -> str:
    """Return the picture in words."""
    text = [
        f"{percent(row['move'], signed=True, digits=0)}: {dollars(row[column])}, stop {price(row['stop_price'])}"
        for column in (_column(rows),)
        for row in _moves(rows).iter_rows(named=True)
        if abs(round(row["move"] * 100)) in {3, 5, 10} and abs(row["move"] * 100 % 1) < 1e-6
    ]
    return f"{_title(rows)}. {'; '.join(text)}."


def _title(rows: pl.DataFrame) -> str:
    first = rows.row(0, named=True)
    moment = say_moment(first["event_time"])
    return f"{first['coin']}: what a move would set off, inferred · {moment}"


def _moves(rows: pl.DataFrame) -> pl.DataFrame:
    near = pl.col("move").abs() <= _FARTHEST
    return rows.filter((pl.col("trigger") == "move") & near).sort("move")


def _column(rows: pl.DataFrame) -> str:
    return "forced_usd" if rows["headline_usd"].is_null().all() else "headline_usd"


def _saved(rows: pl.DataFrame, asked: float | None, look: Look) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - half a second, only where something is drawn

    form = "png" if look.framed else "svg"
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    sheet = io.BytesIO()
    ink, muted = palette.INK.light, palette.MUTED.light
    settings: Any = {
        "svg.fonttype": "none", "svg.hashsalt": "slides", "font.family": "DejaVu Sans", "font.size": SIZE,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": palette.AXIS.light,
        "text.parse_math": False, "text.color": ink, "xtick.labelcolor": muted, "ytick.labelcolor": muted,
        "xtick.color": palette.AXIS.light, "ytick.color": palette.AXIS.light,
    }  # fmt: skip
    with mpl.rc_context(settings):
        drawn = _drawn(rows, asked, look)
        drawn.patch.set_visible(look.framed)
        drawn.savefig(sheet, format=form, dpi=72 if form == "svg" else _RESOLUTION, metadata=metadata)
    return sheet.getvalue()


def _drawn(rows: pl.DataFrame, asked: float | None, look: Look) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(look.width / 72.0, _HEIGHT / 72.0), dpi=72, layout="constrained")
    parts = figure.subplots(3, 1, sharex=True, height_ratios=(3.0, 1.4, 1.6))
    _amounts(rows, parts[0])
    _stops(rows, parts[1], look)
    _chances(rows, parts[2], look)
    for part in parts:
        part.patch.set_visible(False)
        part.axvline(0.0, color=palette.PRICE.light, linewidth=1.0)
        part.grid(visible=True, color=palette.GRID.light, linewidth=0.8)
        part.set_axisbelow(True)
        if asked is not None:
            part.axvline(asked, color=palette.PRIMARY.light, linewidth=1.4, dashes=(4, 2))
    base, moves = rows["price"][0], _moves(rows)["move"].to_numpy()
    places = [
        item
        for item in (step / 100.0 for step in range(-10, 11, 5 if look.wide else 10))
        if moves.min() <= item <= moves.max()
    ]
    parts[2].set_xticks(
        places, [f"{percent(place, signed=True, digits=0)}\n{price(base * (1.0 + place))}" for place in places]
    )
    _around(rows, figure, look)
    return figure


def _around(rows: pl.DataFrame, figure: "Figure", look: Look) -> None:
    """Write title and source of a picture that stands alone; in a page only that a market is simulated."""
    mark = "SYNTHETIC MARKET"
    if look.framed:
        title = f"{mark} · {_title(rows)}" if look.synthetic else _title(rows)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=15)
        source = f"{_SOURCE.format(venue=venue_list((rows['venue'][0],)))}\n{COLOURS}"
        figure.supxlabel(source, x=0.01, ha="left", fontsize=SIZE, color=palette.MUTED.light)
    elif look.synthetic:
        figure.suptitle(mark, x=0.01, ha="left", fontweight="bold", fontsize=SIZE, color=palette.SHORT.light)


def _name(on: "Axes", words: str) -> None:
    on.set_title(words, loc="left", fontsize=SIZE, color=palette.MUTED.light)


def _sides(rows: pl.DataFrame) -> list[tuple[pl.DataFrame, str]]:
    moves = _moves(rows)
    inks = (("down", palette.LONG.light), ("up", palette.SHORT.light))
    return [(moves.filter(pl.col("direction") == name), ink) for name, ink in inks]


def _amounts(rows: pl.DataFrame, on: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415

    column = _column(rows)
    low, high = column.replace("_usd", "_low_usd"), column.replace("_usd", "_high_usd")
    for side, ink in _sides(rows):
        x = side["move"].to_numpy()
        bottom, top = (np.maximum(side[name].to_numpy(), _LEAST_USD) for name in (low, high))
        on.fill_between(x, bottom, top, color=ink, alpha=0.2, linewidth=0)
        on.plot(x, np.maximum(side[column].to_numpy(), _LEAST_USD), color=ink, linewidth=2.0)
    through = rows.filter((pl.col("trigger") == "cluster") & (pl.col("move").abs() <= _FARTHEST))
    on.scatter(
        through["move"].to_numpy(), through[column].to_numpy(), s=28, color=palette.INK.light, zorder=4,
        label="through a large cluster",
    )  # fmt: skip
    on.set_yscale("log")
    on.yaxis.set_major_locator(LogLocator(10.0, numticks=12))
    on.yaxis.set_major_formatter(FuncFormatter(_money))
    on.yaxis.set_minor_formatter(NullFormatter())
    if column == "headline_usd":
        on.axhline(WAVE_USD, color=palette.REFERENCE.light, linewidth=1.0, dashes=(4, 3), label="a wave: $1B in a day")
    subject = "all coins and venues" if column == "headline_usd" else f"on {venue_list((rows['venue'][0],))}"
    _name(on, f"Liquidated {subject}: median, 90% band")
    on.legend(frameon=False, loc="lower right")


def _stops(rows: pl.DataFrame, on: "Axes", look: Look) -> None:
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    for side, ink in _sides(rows):
        x, base = side["move"].to_numpy(), side["trigger_price"].to_numpy()
        for name, width in (("stop_price", 2.0), ("severe_stop_price", 0.9)):
            beyond = np.abs(side[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() / base - 1.0)
            on.plot(x, beyond, color=ink, linewidth=width, dashes=() if width > 1.0 else (3, 2))
    on.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    on.set_ylim(bottom=0.0)
    where = "How much farther forced orders carry it"
    _name(on, f"{where}; dashed: every input at its unfavourable bound" if look.wide else f"{where}; dashed: severe")


def _chances(rows: pl.DataFrame, on: "Axes", look: Look) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator  # noqa: PLC0415

    for side, ink in _sides(rows.filter(pl.col("chance").is_not_null())):
        x = side["move"].to_numpy()
        low, value, high = (
            np.maximum(side[name].to_numpy(), _RAREST) for name in ("chance_low", "chance", "chance_high")
        )
        on.fill_between(x, low, high, color=ink, alpha=0.2, linewidth=0)
        on.plot(x, value, color=ink, linewidth=1.6)
    on.set_yscale("log")
    on.set_ylim(_RAREST, 1.3)
    on.yaxis.set_major_locator(FixedLocator([0.001, 0.01, 0.1, 1.0]))
    on.yaxis.set_minor_locator(NullLocator())
    on.yaxis.set_minor_formatter(NullFormatter())
    on.yaxis.set_major_formatter(FuncFormatter(_share))
    words = "Share of past days that moved so far within 24 h"
    _name(on, f"{words}, adjusted for volatility (90%)" if look.wide else words)


def _money(usd: float, _: int) -> str:
    return dollars(usd).replace(".00", "").replace(".0", "")


def _share(value: float, _: int) -> str:
    return percent(value, digits=1 if value < _RAREST * 5 else 0)
