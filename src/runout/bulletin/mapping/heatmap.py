"""The heatmap: inferred liquidation levels over time, candles on top, what rests now beside it.

A band begins where positions were opened at a distance from it, and ends where the price swept it.
"""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from runout.bulletin import palette
from runout.bulletin.mapping import frame
from runout.bulletin.mapping.colours import ramp
from runout.bulletin.mapping.content import LiquidationMap
from runout.bulletin.mapping.words import short_line
from runout.bulletin.paper import Paper
from runout.positions.weights import SIDES
from runout.scores.arrays import FloatArray
from runout.units import dollars, price

WIDTH: Final = frame.WIDTH
HEIGHT: Final = 770.0
THRESHOLD: Final = 0.06
"""Share of the top of the scale below which nothing is drawn."""
_TOP_QUANTILE: Final = 0.995
_PIXELS: Final = 1600
_RIGHT: Final = 838.0
_PROFILE: Final = 985.0
_BOTTOM: Final = HEIGHT - 112.0


def draw(of: LiquidationMap, paper: Paper, top: float) -> None:
    """Draw the heatmap of a map onto paper, from ``top`` down."""
    frame.words(of, paper, "inferred liquidation levels over time", top, top + HEIGHT - 30)
    scale = scale_top(of)
    upper, lower = top + frame.HEAD, top + _BOTTOM
    main = frame.plot(paper, (frame.LEFT, upper, _RIGHT, lower))
    beside = frame.plot(paper, (_RIGHT + 8, upper, _PROFILE, lower))
    edges = of.ladder.edges
    extent = (float(of.since), float(of.through), float(edges[0]), float(edges[-1]))
    main.imshow(coloured(of, scale), extent=extent, origin="lower", aspect="auto", interpolation="nearest", zorder=1)
    _candles(of, main)
    main.axhline(of.price, color=palette.PRICE.light, linewidth=0.8, dashes=(3, 3), zorder=4)
    main.set_xlim(of.since, of.through)
    for one in (main, beside):
        one.set_ylim(edges[0], edges[-1])
        frame.value_axis(one, edges[0], edges[-1], vertical=True, most=12, unit="USD per coin")
    main.set_axisbelow(False)
    main.grid(visible=True, color=palette.AXIS.light, alpha=0.25, linewidth=0.6)
    frame.time_axis(main, of.since, of.through, 8)
    _profile(of, beside)
    _labels(of, paper, beside, upper, lower)
    paper.text(_RIGHT + 8, upper - 5, f"now, per {of.step_text()} of price", palette.MUTED)
    paper.text(frame.LEFT - 52, lower + 16, "UTC", palette.MUTED)
    _legend(of, paper, scale, lower + 48)


def scale_top(of: LiquidationMap) -> float:
    """Return the dollars of a level at which the scale of colours ends: few cells lie above it."""
    cells = of.heat.usd[of.heat.usd > 0.0]
    return float(np.quantile(cells, _TOP_QUANTILE)) if len(cells) else 1.0


def coloured(of: LiquidationMap, scale: float) -> FloatArray:
    """Return the picture's cells, shape (levels, pixels, 4): a column from each moment to the next."""
    grid = of.since + (np.arange(_PIXELS) + 0.5) / _PIXELS * (of.through - of.since)
    column = np.clip(np.searchsorted(of.heat.time, grid, side="right") - 1, 0, len(of.heat.time) - 1)
    cells = of.heat.usd[:, column].transpose(0, 2, 1) / scale
    larger = cells.argmax(axis=0)
    value = cells.max(axis=0)
    inks = np.stack([ramp(frame.INKS[side]) for side in SIDES])
    steps = inks.shape[1] - 1
    picture = np.ones((*value.shape, 4))
    picture[..., :3] = inks[larger, (np.clip(value, 0.0, 1.0) * steps).astype(np.int64)]
    picture[..., 3] = value >= THRESHOLD
    return picture


def _candles(of: LiquidationMap, on: Axes) -> None:
    rows = of.candles
    end, span = rows["event_time"].to_numpy().astype(np.float64), float(rows["span"][0])
    first, high, low, last = (rows[name].to_numpy() for name in ("open", "high", "low", "close"))
    middle = end - span / 2.0
    wicks = np.stack([np.stack([middle, low], axis=1), np.stack([middle, high], axis=1)], axis=1)
    left, right = end - span * 0.86, end - span * 0.14
    corners = np.stack([left, first, right, first, right, last, left, last], axis=1).reshape(-1, 4, 2)
    # A halo keeps the candles readable on the darkest bands.
    on.add_collection(LineCollection(list(wicks), colors=palette.GROUND.light, linewidths=2.2, zorder=2), autolim=False)
    on.add_collection(LineCollection(list(wicks), colors=palette.PRICE.light, linewidths=0.8, zorder=3), autolim=False)
    face = np.where((last >= first)[:, np.newaxis], 1.0, 0.12) * np.ones((1, 3))
    bodies = PolyCollection(list(corners), facecolors=face, edgecolors=palette.PRICE.light, linewidths=0.7, zorder=3)
    on.add_collection(bodies, autolim=False)


def _profile(of: LiquidationMap, on: Axes) -> None:
    most, edges = 0.0, of.ladder.edges
    for side in SIDES:
        usd = of.ladder.total_usd(side)
        ink = frame.INKS[side].light
        on.stairs(usd, edges, orientation="horizontal", fill=True, color=ink, linewidth=0, zorder=2)
        most = max(most, float(usd.max()))
    on.set_xlim(0.0, most * 1.06 or 1.0)
    frame.value_axis(on, 0.0, most, vertical=False, most=2)
    on.yaxis.set_ticklabels([])
    on.axhline(of.price, color=palette.PRICE.light, linewidth=0.8, dashes=(3, 3), zorder=4)


def _labels(of: LiquidationMap, paper: Paper, on: Axes, upper: float, lower: float) -> None:
    """Write the price and the largest clusters beside the profile."""
    low, high = on.get_ylim()

    def place(value: float) -> float:
        return lower + (value - low) / (high - low) * (upper - lower)

    named = [one for side in SIDES for one in [c for c in of.clusters if c.side == side][:3]]
    wanted = [place((one.low + one.high) / 2.0) for one in named]
    places = frame.apart([*wanted, place(of.price)], 32.0, upper + 8, lower - 12)
    for one, y in zip(named, places[:-1], strict=True):
        ink = frame.INKS[one.side]
        paper.line([(_PROFILE + 3, place(one.low)), (_PROFILE + 3, place(one.high))], ink, 3.0)
        paper.line([(_PROFILE + 5, place((one.low + one.high) / 2.0)), (_PROFILE + 12, y - 1)], ink, 0.8)
        for index, row in enumerate(short_line(one)):
            paper.text(_PROFILE + 15, y + 2 + 13 * index, row, ink if index == 0 else palette.MUTED, bold=index == 0)
    paper.text(_PROFILE + 15, places[-1] + 4, f"{price(of.price)} now", palette.PRICE, bold=True)


def _legend(of: LiquidationMap, paper: Paper, scale: float, y: float) -> None:
    left = frame.LEFT
    for index, side in enumerate(SIDES):
        x = left + index * 330.0
        bar = frame.plot(paper, (x, y - 11, x + 200, y + 1))
        bar.imshow(ramp(frame.INKS[side])[np.newaxis], aspect="auto", extent=(0.0, scale, 0.0, 1.0))
        bar.axvspan(0.0, THRESHOLD * scale, color=palette.GROUND.light)
        bar.yaxis.set_ticks([])
        frame.value_axis(bar, 0.0, scale, vertical=False, most=4)
        bar.grid(visible=False)
        bar.set_xlim(0.0, scale)
        paper.text(x + 208, y - 1, f"{side}s liquidated", frame.INKS[side], bold=True)
    note = f"dollars per {of.step_text()} of price; below {dollars(THRESHOLD * scale)} not drawn"
    paper.text(left + 2 * 330.0, y - 1, note, palette.MUTED)
    paper.text(
        left + 2 * 330.0, y + 13, "a band ends where the price swept it; ▲ accumulating over 24 h", palette.MUTED
    )
