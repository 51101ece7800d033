"""What both pictures share: words around a plot, axes at places in pixels, ticks, marks of clusters."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes

from runout.bulletin.liquidation_map import INFERRED, LiquidationMap
from runout.liquidation_map.clusters import Cluster
from runout.liquidation_map.dollars import SIDES
from runout.margin.arrays import Side
from runout.render import axes, palette
from runout.render.canvas import Paper
from runout.render.layout import ROW, SIZE, Look, wrapped
from runout.render.palette import Ink
from runout.scores.arrays import BoolArray, FloatArray

WIDTH: Final = 1180.0
"""Width in pixels of a picture that stands alone."""
MARGIN: Final = 16.0
INKS: Final[dict[Side, Ink]] = {"long": palette.LONG, "short": palette.SHORT}


def head(look: Look) -> float:
    """Return the height of what is written above a plot."""
    return 92.0 if look.framed else 20.0 + (20.0 if look.synthetic else 0.0)


def words(liquidation_map: LiquidationMap, paper: Paper, subject: str, top: float, foot: float) -> None:
    """Write title and captions above the plot of a picture that stands alone, and the sources below it.

    Parameters
    ----------
    liquidation_map
        The map.
    paper
        What is written on.
    subject
        Words on what the picture shows.
    top, foot
        Where the picture begins, and where its sources are written, in pixels.
    """
    paper.text(MARGIN, top + 26, liquidation_map.title(subject), size=15.0, bold=True)
    paper.text(MARGIN, top + 45, INFERRED, palette.MUTED)
    paper.text(MARGIN, top + 60, liquidation_map.worth_text(), palette.MUTED)
    rows = wrapped(" ".join((liquidation_map.source_text(), *liquidation_map.caveats())), WIDTH - 2 * MARGIN, SIZE)
    for index, row in enumerate(rows[:3]):
        paper.text(MARGIN, foot + index * ROW, row, palette.MUTED)


def mark_synthetic(paper: Paper, look: Look, top: float) -> None:
    """Write above a plot of a page that the market is simulated; a title that stands alone says it itself."""
    if look.synthetic and not look.framed:
        paper.text(0, top + 12, "SYNTHETIC MARKET", palette.SHORT, bold=True)


def named(liquidation_map: LiquidationMap, look: Look) -> list[Cluster]:
    """Return the clusters that a picture names: the largest of each side."""
    most = 3 if look.wide else 2
    return [
        cluster for side in SIDES for cluster in [item for item in liquidation_map.clusters if item.side == side][:most]
    ]


def plot(paper: Paper, box: tuple[float, float, float, float]) -> Axes:
    """Return axes at (left, top, right, bottom) in pixels, without any decoration but a fine frame."""
    width, height = (paper.figure.get_size_inches() * 72.0).tolist()
    left, top, right, bottom = box
    built = paper.figure.add_axes(
        (left / width, 1.0 - bottom / height, (right - left) / width, (bottom - top) / height)
    )
    built.patch.set_visible(False)
    built.set_zorder(1.5)  # above the ground of the sheet, below its lines and words
    for spine in built.spines.values():
        spine.set_color(palette.AXIS.light)
        spine.set_linewidth(0.8)
    built.tick_params(length=0, labelsize=11, labelcolor=palette.MUTED.light, pad=5)
    return built


def bars(
    on: Axes, usd: FloatArray, edges: FloatArray, data: BoolArray, ink: str, *,
    orientation: Literal["horizontal", "vertical"],
) -> None:  # fmt: skip
    """Draw levels as bars: filled where they are data, in outline where they are assumption.

    Parameters
    ----------
    on
        Axes to draw on.
    usd
        Dollars of each level, shape (levels,).
    edges
        Prices between levels, shape (levels + 1,).
    data
        Which levels are data, shape (levels,).
    ink
        Colour.
    orientation
        ``horizontal`` where prices run upwards.
    """
    on.stairs(np.where(data, usd, 0.0), edges, orientation=orientation, fill=True, color=ink, linewidth=0, zorder=2)
    on.stairs(np.where(data, 0.0, usd), edges, orientation=orientation, color=ink, linewidth=0.9, zorder=2)


def value_axis(on: Axes, low: float, high: float, *, vertical: bool, most: int, unit: axes.Unit = "USD") -> None:
    """Name round values along one axis and draw their lines.

    Parameters
    ----------
    on
        The plot.
    low, high
        Between which values.
    vertical
        Whether along the vertical axis.
    most
        About how many are named.
    unit
        Of the values.
    """
    ticks = axes.value_ticks(low, high, unit, most)
    _ticks(on, [(tick.value, tick.label) for tick in ticks], vertical=vertical)


def time_axis(on: Axes, start: int, end: int, most: int) -> None:
    """Name round UTC moments along the horizontal axis and draw their lines."""
    _ticks(on, [(tick.value, tick.label) for tick in axes.time_ticks(start, end, most)], vertical=False)


def _ticks(on: Axes, named: Sequence[tuple[float, str]], *, vertical: bool) -> None:
    places, labels = [value for value, _ in named], [label for _, label in named]
    axis = on.yaxis if vertical else on.xaxis
    # A dollar sign is money here, never mathematics.
    axis.set_ticks(places, labels=labels, parse_math=False)
    axis.grid(visible=True, color=palette.GRID.light, linewidth=0.8)
    on.set_axisbelow(True)


def apart(requested: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return places near the wanted ones, in their order, at least ``least`` from each other and inside the range."""
    order = sorted(range(len(requested)), key=lambda i: requested[i])
    placed = [min(max(requested[i], low), high) for i in order]
    for _ in range(200):
        for i in range(len(placed) - 1):
            lacking = least - (placed[i + 1] - placed[i])
            if lacking > 0.0:
                placed[i], placed[i + 1] = placed[i] - lacking / 2.0, placed[i + 1] + lacking / 2.0
        placed = [min(max(place, low), high) for place in placed]
    return [place for _, place in sorted(zip(order, placed, strict=True))]
