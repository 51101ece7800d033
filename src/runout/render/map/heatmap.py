"""The heatmap: inferred liquidation levels over time, candles on top, what rests now beside it.

A band begins where positions were opened at a distance from it, and ends where the price swept it.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from runout.bulletin.liquidation_map import LiquidationMap
from runout.clock import NANOSECONDS_PER_DAY
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import FAR
from runout.render import palette
from runout.render.canvas import Paper
from runout.render.layout import Look
from runout.render.map import frame
from runout.render.map.colours import ramp
from runout.render.map.labels import short_line
from runout.scores.arrays import BoolArray, FloatArray
from runout.units import dollars, price

THRESHOLD: Final = 0.2
"""Share of the top of the scale below which nothing is drawn."""
_TOP_QUANTILE: Final = 0.995
_PIXELS: Final = 1600
_HATCH: Final = 12


class Places(NamedTuple):
    """Where the parts of the picture lie, in pixels from its top left."""

    left: float
    right: float
    profile: float
    upper: float
    lower: float
    height: float


def places(look: Look) -> Places:
    """Return where the parts of the picture lie on a desktop, on a phone, and alone."""
    left = frame.MARGIN + 58.0 if look.framed else 58.0 if look.wide else 54.0
    labels, profile = (150.0, 125.0) if look.wide else (130.0, 36.0)
    right = look.width - labels - profile - 8.0
    upper = frame.head(look)
    lower = upper + (566.0 if look.framed else 460.0 if look.wide else 400.0)
    return Places(left, right, look.width - labels, upper, lower, lower + (112.0 if look.wide else 138.0))


def draw(item: LiquidationMap, paper: Paper, top: float, look: Look) -> None:
    """Draw the heatmap of a map onto paper, from ``top`` down."""
    at = places(look)
    if look.framed:
        frame.words(item, paper, "inferred liquidation levels over time", top, top + at.height - 26)
    frame.mark_synthetic(paper, look, top)
    scale = scale_top(item)
    upper, lower = top + at.upper, top + at.lower
    main = frame.plot(paper, (at.left, upper, at.right, lower))
    beside = frame.plot(paper, (at.right + 8, upper, at.profile, lower))
    edges = item.ladder.edges
    extent = (float(item.since), float(item.through), float(edges[0]), float(edges[-1]))
    main.imshow(coloured(item, scale), extent=extent, origin="lower", aspect="auto", interpolation="nearest", zorder=1)
    _candles(item, main)
    _clusters(item, main, look)
    main.axhline(item.price, color=palette.PRICE.light, linewidth=0.8, dashes=(3, 3), zorder=4)
    main.set_xlim(item.since, item.through)
    for entry in (main, beside):
        entry.set_ylim(edges[0], edges[-1])
        frame.value_axis(entry, edges[0], edges[-1], vertical=True, most=12, unit="USD per coin")
    main.set_axisbelow(False)
    main.grid(visible=True, color=palette.AXIS.light, alpha=0.25, linewidth=0.6)
    frame.time_axis(main, item.since, item.through, 8 if look.wide else 2)
    _profile(item, beside)
    _labels(item, paper, beside, (at.profile, upper, lower), look)
    paper.text(at.right + 8, upper - 5, f"now, per {item.step_text()}" if look.wide else "now", palette.MUTED)
    if look.wide:
        paper.text(at.left - 6, lower + 16, "UTC", palette.MUTED, align="right")
    _legend(item, paper, scale, lower + 48, look)


def scale_top(liquidation_map: LiquidationMap) -> float:
    """Return the dollars of a level at which the scale of colours ends: few cells lie above it."""
    cells = liquidation_map.heat.usd[liquidation_map.heat.usd > 0.0]
    return float(np.quantile(cells, _TOP_QUANTILE)) if len(cells) else 1.0


def coloured(subject: LiquidationMap, scale: float) -> npt.NDArray[np.float32]:
    """Return the picture's cells, shape (levels, pixels, 4): a column from each moment to the next.

    Where half and more is assumption, cells are hatched: colour is dollars, hatching is doubt.
    """
    grid = subject.since + (np.arange(_PIXELS) + 0.5) / _PIXELS * (subject.through - subject.since)
    column = np.clip(np.searchsorted(subject.heat.time, grid, side="right") - 1, 0, len(subject.heat.time) - 1)
    cells = subject.heat.usd[:, column].transpose(0, 2, 1) / scale
    larger = cells.argmax(axis=0)
    value = cells.max(axis=0)
    inks = np.stack([ramp(frame.INKS[side]) for side in SIDES]).astype(np.float32)
    steps = inks.shape[1] - 1
    picture = np.ones((*value.shape, 4), dtype=np.float32)
    picture[..., :3] = inks[larger, (np.clip(value, 0.0, 1.0) * steps).astype(np.int64)]
    # A level is about four columns of the raster high: the stripes lean by half a right angle.
    stripe = (np.arange(_PIXELS) + 4 * np.arange(len(value))[:, np.newaxis]) % _HATCH < _HATCH / 2
    hatched = stripe & _far(subject, grid)[larger, np.arange(len(value))[:, np.newaxis], np.arange(_PIXELS)]
    picture[..., 3] = (value >= THRESHOLD) & ~hatched
    return picture


def _far(liquidation_map: LiquidationMap, grid: FloatArray) -> BoolArray:
    """Return of each side in which cells half and more is assumption, at their distance from the price of then."""
    ends, closes = liquidation_map.candles["event_time"].to_numpy(), liquidation_map.candles["close"].to_numpy()
    price_then = closes[np.clip(np.searchsorted(ends, grid, side="right") - 1, 0, len(closes) - 1)]
    distance = np.abs(np.log(liquidation_map.ladder.middle[:, np.newaxis] / price_then))
    return np.stack([liquidation_map.ladder.dollars.for_side(side).assumed(distance) >= FAR for side in SIDES])


def _candles(liquidation_map: LiquidationMap, on: Axes) -> None:
    rows = liquidation_map.candles
    end, span = rows["event_time"].to_numpy().astype(np.float64), float(rows["span"][0])
    first, high, low, last = (rows[name].to_numpy() for name in ("open", "high", "low", "close"))
    middle = end - span / 2.0
    wicks = np.stack([np.stack([middle, low], axis=1), np.stack([middle, high], axis=1)], axis=1)
    left, right = end - span * 0.86, end - span * 0.14
    corners = np.stack([left, first, right, first, right, last, left, last], axis=1).reshape(-1, 4, 2)
    # A halo keeps the candles readable on the darkest bands.
    on.add_collection(LineCollection(list(wicks), colors=palette.GROUND.light, linewidths=2.2, zorder=2), autolim=False)
    on.add_collection(LineCollection(list(wicks), colors=palette.PRICE.light, linewidths=0.8, zorder=3), autolim=False)
    face = [palette.GROUND.light if up else palette.PRICE.light for up in (last >= first).tolist()]
    bodies = PolyCollection(list(corners), facecolors=face, edgecolors=palette.PRICE.light, linewidths=0.7, zorder=3)
    on.add_collection(bodies, autolim=False)


def _clusters(liquidation_map: LiquidationMap, on: Axes, look: Look) -> None:
    """Frame the clusters that are named beside the plot, over the last day."""
    since = max(liquidation_map.since, liquidation_map.through - NANOSECONDS_PER_DAY)
    for cluster in frame.named(liquidation_map, look):
        ink = frame.INKS[cluster.side].light
        box = [
            (since, cluster.low),
            (liquidation_map.through, cluster.low),
            (liquidation_map.through, cluster.high),
            (since, cluster.high),
        ]
        for colour, width in ((palette.GROUND.light, 3.6), (ink, 1.6)):
            outline = PolyCollection([box], facecolors="none", edgecolors=colour, linewidths=width, zorder=3.5)
            on.add_collection(outline, autolim=False)


def _profile(liquidation_map: LiquidationMap, on: Axes) -> None:
    most, edges = 0.0, liquidation_map.ladder.edges
    for row, side in enumerate(SIDES):
        usd, ink = liquidation_map.ladder.total_usd(side), frame.INKS[side].light
        frame.bars(on, usd, edges, liquidation_map.ladder.assumed[row] < FAR, ink, orientation="horizontal")
        most = max(most, float(usd.max()))
    on.set_xlim(0.0, most * 1.06 or 1.0)
    frame.value_axis(on, 0.0, most, vertical=False, most=1)
    on.yaxis.set_ticklabels([])
    on.axhline(liquidation_map.price, color=palette.PRICE.light, linewidth=0.8, dashes=(3, 3), zorder=4)


def _labels(
    liquidation_map: LiquidationMap, paper: Paper, on: Axes, box: tuple[float, float, float], look: Look
) -> None:
    """Write the price and the largest clusters beside the profile."""
    left, upper, lower = box
    low, high = on.get_ylim()

    def place(value: float) -> float:
        return lower + (value - low) / (high - low) * (upper - lower)

    clusters = frame.named(liquidation_map, look)
    requested = [place((cluster.low + cluster.high) / 2.0) for cluster in clusters]
    places_apart = frame.apart([*requested, place(liquidation_map.price)], 32.0, upper + 8, lower - 12)
    for item, y in zip(clusters, places_apart[:-1], strict=True):
        ink = frame.INKS[item.side]
        paper.line([(left + 3, place(item.low)), (left + 3, place(item.high))], ink, 3.0)
        paper.line([(left + 5, place((item.low + item.high) / 2.0)), (left + 10, y - 1)], ink, 0.8)
        for index, row in enumerate(short_line(item)):
            paper.text(left + 12, y + 2 + 13 * index, row, ink if index == 0 else palette.MUTED, bold=index == 0)
    paper.text(left + 12, places_apart[-1] + 4, f"{price(liquidation_map.price)} now", palette.PRICE, bold=True)


def _legend(liquidation_map: LiquidationMap, paper: Paper, scale: float, y: float, look: Look) -> None:
    left, apart, bar = (places(look).left, 210.0, 110.0) if look.wide else (8.0, 180.0, 90.0)
    for index, side in enumerate(SIDES):
        x = left + index * apart
        shades = frame.plot(paper, (x, y - 11, x + bar, y + 1))
        shades.imshow(ramp(frame.INKS[side])[np.newaxis], aspect="auto", extent=(0.0, scale, 0.0, 1.0))
        shades.axvspan(0.0, THRESHOLD * scale, color=palette.GROUND.light)
        shades.yaxis.set_ticks([])
        frame.value_axis(shades, 0.0, scale, vertical=False, most=2)
        shades.grid(visible=False)
        shades.set_xlim(0.0, scale)
        paper.text(x + bar + 8, y - 1, f"{side}s", frame.INKS[side], bold=True)
    notes = (
        f"Dollars per {liquidation_map.step_text()} of price; below {dollars(round(THRESHOLD * scale, -4))} not drawn.",
        "Hatched, and beside it in outline and ○: assumption.",
        "A band ends where the price crossed it. ▲ growing over 24 h.",
    )
    x, first = (left + 2 * apart, y - 8) if look.wide else (0.0, y + 42)
    for index, note in enumerate(notes):
        paper.text(x, first + 14 * index, note, palette.MUTED)
